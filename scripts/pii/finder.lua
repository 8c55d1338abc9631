--- finder: what the stages that look for patterns share: which kinds, with which action, and the
-- recipe's own kinds.

local fs = require "fs"
local scan = require "scan"
local screen = require "report.screen"

local finder = {}

local HIGH_SHARE = 0.05   -- above this share of rejected rows the report suggests to redact

finder.ACTIONS = { "reject", "redact", "pseudonym", "tag" }
local IS_ACTION = {}
for _, action in ipairs(finder.ACTIONS) do IS_ACTION[action] = true end
local EXPECTED = "expected reject, redact, pseudonym or tag"

-- The key of stand-ins comes from the environment, so that no recipe, lineage or ledger holds it.
finder.KEY = "TAMIS_PSEUDONYM_KEY"
local SHORTEST_KEY = 16

--- The key of stand-ins, where an action asks for one.
-- @return  a string, or nil; or nil and a message
local function key_of(actions)
  for _, action in pairs(actions) do
    if action == "pseudonym" then
      local key = fs.getenv(finder.KEY)
      if key and #key >= SHORTEST_KEY then return key end
      return nil, ("pseudonym needs a key: set the environment variable %s to %d characters or more, and keep it "
        .. "out of what you publish"):format(finder.KEY, SHORTEST_KEY)
    end
  end
end

--- The kinds of some rules, in order of their first ones.
-- @return  a list, and a set
function finder.kinds(rules)
  local names, seen = {}, {}
  for _, rule in ipairs(rules) do
    if not seen[rule.type] then names[#names + 1], seen[rule.type] = rule.type, true end
  end
  return names, seen
end

--- Actions by kind from `types`: a list of kinds, or a table of kind to action; "all" is every kind.
-- @param set  { rules, kinds = those that are looked for where `types` is absent }
-- @return  a table, or nil and a message
local function actions_of(set, p)
  local names, known = finder.kinds(set.rules)
  local actions = {}
  if p.types and not next(p.types) then
    return nil, "types is empty, so that nothing would be looked for; leave it out for the usual kinds, or name some: "
      .. table.concat(names, ", ")
  end
  if not p.types then
    for _, kind in ipairs(set.kinds) do actions[kind] = p.action end
    return actions
  end
  local own = {}   -- what is named itself, which "all" leaves as it is
  for key, value in pairs(p.types) do
    local kind, action = key, value
    if math.type(key) == "integer" then kind, action = value, p.action end
    if not known[kind] and kind ~= "all" then
      return nil, ("types: no kind \"%s\"; the kinds are %s, or \"all\""):format(tostring(kind),
        table.concat(names, ", "))
    end
    if not IS_ACTION[action] then
      return nil, ("types.%s: %s, got \"%s\""):format(kind, EXPECTED, tostring(action))
    end
    if kind ~= "all" then
      actions[kind], own[kind] = action, true
    else
      for _, name in ipairs(names) do if not own[name] then actions[name] = action end end
    end
  end
  return actions
end

local FIELDS = { pattern = "string", action = "string", check = "string", need = "string", context = "string",
                 digits = "integer", within = "integer", entropy = "number", unicode = "boolean" }

local function is_a(value, what)
  if what == "integer" then return math.type(value) == "integer" end
  return type(value) == what
end

--- What is wrong with an entry of `extra`; nil if nothing.
local function fault_of(name, e)
  if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") then
    return ("extra: \"%s\" is no name: letters, digits and underscores"):format(tostring(name))
  end
  if type(e) ~= "table" or type(e.pattern) ~= "string" then
    return ("extra.%s: expected { pattern = \"…\" }"):format(name)
  end
  for key, value in pairs(e) do
    if not FIELDS[key] then
      return ("extra.%s: no setting \"%s\"; there are pattern, action, check, context, within, digits, need, entropy "
        .. "and unicode"):format(name, tostring(key))
    end
    if not is_a(value, FIELDS[key]) then
      return ("extra.%s.%s: expected %s, got %s"):format(name, key, FIELDS[key], type(value))
    end
  end
  if e.action and not IS_ACTION[e.action] then
    return ("extra.%s.action: %s, got \"%s\""):format(name, EXPECTED, e.action)
  end
end

local WITHIN = 5   -- words on either side that `context` is looked for in, where the recipe says nothing else

--- Adds the recipe's own kinds, in order of their names, to rules and actions.
-- @return  true, or nil and a message
local function add_extra(set, p, rules, actions)
  local _, known = finder.kinds(set.rules)
  local names = {}
  for name in pairs(p.extra) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for _, name in ipairs(names) do
    local e = p.extra[name]
    if type(e) == "string" then e = { pattern = e } end
    local fault = fault_of(name, e)
    if fault then return nil, fault end
    local kind = name:upper()
    if known[kind] then return nil, ("extra.%s: there is a kind of that name already"):format(name) end
    rules[#rules + 1] = { type = kind, pattern = e.pattern, check = e.check, digits = e.digits, need = e.need,
                          context = e.context and e.context:lower(), within = e.within or WITHIN, entropy = e.entropy,
                          unicode = e.unicode ~= false }
    actions[kind] = e.action or p.action
  end
  return true
end

--- The row operator of a stage.
-- @param set  { rules, kinds, reason_of(kind), limit_reason }
-- @param p    its parameters: action, types, extra, strict, annotation
-- @param ctx  gate: what such operators of one fused group share; absent: this one stands alone
-- @return     a row operator, or nil and a message
function finder.op(set, p, ctx)
  local actions, err = actions_of(set, p)
  if not actions then return nil, err end
  local rules, reasons = {}, {}
  for _, rule in ipairs(set.rules) do
    if actions[rule.type] then rules[#rules + 1] = rule end
  end
  local ok, fault = add_extra(set, p, rules, actions)
  if not ok then return nil, fault end
  for kind in pairs(actions) do reasons[kind] = set.reason_of(kind) end
  local key, missing = key_of(actions)
  if missing then return nil, missing end
  return scan.pii { rules = rules, actions = actions, reasons = reasons, strict = p.strict,
                    limit_reason = set.limit_reason, annotation = p.annotation,
                    key = key, across_rows = p.same_within == "corpus", gate = ctx and ctx.gate }
end

--- How many rows a stage rejected.
local function rejections(view, name)
  local n = 0
  for _, r in ipairs(view:reasons()) do
    if r.stage == name then n = n + r.count end
  end
  return n
end

--- Notes to a run: a stage that rejects many rows could redact them.
-- @param sample  what redact leaves in place of a find: "[EMAIL]"
function finder.notes(view, p, name, sample)
  local n, all = rejections(view, name), #view
  if p.action ~= "reject" or n <= HIGH_SHARE * all then return { notes = {} } end
  return { notes = {
    ("%s rejected %s of %s (%.1f%%); action = \"redact\" keeps them, with %s and its like in place of the data"):format(
      name, screen.number(n), screen.count(all, "row"), 100 * n / all, sample) } }
end

return finder
