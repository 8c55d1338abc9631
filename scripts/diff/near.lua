--- near: how the rows that are neither the same nor named alike are held against each other
-- (modules/diff/near.h), solved from the Jaccard at which two texts count as one edited.

local near = {}

near.THRESHOLD = 0.5
near.SHINGLE = 5              -- code points, of the Jaccard that decides: that of near_dedup
near.LONG = 150               -- code points from which a text counts as long; the texts of a pair differ in
near.SHORT = 300              -- length, so the short ones reach further
near.RECALL = 0.97            -- of pairs at the threshold that the bands propose
near.MOST, near.CROWD, near.ROUNDS = 8, 16, 4
near.SLACK = 0.6              -- of the slots expected to agree at the threshold, a pair must have so many

local WORD = 5                -- code points of a word and its blank, about

--- The Jaccard over shingles of n code points of two texts that have `jaccard` over near.SHINGLE, their
-- differences being words changed here and there: each changed word costs n + WORD - 1 shingles or so. Where
-- the differences lie together it is higher.
local function scattered(jaccard, n)
  local common = 2 * jaccard / (1 + jaccard)
  common = math.max(0, 1 - (1 - common) * (n + WORD - 1) / (near.SHINGLE + WORD - 1))
  return common / (2 - common)
end

-- The most slots a band that still propose so many of the pairs.
local function rows_of(hashes, jaccard)
  local rows = 1
  while rows < 8 and 1 - (1 - jaccard ^ (rows + 1)) ^ (hashes // (rows + 1)) >= near.RECALL do rows = rows + 1 end
  return rows
end

local function pass(shingle, hashes, from, to, threshold)
  local jaccard = scattered(threshold, shingle)
  return { shingle = shingle, hashes = hashes, rows = rows_of(hashes, jaccard), from = from, to = to,
           floor = near.SLACK * jaccard }
end

--- The parameters of rowdiff.match for a threshold.
function near.params(threshold)
  threshold = threshold or near.THRESHOLD
  return { threshold = threshold, shingle = near.SHINGLE, most = near.MOST, crowd = near.CROWD, rounds = near.ROUNDS,
           passes = { pass(8, 192, near.LONG, 1e12, threshold), pass(near.SHINGLE, 128, 0, near.SHORT, threshold) } }
end

return near
