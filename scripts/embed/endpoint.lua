--- endpoint: vectors of an embeddings endpoint, OpenAI's or one that speaks like it (see embed/sources.lua). Asked as a
-- judge is (judge/ask/loop.lua): paced, patient, under a cap, cached, only where the user allowed it, and never without
-- his leave to spend. All vectors come out of the cache in the end, so a run that was stopped pays for nothing twice.

local ask = require "judge.ask.loop"
local budget = require "judge.money.budget"
local client = require "judge.server.client"
local json = require "json"
local masked = require "judge.masked"
local needs = require "judge.needs"
local offer = require "embed.server.offer"
local packed = require "packed"
local prices = require "judge.money.prices"
local provider = require "judge.server.provider"
local requests = require "embed.server.requests"
local screen = require "report.screen"
local store = require "embed.server.store"
local texts = require "embed.server.texts"
local words = require "judge.money.offer"

local endpoint = {}

--- The parameters that only this source takes, without a default.
endpoint.params = { "provider", "base_url", "dimensions", "prefix", "truncate", "extra", "max_cost", "price",
                    "requests_per_minute", "input_tokens_per_minute" }

-- Members of a request that parameters of their own say, or that would break the reply's form.
local NOT_EXTRA = { model = true, input = true, dimensions = true, encoding_format = true, stream = true }

-- ---- what it needs ----

--- Does a provider that is known serve this model?
function endpoint.serves(model)
  if not model then return false end
  for _, name in ipairs(provider.names()) do
    local embed = provider.get(name).embed
    if embed and provider.get(name).url and embed.serves(model) then return true end
  end
  return false
end

--- The providers that serve embeddings.
local function embedding()
  local out = {}
  for _, name in ipairs(provider.names()) do out[#out + 1] = provider.get(name).embed and name or nil end
  return out
end

local function find_provider(p)
  if p.provider then
    local t, err = provider.find(p.provider, p.model, embedding())
    if t then return t end
    if not provider.find(p.provider, p.model) then return nil, err end
    return nil, ("%s serves no embeddings; these do: %s"):format(p.provider, table.concat(embedding(), ", "))
  end
  for _, name in ipairs(provider.names()) do
    local t = provider.get(name)
    if t.embed and t.url and t.embed.serves(p.model) then return t end
  end
  return provider.get "compatible"
end

local CLOSING = { __close = function(self) if self.cache then self.cache:close() end end }

--- A price of input alone is a whole one.
local function price_of(p) return p.price and { input = p.price.input, output = p.price.output or 0 } or nil end

local function prepare(p, ctx)
  local own = setmetatable({ price = price_of(p) }, { __index = p })
  local self = setmetatable({ p = own, ctx = ctx, paid = ctx.paid or {}, price_example = "{ input = 0.02 }" }, CLOSING)
  local ok, err
  self.provider, err = find_provider(p)
  if not self.provider then return nil, err end
  ok, err = needs.server(self)
  if not ok then return nil, err end
  self.cache, err = needs.cache(self.paid)
  if not self.cache then return nil, err end
  self.store = store.of(self.cache)
  self.base = texts.base { provider = self.provider.name, model = p.model, dimensions = p.dimensions, extra = p.extra,
                           url = self.endpoint and self.endpoint.url or self.provider.url or "" }
  return self
end

function endpoint.check(p)
  if not p.model then return "it needs the model that embeds, by its provider's name for it" end
  for name in pairs(p.extra or {}) do
    if type(name) ~= "string" or NOT_EXTRA[name] then
      return ("extra: %s is not for it: expected further members, by name"):format(tostring(name))
    end
  end
  local why = p.price and prices.fault(price_of(p))
  return why and "price: " .. why
end

function endpoint.ready(p, ctx)
  local self <close>, err = prepare(p, ctx)
  return self and true, err
end

-- ---- asking ----

--- What this run has spent at this server for this model, over all its calls: max_cost is one cap.
local function spent_before(self)
  return (self.paid.embeddings or {})[self.base] or 0
end

local function note_spent(self, cost)
  local paid = self.paid
  paid.embeddings = paid.embeddings or {}
  paid.embeddings[self.base] = spent_before(self) + cost
end

--- Texts that this run has asked for, by their keys.
local function asked_before(self)
  local paid = self.paid
  paid.embedded = paid.embedded or {}
  return paid.embedded
end

local function note_asked(self, all)
  for _, t in ipairs(all.list) do
    if not t.held then asked_before(self)[t.key] = true end
  end
end

local function stopped(self, loop, err, all)
  if err.class == "interrupted" then return "interrupted" end
  local told
  if err.class == "cap" then
    for _, t in ipairs(all.list) do t.held = self.store:holds(t.key) end
    told = words.at_cap(offer.of(self, all), spent_before(self))
  elseif err.class == "failures" then
    told = ("too many texts got no vector: %s; %d of %d failed, and max_failed is %g"):format(err.why, loop.failures,
      loop.ended, self.p.max_failed)
  else told = ("%s: %s"):format(needs.STOPS[err.class] or err.class, err.why) end
  local kept = loop.counts.embedded or 0
  if kept == 0 then return told end
  return ("%s; %s kept in %s and not paid again"):format(told, screen.count(kept, "vector is", "vectors are"),
    self.cache.path)
end

local function loop_of(self, asked, server, total)
  local p, done = self.p, 0
  return ask.new {
    provider = setmetatable({ reply = self.provider.embed.reply }, { __index = self.provider }),
    model = p.model, max_tokens = 0, client = server, cache = self.cache, price = self.price or prices.free,
    budget = budget.new(p.max_cost and math.floor(p.max_cost * prices.DOLLAR) - spent_before(self)),
    hosted = not self.endpoint.private, max_failed = p.max_failed, on_cap = "stop", chance = math.random,
    max_reply_bytes = asked:most_reply(),
    render = function(job) return asked:render(job) end,
    answered = function(loop, job, answer, cost) asked:answered(loop, job, answer, cost) end,
    progress = function(n)
      done = done + n
      if self.ctx.tick then self.ctx.tick(done, total) end
    end,
  }
end

--- Asks for all texts that the cache has not.
-- @return  what asked; or nil and a sentence
local function ask_all(self, view, all, e, dim)
  local p = self.p
  local asked = requests.new {
    p = p, provider = self.provider, store = self.store, dim = dim,
    text = function(t) return (texts.of(view, t.row, p)) end }
  if e.requests == 0 then return asked end
  local server, err = client.open(self.endpoint, self.provider, p)
  if not server then return nil, err end
  local loop = loop_of(self, asked, server, e.requests)
  local ok, fault = loop:run(asked:jobs(all.list))
  server:close()
  self.cache:commit()
  note_spent(self, loop.o.budget.spent)
  self.loop = loop
  if not ok then return nil, stopped(self, loop, fault, all) end
  return asked
end

-- ---- vectors ----

local function name_of(p) return p.model .. (p.dimensions and ("@%d"):format(p.dimensions) or "") end

--- Those that the cache has, and the odd ones of this run.
-- @return  vectors; or nil and a sentence
local function gather(self, view, all, dim, odd)
  local builder
  local function begin(n)
    builder = packed.builder(view, { rows = all.rows, dim = n, kind = self.p.storage, name = name_of(self.p) })
    dim = n
  end
  if dim then begin(dim) end
  for i, t in ipairs(all.of) do
    local kept = t and self.store:get(t.key)
    local v = kept and kept.vector or t and odd[t.key]
    if v then
      if not builder then begin(#v // 4) end
      if #v ~= dim * 4 then
        return nil, ("%s sent vectors of %d numbers once, and of %d another time: give dimensions, or forget the old "
          .. "ones (%s)"):format(self.p.model, dim, #v // 4, self.cache.path)
      end
      builder:put(i, v)
    end
  end
  if not builder then begin(self.p.dimensions or 1) end
  return builder:finish()
end

--- The most frequent reasons of texts that got none: "2 too_long (…)".
local function failures(asked)
  local of, order = {}, {}
  for _, outcome in pairs(asked.failed) do
    local f = of[outcome.state]
    if not f then
      f = { n = 0, why = outcome.why or "?" }
      of[outcome.state], order[#order + 1] = f, outcome.state
    end
    f.n = f.n + 1
    if (outcome.why or "?") < f.why then f.why = outcome.why end     -- the same one in every order
  end
  table.sort(order)
  return of, order
end

local function served_by(asked)
  local out = json.array {}
  for name in pairs(asked.served) do out[#out + 1] = name end
  table.sort(out)
  return out
end

local function notes_of(self, view, all, asked, e)
  local notes, name = {}, self.ctx.name
  local of, order = failures(asked)
  for _, state in ipairs(order) do
    notes[#notes + 1] = ("%s: %s got no vector (%s): %s"):format(name, screen.count(of[state].n, "text"), state,
      of[state].why)
  end
  if all.cut > 0 then
    notes[#notes + 1] = ("%s: %s longer than truncate = %d bytes: the end was left out"):format(name,
      screen.count(all.cut, "text is", "texts are"), self.p.truncate)
  end
  if e.requests > 0 then notes[#notes + 1] = masked.note(self, view) end
  return notes
end

--- What the lineage keeps; money and what happened on the way differ from run to run.
local function figures_of(self, all, asked)
  local f = { provider = self.provider.name, model = self.p.model, texts = #all.list, failed = asked.nfailed,
              url = self.endpoint and self.endpoint.url, served = served_by(asked) }
  local hits, saved = 0, 0
  for _, t in ipairs(all.list) do   -- what this very run has paid for saved nothing
    if t.held and not asked_before(self)[t.key] then hits, saved = hits + 1, saved + self.store:get(t.key).cost end
  end
  note_asked(self, all)
  local loop = self.loop
  f.spent = { cost = loop and loop.o.budget.spent or 0, saved = math.floor(saved + 0.5), hits = hits,
              requests = loop and loop.sent or 0, retries = loop and loop.retries or 0,
              tokens = loop and loop.tokens.input or 0, lost = loop and loop.o.budget.lost or 0,
              price_as_of = self.price and self.price.as_of }
  return f
end

--- Where nothing may be spent: what the cache has; nothing, if it has none of the rows to compare with.
local function unasked(self, view, all, e, like)
  if like and #like == 0 then all = { rows = {}, of = {}, list = {} } end
  local made, err = gather(self, view, all, like and like:dim() or nil, {})
  if not made then return nil, err end
  local notes = {}
  if not self.endpoint then
    notes[1] = ("%s: a run would stop here: %s"):format(self.ctx.name, self.no_endpoint)
  end
  if e.requests > 0 then
    notes[#notes + 1] = ("%s: nothing was asked; %s that the cache does not know %s no vector%s"):format(e.name,
      screen.count(e.rows + e.twins, "row"), e.rows + e.twins == 1 and "has" or "have",
      self.paid.unasked and ": only tamis run spends money" or "")
  end
  return made, { figures = { estimate = e, provider = self.provider.name, model = self.p.model }, notes = notes,
                 unasked = e.requests > 0 }
end

-- Do topics that a stage goes by come of these vectors? Then its other rows are embedded for them too.
local function by_topics(stage, behind)
  local by = type(stage.params.by) == "table" and stage.params.by or { stage.params.by }
  for _, e in ipairs(behind) do
    if e == stage then return false end
    for _, key in ipairs(by) do
      if e.params.annotation == key and (e.params.clusters or e.params.model) then return true end
    end
  end
end

--- Stages behind that may have rows of other sets embedded for money: their names; nil where there are none.
local function others(self)
  local behind, names = self.ctx.behind and self.ctx.behind() or {}, {}
  for _, e in ipairs(behind) do
    if e.stage == "embed" then break end
    local p = e.params
    if e.stage == "distribution" and (p.production or p.gold and self.ctx.gold) or p.match and by_topics(e, behind)
    then names[#names + 1] = e.name end
  end
  return #names > 0 and table.concat(names, " and ") or nil
end

--- What a person is asked before money is spent.
local function question(self, e, like)
  local more = not like and others(self)
  if not more then return words.question(e) end
  return ("%s; %s may have further rows embedded (tamis check tells what that costs), and max_cost is a cap on all")
    :format(words.question(e), more)
end

--- All of a view's rows.
-- @param like  vectors that they will be compared with; nil: none
local function embed(self, view, like)
  local dim = like and #like > 0 and like:dim() or nil
  local of = like and view:sources()[1].path:match "[^/]*$" or nil
  local p = self.p
  local all = texts.all(view, { base = self.base, fields = p.fields, prefix = p.prefix, truncate = p.truncate,
                                store = self.store })
  local e = offer.of(self, all, of)
  if self.paid.estimate then
    if like and self.ctx.offered then self.ctx.offered(e) end
    return unasked(self, view, all, e, like)
  end
  local ok, err = needs.leave(self, e, question(self, e, like), function()
    if not like then return masked.note(self, view) end
    return ("%s: rows of %s leave for %s as they are"):format(self.ctx.name, of, self.endpoint.origin)
  end)
  if not ok then return nil, err end
  local asked
  asked, err = ask_all(self, view, all, e, dim)
  if not asked then return nil, err end
  local made
  made, err = gather(self, view, all, dim, asked.odd)
  if not made then return nil, err end
  local figures = figures_of(self, all, asked)
  if like and self.ctx.bought then self.ctx.bought(figures) end
  return made, { figures = figures, notes = notes_of(self, view, all, asked, e) }
end

function endpoint.make(view, p, ctx)
  local self <close>, err = prepare(p, ctx)
  if not self then return nil, err end
  return embed(self, view)
end

--- Rows of another set, gold or production, by the same model: asked, paid and counted as those of the run.
function endpoint.again(view, p, ctx, made)
  local self <close>, err = prepare(p, ctx)
  if not self then return nil, err end
  self.stage = "embed"
  return embed(self, view, made)
end

return endpoint
