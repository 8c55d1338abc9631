--- env: the names that a REPL starts with. What the user types runs in this program's own state: it
-- is trusted, unlike a recipe that is opened. Names stay from one command to the next.

local fs = require "fs"
local host = require "host"

local env = {}

local PLAIN = { "assert", "collectgarbage", "coroutine", "dofile", "error", "getmetatable", "io", "ipairs", "load",
  "loadfile", "math", "next", "os", "pairs", "pcall", "rawequal", "rawget", "rawlen", "rawset", "require", "select",
  "setmetatable", "string", "table", "tonumber", "tostring", "type", "utf8", "xpcall", "debug", "_VERSION" }
local MORE = { "pii", "stats", "json", "fs" }   -- modules beside those that recipes may require

--- print, with text from data made safe for the terminal.
local function safe_print(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = fs.printable(tostring(parts[i]), true) end
  io.stdout:write(table.concat(parts, "\t"), "\n")
end

--- Names of modules that are there without `require`.
function env.modules()
  local out = {}
  for _, m in ipairs(host.modules()) do
    if m.recipe then out[#out + 1] = m.name end
  end
  return table.move(MORE, 1, #MORE, #out + 1, out)
end

-- recipe(), recipe(d), recipe "file.lua", recipe(d, "file.lua")
local function recipe_of(session, v, path)
  if type(v) == "string" then v, path = nil, v end
  v = v or session.latest
  if v == nil then error("nothing was opened yet: c = open \"raw.jsonl\"", 0) end
  if not require "repl.view".native(v) then error('recipe takes a view: recipe(d), recipe(d, "file.lua")', 0) end
  return require "repl.recipe".of(session, rawget(v, "_"), path)
end

--- A table of names for a session; `names.open`, `names.help` and `names.recipe` are its own.
function env.new(session)
  local names, is_module = {}, {}
  for _, name in ipairs(PLAIN) do names[name] = _G[name] end
  for _, name in ipairs(env.modules()) do is_module[name] = true end
  names._G = names
  names.print = safe_print
  names.open = function(what, options) return require "repl.open".any(session, what, options) end
  names.help = function(x) return require "repl.helper"(session, names, x) end
  names.recipe = function(v, path) return recipe_of(session, v, path) end
  session.names = names
  return setmetatable(names, {
    __index = function(t, key)
      if not is_module[key] then return nil end
      local module = require(key)
      rawset(t, key, module)
      return module
    end,
  })
end

return env
