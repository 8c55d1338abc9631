--- offer: what embedding a view's texts would cost, in the shape of judge/money/offer, which words it.

local estimate = require "judge.money.estimate"
local prices = require "judge.money.prices"

local offer = {}

local NO_REPLY = { low = 0, mid = 0, high = 0 }
local AROUND = 4        -- bytes around a text in a request, which the model does not count

--- What it would take.
-- @param self   the source as embed/endpoint has prepared it: { p, ctx, provider, endpoint, price, store }
-- @param all    what texts.all gives
-- @param of     which rows, where they are not simply those that reach an embed stage: a file's name
function offer.of(self, all, of)
  local p, todo, rows, cached, twins = self.p, {}, 0, 0, 0
  for _, t in ipairs(all.list) do
    if t.held then cached = cached + t.rows
    else todo[#todo + 1], rows, twins = t.bytes + AROUND, rows + 1, twins + t.rows - 1 end
  end
  local learned, n = self.store:bytes_a_token(p.model)
  local e = estimate.of(todo, 0, self.price, { max_tokens = 0, replies = NO_REPLY, bytes_a_token = learned })
  e.name = of and ("%s (%s)"):format(self.ctx.name, of) or self.ctx.name
  e.of, e.embeds = of, true
  e.model, e.provider, e.url = p.model, self.provider.name, self.endpoint and self.endpoint.url
  e.requests, e.rows, e.pinned, e.cached, e.twins, e.out = #todo, rows, 0, cached, twins, 0
  e.left_out, e.reach, e.mode, e.batch_factor = 0, rows + cached + twins, "sync", 1
  e.max_cost = p.max_cost and math.floor(p.max_cost * prices.DOLLAR) or nil
  e.free, e.price_as_of = self.price == prices.free, self.price and self.price.as_of
  e.learned = { replies = 0, tokens = learned and n or 0 }
  return e
end

return offer
