--- plan: what a recipe asks for, checked against the stages' own tables before a row is read.
-- A raw plan is plain data from the recipe's state (scripts/tamis.lua); a checked one has every
-- parameter with its default, and names a stage's code.
--   { name, seed, id, sources, gold, expect, file, stages = { { stage, name, def, params, given, file, line } } }
-- Every message names the recipe's file and line, what was given, and what is allowed.

local host = require "host"
local nearest = require "nearest"

local plan = {}

--- A function: of a recipe, as a marker; or of this state, typed into the REPL.
local function is_function(v) return type(v) == "function" or host.is_function(v) end

local STAGE_PREFIX = "stages."
local loaded = {}

--- Names of all stages of the program, in order.
function plan.stage_names()
  local names = {}
  for _, name in ipairs(host.scripts(STAGE_PREFIX)) do names[#names + 1] = name:sub(#STAGE_PREFIX + 1) end
  return names
end

--- A stage of the program: its table. nil if there is none.
function plan.stage(name)
  if loaded[name] == nil and host.script(STAGE_PREFIX .. name) then loaded[name] = require(STAGE_PREFIX .. name) end
  return loaded[name]
end

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end
plan.sorted_keys = sorted_keys

local function hint(name, names)
  local near = nearest(tostring(name), names)
  return near and ('; did you mean "%s"?'):format(near) or ""
end
plan.hint = hint

--- The nearest right name, and all that are allowed.
local function choice(name, names)
  return hint(name, names) .. (#names > 0 and (" (there are %s)"):format(table.concat(names, ", ")) or "")
end

-- ---- one value against its specification ----

local function number_text(n)
  return math.type(n) == "float" and n == math.floor(n) and math.abs(n) < 1e15 and ("%d"):format(n) or tostring(n)
end

local function range_text(spec)
  if spec.min and spec.max then return (" from %s to %s"):format(number_text(spec.min), number_text(spec.max)) end
  if spec.min then return (", at least %s"):format(number_text(spec.min)) end
  if spec.max then return (", at most %s"):format(number_text(spec.max)) end
  return ""
end

local function quoted_list(values)
  local out = {}
  for i, v in ipairs(values) do out[i] = ('"%s"'):format(v) end
  return table.concat(out, ", ")
end

local WORDS = {
  integer = function(spec) return "a whole number" .. range_text(spec) end,
  number = function(spec) return "a number" .. range_text(spec) end,
  boolean = function() return "true or false" end,
  string = function() return "a text" end,
  enum = function(spec) return "one of " .. quoted_list(spec.values) end,
  list = function(spec)
    local list = spec.least and ("a list of at least %d"):format(spec.least) or "a list"
    return spec.of and list .. ", each " .. plan.words(spec.of) or list
  end,
  table = function(spec) return spec.of and "a table, each value " .. plan.words(spec.of) or "a table" end,
  ["function"] = function() return "a function" end,
  any = function() return "any value" end,
}

local function types_of(spec)
  return type(spec.type) == "table" and spec.type or { spec.type or "any" }
end

--- What a parameter may be, in words.
function plan.words(spec)
  if spec.words then return spec.words end
  local out = {}
  for i, t in ipairs(types_of(spec)) do out[i] = (WORDS[t] or WORDS.any)(spec) end
  return table.concat(out, " or ")
end

--- A value as a message shows it.
local function show(v)
  if is_function(v) then return "a function" end
  if type(v) == "table" then return next(v) == nil and "{}" or "a table" end
  if type(v) == "string" then return ('"%s"'):format(#v > 60 and v:sub(1, 60) .. "…" or v) end
  if type(v) == "userdata" then return "null" end
  return number_text(v) and tostring(v)
end
plan.show = show

local function is_list(v)
  if type(v) ~= "table" or is_function(v) then return false end
  local n = 0
  for _ in pairs(v) do n = n + 1 end
  return n == #v
end

-- Does v fit one type of the specification? The value to take; or nil, where it goes wrong inside,
-- and what kind of fault it is ("type" or "range").
local check_type = {}

local function in_range(v, spec)
  return (spec.min == nil or v >= spec.min) and (spec.max == nil or v <= spec.max)
end

function check_type.integer(v, spec)
  local i = type(v) == "number" and math.tointeger(v)
  if not i then return nil, "type" end
  if not in_range(i, spec) then return nil, "range" end
  return i
end

function check_type.number(v, spec)
  if type(v) ~= "number" or v ~= v then return nil, "type" end
  if not in_range(v, spec) then return nil, "range" end
  return v
end

function check_type.boolean(v)
  if type(v) ~= "boolean" then return nil, "type" end
  return v
end

function check_type.string(v)
  if type(v) ~= "string" then return nil, "type" end
  return v
end

function check_type.enum(v, spec)
  for _, allowed in ipairs(spec.values) do
    if v == allowed then return v end
  end
  return nil, "type"
end

check_type["function"] = function(v)
  if not is_function(v) then return nil, "type" end
  return v
end

function check_type.any(v) return v end

local check

local function check_elements(v, spec, place)
  local out = {}
  for _, k in ipairs(sorted_keys(v)) do
    local is_name = type(k) == "string" and k:find "^[%a_][%w_]*$"
    local where = is_name and place .. "." .. k or ("%s[%s]"):format(place, show(k))
    local value, message = v[k], nil
    if spec.of then value, message = check(value, spec.of, where) end
    if message then return nil, "inside", message end
    out[k] = value
  end
  return out
end

function check_type.list(v, spec, place)
  if not is_list(v) then return nil, "type" end
  if #v < (spec.least or 0) then return nil, "range" end
  return check_elements(v, spec, place)
end

function check_type.table(v, spec, place)
  if type(v) ~= "table" or is_function(v) then return nil, "type" end
  return check_elements(v, spec, place)
end

--- Checks a value against its specification.
-- @return  the value; or nil and a sentence
check = function(v, spec, place)
  local fault, message
  for _, t in ipairs(types_of(spec)) do
    local value, wrong, inside = (check_type[t] or check_type.any)(v, spec, place)
    if wrong == nil then return value end
    if fault == nil or wrong ~= "type" then fault, message = wrong, inside end
  end
  if fault == "inside" then return nil, message end
  if fault == "range" then return nil, ("%s = %s is out of range: %s"):format(place, show(v), plan.words(spec)) end
  local more = spec.values and type(v) == "string" and hint(v, spec.values) or ""
  return nil, ("%s = %s must be %s%s"):format(place, show(v), plan.words(spec), more)
end
plan.check = check

-- ---- stages ----

local function at(entry) return ("%s:%d"):format(entry.file, entry.line) end

local function problem(fmt, ...) error({ recipe = fmt:format(...) }, 0) end

--- Runs one part of the checking. What is wrong with it joins `faults`, and the rest is checked too.
-- @return  what fn returned; nil if it found a fault
local function part(faults, fn, ...)
  local ok, result = pcall(fn, ...)
  if ok then return result end
  if type(result) ~= "table" or not result.recipe then error(result, 0) end
  faults[#faults + 1] = result.recipe
end

--- Ends the checking if there are faults: all of them, a line each.
local function report(faults)
  if #faults > 0 then error({ recipe = table.concat(faults, "\n") }, 0) end
end

--- The value of --set, read as what the parameter may be.
local function parse_value(text, spec, place)
  local tried = false
  for _, t in ipairs(types_of(spec)) do
    if t == "integer" or t == "number" then
      tried = true
      if tonumber(text) then return math.tointeger(tonumber(text)) or tonumber(text) end
    elseif t == "boolean" then
      tried = true
      if text == "true" or text == "false" then return text == "true" end
    elseif t == "string" or t == "enum" or t == "any" then
      return text
    end
  end
  if tried and #types_of(spec) == 1 then problem("--set %s=%s must be %s", place, text, plan.words(spec)) end
  problem("--set %s=%s: --set reaches numbers, texts and switches only; %s is %s, and a table, list or function"
    .. " stands in the recipe", place, text, place, plan.words(spec))
end

local function check_param(entry, key, spec, value)
  if value == nil then value = spec.default end
  if value == nil and spec.required then
    problem("%s: %s needs %s: %s", at(entry), entry.stage, key, spec.doc or plan.words(spec))
  end
  if value == nil then return nil end
  local out, message = check(value, spec, entry.name .. "." .. key)
  if message then problem("%s: %s", entry.set and entry.set[key] or at(entry), message) end
  return out
end

--- Every parameter by its specification, then all of them by the stage's own `check`, which
-- finds what only several together, or the inside of one, can tell.
local function check_params(entry, def, given, params)
  local faults, known = {}, sorted_keys(def.params or {})
  for _, key in ipairs(sorted_keys(given)) do
    if not (def.params or {})[key] then
      part(faults, problem, "%s: unknown parameter %s of %s%s", at(entry), show(key), entry.stage, choice(key, known))
    end
  end
  for _, key in ipairs(known) do
    params[key] = part(faults, check_param, entry, key, def.params[key], given[key])
  end
  local message = #faults == 0 and def.check and def.check(params, given)
  if message then part(faults, problem, "%s: %s: %s", at(entry), entry.name, message) end
  report(faults)
end

local function unique_name(entry, taken)
  local name = entry.name
  if taken[name] then
    if entry.named then problem('%s: two stages have the name "%s"', at(entry), name) end
    local n = 2
    while taken[name .. "_" .. n] do n = n + 1 end
    entry.name = name .. "_" .. n
  end
  taken[entry.name] = true
end

local function take_name(entry, given)
  local name = given.name
  if name == nil then return end
  if type(name) ~= "string" or not name:find "^[%w_][%w_.-]*$" or #name > 60 then
    problem("%s: the name of a stage is made of letters, digits, _ and -, not %s", at(entry), show(name))
  end
  if name == "load" then problem('%s: "load" is the name of reading the sources', at(entry)) end
  given.name = nil
  entry.name, entry.named = name, true
end

local function own_definition(raw)
  local own = raw.own
  for _, key in ipairs { "params", "reasons", "metrics" } do
    if own[key] ~= nil and type(own[key]) ~= "table" then
      problem('%s: %s of the stage "%s" must be a table', at(raw), key, own.name)
    end
  end
  for key, spec in pairs(own.params or {}) do
    if type(spec) ~= "table" then
      problem('%s: parameter %s of the stage "%s" must be a table', at(raw), show(key), own.name)
    end
    for _, t in ipairs(types_of(spec)) do
      if not check_type[t] then
        problem('%s: parameter %s of the stage "%s" has the unknown type %s', at(raw), show(key), own.name, show(t))
      end
    end
  end
  return { name = own.name, scope = own.scope, doc = own.doc, params = own.params or {}, reasons = own.reasons or {},
           metrics = {}, own = own }
end

local function new_entry(raw)
  local entry = { stage = raw.stage, name = raw.stage, file = raw.file, line = raw.line, params = {}, set = {} }
  entry.def = raw.own and own_definition(raw) or plan.stage(raw.stage)
  entry.given = {}
  for k, v in pairs(raw.params or {}) do entry.given[k] = v end
  if entry.def.params == nil or entry.def.params.name == nil then take_name(entry, entry.given) end
  return entry
end

--- Gives a stage the parameters that rest on the stages before it, where its table has a function for that:
--   complete(params, before)   sets them; returns a sentence where those stages are not what it needs
-- @param before  entries, in order
-- @return  nil; or a sentence
function plan.complete(entry, before)
  return entry.def.complete and entry.def.complete(entry.params, before)
end

local function complete_all(out, faults)
  local before = {}
  for i, entry in ipairs(out.stages) do
    local message = plan.complete(entry, before)
    if message then part(faults, problem, "%s: %s: %s", at(entry), entry.name, message) end
    before[i] = entry
  end
end

--- A stage that the recipe did not write, in its place.
function plan.insert(checked, index, stage, params, why)
  local entry = new_entry { stage = stage, params = params, file = why, line = 0 }
  check_params(entry, entry.def, entry.given, entry.params)
  entry.inserted = why
  table.insert(checked.stages, index, entry)
  return entry
end

-- ---- settings ----

local SETTINGS = {
  name = { type = "string" },
  seed = { type = "integer" },
  id = { type = "string" },
  sources = { type = { "list", "string", "table" } },
  gold = { type = { "list", "string", "table" } },
  expect = { type = "table" },
}
local EXPECT = {
  max_removed = { type = "number", min = 0, max = 1 },
  min_removed = { type = "number", min = 0, max = 1 },
  min_rows = { type = "integer", min = 0 },
  max_rows = { type = "integer", min = 0 },
}
local FIELDS = { "system", "input", "output", "alternative" }

local function check_name(name, where)
  if not name:find "^[%w_][%w_. -]*$" or #name > 100 or name:find "%.%.?$" then
    problem("%s: name = %s must be letters, digits, blanks, _, - and dots: it names a folder", where, show(name))
  end
  return name
end

local function check_fields(fields, where)
  if type(fields) ~= "table" then
    problem('%s: fields must be a table, such as { input = "question", output = "answer" }', where)
  end
  for _, k in ipairs(sorted_keys(fields)) do
    local known = false
    for _, f in ipairs(FIELDS) do known = known or f == k end
    if not known then
      problem("%s: fields has no %s: it takes %s%s", where, show(k), table.concat(FIELDS, ", "), hint(k, FIELDS))
    end
    if type(fields[k]) ~= "string" and not is_list(fields[k]) then
      problem("%s: fields.%s must be a path or a list of paths", where, k)
    end
  end
  return fields
end

local function format_names()
  local names = { "auto" }
  for _, f in ipairs(require "formats.all") do names[#names + 1] = f.name end
  return names
end

local SOURCE_KEYS = { "kind", "generator", "trusted", "format", "fields" }

--- One source: a path, or { path, kind =, trusted =, generator =, format =, fields =, own attributes }.
local function check_source(source, where)
  if type(source) == "string" then return { path = source } end
  if type(source) ~= "table" then
    problem("%s: a source is a path or a table { path, … }, not %s", where, show(source))
  end
  local out = { path = source[1], attributes = {} }
  if type(out.path) ~= "string" or out.path == "" then
    problem('%s: a source needs a path first: { "raw.jsonl", kind = "expert" }', where)
  end
  for _, k in ipairs(sorted_keys(source)) do
    local v = source[k]
    if k == "kind" or k == "generator" then
      if type(v) ~= "string" then problem("%s: %s of %s must be a text", where, k, show(out.path)) end
      out[k] = v
    elseif k == "trusted" then
      if type(v) ~= "boolean" then problem("%s: trusted of %s must be true or false", where, show(out.path)) end
      out.trusted = v
    elseif k == "format" and type(v) == "table" then
      if v.fields == nil then
        problem('%s: format of %s must be a name or { fields = { … } }', where, show(out.path))
      end
      out.fields = check_fields(v.fields, where)
    elseif k == "format" then
      local value, message = check(v, { type = "enum", values = format_names() }, "format")
      if message then problem("%s: %s", where, message) end
      out.format = value
    elseif k == "fields" then
      out.fields = check_fields(v, where)
    elseif k ~= 1 then
      if type(k) ~= "string" then problem("%s: one path a source: write { %s } for each", where, show(out.path)) end
      if nearest(k, SOURCE_KEYS) then
        problem("%s: %s has the key %s%s (an attribute of your own needs a name less alike)", where, show(out.path),
                show(k), hint(k, SOURCE_KEYS))
      end
      if type(v) == "table" or type(v) == "userdata" then
        problem("%s: attribute %s of %s must be a text, number or boolean", where, k, show(out.path))
      end
      out.attributes[k] = tostring(v)
    end
  end
  if out.fields and out.format then problem("%s: %s has both format and fields: one of them", where, show(out.path)) end
  return out
end

local function check_sources(list, key, where)
  if list == nil then return {} end
  if type(list) == "string" then list = { list } end
  local out = {}
  if type(list[1]) == "string" and not is_list(list) then
    out[1] = check_source(list, where)   -- one source without its outer braces
    return out
  end
  if not is_list(list) then
    problem('%s: %s must be a list: { "raw.jsonl", { "expert.jsonl", kind = "expert" } }', where, key)
  end
  local faults = {}
  for i, source in ipairs(list) do out[i] = part(faults, check_source, source, where) end
  report(faults)
  return out
end

local function check_setting(key, value, where)
  if not SETTINGS[key] then
    problem("%s: unknown setting %s of the recipe%s", where, show(key), choice(key, sorted_keys(SETTINGS)))
  end
  local out, message = check(value, SETTINGS[key], key)
  if message then problem("%s: %s", where, message) end
  if key == "name" then check_name(out, where) end
  return out
end

local function check_expectation(key, value, where)
  if not EXPECT[key] then
    problem("%s: unknown expectation %s%s", where, show(key), choice(key, sorted_keys(EXPECT)))
  end
  local _, message = check(value, EXPECT[key], "expect." .. key)
  if message then problem("%s: %s", where, message) end
end

--- The settings that are right; what is wrong with others joins the faults.
local function check_settings(raw, faults)
  local where = ("%s:%d"):format(raw.file, raw.line)
  local out = { file = raw.file, line = raw.line }
  for _, k in ipairs(sorted_keys(raw.settings)) do
    out[k] = part(faults, check_setting, k, raw.settings[k], where)
  end
  out.seed = out.seed or 42
  out.sources = part(faults, check_sources, out.sources, "sources", where) or {}
  out.gold = part(faults, check_sources, out.gold, "gold", where) or {}
  for _, k in ipairs(sorted_keys(out.expect or {})) do part(faults, check_expectation, k, out.expect[k], where) end
  return out
end

-- ---- options of the command line ----

local function matches(entry, name) return entry.stage == name or entry.name == name end

local function names_of(entries)
  local names, seen = {}, {}
  for _, e in ipairs(entries) do
    for _, n in ipairs { e.stage, e.name } do
      if not seen[n] then names[#names + 1] = n end
      seen[n] = true
    end
  end
  return names
end

local function apply_set(out, key, text)
  if key == "seed" then
    out.seed = math.tointeger(tonumber(text)) or problem("--set seed=%s must be a whole number", text)
    return
  elseif key == "name" then
    out.name = check_name(text, "--set name=" .. text)
    return
  end
  local stage, param = key:match "^([^.]+)%.(.+)$"
  if not stage then problem("--set %s=%s: expected stage.parameter=value, seed=… or name=…", key, text) end
  local found = false
  for _, entry in ipairs(out.stages) do
    if matches(entry, stage) then
      local spec = (entry.def.params or {})[param]
      if not spec then
        problem("--set %s=%s: unknown parameter %s of %s%s", key, text, show(param), entry.stage,
                choice(param, sorted_keys(entry.def.params or {})))
      end
      entry.given[param] = parse_value(text, spec, key)
      entry.set[param] = ("--set %s=%s"):format(key, text)
      found = true
    end
  end
  if not found then
    local near = choice(stage, names_of(out.stages))
    problem('--set %s=%s: the recipe has no stage "%s"%s', key, text, stage, near)
  end
end

local function skip(out, name)
  local kept, found = {}, false
  for _, entry in ipairs(out.stages) do
    if matches(entry, name) and entry.stage ~= "export" then found = true else kept[#kept + 1] = entry end
  end
  if not found then problem('--skip %s: the recipe has no such stage%s', name, choice(name, names_of(out.stages))) end
  out.stages = kept
end

local function stop_after(out, name)
  local last = name == "load" and 0 or nil
  for i, entry in ipairs(out.stages) do if matches(entry, name) then last = i end end
  if not last then problem("--until %s: the recipe has no such stage%s", name, choice(name, names_of(out.stages))) end
  local kept = {}
  for i, entry in ipairs(out.stages) do
    if i <= last or entry.stage == "export" then kept[#kept + 1] = entry end
  end
  out.stages = kept
end

-- ---- the whole ----

local function check_export(out)
  local n = #out.stages
  for i, entry in ipairs(out.stages) do
    if entry.def.scope == "export" and i < n then problem("%s: export must be the last stage", at(entry)) end
  end
  if n == 0 or out.stages[n].def.scope ~= "export" then
    plan.insert(out, n + 1, "export", {}, "the end of every recipe")
  end
end

--- Decontamination judges the rows as they were read: it stands first whenever gold is given.
local function place_decontaminate(out)
  if #out.gold == 0 then return end
  for i, entry in ipairs(out.stages) do
    if entry.stage == "decontaminate" then
      table.insert(out.stages, 1, table.remove(out.stages, i))
      return
    end
  end
  if plan.stage "decontaminate" then plan.insert(out, 1, "decontaminate", {}, "the gold set") end
end

--- Files of the command line in place of the recipe's.
local function replace_files(out, options)
  if options.gold then
    out.gold = {}
    for i, path in ipairs(options.gold) do out.gold[i] = { path = path, here = true } end
  end
  if options.sources and #options.sources > 0 then
    out.sources = {}
    for i, path in ipairs(options.sources) do out.sources[i] = { path = path, here = true } end
  end
end

local function build(raw, options)
  local faults = {}
  for i, fault in ipairs(raw.faults or {}) do faults[i] = fault end
  local out = check_settings(raw, faults)
  out.stages = {}
  for _, stage in ipairs(raw.stages) do out.stages[#out.stages + 1] = part(faults, new_entry, stage) end
  replace_files(out, options)
  local whole = #out.stages == #raw.stages and #(raw.faults or {}) == 0
  part(faults, check_export, out)
  place_decontaminate(out)
  local taken = {}
  for _, entry in ipairs(out.stages) do part(faults, unique_name, entry, taken) end
  -- a name of the command line may be that of a stage that could not be made
  for _, s in ipairs(whole and options.set or {}) do part(faults, apply_set, out, s[1], s[2]) end
  for _, entry in ipairs(out.stages) do part(faults, check_params, entry, entry.def, entry.given, entry.params) end
  for _, name in ipairs(whole and options.skip or {}) do part(faults, skip, out, name) end
  if whole and options["until"] then part(faults, stop_after, out, options["until"]) end
  report(faults)
  complete_all(out, faults)
  report(faults)
  return out
end

--- Checks a raw plan.
-- @param options  set = { { key, text }, … }, skip = { names }, until = name, sources = { paths }, gold = { paths }
-- @return  the plan; or nil and a sentence, or several, a line each
function plan.checked(raw, options)
  local ok, result = pcall(build, raw, options or {})
  if ok then return result end
  if type(result) == "table" and result.recipe then return nil, result.recipe end
  error(result, 0)
end

--- Parameters as a record keeps them: a function by the place where it stands.
function plan.plain(v)
  if type(v) == "function" then
    local info = debug.getinfo(v, "S")
    return ("function at %s:%d"):format(info.short_src, info.linedefined)
  end
  if is_function(v) then return ("function at %s:%d"):format(v.file, v.line) end
  if type(v) ~= "table" then return v end
  local out = {}
  for k, x in pairs(v) do out[k] = plan.plain(x) end
  return out
end

return plan
