--- The loop that gets rows judged, against a server without a network that keeps its own books: what it billed, what it
-- was asked. Time is the server's, so that no test waits.

local ask = require "judge.ask.loop"
local budget = require "judge.money.budget"
local cache = require "judge.ask.cache"
local check = require "check"
local fs = require "fs"
local hash = require "hash"
local json = require "json"
local openai = require "judge.providers.openai"
local prices = require "judge.money.prices"
local rubric = require "judge.rubric"

local R = rubric.check { "correctness", "tone" }
local PRICE = prices.of("x", { input = 1, output = 5 })

-- ---- a server ----

local function generator(seed)
  local state = seed * 0x9E3779B97F4A7C15 + 1
  return function(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % n
  end
end

local server = {}
server.__index = server

--- @param fate  function(server, request, nth time of that row) -> kind of answer
function server.new(fate, seed)
  return setmetatable({ fate = fate, queue = {}, asked = {}, billed = 0, requests = 0, most = 0,
                        random = generator(seed or 1) }, server)
end

function server:submit(q)
  q.body = table.concat(q.body)
  self.queue[#self.queue + 1] = q
end
function server.window() return 8 end
function server:refused() self.slowed = (self.slowed or 0) + 1 end
function server.troubled() end
function server.credit() end

local function row_of(q)
  local body = json.decode(q.body)
  local user = body.messages[2].content
  return user:match "%[output%]\n(.-)\n</example", user:match "\nid: ([a-z0-9]+)$", body
end

local function chat(text, finish, usage, extra)
  return ('{"id":"c-1","model":"x-served","choices":[{"index":0,"message":{"role":"assistant","content":%s%s},'
    .. '"finish_reason":"%s"}]%s}'):format(text and json.encode(text) or "null", extra or "", finish,
    usage and (',"usage":{"prompt_tokens":%d,"completion_tokens":%d}'):format(usage[1], usage[2]) or "")
end

local function rating(id, a, b)
  return ('{"id":"%s","reasoning":"because","correctness":%d,"tone":%d,"overall":%d,"exclude":false}'):format(id, a, b, a)
end

local function bill(self, q, out)
  local usage = { #q.body // 4, out }
  self.billed = self.billed + prices.cost(PRICE, { input = usage[1], output = usage[2] })
  return usage
end

local function fault(status, code) return { status = status, body = ('{"error":{"message":"m","type":"t","code":"%s"}}'):format(code) } end

-- What each kind of answer looks like, and whether the model ran.
local KINDS = {
  good = function(s, q, id, row)
    local n = tonumber(row:match "score (%d)") or 4
    return { status = 200, body = chat(rating(id, n, n), "stop", bill(s, q, 60)) }
  end,
  prose = function(s, q, id) return { status = 200, body = chat("Sure!\n" .. rating(id, 4, 4), "stop", bill(s, q, 80)) } end,
  garbage = function(s, q) return { status = 200, body = chat("I like it", "stop", bill(s, q, 5)) } end,
  forged = function(s, q) return { status = 200, body = chat(rating("zzzzzzzz", 5, 5), "stop", bill(s, q, 60)) } end,
  cut = function(s, q, _, _, body)
    return { status = 200, body = chat('{"id":"', "length", bill(s, q, body.max_completion_tokens)) }
  end,
  refusal = function(s, q) return { status = 200, body = chat(nil, "stop", bill(s, q, 9), ',"refusal":"no"') } end,
  uncounted = function(s, q, id) bill(s, q, 60); return { status = 200, body = chat(rating(id, 4, 4), "stop") } end,
  lost = function(s, q) bill(s, q, q.output_tokens); return { error = "reset", message = "reset", sent = true } end,
  halved = function(s, q) bill(s, q, 60); return { status = 200, body = '{"choices":[{"mess' } end,
  ran_500 = function(s, q) bill(s, q, 60); return fault(500, "x") end,
  context = function(s, q, id)
    bill(s, q, 60)
    return { status = 200, body = chat(rating(id, 4, 4), "stop", { math.min(#q.body // 4, 1024), 60 }) }
  end,
  unsent = function() return { error = "connect", message = "refused", sent = false } end,
  overloaded = function() return fault(503, "slow_down") end,
  rate = function() local r = fault(429, "rate_limit_exceeded"); r.wait = 1; return r end,
  hintless = function() return fault(429, "rate_limit_exceeded") end,
  quota = function() return fault(429, "insufficient_quota") end,
  key = function() return fault(401, "invalid_api_key") end,
  bad = function() return fault(400, "invalid_value") end,
  long = function() return fault(400, "context_length_exceeded") end,
}

function server:poll()
  self.most = math.max(self.most, #self.queue)
  local out = {}
  for _ = 1, math.min(#self.queue, 1 + self.random(4)) do
    local q = table.remove(self.queue, 1 + self.random(#self.queue))
    local row, id, body = row_of(q)
    self.asked[row], self.requests = (self.asked[row] or 0) + 1, self.requests + 1
    local r = KINDS[self.fate(self, row, self.asked[row])](self, q, id, row, body)
    r.id = q.id
    out[#out + 1] = r
  end
  return out
end

-- ---- a run ----

local function asker(s, o)
  local chance = generator(7)
  return ask.new {
    provider = o.provider or openai, model = "x", system = "the rubric", schema = rubric.schema(R), rubric = R, digest = "d",
    max_tokens = 100, sampling = {}, extra = {}, client = s, cache = o.cache, budget = budget.new(o.cap), price = PRICE,
    hosted = o.hosted, max_failed = o.max_failed or 1, on_cap = o.on_cap, retry_refused = o.retry_refused,
    progress = function() end, chance = function() return chance(1000) / 1000 end,
  }
end

--- Judges n rows; what each came to, by row.
local function judge(s, n, o)
  o = o or {}
  local a = asker(s, o)
  local outcomes, i = {}, 0
  local ok, err = a:run(function()
    i = i + 1
    if i > n then return nil end
    local row = (o.row or "row %d")
    local text = row:format(i)
    return { key = hash.sha256(text), text = function() return "[input]\nq\n\n[output]\n" .. text end,
             done = function(outcome)
               check.eq(outcomes[text], nil, "a job ends once")
               outcomes[text] = outcome
             end }
  end)
  return ok, err, outcomes, a
end

local function always(kind) return function() return kind end end

--- Each row meets these, one a time, then good answers.
local function first(...)
  local list = { ... }
  return function(_, _, n) return list[n] or "good" end
end

check.test("every row is asked once where all goes well, after a first that goes alone", function()
  local s = server.new(always "good")
  local ok, _, outcomes, a = judge(s, 50)
  check.eq({ ok, s.requests, a.counts.scored, a.retries }, { true, 50, 50, 0 })
  check.eq({ outcomes["row 1"].state, outcomes["row 1"].scores.tone, outcomes["row 1"].served }, { "scored", 4, "x-served" })
  check.eq(a.o.budget.spent, s.billed)
end)

check.test("each fault ends in the state that is its own", function()
  local cases = {
    { "garbage", "unparsed", 3 }, { "forged", "unparsed", 3 }, { "cut", "unparsed", 3 }, { "refusal", "refused", 1 },
    { "long", "too_long", 1 }, { "lost", "failed", 8 }, { "overloaded", "failed", 8 }, { "rate", "failed", 8 },
    { "halved", "unparsed", 3 },
  }
  for _, c in ipairs(cases) do
    local s = server.new(function(_, row) return row == "row 1" and "good" or c[1] end)
    local _, _, outcomes = judge(s, 2)
    check.eq({ outcomes["row 2"].state, s.requests }, { c[2], 1 + c[3] }, c[1])
    check.eq(outcomes["row 2"].scores, nil, "no score")
  end
end)

check.test("a row that fails for a while is scored in the end", function()
  for _, kind in ipairs { "garbage", "cut", "lost", "halved", "ran_500", "unsent", "overloaded", "rate", "hintless" } do
    local s = server.new(first(kind, kind))
    local ok, _, outcomes = judge(s, 5)
    check.eq({ ok, outcomes["row 3"].state, s.requests }, { true, "scored", 15 }, kind)
  end
end)

check.test("a server that never answers is given up after the first row's attempts", function()
  for kind, times in pairs { lost = 8, overloaded = 8, rate = 8, unsent = 3 } do
    local s = server.new(always(kind))
    local ok, err = judge(s, 100)
    check.eq({ ok, err.class, s.requests }, { nil, "unreachable", times }, kind)
  end
end)

check.test("a wrong key, model or parameter, or no credit, stops the stage after one call", function()
  for kind, class in pairs { key = "config", bad = "config", quota = "money" } do
    local s = server.new(always(kind))
    local ok, err = judge(s, 100)
    check.eq({ ok, err.class, s.requests }, { nil, class, 1 }, kind)
  end
end)

check.test("a 400 of one row, behind answers, is that row's own", function()
  local s = server.new(function(_, row) return row == "row 7" and "bad" or "good" end)
  local ok, _, outcomes = judge(s, 20)
  check.eq({ ok, outcomes["row 7"].state, outcomes["row 8"].state }, { true, "failed", "scored" })
end)

check.test("credit that ends in the middle stops the stage, and what was paid is in the cache", function()
  local path = check.folder() .. "/money.db"
  local c = check.ok(cache.open(path))
  local s = server.new(function(self) return self.requests > 30 and "quota" or "good" end)
  local ok, err = judge(s, 100, { cache = c })
  check.eq({ ok, err.class }, { nil, "money" })
  check.eq(c:count(), 30)
  local again = server.new(always "good")
  check.ok(judge(again, 100, { cache = c }))
  check.eq(again.requests, 70)
  c:close()
end)

check.test("once the stage stops nothing is sent any more, what was out is waited for", function()
  local most
  local s = server.new(function(self, row)
    if row ~= "row 40" and self.requests < 30 then return "good" end
    if self.asked["row 40"] and not most then most = self.requests + #self.queue + 4 end   -- 4: of one poll
    return row == "row 40" and "quota" or "overloaded"
  end)
  local ok, err = judge(s, 100, { hosted = true })
  check.eq({ ok, err.class }, { nil, "money" })
  check.ok(s.requests <= most, ("%d requests, at most %d were due"):format(s.requests, most))
end)

check.test("refusals for rate that never say when stop a paid run; a server of one's own is waited for", function()
  local ok, err = judge(server.new(always "hintless"), 3, { hosted = true })
  check.eq({ ok, err.class }, { nil, "money" })
  ok, err = judge(server.new(always "hintless"), 3)
  check.eq({ ok, err.class }, { nil, "unreachable" })
end)

check.test("the stage stops when failures pass the share that is allowed", function()
  local s = server.new(function(self) return self.random(2) == 0 and "long" or "good" end, 5)
  local ok, err = judge(s, 1000, { max_failed = 0.2 })
  check.eq({ ok, err.class, s.requests < 200 }, { nil, "failures", true })
  check.contains(err.why, "too_long: status 400: m")
end)

-- ---- the cache ----

check.test("an answer is paid once, a refusal is asked again only when that is wanted", function()
  local c = check.ok(cache.open(check.folder() .. "/judge.db"))
  local fate = function(_, row) return row == "row 2" and "refusal" or "good" end
  local _, _, before = judge(server.new(fate), 10, { cache = c })
  local s = server.new(fate)
  local _, _, after, a = judge(s, 10, { cache = c })
  check.eq({ s.requests, a.hits, a.o.budget.spent }, { 0, 10, 0 })
  check.eq({ after["row 2"].state, after["row 3"].scores }, { "refused", before["row 3"].scores })
  check.ok(a.saved > 0)
  s = server.new(always "good")
  _, _, after = judge(s, 10, { cache = c, retry_refused = true })
  check.eq({ s.requests, after["row 2"].state }, { 1, "scored" })
  c:close()
end)

check.test("a server that cuts rows to its context in silence is found out by its count of tokens", function()
  local ollama = require "judge.providers.ollama"
  local long = ("word "):rep(4000)
  local row = function(i) return i == 3 and "row 3 " .. long or "row " .. i end
  local texts = { format = function(_, i) return row(i) end }
  local s = server.new(always "context")
  local _, _, outcomes = judge(s, 5, { provider = ollama, row = texts })
  check.eq({ outcomes["row 2"].state, outcomes[row(3)].state }, { "scored", "too_long" })
  check.contains(outcomes[row(3)].why, "the server read 1024 tokens of a request of 2")
end)

check.test("rows that show the judge the same text are paid once, also where the first is asked again", function()
  local kept = check.ok(cache.open(check.folder() .. "/judge.db"))
  local s = server.new(function(_, row, n) return row:find "[12]$" and n == 1 and "rate" or "good" end)
  local outcomes, i = {}, 0
  local a = asker(s, { cache = kept })
  check.ok(a:run(function()
    i = i + 1
    if i > 60 then return nil end
    local row, at = ("row %d"):format(i % 6), i   -- ten rows of each of six texts
    return { key = hash.sha256(row), new = true, text = function() return "[input]\nq\n\n[output]\n" .. row end,
             done = function(outcome) outcomes[at] = outcome.state end }
  end))
  kept:close()
  check.eq(#outcomes, 60)
  check.eq({ s.requests, a.hits, a.counts.scored }, { 8, 54, 60 })
end)

check.test("what is no answer is not kept: lost, cut and unreadable replies are asked again next time", function()
  for _, kind in ipairs { "garbage", "cut", "lost", "long", "halved", "overloaded" } do
    local c = check.ok(cache.open(check.folder() .. "/judge.db"))
    judge(server.new(always(kind)), 3, { cache = c })
    check.eq(c:count(), 0, kind)
    c:close()
  end
end)

check.test("a process that opens the cache while another makes it does not replace its file", function()
  local path = check.folder() .. "/race.db"
  local c = check.ok(cache.open(path))
  c:put("k", { kind = "answer", reply = "r", provider = "x", model = "m", rubric = "d" })
  c:commit()
  local real = fs.exists
  fs.exists = function() return false end   -- what the other saw a moment ago
  local other = check.ok(cache.open(path))
  fs.exists = real
  check.eq(other:get("k").reply, "r")
  other:close()
  c:close()
end)

check.test("a file that is no cache is refused by name", function()
  local path = check.folder() .. "/x.db"
  assert(require("fs").write(path, ("no database"):rep(200)))
  local c, err = cache.open(path)
  check.eq(c, nil)
  check.contains(err, path)
end)

-- ---- the cap ----

check.test("at the cap the rest is skipped, what was judged is the beginning of the order, or the stage stops", function()
  local s = server.new(always "good")
  local ok, _, outcomes, a = judge(s, 100, { cap = 20000000 })
  check.ok(ok and a.capped and s.requests > 3 and s.requests < 100)
  local scored = a.counts.scored
  check.eq(scored + a.counts.skipped_budget, 100)
  for i = 1, 100 do check.eq(outcomes["row " .. i].state, i <= scored and "scored" or "skipped_budget") end
  local stopped, err = judge(server.new(always "good"), 100, { cap = 20000000, on_cap = "stop" })
  check.eq({ stopped, err.class }, { nil, "cap" })
end)

check.test("the cap met by a second attempt stops the stage, or is told, like that met by a first", function()
  for _, policy in ipairs { "stop", "quarantine" } do
    local s = server.new(always "lost")
    local request = 0
    local real = s.submit
    function s:submit(q)
      request = prices.worst(PRICE, #q.body, q.output_tokens)
      real(self, q)
    end
    judge(s, 1, { cap = 1 << 40 })
    local ok, err, outcomes, a = judge(server.new(always "lost"), 1, { cap = request + request // 2, on_cap = policy })
    if policy == "stop" then check.eq({ ok, err.class }, { nil, "cap" })
    else check.eq({ ok, outcomes["row 1"].state, a.capped }, { true, "skipped_budget", true }) end
  end
end)

check.test("no sequence of faults overshoots the cap, and every row ends once: 10,000 seeded scripts", function()
  local kinds = {}
  for kind in pairs(KINDS) do
    if kind ~= "key" and kind ~= "bad" and kind ~= "quota" then kinds[#kinds + 1] = kind end
  end
  table.sort(kinds)
  for seed = 1, os.getenv "SANITIZED" and 500 or 10000 do
    local random = generator(seed)
    local good, cap = random(10), 300000 + random(6000000)
    local fate = function() return random(10) < good and "good" or kinds[random(#kinds) + 1] end
    local s = server.new(fate, seed)
    local ok, err, outcomes, a = judge(s, 1 + random(12), { cap = cap, hosted = random(2) == 0 })
    check.ok(s.billed <= cap, ("seed %d: billed %d of %d"):format(seed, s.billed, cap))
    check.ok(s.billed <= a.o.budget.spent, ("seed %d: %d billed, %d counted"):format(seed, s.billed, a.o.budget.spent))
    check.eq(a.o.budget.held, 0)
    check.ok(ok or err.class == "money" or err.class == "unreachable", tostring(seed))
    if ok then
      local n = 0
      for _ in pairs(outcomes) do n = n + 1 end
      check.eq(n, a.ended)
    end
  end
end)
check.done()
