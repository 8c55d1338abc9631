--- screen: what a terminal can show, and text from data made safe for it.
-- Nothing from data reaches a terminal unescaped: control characters, escape sequences, bytes
-- that are no UTF-8 and the marks that reorder a line are spelt out.

local fs = require "fs"

local screen = {}
screen.__index = screen

local STYLES = { bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36" }
local EIGHTHS = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" }

-- Code points that take two columns, near enough: East Asian wide blocks and pictures.
local WIDE = {
  { 0x1100, 0x115F }, { 0x2E80, 0x303E }, { 0x3041, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF },
  { 0xFE30, 0xFE6F }, { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1F64F }, { 0x1F900, 0x1F9FF },
  { 0x20000, 0x3FFFD },
}
-- Marks that stand on the character before them.
local COMBINING = {
  { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05BD }, { 0x0610, 0x061A }, { 0x064B, 0x065F },
  { 0x093A, 0x094F }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F },
}

local function among(ranges, c)
  for _, r in ipairs(ranges) do
    if c >= r[1] and c <= r[2] then return true end
  end
  return false
end

--- Text from data, safe to print on one line.
-- @param keep_lines  true leaves line feeds as they are, and tabs as blanks
function screen.clean(text, keep_lines)
  text = fs.printable(tostring(text), keep_lines)
  return keep_lines and (text:gsub("\t", "  ")) or text
end

-- A character in JSON's own escape.
local function escaped(c)
  local code = utf8.codepoint(c)
  if code < 0x10000 then return ("\\u%04x"):format(code) end
  code = code - 0x10000
  return ("\\u%04x\\u%04x"):format(0xD800 | code >> 10, 0xDC00 | code & 0x3FF)
end

--- JSON text that a terminal can show: the same value, its control, bidirectional and invisible characters
-- spelt as \u escapes (they can only stand inside strings).
function screen.json(text)
  if not text:find "[\127-\255]" then return text end
  local known = {}
  return (text:gsub("[\127\194-\244][\128-\191]*", function(c)
    if known[c] == nil then known[c] = utf8.len(c) == 1 and fs.printable(c) ~= c and escaped(c) or false end
    return known[c] or nil
  end))
end

--- Columns that safe text takes.
function screen.width_of(text)
  if not text:find("[\128-\255]") then return #text end
  local w = 0
  for _, c in utf8.codes(text, true) do
    if among(WIDE, c) then w = w + 2 elseif not among(COMBINING, c) then w = w + 1 end
  end
  return w
end

-- The part of safe text that fits `columns`, and the bytes it has.
local function fitting(text, columns)
  local w = 0
  for at, c in utf8.codes(text, true) do
    local own = among(WIDE, c) and 2 or among(COMBINING, c) and 0 or 1
    if w + own > columns then return text:sub(1, at - 1), at - 1 end
    w = w + own
  end
  return text, #text
end

local function environment(getenv)
  local locale = getenv "LC_ALL" or ""
  if locale == "" then locale = getenv "LC_CTYPE" or "" end
  if locale == "" then locale = getenv "LANG" or "" end
  locale = locale:lower()
  return {
    unicode = locale:find("utf%-?8") ~= nil,
    columns = tonumber(getenv "COLUMNS"),
    no_color = (getenv "NO_COLOR" or "") ~= "" or getenv "TERM" == "dumb",
  }
end

--- A screen for a place that text goes to.
-- @param options  tty, width, unicode, colour; those not given follow the environment
function screen.new(options)
  options = options or {}
  local found = environment(options.getenv or os.getenv)
  local unicode = options.unicode
  if unicode == nil then unicode = found.unicode end
  local colour = options.colour
  if colour == nil then colour = options.tty and not found.no_color or false end
  local width = options.width or (options.tty and found.columns) or 80
  return setmetatable({ width = math.max(40, math.min(width, 120)), unicode = unicode, colour = colour,
                        tty = options.tty or false }, screen)
end

function screen:paint(style, text)
  if not self.colour or not STYLES[style] then return text end
  return "\27[" .. STYLES[style] .. "m" .. text .. "\27[0m"
end

--- A sign in its Unicode or its ASCII form.
function screen:sign(unicode, ascii) return self.unicode and unicode or ascii end

--- Cleans text and cuts it to `columns`, an ellipsis in place of what is gone.
function screen:cut(text, columns)
  text = screen.clean(text)
  if screen.width_of(text) <= columns then return text end
  local dots = self:sign("…", "...")
  return (fitting(text, math.max(0, columns - screen.width_of(dots)))) .. dots
end

--- Safe text padded to `columns`; align "right" pads on the left.
function screen.pad(text, columns, align)
  local gap = string.rep(" ", math.max(0, columns - screen.width_of(text)))
  if align == "right" then return gap .. text end
  return text .. gap
end

--- Breaks text into lines of at most `columns`, at blanks where it can.
-- @return  a list of safe lines; a last one of the sign for "more" if there were more than `most`
function screen:wrap(text, columns, most)
  local lines = {}
  local function put(line)
    lines[#lines + 1] = line
    return most == nil or #lines <= most
  end
  for paragraph in (screen.clean(text, true) .. "\n"):gmatch("(.-)\n") do
    if most and #lines > most then break end
    local rest = paragraph
    while screen.width_of(rest) > columns do
      local head, bytes = fitting(rest, columns)
      local blank = rest:sub(bytes + 1, bytes + 1) ~= " " and head:match("^.*() ") or nil
      if blank and blank > #head // 3 then head, bytes = head:sub(1, blank - 1), blank end
      if bytes == 0 then break end
      if not put(head) then break end
      rest = rest:sub(bytes + 1):gsub("^ +", "")
    end
    if not put(rest) then break end
  end
  if most and #lines > most then
    for i = #lines, most + 1, -1 do lines[i] = nil end
    local more = self:sign(" …", " ...")
    local room = columns - screen.width_of(more)
    if screen.width_of(lines[most]) > room then
      lines[most] = fitting(lines[most], math.max(0, room)):gsub(" +$", "")
    end
    lines[most] = lines[most] .. more
  end
  return lines
end

--- A bar for a share of 0 to 1, at most `columns` long; a share above 0 shows at least a trace.
function screen:bar(share, columns)
  share = math.max(0, math.min(1, share))
  if not self.unicode then
    local n = math.floor(share * columns + 0.5)
    return string.rep("#", share > 0 and math.max(1, n) or 0)
  end
  local eighths = math.floor(share * columns * 8 + 0.5)
  if share > 0 then eighths = math.max(1, eighths) end
  local part = EIGHTHS[eighths % 8]
  return string.rep("█", eighths // 8) .. (part or "")
end

--- 1234567 as 1,234,567; fractions to at most `digits` places (1 if not given).
function screen.number(v, digits)
  if v == nil then return "-" end
  if math.type(v) ~= "integer" then
    if v ~= v or v == math.huge or v == -math.huge then return "-" end
    if v == math.floor(v) and math.abs(v) < 2^53 then v = math.tointeger(v) end
  end
  local text
  if math.type(v) == "integer" then text = tostring(v)
  else text = string.format("%." .. (digits or 1) .. "f", v) end
  local sign, whole, rest = text:match("^(%-?)(%d+)(.*)$")
  whole = whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return sign .. whole .. rest
end

--- "1 row", "1,234 rows"; `many` for a word that takes no s.
function screen.count(n, one, many)
  return screen.number(n) .. " " .. (n == 1 and one or many or one .. "s")
end

--- 0.1234 as 12.3%.
function screen.percent(share)
  if share == nil then return "-" end
  local p = share * 100
  if p > 0 and p < 0.05 then return "<0.1%" end
  if share < 1 and p >= 99.95 then return ">99.9%" end
  return string.format("%.1f%%", p)
end

--- 1536 as 1.5 kB, in powers of 1000.
function screen.bytes(n)
  local units = { "B", "kB", "MB", "GB", "TB" }
  local i = 1
  while n >= 1000 and i < #units do n, i = n / 1000, i + 1 end
  return string.format(i == 1 and "%d %s" or "%.1f %s", n, units[i])
end

return screen
