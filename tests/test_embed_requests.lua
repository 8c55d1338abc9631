--- Requests for embeddings and their replies, against a server without a network.
local ask = require "judge.ask.loop"
local budget = require "judge.money.budget"
local check = require "check"
local json = require "json"
local openai = require "judge.providers.openai"
local packed = require "packed"
local prices = require "judge.money.prices"
local requests = require "embed.server.requests"
local texts = require "embed.server.texts"

local PRICE = prices.of("x", { input = 1, output = 0 })

local function vector(...) return string.pack(("<f"):rep(select("#", ...)), ...) end

check.test("base64 is read strictly, and becomes the bytes it stands for", function()
  -- RFC 4648, section 10
  for text, bytes in pairs { [""] = "", ["Zg=="] = "f", ["Zm8="] = "fo", ["Zm9v"] = "foo", ["Zm9vYg=="] = "foob",
                             ["Zm9vYmE="] = "fooba", ["Zm9vYmFy"] = "foobar", ["+/+/"] = "\xFB\xFF\xBF" } do
    check.eq(packed.base64(text), bytes)
  end
  for _, text in ipairs { "Z", "Zg", "Zg=", "Zm9v=", "====", "Zg==Zg==", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "-_-_" } do
    check.eq({ packed.base64(text) }, { nil, "no base64" }, text)
  end
end)

check.test("numbers become floats of four bytes; what is no number is told", function()
  check.eq(packed.numbers { 1, -2.5, 0 }, "\0\0\x80\x3F\0\0\x20\xC0\0\0\0\0")
  check.eq({ packed.numbers { 1, "2" } }, { nil, "number 2 is a string" })
  check.eq(packed.finite(vector(1, 2)), true)
  check.eq(packed.finite(vector(1, 0 / 0)), false)
  check.eq(packed.finite(packed.numbers { 1e300 }), false)
end)

check.test("a vector of more numbers than one may have is told, whatever it is written as", function()
  local long = {}
  for i = 1, packed.MOST + 1 do long[i] = 0 end
  check.eq({ packed.numbers(long) }, { nil, "it has 16385 numbers, and a vector has at most 16384" })
  long[packed.MOST + 1] = nil
  check.eq(#packed.numbers(long), 16384 * 4)
end)

local function body(data) return json.encode { data = data, model = "m", usage = { prompt_tokens = 7, total_tokens = 7 } } end

check.test("a reply's vectors go by their index, as base64 or as numbers", function()
  local a = openai.embed.reply(200, body { { index = 1, embedding = { 0.5, 2 } }, { index = 0, embedding = "AACAPwAAAAA=" } })
  check.eq(a.vectors, { vector(1, 0), vector(0.5, 2) })
  check.eq({ a.usage.input, a.model, a.fault }, { 7, "m", nil })
  check.eq(openai.embed.reply(200, body { { embedding = { 1 } }, { embedding = { 2 } } }).vectors, { vector(1), vector(2) })
end)

check.test("a reply that is not whole says what is wrong with it", function()
  local good = "AACAPwAAAAA="
  for _, c in ipairs {
    { { { index = 0, embedding = good }, { index = 0, embedding = good } }, "entry 2 of the reply has index 0" },
    { { { index = 2, embedding = good }, { index = 0, embedding = good } }, "entry 1 of the reply has index 2" },
    { { { index = 0, embedding = "AACAPw" } }, "entry 1 of the reply: no base64" },
    { { { index = 0, embedding = "Zm9v" } }, "entry 1 of the reply: its base64 has 3 bytes, no multiple of 4" },
    { { { index = 0 } }, "entry 1 of the reply: it has no vector" },
    { { "x" }, "entry 1 of the reply has index nil" },
    { { { index = 0, embedding = { 1, "x" } } }, "entry 1 of the reply: number 2 is a string" },
  } do check.eq(openai.embed.reply(200, body(c[1])).fault, c[2]) end
  check.eq(openai.embed.reply(400, '{"error":{"message":"no","type":"t"}}').error.message, "no")
  check.eq(openai.embed.reply(200, "<html>").error.message, "<html>")
end)

-- ---- the loop ----

local server = {}
server.__index = server

--- @param answer  function(texts, nth request) -> status, body
function server.new(answer) return setmetatable({ answer = answer, queue = {}, n = 0, sizes = {} }, server) end
function server:submit(q) self.queue[#self.queue + 1] = q end
function server.window() return 4 end
function server.refused() end
function server.troubled() end
function server.credit() end
function server:poll()
  local out = {}
  for i, q in ipairs(self.queue) do
    self.n = self.n + 1
    local asked = json.decode(q.body)
    self.sizes[#self.sizes + 1] = #asked.input
    local status, text = self.answer(asked.input, self.n, asked)
    out[i] = { id = q.id, status = status, body = text, sent = true }
  end
  self.queue = {}
  return out
end

local function numbers_of(list)
  local data = {}
  for i, text in ipairs(list) do data[i] = { index = i - 1, embedding = { #text, 1 } } end
  return data
end

--- Runs texts through the loop.
-- @return  vectors by text, what asked, the loop, ok, fault
local function run(list, answer, p)
  local kept, entries = {}, {}
  for i, text in ipairs(list) do entries[i] = { key = text, bytes = #text, row = i, rows = 1 } end
  local s = server.new(answer)
  local asked = requests.new { p = setmetatable(p or {}, { __index = { model = "m", batch = 4 } }),
    provider = openai, text = function(t) return t.key end,
    store = { put = function(_, key, e) kept[key] = e end } }
  local loop = ask.new {
    provider = setmetatable({ reply = openai.embed.reply }, { __index = openai }), model = "m", max_tokens = 0,
    client = s, price = PRICE, budget = budget.new(), hosted = true, max_failed = 0.5, on_cap = "stop",
    chance = function() return 0 end, progress = function() end, max_reply_bytes = asked:most_reply(),
    render = function(job) return asked:render(job) end,
    answered = function(l, job, a, cost) asked:answered(l, job, a, cost) end,
  }
  local ok, fault = loop:run(asked:jobs(entries))
  return kept, asked, loop, ok, fault, s
end

local TEN = { "a", "bb", "ccc", "dddd", "eeeee", "f6", "g7", "h8", "i9", "j10" }

check.test("texts go in requests of at most `batch`, the first alone; cost and tokens are shared out by bytes", function()
  local kept, _, loop, ok, _, s = run(TEN, function(list) return 200, body(numbers_of(list)) end)
  check.eq(ok, true)
  check.eq(s.sizes, { 4, 4, 2 })
  check.eq(kept.ccc.vector, vector(3, 1))
  check.near(kept.ccc.tokens, 7 * 3 / 10)
  check.eq(loop.o.budget.spent, 3 * 7 * 1000)
  check.eq(loop.counts, { embedded = 10 })
end)

check.test("vectors of more numbers than one may have are not kept", function()
  local long = {}
  for i = 1, packed.MOST + 1 do long[i] = 0 end
  local base64 = ("A"):rep((packed.MOST + 1) * 4 // 3 * 4 + 3) .. "="
  check.eq(#packed.base64(base64), (packed.MOST + 1) * 4)
  for _, v in ipairs { long, base64 } do
    local kept, _, _, ok = run({ "a" }, function() return 200, body { { index = 0, embedding = v } } end)
    check.eq({ next(kept), ok }, { nil, nil })
  end
end)

check.test("one text at fault is found by halves, and the others get their vectors", function()
  local kept, asked, loop, ok = run(TEN, function(list)
    for _, text in ipairs(list) do
      if text == "g7" then return 400, '{"error":{"message":"maximum context length is 8192 tokens"}}' end
    end
    return 200, body(numbers_of(list))
  end)
  check.eq(ok, true)
  check.eq(asked.failed.g7.state, "too_long")
  check.eq({ asked.nfailed, loop.failures, loop.ended, kept.g7, kept.h8.vector }, { 1, 1, 10, nil, vector(2, 1) })
end)

check.test("a reply of another number of vectors, or of other sizes, is asked again and then goes in halves", function()
  local kept, asked, _, ok = run({ "a", "bb", "ccc", "dddd" }, function(list, n)
    local data = numbers_of(list)
    if n == 1 then data[4] = nil end
    if n == 2 then data[2].embedding = { 1, 2, 3 } end
    return 200, body(data)
  end)
  check.eq({ ok, asked.nfailed, kept.dddd.vector }, { true, 0, vector(4, 1) })
  local none
  none, asked, _, ok = run({ "a", "bb" }, function(list)
    if #list == 1 and list[1] == "a" then return 200, body(numbers_of(list)) end
    return 200, body {}
  end)
  check.eq({ ok, asked.nfailed, none.a.vector, none.bb }, { true, 1, vector(1, 1), nil })
  check.contains(asked.failed.bb.why, "0 vectors came for 1 texts")
end)

check.test("a server that takes no dimensions stops the stage at once", function()
  local _, _, loop, ok, fault = run(TEN, function(list) return 200, body(numbers_of(list)) end, { dimensions = 5 })
  check.eq({ ok, fault.class, fault.why, loop.sent },
           { nil, "config", "dimensions = 5, and the server sends vectors of 2", 1 })
end)

check.test("a vector that is no number of a float is not kept for other runs", function()
  local kept, asked = run({ "a", "bb" }, function(list)
    local data = numbers_of(list)
    data[1].embedding = { 1e39, 1 }
    return 200, body(data)
  end)
  check.eq({ kept.a, asked.odd.a ~= nil, kept.bb.vector }, { nil, true, vector(2, 1) })
end)

check.test("a text is its fields in the row's order, cut between characters, behind the prefix; blanks are none", function()
  local row = { input = "één", output = "ja\n", system = " " }
  local view = { field = function(_, _, name) return row[name] end }
  local function of(o)
    o.fields = o.fields or { "output", "input" }
    return { texts.of(view, 1, o) }
  end
  check.eq(of {}, { "één\nja\n", false })
  check.eq(of { prefix = "query: " }, { "query: één\nja\n", false })
  check.eq(of { truncate = 3 }, { "é", true })            -- two bytes, and half of another character
  check.eq(of { truncate = 4, prefix = "p " }, { "p éé", true })
  check.eq(of { truncate = 9 }, { "één\nja\n", false })
  check.eq(of { fields = { "system", "alternative" }, prefix = "p " }, { "", false })
end)

check.test("keys differ by everything that is sent", function()
  local o = { provider = "openai", url = "u", model = "m" }
  local base, seen = texts.base(o), {}
  for _, change in ipairs { { provider = "x" }, { url = "x" }, { model = "x" }, { dimensions = 5 }, { extra = { a = 1 } } } do
    local other = texts.base(setmetatable(change, { __index = o }))
    check.ok(other ~= base and not seen[other])
    seen[other] = true
  end
end)
check.done()
