--- count: what a stage keeps at each value of a parameter, of the rows that reached it. Where the stage
-- declares that the parameter bounds a figure, decides about a similarity or names kinds, all values are
-- told from what one pass left; every other parameter takes a pass a value.
--
-- What is counted on (sweep/views.lua, sweep/ledger.lua) is a table of functions:
--   reached()                    rows that reached the stage
--   states(reasons)              a character a row (modules/stats/passing.h)
--   figures(metric)              a column of the stage's metric; nil if no row has one
--   faults(reasons, most)        { { mask, count, rows } }: which of the reasons the stage noted
--   similar(thresholds, most)    what each threshold keeps: { kept, removed, compared, taken, spared }
--   again(entry)                 a pass with other parameters: { kept, removed, rejected = rows, close }; nil
--                                and a sentence
-- A point is { value, label, kept, removed, goes, stays }; goes and stays are rows at the margin:
-- { row, value, twin, jaccard }.

local axis = require "sweep.axis"
local limits = require "report.limits"
local passing = require "passing"

local count = {}

--- How the values of an axis are told: "figures", "pairs", "kinds" or "again".
function count.how(a)
  local b = axis.bound(a)
  if not b then return "again" end
  if b.side == "min" or b.side == "max" then return "figures" end
  if b.side == "kinds" then return "kinds" end
  local def = a.entry.def
  local told = b.side == "similarity" and def.sweep and (not def.swept or def.swept(a.entry.params))
  return told and "pairs" or "again"
end

-- ---- figures ----

-- Values in ascending order, and each one's place there.
local function ascending(a)
  local order, list, place = {}, {}, {}
  for i in ipairs(a.values) do order[i] = i end
  table.sort(order, function(x, y) return a.values[x].value < a.values[y].value end)
  for k, i in ipairs(order) do list[k], place[i] = a.values[i].value, k end
  return list, place
end

local function declared(entry)
  local out, reasons = {}, {}
  for _, b in ipairs(entry.def.bounds or {}) do
    if (b.side == "min" or b.side == "max") and not b.loose and limits.holds(b, entry.params) then
      out[#out + 1], reasons[#reasons + 1] = b, b.reason
    end
  end
  return out, reasons
end

-- The rows, and the bounds that stay as they are.
local function rows_of(p, entry, swept)
  local bounds, reasons = declared(entry)
  local fixed, params = {}, limits.params(entry)
  for _, b in ipairs(bounds) do
    local now = params[b.param]   -- nil: a bound that is off
    local figures = now ~= nil and not swept[b.param] and p.figures(b.metric)
    if figures then fixed[#fixed + 1] = { figures, b.side, now } end
  end
  return { states = p.states(reasons), bounds = fixed }
end

local function told(p, kept) return { kept = kept, removed = p.reached() - kept, goes = {}, stays = {} } end

local function margin_of(figures, rows)
  local out = {}
  for i, row in ipairs(rows) do out[i] = { row = row, value = figures:get(row) } end
  return out
end

--- One axis over a stored figure.
function count.figures(p, a, most)
  local b = axis.bound(a)
  local figures = p.figures(b.metric)
  local points = {}
  if not figures then   -- no row was measured: none is rejected
    for i in ipairs(a.values) do points[i] = told(p, p.reached()) end
    return points
  end
  local rows = rows_of(p, a.entry, { [a.param] = true })
  local values, place = ascending(a)
  local swept = { figures, b.side, values }
  local kept, err = passing.count(rows, swept)
  if not kept then return nil, err end
  local margin
  margin, err = passing.margin(rows, swept, most)
  if not margin then return nil, err end
  for i in ipairs(a.values) do
    local m = margin[place[i]]
    points[i] = told(p, kept[place[i]])
    points[i].goes, points[i].stays = margin_of(figures, m.goes), margin_of(figures, m.stays)
  end
  return points
end

--- Two axes over stored figures of one stage.
-- @return  rows of points, one for each value of the first
function count.grid(p, a, b)
  local first, second = axis.bound(a), axis.bound(b)
  local rows = rows_of(p, a.entry, { [a.param] = true, [b.param] = true })
  local avalues, aplace = ascending(a)
  local bvalues, bplace = ascending(b)
  local afigures, bfigures = p.figures(first.metric), p.figures(second.metric)
  local kept, err
  if afigures and bfigures then
    kept, err = passing.count(rows, { afigures, first.side, avalues }, { bfigures, second.side, bvalues })
    if not kept then return nil, err end
  end
  local out = {}
  for i in ipairs(a.values) do
    out[i] = {}
    for j in ipairs(b.values) do
      out[i][j] = told(p, kept and kept[aplace[i]][bplace[j]] or p.reached())
    end
  end
  return out
end

-- ---- similarities ----

local function pairs_of(list)
  local out = {}
  for i, m in ipairs(list) do out[i] = { row = m.row, twin = m.twin, value = m.jaccard, jaccard = m.jaccard } end
  return out
end

function count.pairs(p, a, most)
  local values, place = ascending(a)
  local steps, err = p.similar(values, most)
  if not steps then return steps, err end   -- false: it takes texts
  local points = {}
  for i in ipairs(a.values) do
    local step = steps[place[i]]
    points[i] = { kept = step.kept, removed = step.removed, compared = step.compared, clusters = step.clusters,
                  largest_cluster = step.largest_cluster, goes = pairs_of(step.taken), stays = pairs_of(step.spared) }
  end
  return points
end

-- ---- kinds ----

-- Rows of groups that hold some of these bits, or none of them.
local function some_rows(groups, bits, with, most)
  local out = {}
  for _, g in ipairs(groups) do
    if (g.mask & bits ~= 0) == with then
      for _, row in ipairs(g.rows) do out[#out + 1] = { row = row } end
    end
  end
  table.sort(out, function(x, y) return x.row < y.row end)
  for i = #out, most + 1, -1 do out[i] = nil end
  return out
end

--- A parameter that lists kinds: a row goes that holds one of them.
function count.kinds(p, a, most)
  local b = axis.bound(a)
  local reasons, bit, always = {}, {}, 0
  for i, kind in ipairs(b.kinds) do reasons[i], bit[kind] = b.reason(kind), 1 << (i - 1) end
  for _, reason in ipairs(b.always or {}) do
    always = always | 1 << #reasons
    reasons[#reasons + 1] = reason
  end
  local groups, err = p.faults(reasons, most)
  if not groups then return nil, err end
  local points = {}
  for i, v in ipairs(a.values) do
    local bits, removed = always, 0
    for _, kind in ipairs(v.value) do bits = bits | (bit[kind] or 0) end
    for _, g in ipairs(groups) do if g.mask & bits ~= 0 then removed = removed + g.count end end
    points[i] = told(p, p.reached() - removed)
    points[i].goes, points[i].stays = some_rows(groups, bits, true, most), some_rows(groups, bits, false, most)
  end
  return points
end

-- ---- all others: a pass a value ----

-- The first rows of a list that are not in a set.
local function without(list, set, most)
  local out = {}
  for _, row in ipairs(list) do
    if #out == most then break end
    if not set[row] then out[#out + 1] = { row = row } end
  end
  return out
end

local function set_of(list)
  local set = {}
  for _, row in ipairs(list) do set[row] = true end
  return set
end

--- Rows that go at a value and stay at the one beside it, and the other way round.
local function beside(points, rejected, most)
  for i, point in ipairs(points) do
    local other = rejected[i - 1] or rejected[i + 1]
    if other then
      point.goes = without(rejected[i], set_of(other), most)
      point.stays = without(other, set_of(rejected[i]), most)
    end
  end
end

function count.again(p, a, most)
  local points, rejected = {}, {}
  for i, v in ipairs(a.values) do
    local pass, err = p.again(a, v.value)
    if not pass then return nil, err end
    points[i] = { kept = pass.kept, removed = pass.removed, goes = {}, stays = {} }
    rejected[i] = pass.rejected
  end
  beside(points, rejected, most)
  return points
end

--- What the stage keeps at each value of one axis.
-- @return  points, in order of the values; nil and a sentence; false where texts are needed and not at hand
function count.points(p, a, most)
  local points, err = count[count.how(a)](p, a, most)
  if not points then return points, err end
  for i, v in ipairs(a.values) do points[i].value, points[i].label = v.value, v.label end
  return points
end

return count
