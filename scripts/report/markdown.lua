--- markdown: blocks of a document as GitHub-flavoured Markdown. Text from data is escaped, so
-- that it neither formats nor links anything.

local bins = require "report.bins"
local screen = require "report.screen"

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
  row({ "group", "rows", "share", "" }, out)
  row({ "---", "---:", "---:", "---" }, out)
  for _, r in ipairs(b.rows) do
    row({ text(r.label), screen.number(r.count), text(screen.percent(r.share)), r.faint and ""
      or plain:bar(r.share, 20) }, out)
  end
  out("")
end

function draw.histogram(b, out)
  local top = 0
  for _, n in ipairs(b.counts) do top = math.max(top, n) end
  row({ text(b.text), "rows", "" }, out)
  row({ "---:", "---:", "---" }, out)
  for _, bin in ipairs(bins(b)) do
    row({ bin.label, screen.number(bin.count), plain:bar(top > 0 and bin.count / top or 0, 20) }, out)
  end
  out("")
end

function draw.reasons(b, out)
  row({ "rows", "share", "reason", "example" }, out)
  row({ "---:", "---:", "---", "---" }, out)
  for _, r in ipairs(b.rows) do
    local example = ""
    if r.place then example = text(r.place .. (r.detail and " (" .. r.detail .. ")" or "")) end
    if r.example then example = example .. ": " .. text(plain:cut(r.example:sub(1, 400), 80)) end
    row({ r.count and screen.number(r.count) or "", r.share and text(screen.percent(r.share)) or "",
      text(r.label), example }, out)
  end
  out("")
end

--- Writes blocks through `out(line)`.
function markdown.render(blocks, out)
  for _, b in ipairs(blocks) do draw[b.kind](b, out) end
end

return markdown
