--- pii: find personal data in every string of a row, and reject the row, redact the text, or tag it.
-- The kinds and their patterns are data: scripts/pii/classic.lua. Strings are searched one by one,
-- tool arguments and unknown keys included, all but the row's id. The ledger keeps where and what
-- kind, never the text itself.

local scan = require "scan"
local classic = require "pii.classic"
local screen = require "report.screen"

local HIGH_SHARE = 0.05   -- above this share of rejected rows the report suggests to redact

local ACTIONS = { reject = true, redact = true, tag = true }

local function reason_of(kind) return "pii_" .. kind:lower() end

local function known_kinds(rules)
  local names, seen = {}, {}
  for _, rule in ipairs(rules) do
    if not seen[rule.type] then names[#names + 1], seen[rule.type] = rule.type, true end
  end
  return names, seen
end

local KINDS, IS_KIND = known_kinds(classic)

local REASONS = { "pii_limit" }
for _, kind in ipairs(KINDS) do table.insert(REASONS, #REASONS, reason_of(kind)) end

--- Actions by kind from `types`: a list of kinds, or a table of kind to action; absent means all.
-- @return  a table, or nil and a message
local function actions_of(p)
  local actions = {}
  if not p.types then
    for _, kind in ipairs(KINDS) do actions[kind] = p.action end
    return actions
  end
  for key, value in pairs(p.types) do
    local kind, action = key, value
    if math.type(key) == "integer" then kind, action = value, p.action end
    if not IS_KIND[kind] then
      return nil, ("types: no kind \"%s\"; the kinds are %s"):format(tostring(kind), table.concat(KINDS, ", "))
    end
    if not ACTIONS[action] then
      return nil, ("types.%s: expected reject, redact or tag, got \"%s\""):format(kind, tostring(action))
    end
    actions[kind] = action
  end
  return actions
end

--- Adds the recipe's own kinds, in order of their names, to rules and actions.
-- @return  true, or nil and a message
local function add_extra(p, rules, actions)
  local names = {}
  for name in pairs(p.extra) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local e = p.extra[name]
    if type(e) == "string" then e = { pattern = e } end
    if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") then
      return nil, ("extra: \"%s\" is no name: letters, digits and underscores"):format(tostring(name))
    end
    if type(e) ~= "table" or type(e.pattern) ~= "string" then
      return nil, ("extra.%s: expected { pattern = \"…\" }"):format(name)
    end
    local action = e.action or p.action
    if not ACTIONS[action] then
      return nil, ("extra.%s.action: expected reject, redact or tag, got \"%s\""):format(name, tostring(action))
    end
    local kind = name:upper()
    if IS_KIND[kind] then return nil, ("extra.%s: there is a kind of that name already"):format(name) end
    rules[#rules + 1] = { type = kind, pattern = e.pattern, check = e.check, digits = e.digits, need = e.need,
                          unicode = e.unicode ~= false }
    actions[kind] = action
  end
  return true
end

--- How many rows this stage rejected.
local function rejections(view, name)
  local n = 0
  for _, r in ipairs(view:reasons()) do
    if r.stage == name then n = n + r.count end
  end
  return n
end

return {
  name    = "pii",
  scope   = "row",
  doc     = "find personal data; reject the row, redact the text or tag the row",
  params  = {
    action     = { type = "enum", default = "reject", values = { "reject", "redact", "tag" },
                   doc = "what to do with a row that holds any; redact writes [EMAIL] and its like" },
    types      = { type = { "list", "table" },
                   doc = "the kinds to look for: a list, or a table { EMAIL = \"redact\", SSN = \"reject\" }; all of "
                   .. table.concat(KINDS, ", ") .. " if absent" },
    extra      = { type = "table", default = {},
                   doc = "kinds of your own: { employee_id = { pattern = \"EMP-\\\\d{6}\" } }" },
    strict     = { type = "boolean", default = false,
                   doc = "count loopback and documentation addresses, example.com and their like too" },
    annotation = { type = "string", default = "pii", doc = "annotation that tag sets, to the kinds found" },
  },
  example = [[s.pii { action = "redact", types = { "EMAIL", "PHONE" } }]],
  reasons = REASONS,   -- and pii_NAME for each kind of `extra`
  metrics = {},
  bounds  = { { param = "types", side = "kinds", reason = reason_of, kinds = KINDS, always = { "pii_limit" } } },

  op = function(p)
    local actions, err = actions_of(p)
    if not actions then return nil, err end
    local rules, reasons = {}, {}
    for _, rule in ipairs(classic) do
      if actions[rule.type] then rules[#rules + 1] = rule end
    end
    local ok, fault = add_extra(p, rules, actions)
    if not ok then return nil, fault end
    for kind in pairs(actions) do reasons[kind] = reason_of(kind) end
    return scan.pii { rules = rules, actions = actions, reasons = reasons, strict = p.strict,
                      limit_reason = "pii_limit", annotation = p.annotation }
  end,

  finish = function(view, p, ctx)
    local n, all = rejections(view, ctx.name or "pii"), #view
    if p.action ~= "reject" or n <= HIGH_SHARE * all then return { notes = {} } end
    return { notes = {
      ("pii rejected %s of %s (%.1f%%); action = \"redact\" keeps them, with [EMAIL] and its like in place"
        .. " of the data"):format(screen.number(n), screen.count(all, "row"), 100 * n / all) } }
  end,
}
