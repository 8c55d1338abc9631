--- drift: how lengths, topics and languages of two sides differ.

local figures = require "report.figures"
local stats = require "stats"
local tally = require "tally"
local trial = require "init.trial"

local drift = {}

drift.BINS = 12
drift.LOOKED_AT = 4000    -- rows of a side whose language is told where no stage told it

-- ---- lengths ----

local function tokens(side, field) return stats.field_tokens(side.view, field, side.pool) end

-- How many of the numbers lie in each bin; the outer bins hold what lies past their edges.
local function in_bins(numbers, edges)
  local below, out = numbers:counts(edges, "standing"), {}
  below[1], below[#edges] = 0, numbers:count "standing"
  for i = 1, #edges - 1 do out[i] = below[i + 1] - below[i] end
  return out
end

-- Both histograms over the same bins.
local function paired(a, b)
  local h = stats.join({ a, b }, { "standing", "standing" }):histogram(drift.BINS, "standing", true)
  return h and { edges = h.edges, a = in_bins(a, h.edges), b = in_bins(b, h.edges) }
end

--- { input = { a = summary, b = summary, histogram = { edges, a, b } }, output = … }
function drift.lengths(a, b)
  local out = {}
  for _, field in ipairs { "input", "output" } do
    local x, y = tokens(a, field), tokens(b, field)
    if x:count "standing" > 0 and y:count "standing" > 0 then
      out[field] = { a = figures.summary(x, "standing"), b = figures.summary(y, "standing"), histogram = paired(x, y) }
    end
  end
  return out
end

-- ---- groups ----

--- Shares side by side, and the shift: half the sum of their differences, 0 alike, 1 nothing in common.
local function shares(key, of_a, of_b)
  local out, seen, total = {}, {}, { a = 0, b = 0 }
  for name, n in pairs(of_a) do seen[name], total.a = true, total.a + n end
  for name, n in pairs(of_b) do seen[name], total.b = true, total.b + n end
  if total.a == 0 or total.b == 0 then return nil end
  local shift = 0
  for name in pairs(seen) do
    local g = { name = tostring(name), a = of_a[name] or 0, b = of_b[name] or 0 }
    g.share_a, g.share_b = g.a / total.a, g.b / total.b
    out[#out + 1] = g
  end
  table.sort(out, function(x, y)
    if x.a + x.b ~= y.a + y.b then return x.a + x.b > y.a + y.b end
    return x.name < y.name
  end)
  for _, g in ipairs(out) do shift = shift + math.abs(g.share_a - g.share_b) / 2 end
  return { key = key, groups = out, shift = shift }
end

local function counts_of(side, key)
  local counts, err = side.side:groups(key, side.pool)
  if not counts then error(err, 0) end
  return counts
end

local function only_unknown(counts)
  for name in pairs(counts) do if name ~= "unknown" then return false end end
  return true
end

-- Of the keys, those that rows of either side may have.
local function known(a, b, keys)
  local mine, theirs, list = a:names(), b:names(), {}
  for _, key in ipairs(keys) do
    if mine[key] or theirs[key] then list[#list + 1] = key end
  end
  return list
end

-- The first key that groups the rows of one side.
local function group_key(a, b, list)
  return figures.group_key(list, function(key) return counts_of(a, key) end)
    or figures.group_key(list, function(key) return counts_of(b, key) end)
end

-- Of the keys, those that rows of both sides have: a key held against its absence would be a shift of
-- everything that nothing made.
local function of_both(a, b, keys)
  local out = {}
  for _, key in ipairs(keys) do
    if not only_unknown(counts_of(a, key)) and not only_unknown(counts_of(b, key)) then out[#out + 1] = key end
  end
  return out
end

-- Which key would do if the rows of both sides had it, and on which side they do.
local function of_one(a, b, key)
  if not key then return nil end
  local of_a, of_b = counts_of(a, key), counts_of(b, key)
  if next(of_a) == nil or next(of_b) == nil then return nil end
  local in_a, in_b = not only_unknown(of_a), not only_unknown(of_b)
  return in_a ~= in_b and { key = key, side = in_a and "a" or "b" } or nil
end

--- Topics by the key asked for, else by that of the runs' stages, else by one that is usual; a key that the
-- rows of both sides have.
-- @return  nil if there is none; nil and a message if no row has the one asked for; nil, nil and
--          { key, side = "a" or "b" } if rows of that side alone have the key
function drift.topics(a, b, by)
  if by then
    local of_a, of_b = counts_of(a, by), counts_of(b, by)
    if only_unknown(of_a) and only_unknown(of_b) then
      return nil, ("no row of %s or %s has a %q"):format(a.title, b.title, by)
    end
    local one = of_one(a, b, by)
    if one then return nil, nil, one end
    return shares(by, of_a, of_b)
  end
  local asked = {}
  for _, side in ipairs { a, b } do asked[#asked + 1] = side:grouped_by() end
  local usual = known(a, b, figures.TOPIC_KEYS)
  local key = of_both(a, b, asked)[1] or group_key(a, b, of_both(a, b, usual))
  if key then return shares(key, counts_of(a, key), counts_of(b, key)) end
  return nil, nil, of_one(a, b, asked[1] or group_key(a, b, usual))
end

-- Languages of a sample, as the stage tells them.
local function told(side)
  local rows = side.side:sample(drift.LOOKED_AT)
  if #rows == 0 then return nil end
  local view = trial.run(side.view, "language", { params = { keep = {}, annotation = "language of a sample" },
                                                  pool = side.pool, rows = rows })
  local counts = view and tally.annotation(view, "language of a sample")
  if not counts then return nil end
  counts.unknown = nil   -- the rows not looked at
  return counts, #rows
end

--- Languages: by what rows of both sides carry, else told from a sample of both.
function drift.languages(a, b)
  local key = group_key(a, b, of_both(a, b, known(a, b, figures.LANGUAGE_KEYS)))
  if key then return shares(key, counts_of(a, key), counts_of(b, key)) end
  local of_a, na = told(a)
  local of_b, nb = told(b)
  if not of_a or not of_b then return nil end
  local out = shares("language", of_a, of_b)
  if out and (na < a.rows or nb < b.rows) then out.sampled = { a = na, b = nb } end
  return out
end

return drift
