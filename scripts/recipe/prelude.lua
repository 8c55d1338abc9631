--- prelude: the first thing that runs in a recipe's state. It gives the recipe `require`, runs it,
-- and hands its plan to the host, as plain data. `host` is what C lends it (runtime/recipe.c).

local host, text, path = ...
host.path = path

local loaded = {}

--- A Lua file beside the recipe or in a library folder.
local function load_file(name)
  local source, where = host.source("module", name)
  if not source then
    local file, line = host.here()
    error(("%s:%d: %s"):format(file, line, where), 0)
  end
  local chunk, err = load(source, "@" .. where)
  if not chunk then error(err, 0) end
  return chunk
end

local function open(name)
  if name == "tamis" then return host.embedded "tamis" (host) end
  local preset = name:match "^tamis%.presets%.([%w_]+)$"
  if preset then return require "tamis".presets[preset] end
  local native = host.native(name)
  if native then return native end
  local data = (name == "pii" or name:find "^pii%.") and host.embedded(name)
  if data then return data(name) end
  return load_file(name)(name)
end

host.global("require", function(name)
  if type(name) ~= "string" then error("require takes the name of a module", 2) end
  if loaded[name] == nil then
    loaded[name] = false   -- a module that requires itself sees this
    local value = open(name)
    loaded[name] = value == nil and true or value
  elseif loaded[name] == false then
    local file, line = host.here()
    error(("%s:%d: the modules around '%s' require each other in a ring"):format(file, line, name), 0)
  end
  return loaded[name]
end)

require "tamis"   -- leaves host.plan

--- The line of `s.recipe{`: called at the end of a file, it leaves no trace on the stack.
local function recipe_line()
  local line = 1
  for _ in text:sub(1, text:find "%.recipe%s*[{(]" or 0):gmatch "\n" do line = line + 1 end
  return line
end
host.recipe_line = recipe_line()

local chunk, err = load(text, "@" .. path)
if not chunk then error(err, 0) end
return host.plan(chunk())
