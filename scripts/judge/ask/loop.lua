--- ask: the loop that gets rows judged. Each job ends in one state, told once:
--   scored    refused    unparsed    too_long    skipped_budget    failed
-- What is in the cache is not asked again. The first request goes alone: a wrong key, model or parameter stops the
-- stage after one call. Money is set aside before a byte is sent (judge/money/budget.lua).

local core = require "core"
local frame = require "judge.ask.frame"
local prices = require "judge.money.prices"
local prompt = require "judge.ask.prompt"
local reply = require "judge.ask.reply"
local retry = require "judge.server.retry"

local ask = {}
ask.__index = ask

local POLL = 1            -- seconds until the loop looks around without a reply
local QUEUE = 64          -- requests handed over beyond those in flight
ask.READ_AGAIN = 2        -- times that a reply which cannot be read is asked again
ask.CAP_GROWS = 2         -- times max_tokens, where a reply was cut off by it
local HINTLESS = 3        -- refusals for rate in a row without a word on when: an empty purse, at a paid provider
local SURE = 8000         -- bytes of a request from which on its tokens are held against those of the others
local CUT_SHARE = 0.5     -- of the tokens that so many bytes should be: under it the server read a part
local CAPPED = "the cap is reached"
local CALLS = 3           -- times that a server is called at which nobody answers the first time
local EARLY = 50          -- rows that have ended before the share of failures counts

--- What asks another thing of a row than a judge does gives functions of its own, and needs neither rubric nor system:
--   render(job) -> { path, headers }, the body in pieces, its bytes
--   answered(loop, job, answer, cost): ends the job, or calls loop:unreadable(job, answer, why)
-- Its jobs may stand for several texts: n of them; halves() -> the jobs of either half, or nil where there is one text:
-- a request that will not be answered goes in halves, since one of its texts may be at fault.
--
-- @param o  provider, model, system, schema, rubric, digest, max_tokens, sampling, extra (see judge/providers),
--   client (http.client or what behaves so), cache, budget, price, hosted = a provider that is paid,
--   max_failed = share, retry_refused, on_cap = "quarantine"|"stop", progress(n), chance() = 0 to 1,
--   max_reply_bytes
function ask.new(o)
  return setmetatable({
    o = o, jobs = {}, wait = {}, next = 1, out = 0, ended = 0, failures = 0, hintless = 0, serial = 0,
    counts = {}, why = {}, tokens = { input = 0, output = 0, cache_read = 0, cache_write = 0 },
    sent = 0, retries = 0, hits = 0, saved = 0, rungs = {}, frames = {}, twins = {},
  }, ask)
end

-- ---- ends ----

local FAILS = { refused = true, unparsed = true, too_long = true, failed = true }

local from_cache

--- A job has ended: what it came to holds for others of the same text, too, if it is kept; else they are asked.
local function release(self, job)
  local twins = self.twins[job.key]
  if not twins then return end
  self.twins[job.key] = false
  for _, twin in ipairs(twins) do
    twin.new = nil
    if not from_cache(self, twin) then self.wait[#self.wait + 1] = twin end
  end
end

--- Several texts, one of which may be at fault, go again in halves.
local function halve(self, job)
  local parts = job.halves and job.halves()
  if not parts then return false end
  for _, part in ipairs(parts) do self.wait[#self.wait + 1] = part end
  self.twins[job.key] = false
  return true
end

--- A job ends: once, in one state.
local function finish(self, job, state, outcome)
  if FAILS[state] and halve(self, job) then return end
  outcome = outcome or {}
  outcome.state = state
  job.ended, job.data = true, nil
  local n = job.n or 1
  self.ended = self.ended + n
  self.counts[state] = (self.counts[state] or 0) + n
  if FAILS[state] and not job.extra then
    self.failures = self.failures + n
    self.why[#self.why + 1] = #self.why < 5 and ("%s: %s"):format(state, outcome.why or "?") or nil
  end
  if not job.extra then self.o.progress(n) end
  if outcome.rung then self.rungs[outcome.rung] = (self.rungs[outcome.rung] or 0) + 1 end
  job.done(outcome)
  release(self, job)
end

--- An outcome from what the cache kept; nil where a reply is read otherwise today than when it was kept.
function ask.kept(kept, rubric)
  if kept.kind == "refusal" then return { state = "refused", why = kept.reply, cached = true, cost = 0 } end
  local read = reply.read(kept.reply, rubric)
  if not read then return nil end
  read.state, read.cached, read.cost, read.served = "scored", true, 0, kept.served
  return read
end

--- What an answer of the cache says; a reply that is read otherwise today than when it was kept is asked again.
function from_cache(self, job)
  local kept = self.o.cache and not job.new and self.o.cache:get(job.key)
  if not kept then return false end
  if kept.kind == "refusal" then
    if self.o.retry_refused then return false end
    self.hits, self.saved = self.hits + 1, self.saved + kept.cost
    finish(self, job, "refused", { why = kept.reply, cached = true, cost = 0 })
    return true
  end
  local read = reply.read(kept.reply, job.rubric or self.o.rubric)
  if not read then return false end
  self.hits, self.saved = self.hits + 1, self.saved + kept.cost
  read.cached, read.cost, read.served = true, 0, kept.served
  finish(self, job, "scored", read)
  return true
end

-- ---- sending ----

local function frame_of(self, job)
  local o = self.o
  local system = job.system or o.system
  local by_room = self.frames[system]
  if not by_room then
    by_room = {}
    self.frames[system] = by_room
  end
  local f = by_room[job.max_tokens]
  if not f then
    f = frame.of(o.provider.request, { model = o.model, system = system, schema = job.schema or o.schema,
                                       max_tokens = job.max_tokens, sampling = o.sampling, extra = o.extra })
    by_room[job.max_tokens] = f
  end
  return f
end

--- What is sent for a job: its frame, the body in pieces, the body's bytes.
local function render(self, job)
  local f = frame_of(self, job)
  job.data = job.data or job.text()
  local fence, id = prompt.marks(job.data)
  job.id = id
  return f, frame.body(f, prompt.user(job.data, fence, id, job.cut))
end

--- Sends a job, if the budget allows.
-- @return  true; or false where there is no money for it now
local function send(self, job, pause)
  local o = self.o
  job.max_tokens = job.max_tokens or o.max_tokens
  local f, body, bytes
  if o.render then f, body, bytes = o.render(job) else f, body, bytes = render(self, job) end
  local worst = prices.worst(o.price, bytes, job.max_tokens)
  if not o.budget:reserve(worst) then return false, worst end
  self.serial = self.serial + 1
  job.bytes = bytes
  job.worst, job.tries, job.serial = worst, (job.tries or 0) + 1, self.serial
  self.jobs[self.serial], self.out, self.sent = job, self.out + 1, self.sent + 1
  if job.tries > 1 then self.retries = self.retries + 1 end
  o.client:submit { id = self.serial, path = f.path, headers = f.headers, body = body, delay = pause or 0,
                    max_reply_bytes = o.max_reply_bytes, input_tokens = bytes // 4 + 1, output_tokens = job.max_tokens }
  return true
end

--- The stage cannot go on. What was answered meanwhile is in the cache.
local function stop(self, class, why) self.stopped = self.stopped or { class = class, why = why } end

--- There will be no money for a job any more: it is skipped, or the stage stops. What is no row is done without.
-- @return  true if the job has ended
local function out_of_money(self, job)
  if self.o.on_cap == "stop" and not job.extra then
    stop(self, "cap", CAPPED)
    return false
  end
  if not job.extra then self.capped = true end
  finish(self, job, "skipped_budget", { why = CAPPED })
  return true
end

--- Again, after a pause; a job for which there is no money now waits in line, and so do all once the stage stops.
local function send_again(self, job, pause)
  if not self.stopped then
    local sent, worst = send(self, job, pause)
    if sent or self.o.budget:exhausted(worst) and out_of_money(self, job) then return end
  end
  self.wait[#self.wait + 1] = job
end

-- ---- replies ----

-- A status of which nobody knows whether the model had run.
local function may_have_run(r) return r.status >= 500 and r.status ~= 503 and r.status ~= 529 end

--- What a request cost, as far as anybody knows.
local function account(self, job, r, answer)
  local budget, o = self.o.budget, self.o
  if r.error then
    if r.sent == false then budget:release(job.worst) else budget:lose(job.worst) end
    return 0
  end
  if answer.usage then
    local cost = prices.cost(o.price, answer.usage)
    for kind, n in pairs(self.tokens) do self.tokens[kind] = n + answer.usage[kind] end
    o.client:credit("output_tokens", job.max_tokens - answer.usage.output)
    budget:settle(job.worst, cost)
    return cost
  end
  if r.status >= 200 and r.status < 300 or may_have_run(r) then
    budget:lose(job.worst)
    return job.worst
  end
  budget:release(job.worst)
  return 0
end

local function keep(self, job, kind, text, answer, cost)
  if not self.o.cache then return end
  local o = self.o
  o.cache:put(job.key, { kind = kind, reply = text, usage = answer.usage, cost = cost, provider = o.provider.name,
    model = o.model, served = answer.model, request_id = answer.request_id, rubric = o.digest })
end

--- An answer that is none: again, with more room if it was cut off; at last `unparsed`.
local function unreadable(self, job, answer, why)
  job.unread = (job.unread or 0) + 1
  if answer.stop == "length" then
    job.max_tokens, why = job.max_tokens * ask.CAP_GROWS, "cut off at max_tokens"
  end
  if job.unread > ask.READ_AGAIN then return finish(self, job, "unparsed", { why = why, tries = job.tries }) end
  send_again(self, job)
end

-- Some servers cut what does not fit their context and say nothing: what they counted gives them away. Tokens a
-- byte are learned from short requests.
local function was_cut(self, job, usage)
  if not self.o.provider.cuts_silently or not usage then return false end
  local density = usage.input / job.bytes
  if job.bytes < SURE then
    self.density = math.min(self.density or density, density)
    return false
  end
  return self.density ~= nil and density < CUT_SHARE * self.density
end

local function answered(self, job, answer, cost)
  self.hintless, self.good = 0, true
  if self.o.answered then return self.o.answered(self, job, answer, cost) end
  if was_cut(self, job, answer.usage) then
    local why = ("the server read %d tokens of a request of %d bytes: it cut the row; give it a larger context")
    return finish(self, job, "too_long", { why = why:format(answer.usage.input, job.bytes), cost = cost })
  end
  if answer.stop == "refusal" then
    local why = answer.refusal or answer.text
    keep(self, job, "refusal", why, answer, cost)
    return finish(self, job, "refused", { why = why, cost = cost, tries = job.tries })
  end
  local read, why = reply.read(answer.text, job.rubric or self.o.rubric, job.id)
  if not read then return unreadable(self, job, answer, why) end
  keep(self, job, "answer", answer.text, answer, cost)
  read.cost, read.tries, read.served = cost, job.tries, answer.model
  finish(self, job, "scored", read)
end

local function words(r, answer)
  local e = answer.error or {}
  local said = r.error and (r.message or r.error) or e.message or e.type or ""
  return r.error and said or ("status %d: %s"):format(r.status, said)
end

-- Asked as often as it may be. A server that never answered the first request will not answer the others.
local function give_up(self, job, why)
  job.halves = nil
  if self.good then return finish(self, job, "failed", { why = why, tries = job.tries }) end
  stop(self, "unreachable", why)
  self.wait[#self.wait + 1] = job
end

local handle = {}

function handle.rate(self, job, r, answer)
  self.hintless = r.wait and 0 or self.hintless + 1
  if self.o.hosted and not r.wait and self.hintless >= HINTLESS and job.tries >= HINTLESS then
    return stop(self, "money", words(r, answer) .. " (and no word on when to come back)")
  end
  local pause = retry.delay(job.tries, r.wait, self.o.chance())
  if not pause then return give_up(self, job, words(r, answer)) end
  self.o.client:refused(r.id, pause)
  send_again(self, job, pause)
end

function handle.transient(self, job, r, answer)
  local pause = retry.delay(job.tries, r.wait, self.o.chance())
  local nobody = not self.good and r.sent == false and job.tries >= CALLS
  if nobody or not pause then return give_up(self, job, words(r, answer)) end
  self.o.client:troubled(0)
  send_again(self, job, pause)
end

function handle.ok(self, job, _, answer, cost) answered(self, job, answer, cost) end

function handle.again(self, job, _, answer) unreadable(self, job, answer, "no answer in the reply") end

function handle.money(self, job, r, answer)
  stop(self, "money", words(r, answer))
  self.wait[#self.wait + 1] = job
end

--- Before the first answer the fault is everybody's; behind it, a 400 is this row's own.
function handle.config(self, job, r, answer)
  if self.good and r.status == 400 then
    return finish(self, job, "failed", { why = words(r, answer), tries = job.tries })
  end
  stop(self, "config", words(r, answer))
  self.wait[#self.wait + 1] = job
end

function handle.too_long(self, job, r, answer) finish(self, job, "too_long", { why = words(r, answer) }) end
function handle.row(self, job, r, answer) finish(self, job, "failed", { why = words(r, answer), tries = job.tries }) end
function handle.refused(self, job, r, answer) finish(self, job, "refused", { why = words(r, answer) }) end

local function receive(self, r)
  local job = self.jobs[r.id]
  self.jobs[r.id], self.out = nil, self.out - 1
  local answer = r.error and {} or self.o.provider.reply(r.status, r.body or "")
  local cost = account(self, job, r, answer)
  r.body_error = answer.error
  local class = retry.classify(r)
  if class == "ok" and not answer.text then class = "again" end
  handle[class](self, job, r, answer, cost)
end

-- ---- the loop ----

--- The next job that the cache does not answer; nil at the end. One whose text is on its way waits for the answer:
-- self.twins holds, of each key that was asked, the jobs that wait for it; false once it has ended.
local function next_job(self, jobs)
  while true do
    local job = jobs()
    if not job then return nil end
    local twins = self.twins[job.key]
    if twins then twins[#twins + 1] = job
    else
      job.new = job.new and twins == nil
      if not from_cache(self, job) then
        self.twins[job.key] = {}
        return job
      end
    end
  end
end

--- No money for what comes: the rest is not asked.
local function skip_rest(self, first, jobs)
  local job = first
  while job and out_of_money(self, job) do job = next_job(self, jobs) end
end

--- Hands over what the budget and the queue allow.
-- @return  false when all that is left was skipped
local function feed(self, jobs)
  local most = self.good and self.o.client:window() + QUEUE or 1
  while self.out < most and not self.stopped do
    local job = table.remove(self.wait, 1) or next_job(self, jobs)
    if not job then return false end
    local sent, worst = send(self, job)
    if not sent then
      if not self.o.budget:exhausted(worst) then
        self.wait[#self.wait + 1] = job
        return true
      end
      if job.extra then out_of_money(self, job) else skip_rest(self, job, jobs) end
    end
  end
  return true
end

local function too_many_failures(self, all)
  if self.ended < EARLY and not all then return false end
  local asked = self.ended - (self.counts.skipped_budget or 0)
  return asked > 0 and self.failures > self.o.max_failed * asked
end

-- What judge/batch/send does with single jobs.
ask.cached, ask.finish, ask.render, ask.unreadable, ask.stop = from_cache, finish, render, unreadable, stop

--- Do too many rows fail? What stops the stage then; else nil.
-- @param all  true: all rows have ended
function ask:failing(all)
  if too_many_failures(self, all) then return { class = "failures", why = table.concat(self.why, "; ") } end
end

--- Judges all jobs.
-- @param jobs  an iterator: function() -> { key, n, halves, new = true where the cache is known not to hold it, text =
--   function() -> the data, cut, extra = true for what is no row,
--   rubric, system, schema (where not the run's), done = function(outcome) } or nil
-- @return  true; or nil and { class = "money"|"config"|"unreachable"|"cap"|"failures"|"interrupted", why }
function ask:run(jobs)
  local o = self.o
  while true do
    if not self.stopped then feed(self, jobs) end
    if self.out == 0 and (self.stopped or #self.wait == 0) then break end
    for _, r in ipairs(o.client:poll(POLL)) do receive(self, r) end
    if o.cache then o.cache:commit() end
    if core.interrupted() then return nil, { class = "interrupted", why = "interrupted" } end
    if too_many_failures(self) then stop(self, "failures", table.concat(self.why, "; ")) end
  end
  if not self.stopped and too_many_failures(self, true) then
    stop(self, "failures", table.concat(self.why, "; "))
  end
  if self.stopped then return nil, self.stopped end
  return true
end

return ask
