--- html: the blocks that only a diff has (diff/draw.lua), as elements of a page.

local draw = require "diff.draw"
local element = require "report.html.element"
local screen = require "report.screen"
local svg = require "report.html.svg"
local tables = require "report.html.tables"

local html = {}

local new, number, percent = element.new, screen.number, screen.percent

local COLUMNS = { { "A", "right" }, { "share", "right" }, { "B", "right" }, { "share", "right" }, { "points", "right" },
                  { "" } }

local function key()
  return new("div", { class = "key" }, new("span", nil, new("span", { class = "swatch was" }), "A"),
    new("span", nil, new("span", { class = "swatch now" }), "B"))
end

function html.drift(b, at)
  local list, top, rows = draw.rows(b), 0, {}
  for _, r in ipairs(list) do
    if not r.faint then top = math.max(top, r.share_a, r.share_b) end
  end
  local function figure(text) return new("td", { class = "right" }, text) end
  for i, r in ipairs(list) do
    rows[i] = new("tr", { class = r.faint and "faint" }, at.texts:show(r.label, { tag = "td", class = "flex" }),
      figure(number(r.a)), figure(percent(r.share_a)), figure(number(r.b)), figure(percent(r.share_b)),
      figure(draw.points(r.share_a, r.share_b)),
      new("td", { class = "bars" }, not r.faint and top > 0 and {
        svg.bar({ { "was", r.share_a / top } }, "share of A"), svg.bar({ { "now", r.share_b / top } }, "share of B") }))
  end
  local columns = table.move(COLUMNS, 1, #COLUMNS, 2, { { b.text or "group", flex = true } })
  return { key(), tables.frame(columns, rows) }
end

--- What is gone stands in [-…-], what is new in {+…+}.
function html.edit(b, at)
  local fields = {}
  for i, f in ipairs(b.fields) do
    fields[i] = new("div", nil, new("div", { class = "where" }, f.name),
      at.texts:show(draw.marked(f, tostring), { tag = "div", class = "text", lines = true }))
  end
  return new("div", { class = "row" }, new("div", { class = "where" }, at.texts:show(b.text)), fields)
end

return html
