--- neardup_bands: how many MinHash slots and bands propose the pairs of near_dedup.
-- A pair of Jaccard J agrees in one of b bands of r slots with probability 1 - (1 - J^r)^b.
-- What is not given is solved: bands from the slots and the recall wanted at the threshold; the
-- slots as the fewest of SLOTS whose curve is steep enough, since each stranger proposed costs a
-- comparison and each slot costs memory and time. The curve takes slots as independent; those of a
-- text of few shingles are not quite, so all the bands that the slots allow are used, and texts of up
-- to SHORT.shingles have SHORT.bands more, of about two thirds of the slots (`make eval` measures what is found).

local neardup = require "neardup"

local bands = {}

local SLOTS = { 64, 128, 256, 512 }
local BELOW, STRANGERS = 0.3, 0.25   -- a pair so far below the threshold comes at most so often

local SHORT = { bands = 8, shingles = 160 }

local function probability(count, rows, jaccard) return 1 - (1 - jaccard ^ rows) ^ count end

--- Bands and slots a band: the most slots a band that meet the goal, and all bands that there is room for.
local function all_bands(slots, at, goal)
  local _, rows = neardup.bands(slots, at, goal)
  return math.min(512, slots // rows), rows
end

--- Slots, bands and slots a band for a stage's parameters.
-- @param p  num_hashes and num_bands (0 or nil: solve), recall
-- @param at the Jaccard at which `recall` must hold: the threshold, or the evidence floor
function bands.solve(p, at)
  local goal = p.recall
  local hashes, count = p.num_hashes or 0, p.num_bands or 0
  if hashes > 0 and count > 0 then return hashes, count, math.max(1, hashes // count) end
  if hashes > 0 then return hashes, all_bands(hashes, at, goal) end
  if count > 0 then   -- the most slots a band that still meet the goal
    local rows = 1
    while (rows + 1) * count <= 1024 and probability(count, rows + 1, at) >= goal do rows = rows + 1 end
    return rows * count, count, rows
  end
  for _, slots in ipairs(SLOTS) do
    local b, rows = all_bands(slots, at, goal)
    if slots == SLOTS[#SLOTS] or probability(b, rows, at - BELOW) <= STRANGERS then return slots, b, rows end
  end
end

-- The divisors of n next to k, below and above it.
local function divisors(n, k)
  local below, above = k, k
  while n % below ~= 0 do below = below - 1 end
  while n % above ~= 0 do above = above + 1 end
  return below, above
end

--- What is wrong with the slots and bands that were given: slots that no band would use.
-- @return  a message, or nil
function bands.fault(p)
  local hashes, count = p.num_hashes or 0, p.num_bands or 0
  if hashes == 0 or count == 0 or hashes % count == 0 then return nil end
  if count > hashes then
    return ("num_bands = %d is more than num_hashes = %d: a band needs a slot of its own"):format(count, hashes)
  end
  local rows = hashes // count
  local below, above = divisors(hashes, count)
  return ("num_bands = %d does not divide num_hashes = %d: bands of %d slots would leave %d slots unused; give "
    .. "num_hashes = %d, or num_bands = %d or %d")
    :format(count, hashes, rows, hashes % count, rows * count, below, above)
end

--- Sets num_hashes, num_bands and rows_per_band as solved, and the bands of short texts, which there are none of
-- where num_bands was given: those are just what they say.
function bands.set(given, p, at)
  local slots, count, rows = bands.solve(p, at)
  given.num_hashes, given.num_bands, given.rows_per_band = slots, count, rows
  if (p.num_bands or 0) == 0 and rows > 1 then
    given.short_bands = math.min(SHORT.bands, 512 - count)
    given.short_rows = math.max(1, rows - math.max(2, rows // 3))
    given.short_shingles = SHORT.shingles
  end
end

return bands
