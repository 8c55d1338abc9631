--- slope: does the judge pay for length? Ordinary least squares of the total on log2 of the output's tokens, each
-- source with a level of its own, and an interval that holds where the spread differs from row to row (HC1; MacKinnon,
-- White, "Some heteroskedasticity-consistent covariance matrix estimators", 1985). With a level a source the slope is
-- that of what each row has above the means of its source (Frisch, Waugh, 1933), so that no matrix is solved.

local slope = {}

slope.LEAST = 30        -- rows
local Z = 1.959964      -- of a 95% interval

local function means_of(values, group)
  local sum, n = {}, {}
  for i, v in ipairs(values) do
    local g = group[i]
    sum[g], n[g] = (sum[g] or 0) + v, (n[g] or 0) + 1
  end
  local groups = 0
  for g in pairs(sum) do sum[g], groups = sum[g] / n[g], groups + 1 end
  return sum, groups
end

--- The slope of y on x.
-- @param x, y   lists of numbers
-- @param group  of each row, a value that names its level
-- @return  { slope, se, low, high, n, groups }; nil where x does not vary within a group
function slope.fit(x, y, group)
  local mx, groups = means_of(x, group)
  local my = means_of(y, group)
  local n, xx, xy = #x, 0, 0
  for i = 1, n do
    local dx = x[i] - mx[group[i]]
    xx, xy = xx + dx * dx, xy + dx * (y[i] - my[group[i]])
  end
  local free = n - groups - 1
  if free < 1 or xx <= 1e-12 * n then return nil end
  local b, meat = xy / xx, 0
  for i = 1, n do
    local dx = x[i] - mx[group[i]]
    local e = y[i] - my[group[i]] - b * dx
    meat = meat + dx * dx * e * e
  end
  local se = math.sqrt(n / free * meat) / xx
  return { slope = b, se = se, low = b - Z * se, high = b + Z * se, n = n, groups = groups }
end

--- The slope, and how many decisions another total would turn round: that which each row would have had at the mean
-- length of all.
-- @param rows  { tokens, total, source, keep = function(total) -> would it be kept } of each
-- @return  { slope, low, high, n, groups, flips = { go, come } }; nil for few rows, or where lengths do not vary
function slope.of(rows)
  if #rows < slope.LEAST then return nil end
  local x, y, group, sum = {}, {}, {}, 0
  for i, r in ipairs(rows) do
    x[i], y[i], group[i] = math.log(math.max(1, r.tokens), 2), r.total, r.source
    sum = sum + x[i]
  end
  local fit = slope.fit(x, y, group)
  if not fit then return nil end
  local go, come = 0, 0
  for i, r in ipairs(rows) do
    local before, after = r.keep(y[i]), r.keep(y[i] - fit.slope * (x[i] - sum / #x))
    if before and not after then go = go + 1 elseif after and not before then come = come + 1 end
  end
  fit.flips = { go = go, come = come }
  return fit
end

return slope
