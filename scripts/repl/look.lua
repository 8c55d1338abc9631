--- look: methods of a view that show its rows from a side: those of which something is so, in an order,
-- copies together, two beside each other, how a figure or two keys are spread.

local core = require "core"
local host = require "host"
local keys = require "run.keys"
local nearest = require "nearest"
local screen = require "report.screen"
local show = require "repl.show"
local stats = require "stats"

local number, percent = screen.number, screen.percent
local BINS = 18
local MOST_BARS = 40
local MOST_ROWS = 20                       -- of a table of two keys
local COLUMN, OTHER_COLUMNS = 16, 32       -- room for a value of the second key, and for the rest of a line
local MOST_PAIRS = 20000                   -- of values of two keys
local FIELDS = { system = true, input = true, output = true, alternative = true, assistant = true }
local STAGE = "repl"                       -- the name under which a function's numbers stand in a view

local look = {}

local function argument(ok, message, ...)
  if not ok then error(message:format(...), 0) end
end

local function must(value, err)
  if value ~= nil then return value end
  if core.interrupted() or err == "interrupted" or err == "" then error("interrupted", 0) end
  error(err or "failed", 0)
end

-- ---- functions over rows ----

--- Rows that a function may look at: those that could be read.
function look.readable(o, rows)
  local out, broken = {}, {}
  for _, r in ipairs(o.view:rows_of("rejected", nil, "load")) do broken[r] = true end
  for _, r in ipairs(rows) do if not broken[r] then out[#out + 1] = r end end
  return out
end

-- A view in which these rows stand, whatever became of them, and the function was called for each.
local function called(o, fn, kind, rows)
  local ascending = table.move(rows, 1, #rows, 1, {})
  table.sort(ascending)
  local op = must(host.row_function(fn, { kind = kind, stage = STAGE }))
  local standing = must(o.view:rewind(o.view, ascending))
  o.session:step(kind == "rank" and "sort" or "where")
  local child, err = standing:run_group { ops = { op }, stages = { STAGE }, pool = o.session.pool, rows = ascending }
  o.session:progress_done()
  return must(child, err)
end

--- The rows for which fn(ex) is true (or nothing), in the order in which they are.
function look.where(o, rows, fn)
  argument(type(fn) == "function", "where takes a function: c:where(function(ex) return #ex.output > 200 end)")
  local kept = look.readable(o, rows)
  local child = called(o, function(ex)
    local yes = fn(ex)
    if not yes then return false end
  end, "filter", kept)
  local stands, out = {}, {}
  local ascending = table.move(kept, 1, #kept, 1, {})
  table.sort(ascending)
  for _, r in ipairs(child:among(ascending)) do stands[r] = true end
  for _, r in ipairs(kept) do if stands[r] then out[#out + 1] = r end end
  return out
end

-- ---- figures of rows ----

local function is_metric(view, name)
  for _, metric in ipairs(view:metric_names()) do
    if metric == name then return true end
  end
end

-- One number a row by a metric, a field (its tokens) or a path; and what it is called. nil if no row has one.
local function numbers_of(o, name)
  if is_metric(o.view, name) then return stats.metric(o.view, name), name end
  if FIELDS[name] then
    local numbers = must(stats.field_tokens(o.view, name, o.session.pool))
    return numbers, name .. " tokens"
  end
  local annotated = stats.annotation(o.view, name)
  if annotated and annotated:count() > 0 then return annotated, name end
  for _, measure in ipairs { stats.path, stats.times } do
    local numbers, err = measure(o.view, name, o.session.pool)
    if not numbers and (core.interrupted() or err == "interrupted") then error("interrupted", 0) end
    if numbers and numbers:count() > 0 then return numbers, name end
  end
end

local function unknown(o, name, what)
  local names = keys.of(o.view)
  for _, metric in ipairs(o.view:metric_names()) do names[#names + 1] = metric end
  for field in pairs(FIELDS) do names[#names + 1] = field end
  table.sort(names)
  for i = #names, 2, -1 do if names[i] == names[i - 1] then table.remove(names, i) end end
  local near = nearest(name, names)
  argument(false, 'no row has a %s "%s"%s', what, name, near and ('; did you mean "%s"?'):format(near)
    or "; there are: " .. table.concat(names, ", "))
end

-- Text order of a path's values, for what is no number; rows without one last.
local function by_text(o, name, rows, descending)
  local text, place, any = {}, {}, false
  for i, r in ipairs(rows) do
    local value = o.view:key(r, name)
    text[r], place[r] = value ~= nil and tostring(value) or false, i
    any = any or value ~= nil
  end
  if not any then unknown(o, name, "number or text") end
  local out = table.move(rows, 1, #rows, 1, {})
  table.sort(out, function(a, b)
    local x, y = text[a], text[b]
    if x == y then return place[a] < place[b] end
    if not x or not y then return x and true or false end
    if descending then return x > y end
    return x < y
  end)
  return out
end

--- The rows by a metric, the tokens of a field, a path, an annotation, or a function's number; highest first
-- where `by` begins with "-". Rows without one come last.
function look.sort(o, rows, by)
  if type(by) == "function" then
    local some = look.readable(o, rows)
    return must(stats.metric(called(o, by, "rank", some), STAGE .. ".rank")):order(some)
  end
  argument(type(by) == "string" and by:find "[^-]", 'sort takes a name or a function: c:sort "output", '
    .. 'd:sort "-length.output_tokens", c:sort(function(ex) return #ex.output end)')
  local descending, name = by:sub(1, 1) == "-", by:gsub("^%-", "")
  local numbers = numbers_of(o, name)
  if numbers then return numbers:order(rows, descending) end
  return by_text(o, name, rows, descending)
end

-- Marks for numbers:mark: 0 for the rows of a selection, 1 for the others.
local function marks(o, rows)
  local ascending = table.move(rows, 1, #rows, 1, {})
  table.sort(ascending)
  local parts, last = {}, 0
  for _, r in ipairs(ascending) do
    if r > last + 1 then parts[#parts + 1] = ("1"):rep(r - last - 1) end
    if r > last then parts[#parts + 1] = "0" end
    last = r
  end
  parts[#parts + 1] = ("1"):rep(#o.view - last)
  return table.concat(parts)
end

--- A histogram of a column of numbers: of a selection its rows alone; of a view that stages have been
-- through, all rows and those that stand.
function look.spread(o, title, numbers)
  local which = "all"
  if o.rows then numbers, which = numbers:mark(marks(o, o.rows)), "standing" end
  argument(numbers:count(which) > 0, "%s: no row has one", title)
  local figures = require "report.figures"
  local bins = numbers:min(which) < numbers:max(which) and BINS or 1
  local f = figures.summary(numbers, which, bins)
  local h, before = f.histogram, nil
  if not o.rows and numbers:count "standing" < f.count then
    local both = figures.paired(numbers, bins, true)
    if both then h, before = both, both.before end
  end
  local line = ("%s · mean %s · median %s · P90 %s · P99 %s · %s to %s"):format(screen.count(f.count, "row"),
    number(f.mean, 2), number(f.median, 2), number(f.p90, 2), number(f.p99, 2), number(f.min, 2), number(f.max, 2))
  return show.drawing(f, function(s, out)
    local block = { kind = "histogram", text = title, edges = h.edges, counts = h.counts, before = before }
    require "report.terminal".render({ block }, s, out)
    local text = s.unicode and line or line:gsub(" · ", ", ")
    for _, l in ipairs(s:wrap(text, s.width - 2)) do out("  " .. s:paint("dim", l)) end
  end, "histogram")
end

-- Rows by value as bars, the most frequent first.
-- @param total  rows; more = values that are not among the counts
local function bars(o, key, counts, total, more)
  local g = require "report.figures".named_groups(key, counts)
  if not g then unknown(o, key, "number or value") end
  local rows = {}
  for i, x in ipairs(g.groups) do
    if i > MOST_BARS then break end
    rows[i] = { label = x.name, count = x.count, share = x.count / math.max(1, total) }
  end
  local blocks = { { kind = "heading", text = key }, { kind = "bars", rows = rows } }
  if more > 0 then blocks[3] = { kind = "text", text = ("and %s"):format(screen.count(more, "more value")) } end
  return show.blocks(blocks, counts, "histogram")
end

-- { [value] = rows } of a key among the rows given; pseudo keys are told of by view:row.
local PSEUDO = { status = true, reason = true, stage = true, source = true }

-- The value of status, reason, stage or source for each row, as numbers of a list of names.
local function pseudo_column(o, key)
  local column = {}
  if key == "source" then
    local at = 0
    for _, s in ipairs(o.view:sources()) do
      for i = at + 1, at + s.rows do column[i] = s.path end
      at = at + s.rows
    end
    return column
  end
  local function fill(rows, value) for _, r in ipairs(rows) do column[r] = value end end
  fill(o.view:rows_of "standing", "kept")
  if key == "status" then
    fill(o.view:rows_of "rejected", "rejected")
    fill(o.view:rows_of "quarantined", "quarantined")
    return column
  end
  for _, r in ipairs(o.view:reasons()) do
    for _, status in ipairs { "rejected", "quarantined" } do
      fill(o.view:rows_of(status, r.reason, r.stage), key == "stage" and r.stage or r.stage .. "." .. r.reason)
    end
  end
  return column
end

-- Counts of two keys, one of which at least view:row tells of: { { a =, b =, count = }, … }
local function pseudo_pairs(o, a, b, rows)
  local pseudo, other, swapped = a, b, false
  if not PSEUDO[a] then pseudo, other, swapped = b, a, true end
  local column, by_value, order = pseudo_column(o, pseudo), {}, {}
  for _, r in ipairs(rows) do
    local v = column[r] or "unknown"
    if not by_value[v] then
      by_value[v] = {}
      order[#order + 1] = v
    end
    table.insert(by_value[v], r)
  end
  local out = {}
  local function put(x, y, count)
    if swapped then x, y = y, x end
    out[#out + 1] = { a = x, b = y, count = count }
  end
  local second = PSEUDO[other] and pseudo_column(o, other)
  for _, v in ipairs(order) do
    local counts = {}
    if second then
      for _, r in ipairs(by_value[v]) do counts[second[r] or "unknown"] = (counts[second[r] or "unknown"] or 0) + 1 end
    else
      local list, n = o.view:pair_counts(other, other, o.session.pool, by_value[v], MOST_PAIRS)
      argument(#must(list, n) == n, "%s values of %s are no table: choose a key with fewer", number(n), other)
      for _, p in ipairs(list) do counts[p.a] = (counts[p.a] or 0) + p.count end
    end
    for w, count in pairs(counts) do put(v, w, count) end
  end
  return out
end

--- The spread of a name: a histogram of numbers, else bars of values.
function look.histogram(o, rows, name)
  argument(type(name) == "string", 'histogram takes a metric, a field, a path or an annotation: c:histogram "output"')
  if PSEUDO[name] then
    local counts, column = {}, pseudo_column(o, name)
    for _, r in ipairs(rows) do counts[column[r] or "unknown"] = (counts[column[r] or "unknown"] or 0) + 1 end
    return bars(o, name, counts, #rows, 0)
  end
  local numbers, title = numbers_of(o, name)
  if numbers then return look.spread(o, title, numbers) end
  local list, n = o.view:pair_counts(name, name, o.session.pool, o.rows, MOST_BARS)
  local counts = {}
  for _, p in ipairs(must(list, n)) do counts[p.a] = p.count end
  return bars(o, name, counts, #rows, n - #list)
end

-- ---- two keys ----

-- Values by their rows, most first, ties by name; those past `most` under one name.
local function ranked(totals, most)
  local names = {}
  for name in pairs(totals) do names[#names + 1] = name end
  table.sort(names, function(x, y)
    if totals[x] ~= totals[y] then return totals[x] > totals[y] end
    return tostring(x) < tostring(y)
  end)
  local place = {}
  for i, name in ipairs(names) do place[name] = math.min(i, most + 1) end
  local more = #names - most
  local labels = {}
  for i = 1, math.min(#names, most) do labels[i] = tostring(names[i]) end
  if more > 0 then labels[most + 1] = ("(%s more)"):format(number(more)) end
  return labels, place
end

-- Columns of which the titles are cut where the table would be too wide; the widest give way first.
local function fitting(columns, lines, s)
  local width, total = {}, 2 + 2 * (#columns - 1)
  for i, c in ipairs(columns) do
    width[i] = screen.width_of(screen.clean(c[1]))
    for _, line in ipairs(lines) do width[i] = math.max(width[i], screen.width_of(screen.clean(line[i]))) end
    if i == 1 then width[i] = math.min(width[i], s.width // 3) end
    total = total + width[i]
  end
  while total > s.width do
    local widest = 1
    for i = 2, #width do if width[i] > width[widest] then widest = i end end
    if width[widest] <= 6 then break end
    width[widest], total = width[widest] - 1, total - 1
  end
  local out = {}
  for i, c in ipairs(columns) do out[i] = { s:cut(c[1], width[i]), c[2], flex = c.flex } end
  return out
end

-- As many columns as have room; values past them are one column, and one line.
local function draw_crosstab(s, out, t)
  local down, row_of = ranked(t.of_a, MOST_ROWS)
  local across, column_of = ranked(t.of_b, math.max(2, (s.width - OTHER_COLUMNS) // COLUMN))
  local cells, sums, lines = {}, {}, {}
  for i = 1, #down do cells[i], sums[i] = {}, 0 end
  for _, p in ipairs(t.list) do
    local i, k = row_of[p.a], column_of[p.b]
    cells[i][k], sums[i] = (cells[i][k] or 0) + p.count, sums[i] + p.count
  end
  local columns = { { t.a .. " \\ " .. t.b, flex = true } }
  for k, label in ipairs(across) do columns[k + 1] = { label, "right" } end
  columns[#columns + 1] = { "all", "right" }
  columns[#columns + 1] = { "share", "right" }
  for i, label in ipairs(down) do
    local line = { label }
    for k = 1, #across do line[k + 1] = cells[i][k] and number(cells[i][k]) or "" end
    line[#line + 1] = number(sums[i])
    line[#line + 1] = percent(t.total > 0 and sums[i] / t.total or 0)
    lines[i] = line
  end
  require "report.terminal".render({ { kind = "table", columns = fitting(columns, lines, s), rows = lines } }, s, out)
end

--- How many rows have which value of one key and which of another.
function look.crosstab(o, rows, a, b)
  argument(type(a) == "string" and type(b) == "string", 'crosstab takes two keys: d:crosstab("topic", "reason")')
  local list
  if PSEUDO[a] or PSEUDO[b] then list = pseudo_pairs(o, a, b, rows)
  else
    local n
    list, n = o.view:pair_counts(a, b, o.session.pool, o.rows, MOST_PAIRS)
    argument(#must(list, n) == n, "%s different pairs of %s and %s are no table: choose keys with fewer values",
      number(n), a, b)
  end
  local of_a, of_b, total, counts = {}, {}, 0, {}
  for _, p in ipairs(list) do
    of_a[p.a], of_b[p.b] = (of_a[p.a] or 0) + p.count, (of_b[p.b] or 0) + p.count
    counts[p.a] = counts[p.a] or {}
    counts[p.a][p.b] = p.count
    total = total + p.count
  end
  for key, of in pairs { [a] = of_a, [b] = of_b } do
    if next(of) == "unknown" and next(of, "unknown") == nil then unknown(o, key, "value of") end
  end
  local t = { a = a, b = b, of_a = of_a, of_b = of_b, list = list, total = total }
  return show.drawing(counts, function(s, out) draw_crosstab(s, out, t) end, "crosstab")
end

return look
