--- style_blocks: what the stage style found, as blocks of a document.

local screen = require "report.screen"

local style_blocks = {}

style_blocks.ANNOTATORS = 6     -- in the table by month
style_blocks.MONTHS = 24        -- the latest
style_blocks.OPENINGS = 3       -- named in a cell

local FORMS = { "plain", "list", "header", "code", "json", "table" }

local number, percent = screen.number, screen.percent

local function text(blocks, line) blocks[#blocks + 1] = { kind = "text", text = line } end

local function forms(x, blocks)
  local rows, columns = {}, { { "form of the texts", flex = true }, { "rows", "right" } }
  for i, form in ipairs(FORMS) do columns[i + 2] = { form == "json" and "JSON" or form, "right" } end
  for i, g in ipairs(x.groups) do
    rows[i] = { g.name, number(g.rows) }
    for k, form in ipairs(FORMS) do rows[i][k + 2] = percent(g.forms[form] or 0) end
  end
  blocks[#blocks + 1] = { kind = "table", columns = columns, rows = rows }
  text(blocks, "A text may have several forms; plain has none of them.")
end

local function lengths(x, blocks)
  local rows = {}
  for i, g in ipairs(x.groups) do
    local l = g.lengths or {}
    local h = l.humps
    rows[i] = { g.name, number(l.mean), number(l.p10), number(l.median), number(l.p90),
                l.spread and number(l.spread, 1) .. "x" or "",
                h and ("%s, %s"):format(number(h.left), number(h.right)) or "" }
  end
  blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "tokens", flex = true }, { "mean", "right" },
    { "P10", "right" }, { "median", "right" }, { "P90", "right" }, { "P90/P10", "right" }, { "two humps" } } }
end

local function named(top)
  local out = {}
  for i, t in ipairs(top) do
    if i <= style_blocks.OPENINGS then out[i] = ("%s (%s)"):format(t.text, number(t.rows)) end
  end
  return table.concat(out, "; ")
end

local function openings(x, blocks)
  local rows = {}
  for i, g in ipairs(x.groups) do
    local o = g.openings
    rows[i] = { g.name, number(o.rows), number(o.distinct), percent(o.first_share), percent(o.top_share), named(o.top) }
  end
  blocks[#blocks + 1] = { kind = "table", rows = rows, wide = true, columns = {
    { ("first %d words"):format(x.opening_words), flex = true }, { "texts", "right" }, { "ways", "right" },
    { "commonest", "right" }, { ("top %d"):format(x.top), "right" }, { "which", flex = true } } }
end

-- ---- annotators ----

local function by_month(a, blocks)
  local cells, months, columns = {}, {}, { { "mean tokens in" } }
  for i, who in ipairs(a.list) do
    if i > style_blocks.ANNOTATORS then break end
    columns[i + 1] = { who.name, "right" }
    for _, m in ipairs(who.months) do
      if not cells[m.month] then cells[m.month], months[#months + 1] = {}, m.month end
      cells[m.month][i] = number(m.mean)
    end
  end
  if #months < 2 then return end
  table.sort(months)
  local rows = {}
  for k = math.max(1, #months - style_blocks.MONTHS + 1), #months do
    local row = { months[k] }
    for i = 1, #columns - 1 do row[i + 1] = cells[months[k]][i] or "" end
    rows[#rows + 1] = row
  end
  blocks[#blocks + 1] = { kind = "table", columns = columns, rows = rows, wide = true }
end

local function annotators(a, blocks)
  if not a or #a.list == 0 then return end
  local rows = {}
  for i, who in ipairs(a.list) do
    local first, last = who.months[1], who.months[#who.months]
    rows[i] = { who.name, number(who.rows), number(who.mean, 1), first and first.month or "",
                last and last.month or "", who.change and number(who.change, 2) .. "x" or "",
                who.drifts and "drifts" or "" }
  end
  blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "annotator", flex = true }, { "rows", "right" },
    { "mean tokens", "right" }, { "from" }, { "to" }, { "became", "right" }, { "" } } }
  if a.count > #a.list then text(blocks, ("and %s more annotators"):format(number(a.count - #a.list))) end
  by_month(a, blocks)
end

--- The blocks of all style stages of a report.
function style_blocks.add(f, blocks)
  for _, x in ipairs(f.style or {}) do
    blocks[#blocks + 1] = { kind = "heading", text = ("How the texts are written (%s, by source)"):format(x.field),
                            name = #f.style == 1 and "Style" or "Style: " .. x.stage }
    forms(x, blocks)
    lengths(x, blocks)
    openings(x, blocks)
    if x.group_count > #x.groups then
      text(blocks, ("and %s more groups"):format(number(x.group_count - #x.groups)))
    end
    annotators(x.annotators, blocks)
  end
end

return style_blocks
