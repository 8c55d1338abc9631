-- tests/test_distribution.lua - training rows against another set: shares, words, nearness, by arithmetic
local check = require "check"
local core = require "core"
local coverage = require "coverage"
local json = require "json"
local shares = require "distribution.shares"
local stage = require "stages.distribution"
local vectors = require "vectors"
local views = require "views"
local words = require "distribution.words"

local function ctx(more)
  local c = { name = "distribution", seed = 42, pool = views.pool, before = function() return {} end }
  for k, v in pairs(more or {}) do c[k] = v end
  return c
end

-- Whole numbers that look random, the same everywhere.
local function draws(seed)
  return function(n)
    seed = (seed * 6364136223846793005 + 1442695040888963407)
    return (seed >> 33) % n + 1
  end
end

local function view_of(counts)
  local rows = {}
  for _, c in ipairs(counts) do
    for i = 1, c[2] do rows[#rows + 1] = { input = c[1] .. " " .. i, output = "x", topic = c[1] ~= "-" and c[1] or nil } end
  end
  return views.load(rows)
end

check.test("topic shares and their divergence are those of a calculation by hand", function()
  local s = check.ok(shares.of(view_of { { "a", 2 }, { "b", 2 } }, view_of { { "a", 1 }, { "c", 3 } }, "topic", views.pool))
  -- p = 1/2, 1/2, 0; q = 1/4, 0, 3/4; middle 3/8, 1/4, 3/8
  local js = (0.5 * math.log(4 / 3, 2) + 0.5 + 0.25 * math.log(2 / 3, 2) + 0.75) / 2
  check.near(s.js, js, 1e-12)
  check.near(s.chance, 2 * (1 / 4 + 1 / 4) / (8 * math.log(2)), 1e-12)
  check.eq({ s.groups[1].name, s.groups[1].train, s.groups[1].other, s.count }, { "c", 0.0, 0.75, 3 })
  check.eq(shares.of(view_of { { "a", 2 } }, view_of { { "-", 2 } }, "topic", views.pool), nil)
  check.eq(shares.of(view_of { { "a", 2 } }, view_of { { "a", 9 } }, "topic", views.pool).js, 0)
end)

check.test("what chance makes of the divergence of equal distributions is what it says, on average", function()
  local divergence = require "balance.divergence"
  local draw, sum = draws(3), 0
  for _ = 1, 400 do
    local a, b = { 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0 }
    for _ = 1, 200 do local k = draw(5); a[k] = a[k] + 1 end
    for _ = 1, 400 do local k = draw(5); b[k] = b[k] + 1 end
    sum = sum + divergence.js(a, b)
  end
  local said = shares.chance(5, 200, 400)
  check.ok(math.abs(sum / 400 - said) < 0.15 * said, sum / 400 / said)
end)

local function texts(n, seed, more)
  local draw, out = draws(seed), {}
  for i = 1, n do
    local t = {}
    for k = 1, 8 do t[k] = "word" .. draw(400) end
    if more then t[#t + 1] = more(i) end
    out[i] = table.concat(t, " ")
  end
  return out
end

check.test("texts of one kind cannot be told apart, others can; copies on both sides do not help", function()
  local o = { sample = 1000, folds = 5, seed = 42 }
  local same = check.ok(words.tell(texts(600, 1), texts(600, 2), o))
  check.ok(math.abs(same.auc - 0.5) < 0.05, same.auc)
  check.eq(same.texts, 600)
  local half = words.tell(texts(600, 1), texts(600, 2, function(i) return i % 2 == 0 and "refund" or "order" end), o)
  check.ok(half.auc > 0.95, half.auc)              -- "order" or "refund" stands in each, and in none of training
  local quarter = words.tell(texts(600, 1), texts(600, 2, function(i) return i % 4 == 0 and "refund" or nil end), o)
  check.ok(quarter.auc > 0.57 and quarter.auc < 0.7, quarter.auc)   -- 0.25 told, the rest by chance: 0.625
  local copied = texts(300, 1)
  local known = words.tell(copied, table.move(copied, 1, 300, 1, {}), o)
  check.ok(math.abs(known.auc - 0.5) < 0.05, known.auc)
  check.eq(words.tell(texts(19, 1), texts(600, 2), o), nil)
  -- the same words and pairs, but three sentences in place of one: told by no classifier of words
  local function cut(list)
    for i, t in ipairs(list) do list[i] = t:gsub("^(%S+ %S+) (%S+ %S+) ", "%1. %2! ") end
    return list
  end
  local sentences = words.tell(texts(600, 1), cut(texts(600, 2)), o)
  check.ok(math.abs(sentences.auc - 0.5) < 0.05, sentences.auc)
  local function again() return json.encode { words.tell(texts(100, 1), texts(100, 2), o) } end
  check.eq(again(), again())
end)

check.test("the words that tell are those that stand in one set alone", function()
  local t = words.apart(texts(200, 1, function() return "Don't!" end), texts(200, 2, function() return "refund" end), 3)
  check.eq({ t.other[1].word, t.other[1].train, t.other[1].other }, { "refund", 0.0, 1.0 })
  check.eq(t.train[1].word, "dont")
end)

local function on_circle(degrees)
  local rows, given = {}, {}
  for i, d in ipairs(degrees) do
    rows[i] = { input = "question at " .. d, output = "o" }
    given[i] = { math.cos(math.rad(d)), math.sin(math.rad(d)) }
  end
  local view = views.load(rows)
  return view, vectors.make(view, given, { dim = 2, name = "hand" })
end

check.test("queries that no training row is near are found, against a bound that is given or the rows' own", function()
  local train, tv = on_circle { 0, 10, 20, 30, 40, 90 }
  local asked, av = on_circle { 5, 35, 60, 150, 20 }
  local ask = { bound = math.cos(math.rad(15)), share = 0.05, own = 100, seed = 1 }
  local found = check.ok(coverage.reach(train, tv, asked, av, ask, views.pool))
  check.eq({ found.base, found.queries, found.own, found.far }, { 6, 5, 6, 2 })
  check.eq({ found.rows[1].row, found.rows[1].nearest, found.rows[2].row, found.rows[2].nearest }, { 4, 6, 3, 5 })
  check.near(found.rows[1].cosine, math.cos(math.rad(60)), 1e-6)
  check.near(found.own_p50, math.cos(math.rad(10)), 1e-6)
  ask.bound = nil
  found = coverage.reach(train, tv, asked, av, ask, core.pool(1))
  -- nearest other of training: 10 degrees five times, 50 once; the 0.05 quantile lies a quarter of the way up from 50
  local low, high = math.cos(math.rad(50)), math.cos(math.rad(10))
  check.near(found.bound, low + 0.25 * (high - low), 1e-6)
  check.eq(found.far, 1)
  local _, short = on_circle { 0 }
  check.raises("expected vectors of the other view's rows", coverage.reach, train, tv, asked, short, ask, views.pool)
end)

check.test("a set is told of whole: topics, lengths, words, and why nearness is not", function()
  local rows, other = {}, {}
  for i, t in ipairs(texts(60, 1)) do rows[i] = { input = t, output = "a b", topic = i % 2 == 0 and "x" or "y" } end
  for i, t in ipairs(texts(50, 2)) do other[i] = { input = t .. " more words here", output = "a b c d e f", topic = "x" } end
  local view, gold = views.load(rows), views.load(other)
  local _, info = stage.run(view, views.params(stage), ctx { gold = gold })
  local set = info.figures.distribution.sets[1]
  check.eq({ set.what, set.rows, set.train_rows, set.topics.groups[1].name }, { "gold", 50, 60, "x" })
  check.eq({ set.lengths[2].field, set.lengths[2].ratio, set.lengths[1].other.median }, { "output", 3.0, 11.0 })
  check.eq(set.signs, json.array { "topics", "words", "length_output" })
  check.eq(set.no_reach, "it needs an embed stage before it")
  check.eq(#info.notes, 4)
  check.contains(info.notes[1], "x 50.0% here, 100.0% there")
  set = select(2, stage.run(view, views.params(stage, { by = "intent" }), ctx { gold = gold })).figures.distribution.sets[1]
  check.eq({ set.topics or "none", set.no_topics },
    { "none", 'by = "intent": no training row and no row of the gold set has one, so its shares are not told' })
  local _, none = stage.run(view, views.params(stage), ctx())
  check.contains(none.notes[1], "nothing to compare with")
end)

check.test("production is read as queries: a chat may end with the user's turn, a class is no answer", function()
  local beside = require "run.beside"
  local folder = check.folder()
  local function read(name, line)
    check.write(folder .. "/" .. name, (line .. "\n"):rep(30))
    local view, how = beside.read({ models = {}, folder = folder, pool = views.pool }, { name = "d" }, name)
    if not view then return nil, how end
    check.eq((view:counts()), 30)
    return { view:field(1, "input"), view:field(1, "output") or "-" }, how
  end
  local asked, how = read("chat.jsonl", '{"messages":[{"role":"user","content":"where is my card"}]}')
  check.eq(check.ok(asked, how), { "where is my card", "-" })
  check.contains(how, "chat.jsonl: 30 rows, messages")
  check.eq(read("whole.jsonl", '{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a"}]}'),
    { "u", "a" })
  check.eq(read("share.jsonl", '{"conversations":[{"from":"human","value":"u"}]}'), { "u", "-" })
  check.eq(read("prompt.jsonl", '{"prompt":[{"role":"user","content":"u"}]}'), { "u", "-" })
  check.eq(read("text.jsonl", '{"text":"u"}'), { "u", "-" })
  asked, how = read("intent.jsonl", '{"input":"u","intent":"card_arrival"}')
  check.eq(asked, { "u", "-" })
  check.contains(how, 'input = "input"')
  check.eq(read("reply.jsonl", '{"query":"u","reply":"a"}'), { "u", "a" })
  local _, why = read("lines.txt", "where is my card")
  check.contains(why, 'make rows of the form {"input": "…"}')
  check.contains(beside.fault({ "a.jsonl", "b.jsonl" }, "production"), "names 2 files")
  check.contains(beside.fault({ "a.jsonl", feilds = {} }, "production"), "feilds")
  check.eq(beside.fault({ "a.jsonl", fields = { input = "q" } }, "production"), nil)
end)

check.done()
