--- estimate: what judging would cost, before it does, as an interval of three figures: low, mid, high.
-- No tokenizer is at hand: tokens are told from bytes, and how long replies are is not known before they come. Where
-- the cache holds enough answers of this judge by this rubric, they tell both: the mean of what was counted, with two
-- standard errors, and a tenth at least, to each side. Where it does not, the figures below do.
-- Requests in flight while the provider's own cache of the shared part is empty pay its full price, so the high end has
-- no discount. Requests that fail and are sent again are in none of the three.

local prices = require "judge.money.prices"

local estimate = {}

estimate.NEEDED = 20                                            -- earlier answers that a figure may rest on
estimate.BYTES_A_TOKEN = { low = 4.6, mid = 3.6, high = 2.4 }   -- English in most tokenizers; the high end: code, CJK
estimate.REPLY = { low = 60, mid = 120, high = 260 }            -- tokens of a rating with two or three sentences
local ENDS = { "low", "mid", "high" }
local LEAST = 0.1                                               -- of the mean, to each side

-- The mean's interval from a count, a sum and a sum of squares.
local function interval(n, sum, squares)
  local mean = sum / n
  local variance = n > 1 and math.max(0, (squares - n * mean * mean) / (n - 1)) or 0
  local aside = math.max(2 * math.sqrt(variance / n), LEAST * mean)
  return { low = math.max(mean - aside, 0), mid = mean, high = mean + aside }
end

--- The length of replies, from those of the cache.
-- @param c  { n, sum, squares } of their tokens
-- @return  { low, mid, high }; nil where they are too few
function estimate.replies(c)
  if not c or c.n < estimate.NEEDED then return nil end
  return interval(c.n, c.sum, c.squares)
end

--- How many bytes make a token, from requests whose tokens were counted. More bytes a token are fewer tokens: `low` is
-- the end that costs least.
-- @param list  of { bytes, tokens }
-- @return  { low, mid, high }; nil where they are too few
function estimate.bytes_a_token(list)
  local n, sum, squares, bytes, tokens = 0, 0, 0, 0, 0
  for _, x in ipairs(list) do
    if x.tokens > 0 then
      local ratio = x.bytes / x.tokens
      n, sum, squares, bytes, tokens = n + 1, sum + ratio, squares + ratio * ratio, bytes + x.bytes, tokens + x.tokens
    end
  end
  if n < estimate.NEEDED then return nil end
  local i = interval(n, sum, squares)
  local pooled = bytes / tokens
  return { low = pooled * i.high / i.mid, mid = pooled, high = pooled * i.low / i.mid }
end

-- The tokens of all requests, and of those the part that a provider's cache may serve.
local function usage_at(o, n, bytes, fixed, end_)
  local shared, input = math.ceil(fixed / o.bytes_a_token[end_]), math.ceil(bytes / o.bytes_a_token[end_])
  local output = math.ceil(math.min(o.replies[end_], o.max_tokens) * n)
  local whole = { input = input + shared * n, output = output }
  if end_ == "high" or n < 2 or not o.price.shared or shared < o.price.shared then return whole, whole end
  return whole, { input = input, output = output, cache_read = shared * (n - 1), cache_write = shared }
end

--- @param todo   bytes of each request that no cache answers: its changing part
-- @param fixed  bytes of the part that all requests share
-- @param price  from judge/money/prices; nil where it is not known
-- @param o      { max_tokens, canaries = requests besides, replies, bytes_a_token: as above, or nil }
-- @return  { rows, input, output, cost, batch_cost, undiscounted }: rows a number, the others { low, mid, high }; costs
--   in billionths of a dollar, nil without a price, batch_cost also where there is no such discount
function estimate.of(todo, fixed, price, o)
  local n, bytes = #todo, 0
  for _, size in ipairs(todo) do bytes = bytes + size end
  local out = { rows = n, input = {}, output = {} }
  local extra = n > 0 and o.canaries or 0
  if extra > 0 then n, bytes = n + extra, bytes + math.ceil(bytes / #todo) * extra end
  if price then out.cost, out.batch_cost, out.undiscounted = {}, {}, {} end
  local by = { price = price or prices.free, max_tokens = o.max_tokens, replies = o.replies or estimate.REPLY,
               bytes_a_token = o.bytes_a_token or estimate.BYTES_A_TOKEN }
  for _, end_ in ipairs(ENDS) do
    local whole, usage = usage_at(by, n, bytes, fixed, end_)
    out.input[end_], out.output[end_] = whole.input, whole.output
    if price then
      out.cost[end_], out.batch_cost[end_] = prices.cost(price, usage), prices.cost(price, usage, true)
      out.undiscounted[end_] = prices.cost(price, whole)
    end
  end
  return out
end

return estimate
