--- recipe: what was done to a view, as a recipe file that does it again: the sources as they were opened, each
-- stage with the parameters that were typed, functions as their text with the values that they reach for.

local fs = require "fs"
local host = require "host"
local json = require "json"
local open = require "recipe.open"
local plan = require "plan"
local source = require "repl.source"

local recipe = {}

local SEED = 42          -- of the REPL's stages (repl/stage.lua)
local WIDTH = 120
-- What a recipe has without saying so; the rest that a function reaches for is written down with it.
local BUILTIN = {}
for name in ("assert error getmetatable ipairs math next pairs pcall rawequal rawlen select setmetatable string table "
  .. "tonumber tostring type utf8 xpcall _VERSION"):gmatch "%S+" do BUILTIN[name] = true end

local function modules()
  local set = {}
  for _, m in ipairs(host.modules()) do if m.recipe then set[m.name] = true end end
  return set
end

local function place_of(session)
  return { texts = session.commands, names = session.names, builtin = BUILTIN, modules = modules() }
end

--- Writes a stage's parameters down as they are now, for later: what they hold may change.
-- Leaves entry.written, { { name, text }, … }, or entry.unwritten, a sentence.
function recipe.note(session, entry)
  local out = {}
  for _, key in ipairs(plan.sorted_keys(entry.given)) do
    local text, err = source.value(entry.given[key], place_of(session))
    if not text then
      entry.unwritten = ("%s.%s cannot be written down: %s"):format(entry.name, key, err)
      return
    end
    out[#out + 1] = { key, text }
  end
  entry.written = out
end

-- The lines of a text further in; left alone where a line feed stands inside a string.
local function indented(text, by)
  for _, w in ipairs(source.words(text)) do
    if w.kind == "string" and w.text:find("\n", 1, true) then return text end
  end
  return (text:gsub("\n", "\n" .. (" "):rep(by)))
end

-- name { a = 1, b = 2 }, on one line where it fits.
local function call(name, params, by)
  local parts, long = {}, false
  for i, p in ipairs(params) do
    parts[i] = (type(p[1]) == "string" and p[1] .. " = " or "") .. p[2]
    long = long or p[2]:find("\n", 1, true) ~= nil
  end
  if #parts == 0 then return name .. " {}" end
  local line = name .. " { " .. table.concat(parts, ", ") .. " }"
  if not long and #line + by <= WIDTH then return line end
  if #parts == 1 then return name .. " { " .. parts[1] .. " }" end
  return name .. " {\n  " .. table.concat(parts, ",\n  ") .. ",\n}"
end

local function stage_text(h)
  local entry = h.entry
  if not entry.written then error(entry.unwritten or entry.name .. " cannot be written down", 0) end
  local params = table.move(entry.written, 1, #entry.written, 1, {})
  if entry.named then table.insert(params, 1, { "name", ("%q"):format(entry.name) }) end
  return call("s." .. entry.stage, params, 4)
end

local function literal(v)
  local text, err = source.value(v, { texts = {}, names = {}, builtin = {}, modules = {} })
  return text or error(err, 0)
end

local function source_text(x)
  local format = type(x.format) == "string" and x.format ~= "auto" and x.format or nil
  local fields = x.fields or type(x.format) == "table" and x.format.fields or nil
  local parts = {}
  local function add(key, value)
    if value ~= nil and value ~= json.null then parts[#parts + 1] = ("%s = %s"):format(key, literal(value)) end
  end
  add("kind", x.kind)
  add("generator", x.generator)
  add("trusted", x.trusted or nil)
  add("format", format)
  add("fields", fields)
  for _, key in ipairs(plan.sorted_keys(x.attributes or {})) do add(key, x.attributes[key]) end
  if #parts == 0 then return literal(x.path) end
  return ("{ %s, %s }"):format(literal(x.path), table.concat(parts, ", "))
end

local function sources_text(list)
  local parts = {}
  for i, x in ipairs(list) do parts[i] = source_text(x) end
  local line = "sources = { " .. table.concat(parts, ", ") .. " },"
  if #line + 2 <= WIDTH then return line end
  return "sources = {\n  " .. table.concat(parts, ",\n  ") .. ",\n},"
end

-- A name for its output folder, from that of the first file.
local function name_of(list)
  local base = (list[1] and list[1].path or ""):match "[^/]*$":gsub("%..*$", ""):gsub("[^%w_-]", "_")
  return base:find "^[%w_]" and base:sub(1, 60) or "explored"
end

local function uses(history, stage)
  for _, h in ipairs(history) do if h.stage == stage then return true end end
end

-- What stands above the recipe: what no setting of a recipe says.
local function remarks(o, options)
  local out = { "-- Written by recipe() of tamis repl." }
  if options.limit then
    out[#out + 1] = ("-- The file was opened with limit = %d: run it with --limit %d for the same rows."):format(
      options.limit, options.limit)
  end
  if options.allow_damaged then
    out[#out + 1] = "-- The file was opened with allow_damaged: run it with --allow-damaged."
  end
  if o.rows then out[#out + 1] = "-- Rows that were selected are no stage: filter(function(ex) … end) makes one." end
  return out
end

-- Of a recipe that was opened and run: its own text, and what was typed behind it.
local function opened_text(o)
  local out = { "-- " .. o.recipe.path .. ", as it was opened in tamis repl." }
  for _, k in ipairs(plan.sorted_keys(o.opened.options.set or {})) do
    out[#out + 1] = ("-- It ran with --set %s=%s."):format(k, tostring(o.opened.options.set[k]))
  end
  for i = o.ran + 1, #o.history do
    if i == o.ran + 1 then out[#out + 1] = "-- Stages that were typed behind it, to put in front of its export:" end
    out[#out + 1] = "--   " .. stage_text(o.history[i]):gsub("\n", "\n--   ") .. ","
  end
  return table.concat(out, "\n") .. "\n" .. o.recipe.files[1].text
end

--- The recipe as a text.
-- @param o  what a view of the REPL holds
function recipe.text(o)
  if o.ran then return opened_text(o) end
  if not o.opened then error("its rows were not opened here: there is nothing to write down", 0) end
  local options, out = o.opened.options, remarks(o, o.opened.options)
  local function add(line) out[#out + 1] = line end
  add 'local s = require "tamis"'
  add ""
  add "return s.recipe {"
  add(("  name = %q,"):format(name_of(o.opened.sources)))
  add(("  seed = %d,"):format(SEED))
  add("  " .. indented(sources_text(o.opened.sources), 2))
  if options.id then add("  id = " .. literal(options.id) .. ",") end
  if options.gold and uses(o.history, "decontaminate") then
    add("  gold = { " .. literal(options.gold) .. " },")
  end
  add ""
  for _, h in ipairs(o.history) do add("  " .. indented(stage_text(h), 2) .. ",") end
  add "  s.export {},"
  add "}"
  return table.concat(out, "\n") .. "\n"
end

-- A recipe that does not stand is found out here, not when somebody runs it.
local function checked(text)
  local opened, err = open.text(text, "recipe.lua", {})
  if not opened then error(("what was done makes no recipe: %s"):format(err), 0) end
  opened.recipe:close()
end

--- The text of a view's recipe, checked; or the file of it.
function recipe.of(session, o, path)
  local text = recipe.text(o)
  if not o.ran then checked(text) end
  if path == nil then return text end
  if fs.exists(path) then error(("%s is there already"):format(path), 0) end
  local ok, err = fs.write(path, text, 384)   -- octal 0600
  if not ok then error(tostring(err), 0) end
  session:say(("%s: tamis run %s does it again"):format(path, path))
end

return recipe
