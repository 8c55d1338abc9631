--- offer: what a paid stage would ask and cost, for people: `tamis check` prints it, and `tamis run` asks by the same
-- words before it spends. The figures are estimate's; the hints are about money that need not be spent.

local canary = require "judge.trust.canary"
local estimate = require "judge.money.estimate"
local json = require "json"
local prices = require "judge.money.prices"
local prompt = require "judge.ask.prompt"
local screen = require "report.screen"
local tell = require "judge.tell"

local offer = {}

local MOST_LEARNED = 2000   -- answers whose tokens are looked up to learn how the model counts
local FEW = 0.9             -- a hint where what comes behind keeps less than this share

local number, count, dollars = screen.number, screen.count, tell.dollars

-- ---- figures ----

--- Bytes and tokens of requests that were answered before.
local function learned(self, asked, fixed)
  local out, frame = {}, #prompt.key_text ""
  for _, a in ipairs(asked) do
    if #out >= MOST_LEARNED then break end
    local kept = a.held and not a.cut and self.cache:get(a.key)
    if kept and kept.input then
      local sent = kept.input + (kept.cache_read or 0) + (kept.cache_write or 0)
      out[#out + 1] = { bytes = a.bytes + frame + fixed, tokens = sent }
    end
  end
  return out
end

--- What judging these rows would take.
-- @param self   the stage as judge/run has prepared it
-- @param asked  rows: { key, bytes, cut, held, out, twin }
-- @param o      { todo = bytes of the requests that are not answered yet, rows = how many of these are rows of the run
--   (the others are pinned ones), left = how many rows max_rows or sample leave out }
function offer.of(self, asked, o)
  local fixed, p = #self.system + #self.schema, self.p
  local seen = learned(self, asked, fixed)
  local replies = self.cache:replies(self.digest, p.model)
  local e = estimate.of(o.todo, fixed, self.price, {
    max_tokens = p.max_tokens, canaries = #canary.choose(#asked, p.canaries, 0),
    replies = estimate.replies(replies), bytes_a_token = estimate.bytes_a_token(seen) })
  e.cached, e.out, e.twins = 0, 0, 0
  for _, a in ipairs(asked) do
    local what = a.held and "cached" or a.out and "out" or a.twin and "twins"
    if what then e[what] = e[what] + 1 end
  end
  e.name, e.model, e.provider, e.url = self.ctx.name, p.model, self.provider.name, self.endpoint and self.endpoint.url
  e.requests, e.rows, e.pinned = #o.todo, o.rows, #o.todo - o.rows
  e.reach, e.left_out, e.mode = #asked + o.left, o.left, p.mode or "sync"
  e.max_cost = p.max_cost and math.floor(p.max_cost * prices.DOLLAR) or nil
  e.free, e.price_as_of = self.price == prices.free, self.price and self.price.as_of
  e.batch_factor = self.provider.batch and self.price and self.price.batch or 1
  e.learned = { replies = estimate.replies(replies) and replies.n or 0,
                tokens = estimate.bytes_a_token(seen) and #seen or 0 }
  if e.mode == "batch" and e.cost then e.cost = e.batch_cost end
  return e
end

-- ---- words ----

-- Three digits say all that an estimate knows.
local function rounded(n)
  if n < 1000 then return number(math.floor(n + 0.5)) end
  local unit = 10 ^ (math.floor(math.log(n, 10)) - 2)
  return number(math.tointeger(math.floor(n / unit + 0.5) * unit))
end

local function money(t) return ("$%s (%s to %s)"):format(dollars(t.mid), dollars(t.low), dollars(t.high)) end

local function tokens(t)
  return ("about %s tokens (%s to %s)"):format(rounded(t.mid), rounded(t.low), rounded(t.high))
end

-- "1,214 of the 1,514 rows that reach it; 300 the cache answers"
local function rows_of(e)
  local parts = {}
  if e.cached > 0 then parts[#parts + 1] = number(e.cached) .. " the cache answers" end
  if e.out > 0 then parts[#parts + 1] = number(e.out) .. " are out in a batch" end
  if e.twins > 0 then parts[#parts + 1] = number(e.twins) .. " have another's text" end
  if e.pinned > 0 then parts[#parts + 1] = count(e.pinned, "pinned row") .. " once more" end
  if e.left_out > 0 then parts[#parts + 1] = number(e.left_out) .. " max_rows or sample leave out" end
  if e.reach == 0 then return "no row reaches it" end
  local text = #parts == 0 and "all " .. count(e.rows, "row") .. " that reach it"
    or ("%s of the %s that reach it"):format(number(e.rows), count(e.reach, "row"))
  return #parts == 0 and text or text .. "; " .. table.concat(parts, ", ")
end

-- "$1.83 (0.92 to 3.23), as a batch $0.92 (0.46 to 1.62); prices of 2025-10"
local function price_of(e)
  if not e.cost then return "a price that is not known" end
  if e.free then return "nothing: " .. e.price_as_of end
  local text = money(e.cost)
  if e.mode == "batch" then text = text .. " as a batch"
  elseif e.batch_factor < 1 then text = text .. ", as a batch " .. money(e.batch_cost) end
  return ("%s; prices of %s"):format(text, e.price_as_of)
end

-- What the interval rests on.
local function told_from(e)
  local per, reply = estimate.BYTES_A_TOKEN, estimate.REPLY
  local sent = e.learned.tokens > 0
    and ("bytes a token as in %s requests of the cache"):format(number(e.learned.tokens))
    or ("%g to %g bytes a token"):format(per.high, per.low)
  if e.embeds then return "told from " .. sent end
  local replies = e.learned.replies > 0
    and ("replies as long as %s of the cache"):format(number(e.learned.replies))
    or ("replies of %d to %d tokens"):format(reply.low, reply.high)
  return "told from " .. sent .. ", " .. replies
end

local function does(e) return e.embeds and "embed" or "judge" end
local function done(e) return e.embeds and "embedded" or "judged" end

--- The estimate as lines: { label, text }.
function offer.lines(e)
  local out = { { "rows", rows_of(e) } }
  if e.requests == 0 then return out end
  out[#out + 1] = { "sent", tokens(e.input) }
  out[#out + 1] = not e.embeds and { "replies", tokens(e.output) } or nil
  out[#out + 1] = { "price", price_of(e) }
  if e.cost and not e.free and e.mode ~= "batch" and e.undiscounted.mid > e.cost.mid then
    out[#out + 1] = { "", ("%s's cache of the rubric takes $%s off"):format(e.provider,
      dollars(e.undiscounted.mid - e.cost.mid)) }
  end
  out[#out + 1] = { "", told_from(e) }
  return out
end

--- The question before money is spent.
function offer.question(e)
  return ("%s: %s would %s %s. That costs about %s"):format(e.name, e.model, does(e), rows_of(e), price_of(e))
end

--- What a run says that stops at its cap: what the rest would cost.
-- @param e      the estimate of what is not answered yet
-- @param spent  billionths of a dollar
function offer.at_cap(e, spent)
  return ("max_cost is reached: $%s of $%s spent; %s not %s and would cost about %s"):format(dollars(spent),
    dollars(e.max_cost), count(e.rows, "row is", "rows are"), done(e), price_of(e))
end

-- ---- hints ----

local CHOOSES = { balance = true, sample = true, select = true }

-- The first stage behind that takes many of the rows, whatever the judge says of them.
local function behind(e, stats)
  local past, asked = false, e.reach - e.left_out
  for _, stat in ipairs(stats) do
    local kept = stat.seen - stat.removed
    if stat.name == e.name then past = true
    elseif past and CHOOSES[stat.stage] and kept < FEW * asked then
      local hint = "%s will keep at most %s of these %s: put sample or balance before %s, or set max_rows"
      return hint:format(stat.name, number(kept), number(asked), e.name)
    elseif past and not CHOOSES[stat.stage] and stat.removed > (1 - FEW) * asked then
      return ("%s takes %s of these %s whatever %s says of them: put it before"):format(stat.name,
        number(stat.removed), number(asked), e.name)
    end
  end
end

--- Sentences on money that need not be spent, and on what max_cost would not pay for.
-- @param stats  of the stages, as a check that asked nothing counted them
function offer.hints(e, stats)
  local out = {}
  if e.rows == 0 then return out end
  out[1] = not e.embeds and behind(e, stats) or nil    -- an embedding is made to choose by
  if not e.cost then
    out[#out + 1] = ("no price is known for %s: give price = %s, dollars a million tokens, in the recipe, or put it "
      .. "into the configuration (tamis help judging)"):format(e.model, e.embeds and "{ input = 0.02 }"
      or "{ input = 1, output = 5 }")
  elseif e.max_cost and e.max_cost < e.cost.mid then
    out[#out + 1] = ("max_cost = %g pays for about %s of these %s"):format(e.max_cost / prices.DOLLAR,
      rounded(e.rows * e.max_cost / e.cost.mid), number(e.rows))
  end
  return out
end

-- ---- for check ----

--- What the stage gives where nothing may be spent: every row goes on.
function offer.view(self, view, e, outcomes, left)
  local v, info = tell.view(self, view, outcomes, left)
  if not v then return nil, info end
  local notes = info.notes
  if not self.endpoint then
    table.insert(notes, 1, ("%s: a run would stop here: %s"):format(self.ctx.name, self.no_endpoint))
  end
  local unknown = #outcomes.asked - outcomes.n
  if unknown > 0 then
    notes[#notes + 1] = ("%s: nothing was asked; %s that the cache does not know %s%s"):format(self.ctx.name,
      screen.count(unknown, "row"), unknown == 1 and "stays" or "stay",
      self.paid.unasked and ": only tamis run spends money" or "")
  end
  info.figures.estimate = e
  return v, info
end

local function each(engine)
  local out = {}
  for _, stat in ipairs(engine.stats) do
    local e = (engine.infos[stat.name] or {}).estimate
    if e then out[#out + 1] = e end
  end
  for _, e in ipairs(engine.offers or {}) do out[#out + 1] = e end
  return out
end

--- Prints the estimates of all paid stages of a check.
-- @param s  the screen
function offer.print(engine, s, out)
  for _, e in ipairs(each(engine)) do
    out("")
    out(s:paint("bold", ("What %s would cost"):format(screen.clean(e.name))) .. ("  %s by %s"):format(
      screen.clean(e.model), e.provider))
    for _, line in ipairs(offer.lines(e)) do
      local parts = s:wrap(line[2], s.width - 12)
      for i, part in ipairs(parts) do out(("  %s%s"):format(screen.pad(i == 1 and line[1] or "", 9), part)) end
    end
    for _, hint in ipairs(offer.hints(e, engine.stats)) do
      for i, part in ipairs(s:wrap(hint, s.width - 2)) do
        out((i == 1 and s:paint("yellow", "! ") or "  ") .. s:paint("yellow", part))
      end
    end
  end
end

--- A sentence for each paid stage of a check, where several recipes are checked.
function offer.brief(engine)
  local out = {}
  for i, e in ipairs(each(engine)) do
    out[i] = ("%s would %s %s, at %s"):format(e.name, does(e), rows_of(e), price_of(e))
  end
  return out
end

local function in_dollars(t)
  return t and { low = t.low / prices.DOLLAR, mid = t.mid / prices.DOLLAR, high = t.high / prices.DOLLAR }
end

--- The same as plain data, prices in dollars.
function offer.records(engine)
  local out = json.array {}
  for _, e in ipairs(each(engine)) do
    out[#out + 1] = {
      stage = e.name, provider = e.provider, model = e.model, url = e.url, mode = e.mode, reach = e.reach,
      rows = e.rows, cached = e.cached, left_out = e.left_out, out = e.out, twins = e.twins, pinned = e.pinned,
      input_tokens = e.input, output_tokens = e.output,
      cost = in_dollars(e.cost), batch_cost = e.batch_factor < 1 and in_dollars(e.batch_cost) or nil,
      undiscounted = in_dollars(e.undiscounted), prices_as_of = e.price_as_of, learned = e.learned,
      hints = json.array(offer.hints(e, engine.stats)) }
  end
  return out
end

return offer
