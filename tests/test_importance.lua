-- tests/test_importance.lua: weights by hashed words, against the same sums over the words themselves.
local check = require "check"
local importance = require "importance"
local views = require "views"

local SHAPE = { fields = { "input" }, features = { "word", "bigram" }, buckets = 1 << 20 }   -- so wide that none meet

local function features(text)
  local list, before = {}, nil
  for word in text:lower():gmatch "[%w_]+" do
    list[#list + 1] = word
    if before then list[#list + 1] = before .. " " .. word end
    before = word
  end
  return list
end

local function counts(texts)
  local count, all = {}, 0
  for _, text in ipairs(texts) do
    for _, f in ipairs(features(text)) do count[f], all = (count[f] or 0) + 1, all + 1 end
  end
  return count, all
end

local RAW = { "reset my password", "the weather is fine", "a password reset link", "who won the match", "",
              "the the the the", "my invoice is wrong" }
local TARGET = { "how do I reset the password", "password reset", "reset password please" }

local function rows(texts)
  local list = {}
  for i, text in ipairs(texts) do list[i] = { input = text, output = "row " .. i } end
  return views.load(list)
end

local raw, target = rows(RAW), rows(TARGET)

check.test("counts are those of the texts", function()
  local c = importance.counts(raw, SHAPE, views.pool)
  local _, all = counts(RAW)
  check.eq(c:texts(), #RAW)
  check.eq(c:features(), all)
  check.eq(c:empty(), 1)
  check.eq(importance.of_texts(RAW, SHAPE):kl(c), 0.0)
  check.eq(importance.counts(raw, SHAPE, nil, { 1, 4 }):features(), 3 + 2 + 4 + 3)
end)

check.test("a weight is the sum of the log ratios of a text's features", function()
  local t, t_all = counts(TARGET)
  local r, r_all = counts(RAW)
  local w = importance.weights(raw, importance.counts(target, SHAPE), importance.counts(raw, SHAPE),
    { smoothing = 0.5 }, views.pool)
  local mean = importance.weights(raw, importance.counts(target, SHAPE), importance.counts(raw, SHAPE),
    { smoothing = 0.5, mean = true })
  check.eq(#w, #RAW)
  for i, text in ipairs(RAW) do
    local sum, list = 0, features(text)
    for _, f in ipairs(list) do
      sum = sum + math.log(((t[f] or 0) + 0.5) / (t_all + 0.5 * (1 << 20)))
        - math.log(((r[f] or 0) + 0.5) / (r_all + 0.5 * (1 << 20)))
    end
    local row, weight, n = w:at(i)
    check.eq(row, i)
    check.eq(n, #list)
    if #list == 0 then sum = -math.huge end
    check.ok(weight == sum or math.abs(weight - sum) < 1e-9, ("row %d: %.12f, not %.12f"):format(i, weight, sum))
    check.eq(w:of(i), weight)
    local by_mean = select(2, mean:at(i))
    check.ok(by_mean == sum or math.abs(by_mean - sum / #list) < 1e-9)
  end
  check.eq(w:of(#RAW + 1), nil)
end)

check.test("divergence is 0 of a set from itself and its sum elsewhere", function()
  local shape = { fields = { "input" }, features = { "word" }, buckets = 1 }
  check.eq(importance.of_texts(RAW, shape):kl(importance.of_texts(TARGET, shape), 1), 0.0)
  local a, b = importance.of_texts({ "x x x y" }, SHAPE), importance.of_texts({ "x y y y" }, SHAPE)
  local all, rest = 7 + (1 << 20), (1 << 20) - 5
  -- words x 3 1, y 1 3; pairs xx 2 0, xy 1 1, yy 0 2: smoothing 1
  local want = (4 * math.log(4 / 2) + 2 * math.log(2 / 4) + 3 * math.log(3 / 1) + 1 * math.log(1 / 3)) / all
  check.ok(math.abs(a:kl(b, 1) - want) < 1e-12, tostring(a:kl(b, 1)))
  check.ok(rest > 0)
end)

local function weights()
  return importance.weights(raw, importance.counts(target, SHAPE), importance.counts(raw, SHAPE), { smoothing = 0.01 })
end

check.test("the highest weights stay where nothing is drawn", function()
  local w = weights()
  check.eq(w:chosen(2, math.huge, 7), { 1, 3 })
  check.eq(w:chosen(0, 1, 7), {})
  check.eq(#w:chosen(100, 1, 7), #RAW)
end)

check.test("the draw follows the seed, and shares of many seeds follow the weights", function()
  local w = weights()
  check.eq(w:chosen(3, 1, 42), weights():chosen(3, 1, 42))
  -- of one row drawn: the chance is its weight's share of all
  local all, hits, draws = 0, {}, 2000
  for i = 1, #w do
    all = all + math.exp(0.25 * select(2, w:at(i)))
    hits[i] = 0
  end
  for seed = 1, draws do
    local row = w:chosen(1, 0.25, seed)[1]
    hits[row] = hits[row] + 1
  end
  for i = 1, #w do
    local share = math.exp(0.25 * select(2, w:at(i))) / all
    local sigma = math.sqrt(share * (1 - share) / draws)
    check.ok(math.abs(hits[i] / draws - share) < 5 * sigma + 1e-3, ("row %d: %.4f, expected %.4f"):format(i,
      hits[i] / draws, share))
  end
end)

check.test("verdicts reject all but the chosen, with rank and number as evidence", function()
  local w = weights()
  local child = raw:apply("match", w:choose(2, math.huge, 1, "row", "off_target"))
  check.eq((child:counts()), 2)
  local v = child:row(5)
  check.eq({ v.stage, v.reason }, { "match", "off_target" })
  check.eq(v.evidence, { field = "row", value = 7, threshold = 2 })   -- the row without a word is the last
end)

check.test("trusted rows go before all others", function()
  local view = views.load({ { input = "the weather is fine", output = "a" } }, { trusted = true })
  local c = importance.counts(view, SHAPE)
  local w = importance.weights(view, c, c, {})
  check.eq(w:chosen(1, math.huge, 1), { 1 })
end)

check.test("one draw follows the target: its divergence falls under that of a draw at random", function()
  local words, list, wanted = { "alpha", "beta", "gamma", "delta", "eps", "zeta", "eta", "theta" }, {}, {}
  local state = 5
  local function draw(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return (state >> 8) % n
  end
  for i = 1, 1000 do
    local from, text = i % 5 == 0 and 4 or 0, {}
    for k = 1, 6 do text[k] = words[1 + from + draw(4)] end
    list[i] = { input = table.concat(text, " "), output = tostring(i) }
    if i % 5 == 0 and i <= 500 then wanted[#wanted + 1] = list[i].input end
  end
  local view = views.load(list)
  local goal, all = importance.of_texts(wanted, SHAPE), importance.counts(view, SHAPE)
  local w = importance.weights(view, goal, all, { smoothing = 0.1 })
  local by_weight = importance.counts(view, SHAPE, nil, w:chosen(150, 1, 3))
  local at_random = importance.counts(view, SHAPE, nil, w:chosen(150, 0, 3))
  check.ok(goal:kl(by_weight, 0.1) < 0.5 * goal:kl(at_random, 0.1))
end)

check.test("misuse raises, and says what was wrong", function()
  check.raises("features[1]: expected", importance.counts, raw, { fields = { "input" }, features = { "words" } })
  check.raises("at least one of", importance.counts, raw, { fields = { "input" }, features = {} })
  check.raises("buckets: expected 1 to", importance.counts, raw, { fields = { "input" }, buckets = 0 })
  local a, b = importance.of_texts(RAW, SHAPE), importance.of_texts(RAW, { buckets = 10 })
  check.raises("same features and buckets", a.kl, a, b)
  check.raises("smoothing: expected a number above 0", a.kl, a, a, 0)
  check.raises("ascending", importance.counts, raw, SHAPE, nil, { 2, 1 })
  check.raises("is no row", importance.counts, raw, SHAPE, nil, { 99 })
end)

check.done()
