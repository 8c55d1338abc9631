--- needs: what every stage that asks a paid server must have before it does: an address that the user allowed, a key, a
-- price, a cache, and leave to spend. A stage is a table { p = its parameters, ctx, paid = run/paid,
-- provider, stage = whose parameters p are, where that is not ctx.name }.

local cache = require "judge.ask.cache"
local config = require "judge.server.config"
local endpoint = require "judge.server.endpoint"
local fs = require "fs"
local prices = require "judge.money.prices"

local needs = {}

local CACHE = "/.tamis/judge.db"   -- beside the recipe

--- The address and what goes with it, into self.config, self.endpoint and self.price. Where nothing may be spent an
-- address may be missing: self.no_endpoint says why.
-- @return  true; or nil and a sentence
function needs.server(self)
  local p, found, err = self.p, config.read()
  if not found then return nil, err end
  self.config = found
  self.endpoint, err = endpoint.find(self.provider, p, { allow_hosts = self.paid.allow_hosts, config = self.config })
  if not self.endpoint and not self.paid.estimate then return nil, err end
  self.no_endpoint = err
  self.price = prices.of(p.model, p.price, self.config.prices)
  if not self.price and self.provider.keyless then self.price = prices.free end
  if self.price or not p.max_cost then return true end
  return nil, ("no price is known for %s, and max_cost needs one: price = %s, dollars a million tokens"):format(p.model,
    self.price_example or "{ input = 1, output = 5 }")
end

function needs.cache_path(paid) return paid.cache or (paid.folder or ".") .. CACHE end

--- Opens what was paid for before; a check makes no file.
-- @return  the cache; or nil and a sentence
function needs.cache(paid)
  local path = needs.cache_path(paid)
  if paid.estimate and not fs.exists(path) then return cache.open(cache.NOWHERE) end
  local made, err = fs.mkdirs(path:match "^(.*)/[^/]*$" or ".", 448)
  if not made then return nil, err end
  return cache.open(path)
end

--- May the run spend? On a terminal it asks; elsewhere max_cost or --yes must have said so.
-- @param e         the estimate: { name, of, requests, free }
-- @param question  what a person is asked: it begins with the estimate's name and a colon
-- @param warning   () -> a sentence that stands before it, or nil
-- @return  true; or nil and a sentence
function needs.leave(self, e, question, warning)
  local paid = self.paid
  if e.requests == 0 or e.free or self.p.max_cost or paid.yes then return true end
  if paid.confirm then
    local said = warning()
    if self.ctx.clear then self.ctx.clear() end
    if paid.confirm(said and said .. ".\n" .. question or question) then return true end
    return nil, "nothing was asked and nothing written"
  end
  -- who passes this on says the stage's name
  question = (e.of and e.of .. ": " or "") .. question:sub(#e.name + #": " + 1)
  return nil, ("%s: give max_cost = DOLLARS in the recipe (or --set %s.max_cost=DOLLARS), or --yes"):format(question,
    self.stage or self.ctx.name)
end

needs.STOPS = {
  money = "the account's credit or spending limit is used up",
  config = "the provider refuses every request",
  unreachable = "the server does not answer",
  failures = "too many rows could not be judged",
}

return needs
