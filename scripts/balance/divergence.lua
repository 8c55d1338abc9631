--- divergence: how far two distributions are apart, in bits. Cover, Thomas, "Elements of Information Theory", ch. 2;
-- Lin, "Divergence measures based on the Shannon entropy", 1991.

local divergence = {}

local NOISE = 1e-12   -- what rounding leaves of two that are the same

local function sum_of(t)
  local sum = 0
  for _, v in ipairs(t) do sum = sum + v end
  return sum
end

--- Shares of a list of counts; nil where they add up to nothing.
function divergence.shares(counts)
  local sum = sum_of(counts)
  if sum <= 0 then return nil end
  local out = {}
  for i, c in ipairs(counts) do out[i] = c / sum end
  return out
end

local function bits(p, q) return p == 0 and 0 or p * math.log(p / q, 2) end

--- Kullback and Leibler: the bits that a code made for q wastes on each row of p. p, q: counts or shares, a list each.
-- @return  0 and more; infinite where p has what q has not; nil where one of them is empty
function divergence.kl(p, q)
  p, q = divergence.shares(p), divergence.shares(q)
  if not p or not q then return nil end
  local sum = 0
  for i = 1, #p do sum = sum + bits(p[i], q[i]) end
  return sum > NOISE and sum or 0
end

--- Jensen and Shannon: 0 (the same) to 1 (nothing in common).
function divergence.js(p, q)
  p, q = divergence.shares(p), divergence.shares(q)
  if not p or not q then return nil end
  local sum = 0
  for i = 1, #p do
    local middle = (p[i] + q[i]) / 2
    sum = sum + (bits(p[i], middle) + bits(q[i], middle)) / 2
  end
  return sum > NOISE and math.min(1, sum) or 0
end

--- The largest count over the smallest, of those above 0; nil where there are not two.
function divergence.imbalance(counts)
  local most, least, n = 0, math.huge, 0
  for _, c in ipairs(counts) do
    if c > 0 then most, least, n = math.max(most, c), math.min(least, c), n + 1 end
  end
  return n > 1 and most / least or nil
end

return divergence
