--- secrets: find keys, tokens, private keys and passwords in every string of a row, and reject the row,
-- redact the text, or tag it. The kinds and their patterns are data: scripts/pii/secrets.lua. The ledger
-- keeps where and what kind, never the text itself.

local rules = require "pii.secrets"
local finder = require "pii.finder"

local KINDS = (finder.kinds(rules))
local SET = { rules = rules, kinds = KINDS, reason_of = function() return "secret" end, limit_reason = "secrets_limit" }

return {
  name    = "secrets",
  scope   = "row",
  doc     = "find keys, tokens and passwords; reject the row, redact the text, put a stand-in or tag the row",
  params  = {
    action     = { type = "enum", default = "reject", values = finder.ACTIONS,
                   doc = "what to do with a row that holds any; redact writes [GITHUB_TOKEN] and its like; "
                   .. "pseudonym a stand-in of the same shape, by the key in $" .. finder.KEY },
    same_within = { type = "enum", default = "conversation", values = { "conversation", "corpus" },
                   doc = "pseudonym: how far the same text has the same stand-in" },
    types      = { type = { "list", "table" },
                   doc = "the kinds to look for: a list, or a table { JWT = \"redact\", PRIVATE_KEY = \"reject\" }; "
                   .. "all if absent: " .. table.concat(KINDS, ", ") },
    extra      = { type = "table", default = {},
                   doc = "kinds of your own: { acme_key = { pattern = \"acme_[a-z0-9]{32}\", entropy = 3 } }" },
    strict     = { type = "boolean", default = false,
                   doc = "count placeholders (your_key, xxxx, AKIA…EXAMPLE) and hosts reserved for examples too" },
    annotation = { type = "string", default = "secrets", doc = "annotation that tag sets, to the kinds found" },
  },
  example = [[s.secrets { action = "redact" }]],
  reasons = { "secret", SET.limit_reason },
  metrics = {},

  op = function(p, ctx) return finder.op(SET, p, ctx) end,
  finish = function(view, p, ctx) return finder.notes(view, p, ctx.name or "secrets", "[GITHUB_TOKEN]") end,
}
