-- tests/bench/linear.lua - what twice the text costs, on texts made to be slow: every pattern of pii and secrets, each
-- kernel of the rules and the tables of phrases, N bytes and 2 N. Prints the worst text of each, and those above
-- the 2.2 times that are allowed. Run by bench_linear.sh in the test host.
local core, corpus, json, scan = require "core", require "corpus", require "json", require "scan"
local params = require "views".params

local SIZE, MOST = 200000, 2.2
local pool = core.pool(1)

-- Each stands over and over again.
local UNITS = {
  "a", "1", "@", ".", "-", "/", "+", " ", "\n", "\"", "(", "[", "{", "<", ">", "&", "*", "**", "`", "```\n", "# ", "=",
  "a@", "@a.", "1.", "1 ", "1-", "12:34:", "::", "(0) ", "+1 ", "1234567890 ", "0123456789abcdef", "a.b-", "a b ",
  "phone 12 ", "phone ", "phone card tax nhs born dl ", "call 1234567 ", "born 1-1-1 ", "driver AB12345 ", "AA11 ",
  "http://", "http://a.b/", "http://a.b/?u=http://", "https://bit.ly/", "x://a:b", "x://a:b@", "www.", "://:@",
  "password=", "password=\"", "token:", "key=key=", "Authorization: Bearer ", "eyJ" .. ("a"):rep(40) .. ".",
  "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----\n" .. ("A"):rep(64) .. "\n",
  "iVBORw0KGgoAAAANSUhEUgAA", "sk-", "gh" .. "p_aaaa", "a.atlasv1.", "AKIA", "\\n", "é", "\u{200B}", "日", "Ã©",
  "as an AI language ", "I'm sorry, but I ", "I am a model trained by ", "lorem ipsum", "...", "Answer:\n", "- a\n", "<div ",
  "the the ", "a\n\n", "2024-01-01 ",
}

local function text_of(unit, size)
  local text = unit:rep(size // #unit)
  return text
end

local function seconds(fn)
  local least = math.huge
  for _ = 1, 5 do
    local from = os.clock()
    fn()
    least = math.min(least, os.clock() - from)
  end
  return least
end

-- A figure above the most allowed is taken again: the machine may have been busy.
local function growth(fn, unit)
  local one, two = text_of(unit, SIZE), text_of(unit, 2 * SIZE)
  local ratio, took = math.huge, 0
  for _ = 1, 3 do
    took = seconds(function() fn(one) end)
    ratio = math.min(ratio, seconds(function() fn(two) end) / took)
    if ratio <= MOST then break end
  end
  return ratio, took
end

local over = 0

local function measure(name, fn)
  local worst, unit, slowest, slow = 0, nil, 0, nil
  for _, u in ipairs(UNITS) do
    local ratio, took = growth(fn, u)
    if ratio > worst then worst, unit = ratio, u end
    if took > slowest then slowest, slow = took, u end
    if ratio > MOST then
      over = over + 1
      print(("  over: %s of %q: %.2f times, %.1f ms for %d KB"):format(name, u, ratio, took * 1e3, SIZE // 1000))
    end
  end
  print(("%-22s twice the text at most %.2f times the time (%q); slowest %6.1f MB/s (%q)"):format(name, worst, unit,
    SIZE / slowest / 1e6, slow))
end

local function scanner(list)
  local sc = assert(scan.new(list))
  return function(text) sc:find(text) end
end

-- A row operator, over a view of one row; each text is read once.
local function operator(op, field)
  local views = {}
  return function(text)
    if not views[text] then
      local path = os.tmpname()
      local file = assert(io.open(path, "wb"))
      file:write(json.encode { input = field == "input" and text or "q", output = field == "output" and text or "a" }, "\n")
      file:close()
      views = { [text] = assert(corpus.load { sources = { { path = path } }, formats = require "formats.all", pool = pool }) }
      os.remove(path)
    end
    assert(views[text]:run_group { ops = { op }, stages = { "s" }, pool = pool }):close()
  end
end

local function stage_op(name, changes)
  local stage = require("stages." .. name)
  local p = params(stage, changes)
  return assert(stage.op(p, { pool = pool, name = name }))
end

print(("texts of %d and %d KB of one unit over and over, %d units"):format(SIZE // 1000, 2 * SIZE // 1000, #UNITS))
measure("pii, all kinds", scanner(require "pii.all"))
measure("secrets", scanner(require "pii.secrets"))
measure("pii, redact", operator(stage_op("pii", { types = { "all" }, action = "redact" }), "output"))
measure("identity", operator(stage_op "identity", "output"))
for _, name in ipairs { "text_rules", "truncated", "encoding", "markup", "near_empty", "url_quality", "repetition", "leakage" } do
  measure(name, operator(stage_op(name, name == "repetition" and { gopher = true } or nil), name == "leakage" and "input" or "output"))
end
if over > 0 then print(("%d texts are over %.1f times"):format(over, MOST)) end
