--- helper: help(x) for whatever x is: a name, a view or a method of one, a stage, a module or its function, a
-- row, a function of the user's own, a value of plain Lua.

local ledger = require "repl.ledger"
local nearest = require "nearest"
local pages = require "help.pages"
local plan = require "plan"
local row = require "repl.row"
local screen = require "report.screen"
local source = require "repl.source"
local view = require "repl.view"

local LIBRARIES = { "coroutine", "debug", "io", "math", "os", "string", "table", "utf8" }

local function key_of(t, value)
  for k, x in next, t do
    if rawequal(x, value) then return k end
  end
end

-- "string.format" for a function of Lua's own; nil for any other.
local function lua_name(names, x)
  for _, library in ipairs(LIBRARIES) do
    if rawequal(names[library], x) then return library end
    local name = type(names[library]) == "table" and key_of(names[library], x)
    if name then return library .. "." .. name end
  end
  local name = key_of(_G, x)
  return type(name) == "string" and name or nil
end

-- A native module, or a function of one: "text", "text.shingles".
local function module_name(names, x)
  for _, name in ipairs(require "repl.env".modules()) do
    local module = package.loaded[name]
    if rawequal(module, x) then return name end
    local part = type(module) == "table" and rawget(names, name) and key_of(module, x)
    if part then return name .. "." .. tostring(part) end
  end
end

local function stage_name(x)
  for _, name in ipairs(plan.stage_names()) do
    if rawequal(view.stage_method(name), x) then return name end
  end
end

-- A function that was typed: where it stands, and its text.
local function own_function(session, x, out)
  local text = source.text(x, session.commands)
  local info = debug.getinfo(x, "S")
  if not text or info.what == "C" then return false end
  out(("a function of your own, %s"):format(info.source:sub(1, 1) == "@" and screen.clean(info.source:sub(2)) .. ":"
    .. info.linedefined or "typed here"))
  for line in (screen.clean(text, true) .. "\n"):gmatch "(.-)\n" do out("  " .. line) end
  return true
end

local function plain_lua(session, name)
  local manual = "https://www.lua.org/manual/5.4/manual.html#pdf-"
  session:say(("%s: of Lua 5.4 itself; %s%s tells of it"):format(name, manual, name))
  return true
end

local function by_name(session, names, name, out)
  if pages.method(session.screen, name, out) then
    if plan.stage(name) then out "" pages.topic(session.screen, name, out) end
    return true
  end
  if pages.topic(session.screen, name, out) then return true end
  local value = names
  for part in name:gmatch "[^.:]+" do value = type(value) == "table" and rawget(value, part) or nil end
  local known = value ~= nil and lua_name(names, value)
  return known and plain_lua(session, known) or false
end

local function no_help(x)
  local what, near = "a " .. type(x), nil
  if type(x) == "string" then
    local known = require "help.catalogue".names()
    for _, name in ipairs(view.names()) do known[#known + 1] = name end
    what, near = '"' .. x .. '"', nearest(x, known)
  end
  local hint = near and ('; did you mean "%s"?'):format(near) or ""
  error(("no help for %s%s; help() lists what there is"):format(what, hint), 0)
end

local function by_value(session, names, x, out)
  local s = session.screen
  if ledger.is(x) then pages.repl(s, out, "run") return true end
  if view.native(x) then pages.repl(s, out, "view") return true end
  if row.is(x) then pages.repl(s, out, "row") return true end
  if rawequal(x, names) then pages.repl(s, out, "globals") return true end
  if type(x) ~= "function" and type(x) ~= "table" then return false end
  for part, methods in pairs { view = view.methods, run = ledger.methods } do
    local name = key_of(methods, x)
    if name then pages.repl(s, out, part, name) return true end
  end
  local stage = stage_name(x)
  if stage then return pages.topic(s, stage, out) end
  for _, name in ipairs { "open", "help", "recipe", "print" } do
    if rawequal(names[name], x) then pages.repl(s, out, "globals", name) return true end
  end
  local module = module_name(names, x)
  if module and pages.topic(s, module, out) then return true end
  local known = lua_name(names, x)
  if known then return plain_lua(session, known) end
  return type(x) == "function" and own_function(session, x, out)
end

return function(session, names, x)
  local out = function(line) session:out(line) end
  if x == nil then return pages.repl(session.screen, out) end
  local found
  if type(x) == "string" then found = by_name(session, names, x, out)
  else found = by_value(session, names, x, out) end
  if not found then no_help(x) end
end
