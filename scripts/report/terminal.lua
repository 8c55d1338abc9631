--- terminal: blocks of a document as lines for a screen.

local bins = require "report.bins"
local pairwise = require "diff.draw"
local screen = require "report.screen"

local terminal = {}

local LEVEL = { good = "green", watch = "yellow", bad = "red", none = "dim" }

local draw = {}

function draw.title(s, b, out)
  out(s:paint("bold", s:cut(b.text, s.width)))
end

function draw.heading(s, b, out)
  out("")
  out(s:paint("bold", s:cut(b.text, s.width)))
end

function draw.text(s, b, out)
  for _, line in ipairs(s:wrap(b.text, s.width - 2)) do out("  " .. line) end
end

function draw.next(s, b, out)
  out(s:paint("dim", s:cut(b.text, s.width)))
end

function draw.notice(s, b, out)
  local mark = s:sign("▲ ", "! ")
  for i, line in ipairs(s:wrap(b.text, s.width - 4)) do
    out("  " .. s:paint(LEVEL[b.level] or "yellow", i == 1 and mark or "  ") .. line)
  end
end

function draw.checks(s, b, out)
  local widest = 0
  for _, c in ipairs(b.rows) do widest = math.max(widest, screen.width_of(c.title)) end
  local indent = 2 + 5 + 2 + widest + 2
  local missing = {}
  for _, c in ipairs(b.rows) do
    if c.level == "none" then
      missing[#missing + 1] = c.title
    else
      local lead = "  " .. s:paint(LEVEL[c.level], screen.pad(c.level, 5)) .. "  "
        .. screen.pad(c.title, widest) .. "  "
      for i, line in ipairs(s:wrap(c.text, s.width - indent)) do
        out((i == 1 and lead or string.rep(" ", indent)) .. line)
      end
      if c.advice then
        for i, line in ipairs(s:wrap(c.advice, s.width - indent - 2)) do
          out(string.rep(" ", indent) .. s:paint("dim", (i == 1 and s:sign("→ ", "> ") or "  ") .. line))
        end
      end
    end
  end
  if #missing > 0 then
    for _, line in ipairs(s:wrap("not in this data: " .. table.concat(missing, ", "),
      s.width - 2)) do out("  " .. s:paint("dim", line)) end
  end
end

-- Column widths: what the cells need; the flexible column gives way, then tables grow denser.
local function widths(s, b)
  local w, total, flex = {}, 2, nil
  for i, c in ipairs(b.columns) do
    w[i] = screen.width_of(c[1])
    for _, row in ipairs(b.rows) do w[i] = math.max(w[i], screen.width_of(screen.clean(row[i] or ""))) end
    if c.flex then flex = i end
    total = total + w[i]
  end
  local gap = total + 2 * (#b.columns - 1) <= s.width and 2 or 1
  local over = total + gap * (#b.columns - 1) - s.width
  if over > 0 and flex then w[flex] = math.max(6, w[flex] - over) end
  return w, string.rep(" ", gap)
end

draw["table"] = function(s, b, out)
  local w, gap = widths(s, b)
  local function line(cells, style)
    local parts = {}
    for i, c in ipairs(b.columns) do
      parts[i] = screen.pad(s:cut(cells[i] or "", w[i]), w[i], c[2])
    end
    local text = ("  " .. table.concat(parts, gap)):gsub(" +$", "")
    out(style and s:paint(style, text) or text)
  end
  local titles = {}
  for i, c in ipairs(b.columns) do titles[i] = c[1] end
  line(titles, "dim")
  for _, row in ipairs(b.rows) do line(row) end
end

-- The rows of a list that are shown here, and a last one for the rest.
local function shown(b)
  if not b.most or #b.rows <= b.most then return b.rows end
  local rows, rest = table.move(b.rows, 1, b.most, 1, {}), { count = 0, share = 0, faint = true }
  for i = b.most + 1, #b.rows do
    rest.count, rest.share = rest.count + b.rows[i].count, rest.share + b.rows[i].share
    if b.rows[i].before then rest.before = (rest.before or 0) + b.rows[i].before end
  end
  rest.label = ("(%s more)"):format(screen.number(b.all - b.most))
  rows[#rows + 1] = rest
  return rows
end
terminal.shown = shown

-- "120 of 254": what is left of what was read.
local function counted(r)
  local text = screen.number(r.count)
  return r.before and r.before ~= r.count and ("%s of %s"):format(text, screen.number(r.before)) or text
end

function draw.bars(s, b, out)
  local label, count = 8, 1
  local rows = shown(b)
  for _, r in ipairs(rows) do
    label = math.max(label, screen.width_of(screen.clean(r.label)))
    count = math.max(count, #counted(r))
  end
  label = math.min(label, s.width // 2 - 4)
  local room = s.width - (2 + label + 2 + count + 2 + 6 + 2)
  local top = 0
  for _, r in ipairs(rows) do if not r.faint then top = math.max(top, r.share) end end
  for _, r in ipairs(rows) do
    local bar = r.faint and "" or s:paint("cyan", s:bar(top > 0 and r.share / top or 0, room))
    out(("  %s  %s  %6s  %s"):format(screen.pad(s:cut(r.label, label), label),
      screen.pad(counted(r), count, "right"), screen.percent(r.share), bar):gsub(" +$", "") .. "")
  end
end

--- The bars are those of the rows that stand; with `before` their number stands beside that of all.
function draw.histogram(s, b, out)
  local rows, top, label, count = bins(b), 0, 0, 1
  for i, r in ipairs(rows) do
    r.before = b.before and b.before[i]
    top, label = math.max(top, r.count), math.max(label, #r.label)
    count = math.max(count, #counted(r))
  end
  out("")
  out("  " .. s:paint("dim", s:cut(b.text .. (b.before and ", kept of those read" or ""), s.width - 2)))
  for _, r in ipairs(rows) do
    out(("  %s  %s  %s"):format(screen.pad(r.label, label, "right"), screen.pad(counted(r), count, "right"),
      s:paint("cyan", s:bar(top > 0 and r.count / top or 0, s.width - label - count - 8))):gsub(" +$", "") .. "")
  end
end

local LEVELS = { unicode = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" },
                 ascii = { ".", ":", "-", "=", "+", "*", "#", "@" } }

-- A histogram in one line: of all rows, where those that stand are told apart.
local function spark(s, h)
  local levels, top, out = s.unicode and LEVELS.unicode or LEVELS.ascii, 1, {}
  local counts = h.before or h.counts
  for _, n in ipairs(counts) do top = math.max(top, n) end
  for i, n in ipairs(counts) do out[i] = n == 0 and " " or levels[math.max(1, math.ceil(8 * n / top))] end
  return table.concat(out)
end

function draw.charts(s, b, out)
  for _, h in ipairs(b.charts) do
    if not b.small then draw.histogram(s, h, out)
    else
      local first, last = screen.number(h.edges[1], 2), screen.number(h.edges[#h.edges], 2)
      local room = s.width - #h.counts - #first - #last - 8
      out(("  %s  %s %s %s"):format(screen.pad(s:cut(h.text, room), room), first, s:paint("cyan", spark(s, h)), last))
    end
  end
end

function draw.headline() end   -- the lines under the title and the reasons say it

-- A threshold with the digits it needs.
local function value(v)
  return math.type(v) == "integer" and screen.number(v) or (screen.number(v, 4):gsub("%.?0+$", ""))
end

--- Each threshold with what a few other values would keep.
function draw.bounds(s, b, out)
  for _, r in ipairs(b.rows) do
    local parts, n = {}, #r.values
    for _, i in ipairs { 1, (n + 3) // 4, (n + 1) // 2, (3 * n + 3) // 4, n } do
      if i ~= r.at and r.values[i] ~= parts.last then
        parts[#parts + 1] = ("%s keeps %s%s"):format(value(r.values[i]),
          r.back[i] > 0 and s:sign("≤ ", "<= ") or "", screen.number(r.kept[i]))
        parts.last = r.values[i]
      end
    end
    local text = ("%s = %s: %s"):format(r.name, value(r.now), table.concat(parts, ", "))
    for i, line in ipairs(s:wrap(text, s.width - 4)) do out((i == 1 and "  " or "    ") .. line) end
  end
end

function draw.clusters(s, b, out)
  out("")
  for i = 1, math.min(b.most or #b.rows, #b.rows) do
    local c = b.rows[i]
    local lead = ("  %s  "):format(screen.count(c.size, "row"))
    out(lead .. s:cut(c.place, s.width - #lead))
    local pad = string.rep(" ", #lead)
    if c.text and c.text ~= "" then
      out(pad .. s:paint("dim", s:cut('"' .. c.text:sub(1, 400) .. '"', s.width - #lead)))
    end
    for k = 1, math.min(2, #c.members) do
      local m = c.members[k]
      out(pad .. s:paint("dim", s:cut(m.place .. (m.why and "  " .. m.why or ""), s.width - #lead)))
    end
  end
end

function draw.code() end   -- the recipe's text stands in lineage.json

function draw.reasons(s, b, out)
  local count = 1
  for _, r in ipairs(b.rows) do count = math.max(count, #screen.number(r.count or 0)) end
  for i = 1, math.min(b.most or #b.rows, #b.rows) do
    local r = b.rows[i]
    out(("  %s  %6s  %s"):format(screen.pad(screen.number(r.count), count, "right"), screen.percent(r.share),
      s:cut(r.label, s.width - count - 12)))
    local lead = string.rep(" ", count + 12)
    if r.place then
      out(lead .. s:paint("dim", s:cut(r.place .. (r.detail and "  " .. r.detail or ""), s.width - #lead)))
    end
    if r.example and r.example ~= "" then
      out(lead .. s:paint("dim", s:cut('"' .. r.example:sub(1, 400) .. '"', s.width - #lead)))
    end
  end
  if b.most and #b.rows > b.most then
    out("  " .. s:paint("dim", "and " .. screen.count(#b.rows - b.most, "more reason")))
  end
end

draw.drift, draw.edit = pairwise.terminal.drift, pairwise.terminal.edit

--- Draws blocks through `out(line)`.
function terminal.render(blocks, s, out)
  for _, b in ipairs(blocks) do draw[b.kind](s, b, out) end
end

return terminal
