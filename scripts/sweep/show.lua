--- show: a sweep's result (sweep/sweep.lua) for a terminal, as Markdown, as plain data.

local json = require "json"
local screen = require "report.screen"
local worddiff = require "report.worddiff"

local show = {}

local number, percent = screen.number, screen.percent

local FIELDS = { "system", "input", "output", "alternative" }
local CONTEXT = 6        -- words around a difference
local LINES = 3          -- of a row at the margin

local HOW = {
  figures = "counted from the figures of one pass, with the stage's other parameters as they are",
  pairs = "told from the pairs that one pass compared",
  kinds = "counted from one pass that looked for all of them",
  again = "the stage ran once for each value",
}

--- A number with the digits it needs.
local function figure(v)
  if v == math.floor(v) then return number(math.tointeger(v) or v) end
  return (("%.4f"):format(v):gsub("0+$", ""))
end

--- What is counted, in sentences: a list.
local function told(r)
  local out = {}
  if r.reached then
    out[1] = ("what %s keeps of the %s that reached it"):format(r.axes[1].stage, screen.count(r.reached, "row"))
  else
    out[1] = ("what %s keeps of the rows that reached it"):format((r.axes[2] or r.axes[1]).stage)
  end
  if r.source then out[#out + 1] = "read from " .. r.source end
  out[#out + 1] = r.passes and "the stages from the first parameter on ran once for each of its values" or HOW[r.how]
  if r.note then out[#out + 1] = r.note end
  if r.replay then
    out[#out + 1] = "in the end: what all stages keep"
      .. (r.not_replayed and " (without " .. table.concat(r.not_replayed, ", ") .. ", which cost money)" or "")
  end
  return out
end

--- What the parameter is now; nil where that is no single value.
local function now_of(axis)
  if type(axis.now) == "number" then return figure(axis.now) end
  if type(axis.now) == "table" then return #axis.now > 0 and table.concat(axis.now, "+") or nil end
  return axis.now ~= nil and tostring(axis.now) or nil
end

local function is_now(axis, point)
  if type(axis.now) == "table" then return now_of(axis) == point.label end
  return point.value == axis.now
end

-- ---- the tables ----

local function columns_of(r)
  local columns = { { "value", "right" }, { "kept", "right" }, { "removed", "right" }, { "share", "right" } }
  if r.replay then columns[#columns + 1] = { "in the end", "right" } end
  for _, p in ipairs(r.points) do
    if (p.compared or 0) > 0 then
      columns[#columns + 1] = { "compared again", "right" }
      break
    end
  end
  return columns
end

local function cells_of(r, p, columns)
  local cells = { p.label, number(p.kept), number(p.removed), percent(p.share) }
  if r.replay then cells[#cells + 1] = number(p.replayed) end
  if columns[#columns][1] == "compared again" then cells[#cells + 1] = number(p.compared or 0) end
  return cells
end

local function grid_cells(r)
  local columns = { { r.axes[1].param, "right" } }
  for _, label in ipairs(r.axes[2].values) do columns[#columns + 1] = { label, "right" } end
  local lines = {}
  for i, row in ipairs(r.rows) do
    local cells = { row.label }
    for _, p in ipairs(row.points) do
      cells[#cells + 1] = number(r.replay and p.replayed or p.kept)
    end
    lines[i] = cells
  end
  return columns, lines
end

local function draw_table(s, columns, lines, marks, out)
  local w = {}
  for i, c in ipairs(columns) do
    w[i] = screen.width_of(c[1])
    for _, cells in ipairs(lines) do w[i] = math.max(w[i], screen.width_of(screen.clean(cells[i]))) end
  end
  local function line(cells, mark)
    local parts = {}
    for i, c in ipairs(columns) do parts[i] = screen.pad(screen.clean(cells[i]), w[i], c[2]) end
    return ("%s %s"):format(mark, table.concat(parts, "  "))
  end
  local titles = {}
  for i, c in ipairs(columns) do titles[i] = c[1] end
  out(s:paint("dim", s:cut(line(titles, " "), s.width)))
  for i, cells in ipairs(lines) do
    local text = s:cut(line(cells, marks[i] and "*" or " "), s.width)
    out(marks[i] and s:paint("bold", text) or text)
  end
end

-- ---- the rows at the margin ----

local function place(card) return ("%s:%s"):format(card.short or card.source, tostring(card.line)) end

--- The texts of a card, one behind the other.
local function text_of(card)
  local parts = {}
  for _, name in ipairs(FIELDS) do
    if card.fields and card.fields[name] then parts[#parts + 1] = card.fields[name] end
  end
  return table.concat(parts, " | ")
end

--- Where two rows differ, field by field.
local function differences(s, m, columns)
  local lines = {}
  for _, name in ipairs(FIELDS) do
    local mine, its = (m.card.fields or {})[name], (m.twin.fields or {})[name]
    if mine or its then
      local some, same = worddiff.lines(s, its or "", mine or "",
        { columns = columns, most = LINES, context = CONTEXT })
      if not same then table.move(some, 1, #some, #lines + 1, lines) end
    end
  end
  if #lines == 0 then lines[1] = s:paint("dim", "(the same words)") end
  return lines
end

local function draw_margin(s, word, colour, m, out)
  local value = m.value and figure(m.value) .. "  " or ""
  local lead = ("  %s  "):format(word)
  local where = value .. place(m.card) .. (m.twin and "  and  " .. place(m.twin) or "")
  out("  " .. s:paint(colour, word) .. "  " .. s:cut(where, s.width - #lead))
  local columns = s.width - #lead
  local lines
  if m.twin and m.card.fields and m.twin.fields then lines = differences(s, m, columns)
  elseif m.card.fields then
    lines = s:wrap((text_of(m.card):gsub("%s+", " ")), columns, LINES - 1)
    for i, line in ipairs(lines) do lines[i] = s:paint("dim", line) end
  else
    lines = { s:paint("dim", "(its text is in no file of the run)") }
  end
  for _, line in ipairs(lines) do out((" "):rep(#lead) .. line) end
end

local LEGEND = "[-words of the other row-] {+words of this one+}"

--- Which rows are at the margin of a value, to tell whether they are those of the value before.
local function key_of(p)
  local parts = {}
  for _, list in ipairs { p.goes, p.stays } do
    for _, m in ipairs(list) do parts[#parts + 1] = m.row .. ":" .. (m.twin and m.twin.row or "") end
    parts[#parts + 1] = "|"
  end
  return table.concat(parts, " ")
end

local function draw_margins(s, r, out)
  local any, twins, last = false, false, nil
  for _, p in ipairs(r.points) do
    any = any or #p.goes + #p.stays > 0
    for _, list in ipairs { p.goes, p.stays } do twins = twins or (list[1] and list[1].twin ~= nil) end
  end
  if not any then return end
  out("")
  out(s:paint("bold", "Rows at the margin") .. (twins and s:paint("dim", "  " .. LEGEND) or ""))
  for _, p in ipairs(r.points) do
    local name = ("%s = %s"):format(r.axes[1].param, p.label)
    local key = key_of(p)
    if #p.goes + #p.stays > 0 then
      out("")
      out("  " .. s:paint("bold", s:cut(name, s.width - 2))
        .. (key == last and s:paint("dim", "  the same rows") or ""))
      for _, m in ipairs(key ~= last and p.goes or {}) do draw_margin(s, "goes ", "red", m, out) end
      for _, m in ipairs(key ~= last and p.stays or {}) do draw_margin(s, "stays", "green", m, out) end
      last = key
    end
  end
end

-- ---- whole ----

local function title(r)
  local names = { r.axes[1].name, r.axes[2] and r.axes[2].name }
  return table.concat(names, " and ")
end

local function now_line(r)
  local parts = {}
  for _, a in ipairs(r.axes) do
    if now_of(a) then parts[#parts + 1] = ("%s is %s now"):format(a.name, now_of(a)) end
  end
  return #parts > 0 and table.concat(parts, ", ") or nil
end

--- Draws a result on a screen.
function show.terminal(r, s, out)
  out(s:paint("bold", s:cut(title(r), s.width)))
  for _, sentence in ipairs(told(r)) do
    for _, line in ipairs(s:wrap(sentence, s.width - 2)) do out("  " .. s:paint("dim", line)) end
  end
  out("")
  if r.points then
    local columns, lines, marks = columns_of(r), {}, {}
    for i, p in ipairs(r.points) do lines[i], marks[i] = cells_of(r, p, columns), is_now(r.axes[1], p) end
    draw_table(s, columns, lines, marks, out)
  else
    out(s:paint("dim", s:cut(("  rows kept%s; down: %s, across: %s"):format(r.replay and " in the end" or "",
      r.axes[1].name, r.axes[2].name), s.width)))
    local columns, lines = grid_cells(r)
    draw_table(s, columns, lines, {}, out)
  end
  local now = now_line(r)
  if now then
    out("")
    for _, line in ipairs(s:wrap(now, s.width - 2)) do out("  " .. s:paint("dim", line)) end
  end
  if r.points then draw_margins(s, r, out) end
end

-- ---- Markdown ----

local plain = screen.new { unicode = true, colour = false, tty = false }

local function escaped(text) return (screen.clean(text):gsub("[\\`*_{}%[%]<>|#~!&$]", "\\%0")) end

local function md_table(columns, lines, out)
  local titles, rule = {}, {}
  for i, c in ipairs(columns) do titles[i], rule[i] = escaped(c[1]), "---:" end
  out("| " .. table.concat(titles, " | ") .. " |")
  out("| " .. table.concat(rule, " | ") .. " |")
  for _, cells in ipairs(lines) do
    local row = {}
    for i, cell in ipairs(cells) do row[i] = escaped(cell) end
    out("| " .. table.concat(row, " | ") .. " |")
  end
  out("")
end

local function md_margin(word, m, out)
  local where = (m.value and figure(m.value) .. " " or "") .. place(m.card)
    .. (m.twin and " and " .. place(m.twin) or "")
  out(("- **%s** %s"):format(word, escaped(where)))
  local lines
  if m.twin and m.card.fields and m.twin.fields then lines = differences(plain, m, 100)
  else lines = plain:wrap((text_of(m.card):gsub("%s+", " ")), 200, 1) end
  out("  " .. escaped(table.concat(lines, " ")))
end

function show.markdown(r, out)
  out("# " .. escaped(title(r)))
  out("")
  for _, sentence in ipairs(told(r)) do out("- " .. escaped(sentence)) end
  out("")
  if not r.points then
    local columns, lines = grid_cells(r)
    return md_table(columns, lines, out)
  end
  local columns, lines = columns_of(r), {}
  for i, p in ipairs(r.points) do lines[i] = cells_of(r, p, columns) end
  md_table(columns, lines, out)
  for _, p in ipairs(r.points) do
    if #p.goes + #p.stays > 0 then
      out(("## %s = %s"):format(escaped(r.axes[1].param), escaped(p.label)))
      out("")
      for _, m in ipairs(p.goes) do md_margin("goes", m, out) end
      for _, m in ipairs(p.stays) do md_margin("stays", m, out) end
      out("")
    end
  end
end

-- ---- plain data ----

local function margin_data(list)
  local out = json.array {}
  for i, m in ipairs(list) do
    out[i] = { row = m.row, source = m.card.source, line = m.card.line, value = m.value, fields = m.card.fields,
               twin = m.twin and { row = m.twin.row, source = m.twin.source, line = m.twin.line,
                                   fields = m.twin.fields } or nil }
  end
  return out
end

local function points_data(points)
  local out = json.array {}
  for i, p in ipairs(points) do
    out[i] = { value = p.value, kept = p.kept, removed = p.removed, share = p.share, in_the_end = p.replayed,
               compared = p.compared, goes = margin_data(p.goes), stays = margin_data(p.stays) }
  end
  return out
end

--- The result as one plain table, for JSON.
function show.data(r)
  local out = { parameters = json.array {}, now = json.array {}, told_from = r.how, reached = r.reached,
                source = r.source, note = r.note }
  for i, a in ipairs(r.axes) do
    out.parameters[i] = a.name
    out.now[i] = a.now == nil and json.null or a.now
  end
  if r.points then out.values = points_data(r.points)
  else
    out.grid = json.array {}
    for i, row in ipairs(r.rows) do
      local cells = points_data(row.points)
      for _, c in ipairs(cells) do c.goes, c.stays = nil, nil end
      out.grid[i] = { value = row.value, reached = row.reached, values = cells }
    end
  end
  return out
end

return show
