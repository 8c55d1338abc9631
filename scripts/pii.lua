--- pii: look for personal data, keys and tokens in a plain string.
--   pii.scan("Mail jo@ex.io")  --> { { type = "EMAIL", start = 5, ["end"] = 13, text = "jo@ex.io" } }
--   pii.scan(s, { types = "all" })                  -- every kind of personal data that the stage pii knows
--   pii.scan(s, { types = { "all", "secrets" } })   -- and every key and token of the stage secrets
--   pii.scan(s, { types = { "EMAIL", "JWT" } })

local scan = require "scan"
local all = require "pii.all"
local classic = require "pii.classic"
local secrets = require "pii.secrets"

local pii = {}

-- Names of several kinds at once; personal data comes first, as in a recipe with both stages.
local SETS = { classic = classic, all = all, secrets = secrets }
local PLAIN = { "classic" }

local function kinds_of(...)
  local names, seen = {}, {}
  for _, rules in ipairs { ... } do
    for _, rule in ipairs(rules) do
      if not seen[rule.type] then names[#names + 1], seen[rule.type] = rule.type, true end
    end
  end
  return names, seen
end

local _, KNOWN = kinds_of(all, secrets)

--- Which kinds are asked for, by name; raises for a name that is none.
local function wanted(types)
  local set = {}
  for _, name in ipairs(types) do
    if SETS[name] then
      for _, rule in ipairs(SETS[name]) do set[rule.type] = true end
    elseif KNOWN[name] then
      set[name] = true
    else
      error(("pii.scan: types has \"%s\"; expected \"classic\", \"all\", \"secrets\" or a kind that pii.kinds() lists")
        :format(tostring(name)), 4)
    end
  end
  return set
end

-- Patterns are compiled at the first call with these types, and kept where a row function's purity is not at stake.
local function scanner_of(types, strict)
  local key = (strict and "strict " or "") .. table.concat(types, " ")
  local known = scan.kept(key)
  if known then return known end
  local set, rules = wanted(types), {}
  for _, list in ipairs { all, secrets } do
    for _, rule in ipairs(list) do
      if set[rule.type] then rules[#rules + 1] = rule end
    end
  end
  local made, missing = scan.new(rules, { strict = strict })
  if not made then return nil, missing end
  return scan.kept(key, made)
end

--- Finds personal data, the five classic kinds if nothing else is asked for.
-- @param s  UTF-8 text
-- @param o  types = "all", "secrets", "classic" or a list of these and of kinds; strict = true counts
--           documentation addresses, example.com and placeholders too
-- @return   an array of { type, start, end, text }, places in code points from 0, end exclusive;
--           or nil and a message where the build lacks PCRE2 or a search met its limit
function pii.scan(s, o)
  local types = o and o.types or PLAIN
  if type(types) == "string" then types = { types } end
  if type(types) ~= "table" then error("pii.scan: types must be a name or a list of names", 2) end
  local scanner, missing = scanner_of(types, o and o.strict or false)
  if not scanner then return nil, missing end
  return scanner:find(s)
end

--- The kinds there are.
-- @return  two lists of names: of personal data, of keys and tokens
function pii.kinds() return (kinds_of(all)), (kinds_of(secrets)) end

return pii
