--- markdown: blocks of a document as GitHub-flavoured Markdown. Text from data is escaped, so
-- that it neither formats nor links anything.

local bins = require "report.bins"
local pairwise = require "diff.draw"
local screen = require "report.screen"
local terminal = require "report.terminal"

local markdown = {}

local plain = screen.new { unicode = true, colour = false, tty = false }

local function text(s)
  return (screen.clean(s):gsub("[\\`*_{}%[%]<>|#~!&$]", "\\%0"))
end

local draw = {}

function draw.title(b, out) out("# " .. text(b.text)) out("") end
function draw.heading(b, out) out("") out("## " .. text(b.text)) out("") end
function draw.text(b, out) out(text(b.text)) out("") end
function draw.next(b, out) out(text(b.text)) end
function draw.notice(b, out) out("> **" .. b.level .. "**: " .. text(b.text)) out("") end

local function row(cells, out) out("| " .. table.concat(cells, " | ") .. " |") end

draw["table"] = function(b, out)
  local titles, rule = {}, {}
  for i, c in ipairs(b.columns) do titles[i], rule[i] = text(c[1]), c[2] == "right" and "---:" or "---" end
  row(titles, out)
  row(rule, out)
  for _, r in ipairs(b.rows) do
    local cells = {}
    for i in ipairs(b.columns) do cells[i] = text(r[i] or "") end
    row(cells, out)
  end
  out("")
end

function draw.checks(b, out)
  row({ "level", "check", "found", "what to do" }, out)
  row({ "---", "---", "---", "---" }, out)
  for _, c in ipairs(b.rows) do
    if c.level ~= "none" then
      row({ c.level == "good" and "good" or "**" .. c.level .. "**", text(c.title), text(c.text or ""),
        text(c.advice or "") }, out)
    end
  end
  out("")
end

function draw.bars(b, out)
  local paired = b.rows[1] and b.rows[1].before ~= nil
  local unit = b.unit or "rows"
  if paired then
    row({ "group", "read", "kept", "share", "" }, out)
    row({ "---", "---:", "---:", "---:", "---" }, out)
  else
    row({ b.label or "group", unit, "share", "" }, out)
    row({ "---", "---:", "---:", "---" }, out)
  end
  for _, r in ipairs(terminal.shown(b)) do
    local cells = { text(r.label), screen.number(r.count), text(screen.percent(r.share)), r.faint and ""
      or plain:bar(r.share, 20) }
    if paired then table.insert(cells, 2, screen.number(r.before or 0)) end
    row(cells, out)
  end
  out("")
end

function draw.histogram(b, out)
  local top = 0
  for _, n in ipairs(b.counts) do top = math.max(top, n) end
  if b.before then
    row({ text(b.text), "kept", "read", "" }, out)
    row({ "---:", "---:", "---:", "---" }, out)
  else
    row({ text(b.text), "rows", "" }, out)
    row({ "---:", "---:", "---" }, out)
  end
  for i, bin in ipairs(bins(b)) do
    local cells = { bin.label, screen.number(bin.count), plain:bar(top > 0 and bin.count / top or 0, 20) }
    if b.before then table.insert(cells, 3, screen.number(b.before[i])) end
    row(cells, out)
  end
  out("")
end

function draw.charts(b, out)
  if b.small then return end   -- the table above says where they lie
  for _, h in ipairs(b.charts) do draw.histogram(h, out) end
end

function draw.headline() end   -- the lines under the title and the reasons say it
function draw.code() end       -- the recipe's text stands in lineage.json

function draw.bounds(b, out)
  row({ "threshold", "now", "value", "keeps", "go", "come back" }, out)
  row({ "---", "---:", "---:", "---:", "---:", "---:" }, out)
  for _, r in ipairs(b.rows) do
    local n = #r.values
    for _, i in ipairs { 1, (n + 1) // 2, n } do
      row({ text(r.name), screen.number(r.now, 4), screen.number(r.values[i], 4), screen.number(r.kept[i]),
        screen.number(r.go[i]), screen.number(r.back[i]) }, out)
    end
  end
  out("")
end

function draw.clusters(b, out)
  row({ "rows", "kept", "text" }, out)
  row({ "---:", "---", "---" }, out)
  for _, c in ipairs(b.rows) do
    row({ screen.number(c.size), text(c.place), c.text and text(plain:cut(c.text:sub(1, 400), 80)) or "" }, out)
  end
  out("")
end

function draw.reasons(b, out)
  row({ "rows", "share", "reason", "example" }, out)
  row({ "---:", "---:", "---", "---" }, out)
  for i = 1, math.min(b.most or #b.rows, #b.rows) do
    local r = b.rows[i]
    local example = ""
    if r.place then example = text(r.place .. (r.detail and " (" .. r.detail .. ")" or "")) end
    if r.example then example = example .. ": " .. text(plain:cut(r.example:sub(1, 400), 80)) end
    row({ screen.number(r.count), text(screen.percent(r.share)), text(r.label), example }, out)
  end
  if b.most and #b.rows > b.most then
    row({ "", "", "and " .. screen.count(#b.rows - b.most, "more reason"), "" }, out)
  end
  out("")
end

function draw.drift(b, out) pairwise.markdown.drift(b, out, text) end
function draw.edit(b, out) pairwise.markdown.edit(b, out, text) end

--- Writes blocks through `out(line)`.
function markdown.render(blocks, out)
  for _, b in ipairs(blocks) do draw[b.kind](b, out) end
end

return markdown
