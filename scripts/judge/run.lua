--- run: one judge stage over a view: which rows are asked, what each came to, what that makes of it.

local ask = require "judge.ask.loop"
local batch = require "judge.batch.send"
local batches = require "judge.batch.store"
local budget = require "judge.money.budget"
local canary = require "judge.trust.canary"
local client = require "judge.server.client"
local drift = require "judge.trust.drift"
local file = require "judge.marks.file"
local hash = require "hash"
local masked = require "judge.masked"
local needs = require "judge.needs"
local offer = require "judge.money.offer"
local prices = require "judge.money.prices"
local prompt = require "judge.ask.prompt"
local provider = require "judge.server.provider"
local rows = require "judge.ask.rows"
local rubric = require "judge.rubric"
local screen = require "report.screen"
local select = require "select"
local tell = require "judge.tell"
local trust = require "judge.trust.standing"

local run = {}

local CANARIES_APART = 0x5eed      -- which canaries a run asks follows its seed, but not the rows' order

-- ---- what the stage needs ----

local CLOSING = { __close = function(self) if self.cache then self.cache:close() end end }

--- Everything but the connection: rubric, provider, address, key, prices, cache.
-- @return  a table of them; or nil and a sentence
local function prepare(p, ctx)
  local self = setmetatable({ p = p, ctx = ctx, paid = ctx.paid or {} }, CLOSING)
  local err
  self.rubric, err = rubric.check(p.rubric)
  if not self.rubric then return nil, "rubric: " .. err end
  self.digest = rubric.digest(self.rubric)
  self.trust_file = trust.path(needs.cache_path(self.paid))
  if p.provider == "file" then return self end
  self.provider, err = provider.find(p.provider, p.model)
  if not self.provider then return nil, err end
  if p.mode == "batch" and not self.provider.batch then
    return nil, ('mode = "batch": %s takes no batches'):format(self.provider.name)
  end
  local ok
  ok, err = needs.server(self)
  if not ok then return nil, err end
  self.cache, err = needs.cache(self.paid)
  if not self.cache then return nil, err end
  self.store = batches.of(self.cache)
  self.system, self.schema = rubric.text(self.rubric), rubric.schema(self.rubric)
  local url = self.endpoint and self.endpoint.url or self.provider.url or ""
  self.base = rows.base { provider = self.provider.name, url = url, model = p.model, system = self.system,
                          schema = self.schema, max_tokens = p.max_tokens, extra = p.extra or {},
                          sampling = { temperature = p.temperature } }
  return self
end

-- ---- which rows ----

--- The rows in the order drawn from the seed, each with its key; those that max_rows leaves out.
local function draw(self, view)
  local p, order = self.p, select.order(view, self.ctx.seed)
  local most = p.max_rows or #order
  if p.sample then most = math.min(most, math.ceil(p.sample * #order)) end
  local asked, left = {}, {}
  for i, row in ipairs(order) do
    if i > most then left[#left + 1] = row
    else
      local data, cut = rows.data(view, row, p.truncate)
      asked[i] = { row = row, key = rows.key(self.base, data, cut), bytes = #data, cut = cut }
    end
  end
  return asked, left
end

--- Bytes of the requests that the cache does not answer and that are not out in a batch; one for rows of the same text.
-- Of each row it is noted whether it is held, out, or the twin of one before it.
local function unanswered(self, asked)
  local todo, frame, rows_of_run = {}, #prompt.key_text "", {}
  local any_out = self.store:any_out()
  for _, a in ipairs(asked) do
    a.twin, rows_of_run[a.key] = rows_of_run[a.key], true
    a.held = self.cache:holds(a.key, self.paid.retry_refused and "answer" or nil)
    a.out = not a.held and any_out and self.store:is_out(a.key)
    if not (a.held or a.out or a.twin) then todo[#todo + 1] = a.bytes + frame end
  end
  local nrows = #todo
  for _, pin in ipairs(self.drift and self.drift.changed and self.drift.list or {}) do
    if not rows_of_run[pin.key] and not self.cache:holds(pin.key) then todo[#todo + 1] = #pin.data + frame end
  end
  return todo, nrows
end

-- ---- what they came to ----

local function new_outcomes() return { of = {}, n = 0 } end

--- Jobs for the loop: canaries spread among the rows, the rows in their order, at last pinned ones.
local function jobs_of(self, view, asked, outcomes)
  local canaries, i, c = self.canaries, 0, 0
  local apart = #canaries > 0 and math.max(1, #asked // #canaries) or nil
  local pinned = drift.jobs(self, asked)
  return function()
    if apart and c < #canaries and i >= c * apart then
      c = c + 1
      local data = prompt.data { { "input", canaries[c][1] }, { "output", canaries[c][2] } }
      local at = c
      return { key = rows.key(self.base, data, false), text = function() return data end, extra = true,
               done = function(outcome) self.canary_outcomes[at] = outcome end }
    end
    i = i + 1
    local a = asked[i]
    if not a then return pinned() end
    local job = { key = a.key, cut = a.cut, new = not a.held,
                  text = function() return (rows.data(view, a.row, self.p.truncate)) end,
                  done = function(outcome) outcomes.of[a.row], outcomes.n = outcome, outcomes.n + 1 end }
    if a.cut then job.rubric, job.system, job.schema = self.cut.rubric, self.cut.system, self.cut.schema end
    return job
  end
end

local function cut_form(self)
  local less = rubric.cut(self.rubric)
  return { rubric = less, system = rubric.text(less), schema = rubric.schema(less) }
end

-- What was spent at the cap, and what going on would cost.
local function at_cap(self, loop, asked)
  local todo, nrows = unanswered(self, asked)
  local rest = offer.of(self, asked, { todo = todo, rows = nrows, left = 0 })
  return offer.at_cap(rest, loop.o.budget.spent)
end

local function stopped(self, loop, err, asked)
  if type(err) == "string" then return err end
  if err.class == "interrupted" then return "interrupted" end
  local told = err.class == "cap" and self.p.mode ~= "batch" and at_cap(self, loop, asked)   -- batch words its own
    or ("%s: %s"):format(needs.STOPS[err.class] or err.class, err.why)
  local answers = loop.counts.scored or 0
  if err.class == "failures" then
    told = ("%s; %d of %d failed, and max_failed is %g"):format(told, loop.failures, loop.ended, self.p.max_failed)
  end
  if answers == 0 then return told end
  return ("%s; %s kept in %s and not paid again"):format(told, screen.count(answers, "answer is", "answers are"),
    self.cache.path)
end

--- Asks for all rows that the cache does not answer.
local function ask_all(self, view, asked)
  local p = self.p
  local ok, err = true, nil
  if p.mode ~= "batch" then ok, err = batch.none_out(self, asked) end
  if not ok then return nil, err end
  local server
  server, err = client.open(self.endpoint, self.provider, p)
  if not server then return nil, err end
  self.cut, self.canary_outcomes = cut_form(self), {}
  self.canaries = canary.choose(#asked, p.canaries, self.ctx.seed ~ CANARIES_APART)
  local outcomes, done = new_outcomes(), 0
  local loop = ask.new {
    provider = self.provider, model = p.model, system = self.system, schema = self.schema, rubric = self.rubric,
    digest = self.digest, max_tokens = p.max_tokens, sampling = { temperature = p.temperature }, extra = p.extra,
    client = server, cache = self.cache, budget = budget.new(p.max_cost and math.floor(p.max_cost * prices.DOLLAR)),
    price = self.price or prices.free, hosted = not self.endpoint.private,
    max_failed = p.max_failed, on_cap = p.on_cap, retry_refused = self.paid.retry_refused, chance = math.random,
    progress = function(n)
      done = done + n
      if self.ctx.tick then self.ctx.tick(math.min(done, #asked), #asked) end
    end,
  }
  local jobs = jobs_of(self, view, asked, outcomes)
  if p.mode == "batch" then ok, err = batch.run(self, loop, jobs) else ok, err = loop:run(jobs) end
  server:close()
  self.loop = loop
  if not ok then return nil, stopped(self, loop, err, asked) end
  drift.settle(self, view, asked, outcomes)
  return outcomes
end

--- What the cache says of the rows: nothing is asked.
local function held(self, asked)
  local outcomes, cut = new_outcomes(), cut_form(self)
  for _, a in ipairs(asked) do
    local kept = a.held and self.cache:get(a.key)
    local outcome = kept and ask.kept(kept, a.cut and cut.rubric or self.rubric) or nil
    outcomes.of[a.row], outcomes.n = outcome, outcomes.n + (outcome and 1 or 0)
  end
  outcomes.asked = asked
  return outcomes
end

local function read_scores(self)
  local text, path = self.ctx.file(self.p.scores)
  if not text then return nil, path end
  local scores, err = file.read(path, text, self.rubric)
  if not scores then return nil, err end
  return scores, path, text
end

--- From a file: each row is there or is not.
local function read_all(self, view)
  local scores, path, text = read_scores(self)
  if not scores then return nil, path end
  local outcomes = new_outcomes()
  for _, row in ipairs(view:standing_rows()) do
    local entry = file.of(scores, view:row(row))
    outcomes.n = outcomes.n + 1
    outcomes.of[row] = entry and { state = "scored", scores = entry.scores, overall = entry.overall,
                                   exclude = entry.exclude, reasoning = entry.reasoning } or { state = "unscored" }
  end
  if outcomes.n > 0 and file.unused(scores) == #scores.entries then
    return nil, ("%s names none of the %d rows that reached this stage"):format(path, outcomes.n)
  end
  self.scores_path, self.scores_sha256, self.unused = path, hash.sha256(text), file.unused(scores)
  self.annotators, self.incomplete = file.annotators(scores), scores.incomplete
  return outcomes
end

-- ---- money before it is spent ----

--- May the run spend?
local function may_spend(self, view, e)
  return needs.leave(self, e, offer.question(e), function() return masked.note(self, view) end)
end

--- What can be known before a row is read: rubric, provider, address, key, price, the file of scores.
-- @return  true; or nil and a sentence
function run.ready(p, ctx)
  local self <close>, err = prepare(p, ctx)
  if not self then return nil, err end
  if p.provider ~= "file" then return true end
  local scores, why = read_scores(self)
  return scores and true, why
end

--- Runs the stage.
-- @return  a view, or verdicts, and { figures, notes }; or nil and a sentence
function run.stage(view, p, ctx)
  local self <close>, err = prepare(p, ctx)
  if not self then return nil, err end
  if p.provider == "file" then
    local outcomes
    outcomes, err = read_all(self, view)
    if not outcomes then return nil, err end
    return tell.view(self, view, outcomes, {})
  end
  self.drift = drift.read(self)
  local asked, left = draw(self, view)
  local todo, nrows = unanswered(self, asked)
  local e = offer.of(self, asked, { todo = todo, rows = nrows, left = #left })
  if self.paid.estimate then return offer.view(self, view, e, held(self, asked), left) end
  local ok
  ok, err = may_spend(self, view, e)
  if not ok then return nil, err end
  local outcomes
  outcomes, err = ask_all(self, view, asked)
  if not outcomes then return nil, err end
  return tell.view(self, view, outcomes, left)
end

return run
