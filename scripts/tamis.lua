--- tamis: what a recipe requires. It runs in the recipe's own state, and only collects: every stage
-- with its parameters, file and line, for the trusted side to validate (plan.lua).

local host = ...
local config = host.config                -- { args = { name = text }, stages = { names } }
local nearest = host.embedded "nearest" ()

local STAGE, RECIPE, OWN, PRESET = {}, {}, {}, {}   -- metatables: what kind of table it is
local is_stage, asked = {}, {}
local faults = {}                         -- unknown stages, said together with what else is wrong
local loading = true                      -- the recipe's file runs, not yet its row functions

for _, name in ipairs(config.stages) do is_stage[name] = true end

--- File and line of the recipe's code that called.
local function here()
  local file, line = host.here()
  return file, line == 0 and host.recipe_line or line
end

--- Ends the recipe with one sentence that names its file and line.
local function fail(message, ...)
  local file, line = here()
  error(("%s:%d: %s"):format(file, line, message:format(...)), 0)
end

local function hint(name, names)
  local near = nearest(name, names)
  return near and ('; did you mean "%s"?'):format(near) or ""
end

local function copy(t)
  local out = {}
  for k, v in pairs(t) do out[k] = v end
  return out
end

-- ---- stages ----

local function new_stage(name, params, definition)
  local file, line = here()
  if type(params) ~= "table" then fail("%s takes its parameters in braces: s.%s{ … }", name, name) end
  if getmetatable(params) then fail("%s takes its parameters in braces, not another stage", name) end
  return setmetatable({ stage = name, params = copy(params), file = file, line = line, own = definition }, STAGE)
end

local function constructor(name)
  return function(params) return new_stage(name, params) end
end

OWN.__call = function(own, params)
  return new_stage(own.name, params == nil and {} or params, own)
end

local OWN_KEYS = { "doc", "name", "op", "params", "reasons", "row", "run", "scope", "serial" }

--- A stage of the recipe's own, as those in scripts/stages: call it with parameters, or put it
-- into the recipe as it is.
local function own_stage(t)
  if type(t) ~= "table" then fail "s.stage takes a table: s.stage{ name = …, scope = …, … }" end
  local known = {}
  for _, k in ipairs(OWN_KEYS) do known[k] = true end
  for k in pairs(t) do
    if not known[k] then fail('unknown key "%s" of s.stage%s', tostring(k), hint(k, OWN_KEYS)) end
  end
  if type(t.name) ~= "string" or not t.name:find "^%a[%w_]*$" then
    fail "s.stage needs a name: letters, digits and _"
  end
  if is_stage[t.name] then fail('there is a stage "%s" already', t.name) end
  local wanted = t.scope == "row" and (t.row or t.op) or t.scope == "corpus" and t.run
  if t.scope ~= "row" and t.scope ~= "corpus" then
    fail('s.stage{ name = "%s" } needs scope = "row" or scope = "corpus"', t.name)
  elseif type(wanted) ~= "function" then
    fail('the stage "%s" has scope "%s" and needs %s', t.name, t.scope,
         t.scope == "row" and "row = function(ex, p), or op = function(p)" or "run = function(view, p)")
  elseif t.row and t.op then
    fail('the stage "%s" has both row and op: one of them', t.name)
  end
  return setmetatable(copy(t), OWN)
end

-- ---- recipes ----

--- Puts the array part of list, and of the lists in it, behind out. false is left out, so that
-- `condition and s.length{}` works.
local function flatten(list, out, depth)
  local last = 0
  for k in pairs(list) do
    if math.type(k) == "integer" and k > last then last = k end
  end
  if depth > 20 then fail "lists of stages nest too deep" end
  for i = 1, last do
    local item = list[i]
    local kind = type(item) == "table" and getmetatable(item)
    if kind == STAGE then
      out[#out + 1] = item
    elseif kind == OWN then
      out[#out + 1] = item {}
    elseif kind == RECIPE then
      flatten(item.stages, out, depth + 1)
    elseif type(item) == "function" then
      fail("item %d of the recipe is a function: a stage needs its braces, as in s.exact_dedup{}", i)
    elseif type(item) == "table" then
      if kind ~= PRESET then
        for k in pairs(item) do
          if math.type(k) ~= "integer" then
            fail('item %d of the recipe is a list of stages with a key "%s" in it', i, tostring(k))
          end
        end
      end
      flatten(item, out, depth + 1)
    elseif item then
      fail("item %d of the recipe is a %s, not a stage", i, type(item))
    end
  end
  return out
end

--- A recipe: the array part is the order, the hash part the settings.
local function recipe(t)
  if type(t) ~= "table" then fail "s.recipe takes a table: s.recipe{ … }" end
  local file, line = here()
  local settings = {}
  for k, v in pairs(t) do
    if math.type(k) ~= "integer" then settings[k] = v end
  end
  return setmetatable({ settings = settings, stages = flatten(t, {}, 0), file = file, line = line }, RECIPE)
end

local function set_stage(stages, key, value)
  local name, param = key:match "^([^.]+)%.(.+)$"
  local found, names = false, {}
  for i, st in ipairs(stages) do
    names[#names + 1] = st.stage
    if st.params.name then names[#names + 1] = st.params.name end
    if st.stage == name or st.params.name == name then
      local file, line = here()
      stages[i] = setmetatable(copy(st), STAGE)
      stages[i].params = copy(st.params)
      stages[i].params[param] = value
      stages[i].file, stages[i].line = file, line
      found = true
    end
  end
  if not found then fail('with: the recipe has no stage "%s"%s', name, hint(name, names)) end
end

RECIPE.__index = {
  --- The same recipe with some values changed: base:with{ ["near_dedup.threshold"] = 0.85, seed = 7 }.
  with = function(self, changes)
    if type(changes) ~= "table" then fail 'with takes a table: base:with{ ["near_dedup.threshold"] = 0.85 }' end
    local out = setmetatable(copy(self), RECIPE)
    out.settings, out.stages = copy(self.settings), copy(self.stages)
    for k, v in pairs(changes) do
      if type(k) ~= "string" then fail "with takes names: stage.parameter, or a setting's" end
      if k:find(".", 1, true) then set_stage(out.stages, k, v) else out.settings[k] = v end
    end
    return out
  end,
}

-- ---- what a recipe may ask for ----

--- The value of --arg name=value, as the type of the default; the default if it was not given.
local function arg(name, default)
  asked[name] = true
  local given = config.args[name]
  if given == nil then
    if default == nil then fail("this recipe needs --arg %s=VALUE", name) end
    return default
  end
  if type(default) == "number" then
    local n = tonumber(given)
    if not n then fail("--arg %s=%s is not a number", name, given) end
    return n
  elseif type(default) == "boolean" then
    if given ~= "true" and given ~= "false" then fail("--arg %s=%s is neither true nor false", name, given) end
    return given == "true"
  end
  return given
end

local function read(kind, name)
  if type(name) ~= "string" then fail "expected the name of a file" end
  local text, where = host.source(kind, name)
  if not text then fail("%s", where) end
  return text, where
end

--- The lines of a file beside the recipe or in a library folder; blank lines are left out.
local function read_lines(name)
  local lines = {}
  for line in read("lines", name):gmatch "[^\n]+" do
    line = line:gsub("\r$", "")
    if line:find "%S" then lines[#lines + 1] = line end
  end
  return lines
end

--- The value that a JSON file beside the recipe or in a library folder holds.
local function read_json(name)
  local text, where = read("json", name)
  local value, err = host.json(text)
  if value == nil then fail("%s: %s", where, err) end
  return value
end

--- A preset: its figures by stage, and its stages as a list that a recipe may take whole.
local function preset(name)
  local chunk = host.embedded("presets." .. name)
  if not chunk then fail('unknown preset "%s"', name) end
  local data = chunk()
  local out = copy(data)
  for i, stage in ipairs(data.order) do out[i] = new_stage(stage, data[stage] or {}) end
  return setmetatable(out, PRESET)
end

local presets = setmetatable({}, {
  __index = function(t, name)
    local value = preset(tostring(name))
    rawset(t, name, value)
    return value
  end,
})

local public = {
  recipe = recipe,
  stage = own_stage,
  arg = arg,
  read_lines = read_lines,
  read_json = read_json,
  null = host.null,
  presets = presets,
}

local function unknown_words(name)
  local names = copy(config.stages)
  for k in pairs(public) do names[#names + 1] = k end
  return ('unknown stage "%s"%s (there are %s)'):format(tostring(name), hint(name, names),
    table.concat(config.stages, ", "))
end

--- Stands for a stage that there is none of: called with parameters it is nothing, so that the rest
-- of the recipe can be checked too; any other use of it ends the recipe.
local function unknown_stage(name)
  local words = unknown_words(name)
  local file, line = here()
  local function refuse() error(("%s:%d: %s"):format(file, line, words), 0) end
  if not loading then refuse() end
  local fault = ("%s:%d: %s"):format(file, line, words)
  if not faults[fault] then faults[#faults + 1], faults[fault] = fault, true end
  return setmetatable({}, {
    __call = function(_, params)
      if type(params) ~= "table" then refuse() end
      return false
    end,
    __index = refuse, __newindex = refuse, __concat = refuse, __len = refuse,
  })
end

--- What the host asks for once the recipe has run.
function host.plan(value)
  if type(value) ~= "table" or getmetatable(value) ~= RECIPE then
    error(("%s does not return a recipe: its last line should be `return s.recipe{ … }`"):format(host.path), 0)
  end
  loading = false
  local names = {}
  for name in pairs(asked) do names[#names + 1] = name end
  for name in pairs(config.args) do
    if not asked[name] then
      error(('the recipe asks for no argument "%s"%s'):format(name, hint(name, names)), 0)
    end
  end
  return { settings = value.settings, stages = value.stages, file = value.file, line = value.line,
           faults = table.move(faults, 1, #faults, 1, {}) }
end

return setmetatable({}, {
  __metatable = false,
  __newindex = function() fail "this table is read-only" end,
  __index = function(_, name)
    if public[name] ~= nil then return public[name] end
    if is_stage[name] then return constructor(name) end
    return unknown_stage(name)
  end,
})
