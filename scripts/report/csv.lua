--- csv: blocks of a document as one table of four columns, section, item, figure and value, for a
-- spreadsheet or a script (RFC 4180). A cell that a spreadsheet would take for a formula gets an
-- apostrophe before it; a number stays one. Controls are spelt out, as they are on a terminal.

local bins = require "report.bins"
local screen = require "report.screen"

local csv = {}

-- What a spreadsheet takes for a formula: OWASP, "CSV Injection".
local FORMULA = "^[=+%-@\t\r]"

--- One cell, guarded and quoted where it must be.
function csv.cell(v)
  if type(v) == "number" then
    if math.type(v) == "integer" then return tostring(v) end
    if v ~= v or v == math.huge or v == -math.huge then return "" end
    return (("%.10g"):format(v))
  end
  v = tostring(v)
  v = (v:find(FORMULA) and "'" or "") .. screen.clean(v, true)
  if v:find '[",\r\n]' then v = '"' .. v:gsub('"', '""') .. '"' end
  return v
end

local function line(out, ...)
  local cells = table.pack(...)
  for i = 1, cells.n do cells[i] = csv.cell(cells[i] == nil and "" or cells[i]) end
  out(table.concat(cells, ",") .. "\r")
end

local draw = {}

-- "1,325" and "12.5%" are told as 1325 and 0.125.
local function plain(text)
  local digits, share = text:match "^(%-?[%d,]*%.?%d+)(%%?)$"
  local v = digits and tonumber((digits:gsub(",", "")))
  if not v then return text end
  return share == "%" and v / 100 or v
end

draw["table"] = function(b, say)
  for _, r in ipairs(b.rows) do
    for i = 2, #b.columns do
      local cell = r[i] or ""
      if cell ~= "" then say(r[1] or "", b.columns[i][1], b.columns[i][2] == "right" and plain(cell) or cell) end
    end
  end
end

function draw.headline(b, say)
  for _, c in ipairs(b.cards) do say("rows", c.label, plain(c.value)) end
end

function draw.notice(b, say) say("notice", b.level, b.text) end

function draw.checks(b, say)
  for _, c in ipairs(b.rows) do
    if c.level ~= "none" then
      say(c.title, "level", c.level)
      say(c.title, "found", c.text or "")
      if c.advice then say(c.title, "advice", c.advice) end
    end
  end
end

function draw.reasons(b, say)
  for _, r in ipairs(b.rows) do
    say(r.label, "rows", r.count)
    say(r.label, "share", r.share)
    if r.place then say(r.label, "example", r.place) end
  end
end

function draw.bars(b, say)
  for _, r in ipairs(b.rows) do
    if r.before then say(r.label, "read", r.before) end
    say(r.label, r.before and "kept" or b.unit or "rows", r.count)
    say(r.label, "share", r.share)
  end
end

function draw.histogram(b, say)
  for i, bin in ipairs(bins(b)) do
    say(b.text, (b.before and "kept " or "rows ") .. bin.label, bin.count)
    if b.before then say(b.text, "read " .. bin.label, b.before[i]) end
  end
end

function draw.charts(b, say)
  for _, h in ipairs(b.charts) do draw.histogram(h, say) end
end

function draw.bounds(b, say)
  for _, r in ipairs(b.rows) do
    for i, v in ipairs(r.values) do say(r.name, "kept at " .. csv.cell(v), r.kept[i]) end
  end
end

function draw.clusters(b, say)
  for _, c in ipairs(b.rows) do say(c.place, "rows in the cluster", c.size) end
end

--- Writes blocks through `out(line)`, a carriage return at each line's end.
function csv.render(blocks, out)
  line(out, "section", "item", "figure", "value")
  local section = ""
  for _, b in ipairs(blocks) do
    if b.kind == "title" or b.kind == "heading" then section = b.name or b.text end
    if draw[b.kind] then
      draw[b.kind](b, function(item, figure, value) line(out, section, item, figure, value) end)
    end
  end
end

return csv
