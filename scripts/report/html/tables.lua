--- tables: rows and columns as HTML; the page's script makes them sort and filter.

local element = require "report.html.element"
local svg = require "report.html.svg"

local tables = {}

local new = element.new

local function class_of(column)
  return column[2] == "right" and "right" or column.flex and "flex" or nil
end

--- A table around rows that are elements already.
-- @param columns  list of { title, "right"?, flex = true? }
function tables.frame(columns, rows)
  local titles = {}
  for i, c in ipairs(columns) do
    local title = type(c[1]) == "table" and c[1].name and c[1] or new("span", nil, c[1])
    titles[i] = new("th", { class = class_of(c), scope = "col" }, title)
  end
  return new("div", { class = "scroll" },
    new("table", nil, new("thead", nil, new("tr", nil, titles)), new("tbody", nil, rows)))
end

--- A table block: cells of text, and where the block has `bars` one bar a row behind them.
-- @param at  { texts }
function tables.table(b, at)
  local rows, columns = {}, {}
  for i, c in ipairs(b.columns) do columns[i] = { at.texts:show(c[1]), c[2], flex = c.flex } end
  if b.bars then columns[#columns + 1] = { "" } end
  for i, r in ipairs(b.rows) do
    local cells = {}
    for k, c in ipairs(b.columns) do
      cells[k] = at.texts:show(r[k] or "", { tag = "td", class = class_of(c) })
    end
    if b.bars then
      cells[#cells + 1] = new("td", { class = "bars" }, b.bars[i] and svg.bar(b.bars[i], "share of the rows"))
    end
    rows[i] = new("tr", nil, cells)
  end
  return tables.frame(columns, rows)
end

return tables
