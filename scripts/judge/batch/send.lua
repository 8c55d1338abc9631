--- batch: the course of a judge stage with mode = "batch". Rows go to the provider by the thousand, at half price, and
-- the run ends; `tamis judge collect` brings the answers into the cache, and the same run, started again, uses them.
-- Each start goes the same way: what the cache answers is used; what came back without an answer ends in a state or is
-- sent again; what is out is left alone; the rest is sent, behind one row that is asked at once, so that a wrong key,
-- model or parameter costs one call. When nothing is out or left to send, the stage has its outcomes.
--
-- A provider's `batch` is a table of functions that write requests and read replies:
--   rows             most requests of one batch
--   marks            true where a batch may bear a mark of ours (else it is found again by what its results hold)
--   entry(custom, body)             a row's request within a batch, as text
--   upload(entries, mark)           the request that puts the entries in a file, where there must be one
--   create(entries, mark, file)     the request that hands the batch in
--   state(id), cancel(id), list(after), results(b)    requests; results gives a list of them
--   read(t)          { id, state, ended, created, rows, mark, fault } of a batch as the provider tells of it
--   line(t)          of a line of results: custom, then "expired", "canceled" or "answer", status, what `reply` gives

local ask = require "judge.ask.loop"
local batches = require "judge.batch.store"
local call = require "judge.server.call"
local collect = require "judge.batch.collect"
local estimate = require "judge.money.estimate"
local hash = require "hash"
local prices = require "judge.money.prices"
local screen = require "report.screen"
local tell = require "judge.tell"
local wire = require "judge.server.wire"

local batch = {}

batch.piece = 32 << 20   -- bytes of one batch: memory bounds it, providers take more
local TROUBLES = 3       -- times that a row comes back without having been worked on

--- What names a stage's batches: all that is sent with each row, and the stage.
function batch.job(self) return hash.sha256(self.base .. self.ctx.name) end

-- ---- what became of a row ----

local ENDS = { too_long = "too_long", failed = "failed", refused = "refused", unread = "unparsed" }
local UNREAD = { unparsed = true, cut = true }
local TROUBLE = { trouble = true, missing = true, expired = true }

--- The end of a row that came back without an answer; or nil and the max_tokens to ask with again.
local function ended(fates, max_tokens, retry_refused)
  local unread, trouble, why = 0, 0, nil
  for _, f in ipairs(fates) do
    why = f.why or f.state
    if ENDS[f.state] and not (retry_refused and f.state == "refused") then return ENDS[f.state], why end
    unread, trouble = unread + (UNREAD[f.state] and 1 or 0), trouble + (TROUBLE[f.state] and 1 or 0)
    if f.state == "cut" then max_tokens = f.max_tokens * ask.CAP_GROWS end
  end
  if unread > ask.READ_AGAIN then return "unparsed", why end
  if trouble >= TROUBLES then return "failed", why end
  return nil, max_tokens
end

--- Sorts the jobs: those that have an end reach it; the rest is { todo, out = how many are out }.
local function sort(self, loop, jobs, job)
  local todo, out, taken = {}, 0, {}
  local capped = self.store:cap(job)
  local no_more = capped and loop.o.budget.cap and loop.o.budget.cap <= capped
  for j in jobs do
    j.new = nil              -- the cache may have learned since the run began
    local fates = not loop:cached(j) and self.store:fates(job, j.key)
    if fates and (taken[j.key] or self.store:is_out(j.key)) then out = out + 1
    elseif fates then
      local state, why = ended(fates, self.p.max_tokens, self.paid.retry_refused)
      if state then loop:finish(j, state, { why = why, tries = #fates })
      elseif no_more and #fates == 0 then
        loop.capped = true
        loop:finish(j, "skipped_budget", { why = "the cap is reached" })
      else
        j.max_tokens, j.data, j.fresh, taken[j.key] = why, nil, #fates == 0, true
        todo[#todo + 1] = j
      end
    end
    if j.ended then loop.o.progress(1) end
  end
  return { todo = todo, out = out }
end

-- ---- sending ----

-- What a batch is noted with.
local function header(self, loop, job)
  return { provider = self.provider.name, url = self.endpoint.url, model = self.p.model, digest = self.digest,
           rubric = self.rubric, price = loop.o.price, job = job }
end

-- Takes the first row that was never sent out of the list; nil where there is none.
local function take_fresh(todo)
  for i, j in ipairs(todo) do
    if j.fresh then return table.remove(todo, i) end
  end
end

--- Asks rows at once until one is answered. Those that are not have their end, which a later start must know. Rows
-- that came back do not go ahead: others of their kind were answered, and the fault may be theirs.
-- @return  true; or nil and what stopped the loop
local function probe(self, loop, todo, job)
  local allowed, without, before, ok, err = loop.o.max_failed, {}, loop.o.budget.spent, true, nil
  loop.o.max_failed = 1      -- one row says nothing about their share
  while ok and not loop.good and not loop.capped do
    local one = take_fresh(todo)
    if not one then
      loop.good = true
      break
    end
    local given, done, end_ = false, one.done, nil
    one.done = function(outcome)
      end_ = outcome
      done(outcome)
    end
    ok, err = loop:run(function()
      if given then return nil end
      given = true
      return one
    end)
    if end_ and end_.state ~= "scored" and end_.state ~= "skipped_budget" then
      without[#without + 1] = { key = one.key, id = "", cut = one.cut, max_tokens = one.max_tokens, worst = 0,
                                state = end_.state == "unparsed" and "unread" or end_.state, why = end_.why }
    end
  end
  loop.o.max_failed = allowed
  local cost = loop.o.budget.spent - before
  if cost > 0 or #without > 0 then self.store:asked(header(self, loop, job), without, cost) end
  return ok, err
end

--- Sets the money for the rows aside, in their order, as far as the cap goes.
-- @return  how many rows it covers, their bytes, and what all of them could cost
local function reserve(loop, todo)
  local o, covered, all, sizes = loop.o, 0, 0, {}
  for i, j in ipairs(todo) do
    local _
    _, _, j.size = loop:render(j)
    j.worst, j.data = prices.worst(o.price, j.size, j.max_tokens, true), nil
    all = all + j.worst
    if covered == i - 1 and o.budget:reserve(j.worst) then covered, sizes[i] = i, j.size end
  end
  return covered, sizes, all
end

-- The rows of the next batch, from the i-th on, and what is sent of them.
local function piece_of(self, loop, todo, i)
  local most, rows, entries, bytes = self.provider.batch.rows, {}, {}, 0
  while todo[i] and #rows < most do
    local j = todo[i]
    local _, body = loop:render(j)
    local entry = self.provider.batch.entry(batches.custom(j.key), table.concat(body))
    j.data = nil
    if #rows > 0 and bytes + #entry > batch.piece then break end
    bytes, i = bytes + #entry, i + 1
    entries[#entries + 1] = entry
    rows[#rows + 1] = { key = j.key, id = j.id, cut = j.cut, max_tokens = j.max_tokens, worst = j.worst }
  end
  return rows, entries
end

--- Hands one batch in.
-- @return  true; or nil and a fault
local function hand_in(self, link, entries, mark)
  local speaks, file = self.provider.batch, nil
  if speaks.upload then
    local t, fault = link:ask(speaks.upload(entries, mark))
    file = t and wire.id(t.id)
    if not file then
      self.store:void(mark)
      return nil, fault or { why = "the server gives the file no name" }
    end
  end
  local request = speaks.create(entries, mark, file)
  request.once = true
  local t, fault = link:ask(request)
  local id = t and wire.id(speaks.read(t).id)
  if id then
    self.store:sent(mark, id)
    return true
  end
  fault = fault or { why = "the server gives the batch no name", unsure = true }
  if not fault.unsure then self.store:void(mark) end
  return nil, fault
end

--- Sends the first n rows.
-- @return  batches handed in, rows in them; and a fault where not all could be
local function send(self, loop, todo, n, job)
  local link <close>, err = call.open(self.endpoint, self.provider)
  if not link then return 0, 0, { why = err } end
  local i, count = 1, 0
  todo = table.move(todo, 1, n, 1, {})
  while i <= n do
    local rows, entries = piece_of(self, loop, todo, i)
    local mark = self.store:intend(header(self, loop, job), rows)
    local ok, fault = hand_in(self, link, entries, mark)
    if not ok then return count, i - 1, fault end
    i, count = i + #rows, count + 1
  end
  return count, n
end

-- ---- what the user is told ----

local function command(self)
  local path = self.cache.path
  return path == "./.tamis/judge.db" and "tamis judge collect" or "tamis judge collect --cache " .. path
end

local function then_what(self)
  return ("No run folder is written yet. Most batches end within the hour, all within a day; then\n  %s\nand this "
    .. "run once more, which uses the answers."):format(command(self))
end

local function told_sent(self, s)
  local about = estimate.of(s.sizes, 0, s.price, { max_tokens = self.p.max_tokens, canaries = 0 }).batch_cost
  local text = ("%s sent to %s in %s, at %g of the price: about $%s (%s to %s), at most $%s."):format(
    screen.count(s.rows, "row is", "rows are"), self.provider.name, screen.count(s.batches, "batch", "batches"),
    s.price.batch, tell.dollars(about.mid), tell.dollars(about.low), tell.dollars(about.high),
    tell.dollars(s.worst))
  if s.left > 0 then
    text = ("%s max_cost = %g does not cover what %s more could cost at most: they will not be judged; %.2f would "
      .. "cover all."):format(text, self.p.max_cost, screen.count(s.left, "row"), s.enough)
  end
  if s.out > 0 then
    text = ("%s %s out from before."):format(text, screen.count(s.out, "row is", "rows are"))
  end
  return text .. "\n" .. then_what(self)
end

local function told_fault(self, s, fault)
  if fault.class == "interrupted" then return "interrupted" end
  local text = ("a batch could not be handed in: %s"):format(fault.why)
  if fault.unsure then
    text = text .. ". Nobody knows whether it was taken: run again in a minute, which looks for it first"
  end
  if s.rows > 0 then
    text = ("%s. Before, %s sent, and will not be sent again: %s"):format(text,
      screen.count(s.rows, "row was", "rows were"), command(self))
  end
  return text
end

-- ---- the course ----

--- What is out here and has ended meanwhile is collected.
local function look(self)
  if not self.store:any_out() then return true end
  local c <close> = collect.new(self.cache, { config = self.config, allow_hosts = self.paid.allow_hosts,
                                              tell = function() end })
  local url, name = self.endpoint.url, self.provider.name
  return c:all({ only = function(b) return b.url == url and b.provider == name end }, function() end)
end

-- Dollars of a max_cost that covers so much more than was spent, rounded up to cents.
local function enough(loop, more) return math.ceil((loop.o.budget.spent + more) / prices.DOLLAR * 100) / 100 end

--- Sends what is to be sent.
-- @return  true where nothing was; or nil and a sentence, or what stopped the loop
local function send_rest(self, loop, sorted, job)
  local todo = sorted.todo
  local ok, err = probe(self, loop, todo, job)
  if not ok then return nil, err end
  local n, sizes, all = reserve(loop, todo)
  if not loop.good then n = 0 end      -- there was no money for the one row that goes ahead
  if n < #todo and loop.o.on_cap == "stop" then
    return nil, ("max_cost = %g does not cover what %s could cost at most, $%s, and on_cap is stop: no batch was sent. "
      .. "max_cost = %.2f would do"):format(self.p.max_cost, screen.count(#todo, "row"), tell.dollars(all),
      enough(loop, all))
  end
  local s = { price = loop.o.price, out = sorted.out, left = #todo - n, sizes = sizes, rows = 0,
              enough = enough(loop, all), worst = loop.o.budget.held - self.held_before }
  if s.left > 0 then
    self.store:set_cap(job, loop.o.budget.cap)
    loop.capped = true
    for i = n + 1, #todo do loop:finish(todo[i], "skipped_budget", { why = "the cap is reached" }) end
  end
  if n == 0 then return true end
  local fault
  s.batches, s.rows, fault = send(self, loop, todo, n, job)
  if fault then return nil, told_fault(self, s, fault) end
  return nil, told_sent(self, s)
end

--- Runs the stage's jobs.
-- @param loop  of judge/ask/loop: its cache, budget and counts
-- @param jobs  an iterator, as for loop:run
-- @return  true when all have ended; or nil and a sentence, or what stopped the loop, a table
function batch.run(self, loop, jobs)
  local lock <close>, err = self.store:lock()
  if not lock then return nil, err end
  local ok
  ok, err = look(self)
  if not ok then return nil, err end
  local job, purse = batch.job(self), loop.o.budget
  local before = self.store:spent(job)
  purse.spent, purse.held = before.cost, before.worst
  self.held_before = before.worst
  local sorted = sort(self, loop, jobs, job)
  local stop = loop:failing(sorted.out == 0 and #sorted.todo == 0)
  if stop then return nil, stop end
  if #sorted.todo > 0 then
    ok, err = send_rest(self, loop, sorted, job)
    if not ok then return nil, err end
  end
  if sorted.out > 0 then
    return nil, ("%s out in batches, and nothing else is to be sent. %s"):format(
      screen.count(sorted.out, "row is", "rows are"), then_what(self))
  end
  loop.batches = self.store:spent(job)
  stop = loop:failing(true)
  if stop then return nil, stop end
  loop.saved = math.max(0, loop.saved - before.cost)   -- this job's batches are no saving
  self.store:close(job)
  return true
end

--- Rows that a run without batches would pay a second time.
-- @return  true; or nil and a sentence
function batch.none_out(self, asked)
  if not self.store:any_out() then return true end
  local out = 0
  for _, a in ipairs(asked) do out = out + (self.store:is_out(a.key) and 1 or 0) end
  if out == 0 then return true end
  return nil, ("%s out in batches and would be paid twice: %s first (with --cancel to give the batches up)"):format(
    screen.count(out, "row is", "rows are"), command(self))
end

return batch
