--- diverse: rows far apart from each other: the first is any, each next one is that whose nearest chosen
-- row is farthest away (Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985).
-- Distance is 1 - Jaccard, estimated from MinHash signatures.

local neardup = require "neardup"

local diverse = {}

local SHINGLE, SLOTS = 5, 64

local function distance(a, b)
  local same = 0
  for i = 1, SLOTS do
    if a[i] == b[i] then same = same + 1 end
  end
  return 1 - same / SLOTS
end

--- @param texts  a list of texts; one without a shingle stands at distance 1 from all
-- @param n      how many to choose
-- @return       indices in order of choice, and the distance of each to the nearest chosen before it
function diverse.choose(texts, n)
  local signature, nearest, order, gaps = {}, {}, {}, {}
  for i, text in ipairs(texts) do
    signature[i] = neardup.minhash(text, SHINGLE, SLOTS) or {}
    nearest[i] = math.huge
  end
  local at = #texts > 0 and 1 or nil
  while at and #order < n do
    order[#order + 1], gaps[#gaps + 1] = at, nearest[at]
    local mine, best = signature[at], nil
    nearest[at] = -1
    for i = 1, #texts do
      if nearest[i] >= 0 then
        nearest[i] = math.min(nearest[i], distance(mine, signature[i]))
        if best == nil or nearest[i] > nearest[best] then best = i end
      end
    end
    at = best
  end
  return order, gaps
end

return diverse
