--- agree.figures against published worked examples.
local check = require "check"
local figures = require "agree.figures"

local function near(got, want, within) check.ok(got and math.abs(got - want) < (within or 5e-4), tostring(got)) end

-- Two arrays from a table of counts: counts[i][j] rows that a scored i and b scored j.
local function scores(table_of_counts)
  local a, b = {}, {}
  for i, row in ipairs(table_of_counts) do
    for j, n in ipairs(row) do
      for _ = 1, n do a[#a + 1], b[#b + 1] = i, j end
    end
  end
  return a, b
end

local function letters(text)
  local out = {}
  for c in text:gmatch "%S" do out[#out + 1] = c ~= "." and c:byte() or false end
  local sparse = {}
  for i, v in ipairs(out) do sparse[i] = v or nil end
  return sparse
end

check.test("kappa of 20, 5, 10, 15 is 0.4", function()
  local a, b = scores { { 20, 5 }, { 10, 15 } }
  near(figures.exact(a, b), 0.7, 1e-12)
  near(figures.kappa(a, b), 0.4, 1e-12)
end)

-- Agresti 1990, table 2.10: 91 couples; kappa .129, with linear weights .237.
check.test("kappa of Agresti's couples, plain and weighted", function()
  local a, b = scores { { 7, 7, 2, 3 }, { 2, 8, 3, 7 }, { 1, 5, 4, 9 }, { 2, 8, 9, 14 } }
  near(figures.kappa(a, b), 0.1293)
  near(figures.kappa(a, b, "linear"), 0.2374)
end)

check.test("with two scores every weight gives the plain kappa", function()
  local a, b = scores { { 20, 5 }, { 10, 15 } }
  near(figures.kappa(a, b, "linear"), 0.4, 1e-12)
  near(figures.kappa(a, b, "quadratic"), 0.4, 1e-12)
end)

-- Krippendorff 2011, sections A to D.
check.test("alpha of two observers and binary data is 0.095", function()
  local meg, owen = letters "0 1 0 0 0 0 0 0 1 0", letters "1 1 1 0 0 1 0 0 0 0"
  near(figures.alpha({ meg, owen }, "nominal"), 0.095)
end)

check.test("alpha of two observers and nominal data is 0.692", function()
  local ben, gerry = letters "a a b b d c c c e d d a", letters "b a b b b c c c e d d d"
  near(figures.alpha({ ben, gerry }, "nominal"), 0.692)
end)

check.test("alpha of four observers with gaps is 0.743, ordinal 0.815, interval 0.849", function()
  local observers = {
    letters "1 2 3 3 2 1 4 1 2 . . .", letters "1 2 3 3 2 2 4 1 2 5 . 3",
    letters ". 3 3 3 2 3 4 2 2 5 1 .", letters "1 2 3 3 2 4 4 1 2 5 1 .",
  }
  near(figures.alpha(observers, "nominal"), 0.743)
  near(figures.alpha(observers, "ordinal"), 0.815)
  near(figures.alpha(observers, "interval"), 0.849)
end)

check.test("Spearman of ten pairs is -29/165, and equal values share their rank", function()
  local iq = { 106, 100, 86, 101, 99, 103, 97, 113, 112, 110 }
  local hours = { 7, 27, 2, 50, 28, 29, 20, 12, 6, 17 }
  near(figures.spearman(iq, hours), -29 / 165, 1e-12)
  near(figures.spearman({ 1, 2, 2, 3 }, { 1, 2, 2, 3 }), 1, 1e-12)
end)

check.test("what cannot be known is nil, not a number", function()
  check.eq(figures.exact({}, {}), nil)
  check.eq(figures.kappa({ 1, 1 }, { 1, 1 }), nil)
  check.eq(figures.alpha { { 1, 1 }, { 1, 1 } }, nil)
  check.eq(figures.spearman({ 1, 1 }, { 1, 2 }), nil)
  check.eq(figures.interval(figures.kappa, {}, {}), nil)
end)

-- 100 rows of which 70 agree: the binomial interval at 95% is about 0.70 +- 0.09.
check.test("an interval holds its figure, is as wide as the binomial one, and repeats with its seed", function()
  local a, b = scores { { 40, 10 }, { 20, 30 } }
  local low, high = figures.interval(figures.exact, a, b, { seed = 7 })
  check.ok(low < 0.7 and 0.7 < high)
  near(high - low, 2 * 1.96 * math.sqrt(0.7 * 0.3 / 100), 0.02)
  local again_low, again_high = figures.interval(figures.exact, a, b, { seed = 7 })
  check.eq(low, again_low)
  check.eq(high, again_high)
end)

check.test("confusion counts who gave what", function()
  local confusion, keys = figures.confusion({ 1, 2, 2 }, { 1, 2, 3 })
  check.eq(#keys, 3)
  check.eq(confusion[2][3], 1)
  check.eq(confusion[2][2], 1)
  check.eq(confusion[1][1], 1)
end)

check.done()
