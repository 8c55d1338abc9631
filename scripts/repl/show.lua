--- show: how the REPL prints a value. Text from data is made safe for the terminal; things that know
-- how to draw themselves (a view, a row, a histogram) have __show(self, screen, out) in their metatable.

local fs = require "fs"

local show = {}

local MOST_ENTRIES = 50     -- of a table
local MOST_DEPTH = 4
local MOST_LINE = 100       -- bytes of a table that fits one line

local function safe(text) return fs.printable(text, true) end

local function key_text(k)
  if type(k) == "string" and k:find "^[%a_][%w_]*$" then return k end
  return "[" .. (type(k) == "string" and ('"%s"'):format(fs.printable(k)) or tostring(k)) .. "]"
end

local function sorted_keys(t)
  local n, keys = #t, {}
  for k in next, t do
    if math.type(k) ~= "integer" or k < 1 or k > n then keys[#keys + 1] = k end
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and (type(a) == "string" or type(a) == "number") then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

local compact

local function entry_text(v, depth, seen)
  if type(v) == "string" then return '"' .. fs.printable(#v > 200 and v:sub(1, 200) .. "…" or v) .. '"' end
  if type(v) == "table" then return compact(v, depth + 1, seen) end
  return fs.printable(tostring(v))
end

-- A table's entries as texts, at most MOST_ENTRIES.
local function entries(t, depth, seen)
  local out = {}
  for i = 1, math.min(#t, MOST_ENTRIES) do out[i] = entry_text(rawget(t, i), depth, seen) end
  for _, k in ipairs(sorted_keys(t)) do
    if #out >= MOST_ENTRIES then break end
    out[#out + 1] = key_text(k) .. " = " .. entry_text(rawget(t, k), depth, seen)
  end
  if #t > MOST_ENTRIES then out[#out + 1] = ("… %d in all"):format(#t) end
  return out
end

compact = function(t, depth, seen)
  local meta = getmetatable(t)
  if type(meta) == "table" and meta.__name and depth > 0 then return meta.__name end
  if seen[t] then return "{…}" end
  if depth > MOST_DEPTH then return "{ … }" end
  seen[t] = true
  local out = entries(t, depth, seen)
  seen[t] = nil
  return #out == 0 and "{}" or "{ " .. table.concat(out, ", ") .. " }"
end

local function show_table(t, out)
  local line = compact(t, 0, {})
  if #line <= MOST_LINE then return out(line) end
  out "{"
  for _, e in ipairs(entries(t, 0, { [t] = true })) do out("  " .. e .. ",") end
  out "}"
end

--- Prints one value through out(line).
function show.value(v, screen, out)
  local meta = getmetatable(v)
  if type(meta) == "table" and meta.__show then return meta.__show(v, screen, out) end
  if type(v) == "string" then
    for line in (safe(v) .. "\n"):gmatch "(.-)\n" do out(line) end
  elseif type(v) == "table" and not (type(meta) == "table" and meta.__tostring) then
    show_table(v, out)
  else
    for line in (safe(tostring(v)) .. "\n"):gmatch "(.-)\n" do out(line) end
  end
end

--- A thing that draws itself: draw(screen, out); its fields stay those of `data`.
function show.drawing(data, draw, name)
  local function drawn(_, screen, out) draw(screen, out) end
  return setmetatable(data or {}, { __show = drawn, __name = name or "drawing" })
end

--- Blocks of a report's document as a drawing.
function show.blocks(blocks, data, name)
  return show.drawing(data, function(screen, out) require "report.terminal".render(blocks, screen, out) end, name)
end

return show
