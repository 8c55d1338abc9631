--- weights: a number a row instead of copies, for a trainer that weighs its loss. Their mean over the rows that stay is
-- 1, and the largest is at most so many times the smallest, since a row of a great weight is learnt by heart.

local cells = require "balance.cells"

local weights = {}

local WORDS = "a number above 0"

local function good(v) return type(v) == "number" and v > 0 and v < math.huge end

--- What is wrong with the parameter; nil if nothing is.
function weights.fault(given, nkeys)
  if type(given) == "string" and given ~= "inverse" then
    return ('weights = "%s": expected "inverse", a table by group or a function'):format(given)
  end
  if not cells.is_table(given) then return nil end
  return cells.fault(given, nkeys, "weights", function(v) return not good(v) and WORDS or nil end)
end

--- Each group's weight is inverse to its rows; rows of no group weigh what the others do on average.
local function inverse(list, count)
  local sum, groups = 0, 0
  for i, cell in ipairs(list) do
    if cell.known and count[i] > 0 then sum, groups = sum + count[i], groups + 1 end
  end
  local out = {}
  for i, cell in ipairs(list) do out[i] = cell.known and count[i] > 0 and sum / groups / count[i] or 1 end
  return out
end

local function asked(given, list, count, ctx)
  local out = {}
  for i, cell in ipairs(list) do
    local own = setmetatable({ count = count[i] }, { __index = cell })
    local w = count[i] > 0 and cells.ask(given, own, ctx)
    if w and not good(w) then
      return nil, ("weights of %s: expected %s, got %s"):format(cell.name, WORDS, tostring(w))
    end
    out[i] = w or 1
  end
  return out
end

local function to_mean_one(out, count)
  local sum, rows = 0, 0
  for i, w in ipairs(out) do sum, rows = sum + w * count[i], rows + count[i] end
  for i, w in ipairs(out) do out[i] = rows > 0 and w * rows / sum or 1 end
end

local function bounds(out, count)
  local low, high = math.huge, 0
  for i, w in ipairs(out) do
    if count[i] > 0 then low, high = math.min(low, w), math.max(high, w) end
  end
  return low, high
end

--- The weight of each cell's rows.
-- @param count  the rows of each cell that stay
-- @return  a list, and { min, max, ratio, lowered = groups whose weight the cap on the ratio lowered }; or nil and a
--   message
function weights.of(list, count, p, ctx)
  local out, err
  if p.weights == "inverse" then out = inverse(list, count)
  else out, err = asked(p.weights, list, count, ctx) end
  if not out then return nil, err end
  local low, lowered = (bounds(out, count)), 0
  for i, w in ipairs(out) do
    if count[i] > 0 and w > low * p.max_ratio * (1 + 1e-12) then
      out[i], lowered = low * p.max_ratio, lowered + 1
    end
  end
  to_mean_one(out, count)
  local min, max = bounds(out, count)
  if max == 0 then min, max = 1, 1 end
  return out, { min = min, max = max, ratio = max / min, lowered = lowered }
end

return weights
