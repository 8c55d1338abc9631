--- estimate: what judging would cost, before it does. Tokens are guessed from bytes, replies from those of the cache,
-- so every figure is an interval.

local prices = require "judge.prices"

local estimate = {}

local BYTES_A_TOKEN = { low = 4.6, mid = 3.6, high = 2.4 }   -- English in most tokenizers; the high end is code, CJK
local REPLY = { low = 60, mid = 120, high = 260 }            -- tokens of a rating with two or three sentences

--- @param todo   bytes of each request that is not answered by the cache: its changing part
-- @param fixed  bytes of the part that all requests share
-- @param price  from judge/prices
-- @param o      { max_tokens, batch, reply = { low, mid, high } from earlier answers, caches = the provider discounts
--   the shared part }
-- @return  { rows, input = { low, mid, high }, output = …, cost = … in billionths of a dollar }
function estimate.of(todo, fixed, price, o)
  local out = { rows = #todo, input = {}, output = {}, cost = {} }
  local bytes = 0
  for _, n in ipairs(todo) do bytes = bytes + n end
  local replies = o.reply or REPLY
  for end_, per in pairs(BYTES_A_TOKEN) do
    local shared = math.ceil(fixed / per)
    local input = math.ceil(bytes / per)
    local output = math.min(replies[end_], o.max_tokens) * #todo
    out.input[end_], out.output[end_] = input + shared * #todo, output
    local discounted = o.caches and end_ ~= "high" and #todo > 1
    local usage = { input = input + shared * #todo, output = output }
    if discounted then
      usage = { input = input, output = output, cache_read = shared * (#todo - 1), cache_write = shared }
    end
    out.cost[end_] = prices.cost(price, usage, o.batch)
  end
  return out
end

return estimate
