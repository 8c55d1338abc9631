--- agree.figures: how far annotators agree, corrected for chance.
-- Two annotators' scores of the same rows are two arrays of equal length; a score is a number or
-- nil (not scored) for `alpha`, a number for all others. Every figure is nil where it is not
-- defined: no rows, or no variation to agree about.
--
-- Cohen, "A coefficient of agreement for nominal scales" (1960), and with weights (1968);
-- Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011);
-- Efron, Tibshirani, "An Introduction to the Bootstrap" (1993), percentile intervals.

local figures = {}

--- Share of rows with the same score, 0 to 1.
function figures.exact(a, b)
  local same = 0
  for i, x in ipairs(a) do
    if x == b[i] then same = same + 1 end
  end
  return #a > 0 and same / #a or nil
end

-- How far two scores disagree, 0 for equal ones.
local WEIGHTS = {
  none      = function(x, y) return x == y and 0 or 1 end,
  linear    = function(x, y) return math.abs(x - y) end,
  quadratic = function(x, y) return (x - y) ^ 2 end,
}

local function counts(values)
  local n = {}
  for _, v in ipairs(values) do n[v] = (n[v] or 0) + 1 end
  return n
end

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys)
  return keys
end

--- Cohen's kappa: 1 full agreement, 0 what chance gives.
-- @param weights "none" (default), "linear" or "quadratic": how far apart counts
function figures.kappa(a, b, weights)
  local cost = WEIGHTS[weights or "none"]
  local observed, expected = 0, 0
  for i, x in ipairs(a) do observed = observed + cost(x, b[i]) end
  local of_a, of_b = counts(a), counts(b)
  local keys_b = sorted_keys(of_b)
  for _, x in ipairs(sorted_keys(of_a)) do
    for _, y in ipairs(keys_b) do expected = expected + of_a[x] * of_b[y] * cost(x, y) end
  end
  if #a == 0 or expected == 0 then return nil end
  return 1 - observed * #a / expected
end

-- Squared differences of Krippendorff; `n` is how often a score was given, `keys` the scores in order.
local DIFFERENCES = {
  nominal  = function(x, y) return x == y and 0 or 1 end,
  interval = function(x, y) return (x - y) ^ 2 end,
  ordinal  = function(x, y, n, keys)
    local low, high, sum = math.min(x, y), math.max(x, y), 0
    for _, k in ipairs(keys) do
      if k >= low and k <= high then sum = sum + n[k] end
    end
    return (sum - (n[x] + n[y]) / 2) ^ 2
  end,
}

-- The values that annotators gave to each row, where two or more did.
local function pairable(annotators)
  local units, rows = {}, 0
  for _, scores in ipairs(annotators) do
    for i in pairs(scores) do rows = math.max(rows, i) end
  end
  for i = 1, rows do
    local unit = {}
    for _, scores in ipairs(annotators) do unit[#unit + 1] = scores[i] end
    if #unit > 1 then units[#units + 1] = unit end
  end
  return units
end

--- Krippendorff's alpha of two or more annotators, missing scores allowed.
-- @param annotators  a list of tables { [row] = score }
-- @param scale "nominal", "ordinal" (default) or "interval"
function figures.alpha(annotators, scale)
  local difference, n, total = DIFFERENCES[scale or "ordinal"], {}, 0
  local units = pairable(annotators)
  for _, unit in ipairs(units) do
    for _, v in ipairs(unit) do n[v], total = (n[v] or 0) + 1, total + 1 end
  end
  local keys, observed, expected = sorted_keys(n), 0, 0
  local far = {}
  for _, x in ipairs(keys) do
    far[x] = {}
    for _, y in ipairs(keys) do
      far[x][y] = difference(x, y, n, keys)
      expected = expected + n[x] * n[y] * far[x][y]
    end
  end
  for _, unit in ipairs(units) do
    local sum = 0
    for i = 1, #unit do
      for j = 1, #unit do sum = i ~= j and sum + far[unit[i]][unit[j]] or sum end
    end
    observed = observed + sum / (#unit - 1)
  end
  if expected == 0 then return nil end
  return 1 - (total - 1) * observed / expected
end

-- Ranks from 1; equal values share the mean of theirs.
local function ranks(values)
  local n, rank_of, before = counts(values), {}, 0
  for _, v in ipairs(sorted_keys(n)) do rank_of[v], before = before + (n[v] + 1) / 2, before + n[v] end
  local rank = {}
  for i, v in ipairs(values) do rank[i] = rank_of[v] end
  return rank
end

--- Spearman's rank correlation, -1 to 1.
function figures.spearman(a, b)
  local x, y, mean = ranks(a), ranks(b), (#a + 1) / 2
  local xy, xx, yy = 0, 0, 0
  for i = 1, #a do
    local dx, dy = x[i] - mean, y[i] - mean
    xy, xx, yy = xy + dx * dy, xx + dx * dx, yy + dy * dy
  end
  if xx == 0 or yy == 0 then return nil end
  return xy / math.sqrt(xx * yy)
end

-- A stream of whole numbers 1 .. n that a seed fixes (splitmix64).
local function stream(seed)
  local state = seed
  return function(n)
    state = state + 0x9E3779B97F4A7C15
    local z = state
    z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ~ (z >> 27)) * 0x94D049BB133111EB
    z = z ~ (z >> 31)
    return (z >> 1) % n + 1
  end
end

--- The bootstrap interval of a figure: rows drawn with replacement, percentiles of what comes out.
-- @param fn  figure(a, b), one of the above
-- @param o   { draws = 1000, seed = 42, level = 0.95 }
-- @return low, high; nil where under half of the draws define the figure
function figures.interval(fn, a, b, o)
  o = o or {}
  local draws, level = o.draws or 1000, o.level or 0.95
  local draw, found = stream(o.seed or 42), {}
  for _ = 1, #a > 0 and draws or 0 do
    local x, y = {}, {}
    for i = 1, #a do
      local k = draw(#a)
      x[i], y[i] = a[k], b[k]
    end
    found[#found + 1] = fn(x, y)
  end
  if #found == 0 or #found * 2 < draws then return nil end
  table.sort(found)
  local function quantile(q) return found[math.max(1, math.min(#found, math.floor(q * #found + 0.5)))] end
  return quantile((1 - level) / 2), quantile(1 - (1 - level) / 2)
end

--- Rows of a's scores against b's: confusion[x][y] is how many a scored x and b scored y.
-- @return confusion, the scores in ascending order
function figures.confusion(a, b)
  local out, seen = {}, {}
  for i, x in ipairs(a) do
    local y = b[i]
    seen[x], seen[y] = true, true
    out[x] = out[x] or {}
    out[x][y] = (out[x][y] or 0) + 1
  end
  return out, sorted_keys(seen)
end

return figures
