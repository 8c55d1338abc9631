--- pii: find personal data in every string of a row, and reject the row, redact the text, or tag it.
-- The kinds and their patterns are data: scripts/pii/classic.lua and more.lua. Strings are searched one
-- by one, tool arguments and unknown keys included, all but the row's id. The ledger keeps where and
-- what kind, never the text itself.

local all = require "pii.all"
local classic = require "pii.classic"
local finder = require "pii.finder"

local function reason_of(kind) return "pii_" .. kind:lower() end

local ALL, CLASSIC = finder.kinds(all), (finder.kinds(classic))
CLASSIC[#CLASSIC + 1] = "URL_CREDENTIALS"   -- scheme://user:password@host, whose end has the shape of an e-mail address
local SET = { rules = all, kinds = CLASSIC, reason_of = reason_of, limit_reason = "pii_limit" }

local REASONS = {}
for i, kind in ipairs(ALL) do REASONS[i] = reason_of(kind) end
REASONS[#REASONS + 1] = SET.limit_reason

return {
  name    = "pii",
  scope   = "row",
  doc     = "find personal data; reject the row, redact the text, put a stand-in or tag the row",
  params  = {
    action     = { type = "enum", default = "reject", values = finder.ACTIONS,
                   doc = "what to do with a row that holds any; redact writes [EMAIL] and its like; "
                   .. "pseudonym a stand-in of the same shape, by the key in $" .. finder.KEY },
    same_within = { type = "enum", default = "conversation", values = { "conversation", "corpus" },
                   doc = "pseudonym: how far the same text has the same stand-in" },
    types      = { type = { "list", "table" },
                   doc = "the kinds to look for: a list, or a table { EMAIL = \"redact\", SSN = \"reject\" }; "
                   .. table.concat(CLASSIC, ", ") .. " if absent; \"all\" is these and every other: "
                   .. table.concat(ALL, ", ") },
    extra      = { type = "table", default = {},
                   doc = "kinds of your own: { employee_id = { pattern = \"EMP-\\\\d{6}\" } }; also "
                   .. "context = \"staff badge*\" (a word that must stand within 5 of the match), check, action" },
    strict     = { type = "boolean", default = false,
                   doc = "count loopback and documentation addresses, public name servers (8.8.8.8), four small "
                   .. "numbers that may be a version (1.2.3.4), example.com and their like too" },
    annotation = { type = "string", default = "pii", doc = "annotation that tag sets, to the kinds found" },
  },
  example = [[s.pii { action = "redact", types = { "EMAIL", "PHONE" } }]],
  reasons = REASONS,   -- and pii_NAME for each kind of `extra`
  metrics = {},
  bounds  = { { param = "types", side = "kinds", reason = reason_of, kinds = ALL, always = { SET.limit_reason } } },

  op = function(p, ctx) return finder.op(SET, p, ctx) end,
  finish = function(view, p, ctx) return finder.notes(view, p, ctx.name or "pii", "[EMAIL]") end,
}
