--- Is a judge to be believed: figures against published examples and arithmetic, and what a calibration speaks for.

local calibrate = require "judge.trust.calibrate"
local check = require "check"
local drift = require "judge.trust.drift"
local family = require "judge.trust.family"
local fs = require "fs"
local labels = require "judge.marks.labels"
local rubric = require "judge.rubric"
local scores = require "judge.marks.file"
local slope = require "judge.trust.slope"
local trust = require "judge.trust.standing"

local R = rubric.check { "correctness", "tone" }
local P = { min_overall = 3.5, exclude_below = 3, exclude_lowest = true, overall = "weighted" }
local O = { draws = 40, seed = 1 }

--- Rows that both marked, from a table of counts: { people, judge, how many }, every dimension alike.
local function rows(list)
  local out = {}
  for _, x in ipairs(list) do
    for _ = 1, x[3] do
      out[#out + 1] = { people = { correctness = x[1], tone = x[1] }, judge = { correctness = x[2], tone = x[2] } }
    end
  end
  return out
end

local function none() return { n = 0, kept = 0 } end

-- ---- figures ----

-- Brucellosis in a herd: 23 of 150 cows test positive, sensitivity 96%, specificity 89% (the example of epiR's epi.prev,
-- which gives 5.1 in 100 and, with both rates held for certain, 0 to 12).
check.test("23 of 150 by a test of 96% and 89% are 5.1% in truth", function()
  local c = calibrate.corrected(23 / 150, 150, 0.96, 1e12, 0.89, 1e12)
  check.near(c.value, 0.051, 5e-4)
  check.eq(c.low, 0)
  check.near(c.high, 0.051 + 1.96 * math.sqrt(23 / 150 * 127 / 150 / 150) / 0.85, 1e-3)
end)

check.test("the correction undoes what an erring judge makes of a true share", function()
  local truth, se, sp = 0.7, 0.9, 0.8
  local p = truth * se + (1 - truth) * (1 - sp)
  check.near(calibrate.corrected(p, 1000, se, 100, sp, 100).value, truth, 1e-12)
  check.eq(calibrate.corrected(0.5, 100, 0.5, 50, 0.55, 50), nil, "such a judge says nothing")
end)

check.test("sensitivity, specificity and kappa of decisions are those of the table", function()
  local f = calibrate.figures(rows { { 5, 5, 20 }, { 4, 3, 5 }, { 2, 4, 10 }, { 2, 2, 15 } }, R, P, none, O)
  local d = f.decisions.now
  check.eq(d.counts, { both = 20, people_only = 5, judge_only = 10, neither = 15 })
  check.near(d.sensitivity.value, 0.8)
  check.near(d.specificity.value, 0.6)
  check.near(d.kappa.value, 0.4)   -- 20, 5, 10, 15: Cohen's example
  check.eq(f.n, 50)
  check.eq(f.overall.confusion.scores, { 2, 3, 4, 5 })
  check.eq(f.overall.confusion.rows[1], { 15, 0, 10, 0 })
end)

check.test("the best threshold is where the decisions part as people's do", function()
  local f = calibrate.figures(rows { { 5, 5, 10 }, { 4, 3, 10 }, { 3, 2, 10 }, { 2, 2, 10 } }, R,
    { min_overall = 3.5, exclude_below = 1, exclude_lowest = false, overall = "weighted" }, none, O)
  check.eq(f.decisions.best.threshold, 3.0)
  check.near(f.decisions.best.kappa.value, 1)
  check.ok(f.decisions.best.low <= 3 and f.decisions.best.high >= 3)
end)

check.test("what does not vary is undefined, not 0", function()
  local f = calibrate.figures(rows { { 4, 4, 12 } }, R, P, none, O)
  check.eq(f.overall.exact.value, 1.0)
  for _, name in ipairs { "kappa", "weighted", "alpha", "spearman" } do check.eq(f.overall[name].value, nil, name) end
  check.eq(f.decisions.now.specificity.value, nil)
  check.eq(f.decisions.best, nil)
end)

check.test("a row that people marked in part counts for the dimensions they marked", function()
  local list = rows { { 5, 4, 3 } }
  list[1].people.tone = nil
  local f = calibrate.figures(list, R, P, none, O)
  check.eq({ f.dimensions[1].n, f.dimensions[2].n, f.n }, { 3, 2, 2 })
end)

-- ---- length ----

-- Anscombe, "Graphs in statistical analysis", 1973: four sets, each with the line 3.00 + 0.500 x.
local ANSCOMBE = {
  { { 10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5 }, { 8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68 } },
  { { 10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5 }, { 9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74 } },
  { { 8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8 }, { 6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89 } },
}

local function same(n) local out = {} for i = 1, n do out[i] = 1 end return out end

check.test("the slope of Anscombe's sets is 0.500", function()
  for _, set in ipairs(ANSCOMBE) do check.near(slope.fit(set[1], set[2], same(11)).slope, 0.5, 5e-4) end
end)

-- a x = b, a square, b a matrix: Gauss, Jordan.
local function solve(a, b)
  local n, m = #a, {}
  for i = 1, n do m[i] = { table.unpack(a[i]) } table.move(b[i], 1, #b[i], n + 1, m[i]) end
  for i = 1, n do
    local best = i
    for k = i, n do if math.abs(m[k][i]) > math.abs(m[best][i]) then best = k end end
    m[i], m[best] = m[best], m[i]
    for k = 1, n do
      local f = k ~= i and m[k][i] / m[i][i] or 0
      for j = 1, #m[i] do m[k][j] = m[k][j] - f * m[i][j] end
    end
  end
  for i = 1, n do
    local row = {}
    for j = n + 1, #m[i] do row[#row + 1] = m[i][j] / m[i][i] end
    m[i] = row
  end
  return m
end

check.test("slope and HC1 error are those of the whole regression with a dummy a source", function()
  local x, y, group, design, state = {}, {}, {}, {}, 7
  local function random() state = (state * 1103515245 + 12345) & 0x7fffffff; return state / 0x7fffffff end
  for i = 1, 60 do
    group[i] = i % 3 + 1
    x[i] = 3 + 4 * random() + group[i]
    y[i] = 1 + 0.2 * x[i] - group[i] + (random() - 0.5) * x[i]
    design[i] = { x[i], group[i] == 1 and 1 or 0, group[i] == 2 and 1 or 0, group[i] == 3 and 1 or 0 }
  end
  local function gram(weight)
    local out = {}
    for a = 1, 4 do
      out[a] = {}
      for b = 1, 4 do
        local sum = 0
        for i = 1, 60 do sum = sum + design[i][a] * design[i][b] * weight(i) end
        out[a][b] = sum
      end
    end
    return out
  end
  local xy = {}
  for a = 1, 4 do
    xy[a] = { 0 }
    for i = 1, 60 do xy[a][1] = xy[a][1] + design[i][a] * y[i] end
  end
  local xx = gram(function() return 1 end)
  local b = solve(xx, xy)
  local function residual(i)
    local e = y[i]
    for a = 1, 4 do e = e - design[i][a] * b[a][1] end
    return e
  end
  local meat = gram(function(i) return residual(i) ^ 2 end)
  local bread = solve(xx, { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } })
  local variance = 0
  for a = 1, 4 do
    for c = 1, 4 do variance = variance + bread[1][a] * meat[a][c] * bread[c][1] end
  end
  local fit = slope.fit(x, y, group)
  check.near(fit.slope, b[1][1], 1e-9)
  check.near(fit.se, math.sqrt(variance * 60 / (60 - 4)), 1e-9)
  check.eq(fit.groups, 3)
end)

check.test("at equal length the rows turn round that their length alone kept", function()
  local list = {}
  for i = 1, 40 do   -- 2 ^ 4 tokens and 3.2, 2 ^ 6 tokens and 3.6: 0.2 a doubling; all would have 3.4
    local long = i % 2 == 0
    list[i] = { tokens = long and 64 or 16, total = long and 3.6 or 3.2, source = 1,
                keep = function(total) return total >= 3.5 end }
  end
  local s = slope.of(list)
  check.near(s.slope, 0.2)
  check.eq(s.flips, { go = 20, come = 0 })
  for _, r in ipairs(list) do r.tokens = 16 end
  check.eq(slope.of(list), nil, "lengths that do not vary")
end)

check.test("kin is told by the family of models", function()
  check.eq(family.of "claude-haiku-4-5-20251001", "claude")
  check.eq(family.of "openai/gpt-4o", "gpt")
  check.eq(family.of "meta-llama/Llama-3-8B", "llama")
  check.eq(family.kin("gpt-4o-mini", { { path = "a", generator = "gpt-4" }, { path = "b" },
                                       { path = "c", generator = "claude-3" } }),
           { { source = "a", generator = "gpt-4", family = "gpt" } })
end)

-- ---- labels ----

local function with_file(text, fn)
  local path = os.tmpname()
  fs.write(path, text)
  local ok, err = pcall(fn, path)
  os.remove(path)
  if not ok then error(err, 0) end
end

check.test("labels name rows by identity, id or place; the later line counts; skipped rows have no marks", function()
  with_file([[
{"identity":"AB","scores":{"correctness":1,"tone":2},"annotator":"ben"}
{"identity":"ab","scores":{"correctness":3},"annotator":"ana"}
{"id":17,"correctness":4,"tone":5}
{"source":"x/raw.jsonl","line":3,"scores":{"tone":4}}
{"identity":"cd","scores":{},"skipped":true}
{"identity":"ef","scores":{"correc]], function(path)
    local l = labels.read(path, R)
    check.eq({ l.count, l.annotators }, { 4, { "ana", "ben" } })
    check.eq(labels.of(l, { identity = "ab", source = "raw.jsonl", line = 1 }).scores, { correctness = 3 })
    check.eq(labels.of(l, { identity = "zz", id = 17, source = "raw.jsonl", line = 9 }).scores.tone, 5)
    check.eq(labels.of(l, { identity = "zz", source = "y/raw.jsonl", line = 3 }).scores.tone, 4)
    check.eq(labels.of(l, { identity = "cd", source = "raw.jsonl", line = 8 }), nil)
  end)
  with_file('{"identity":"ab","scores":{"tone":9}}\n', function(path)
    local l, err = labels.read(path, R)
    check.eq(l, nil)
    check.contains(err, ":1: tone is 9: expected a whole number from 1 to 5")
  end)
end)

-- ---- what a calibration speaks for ----

local function figures(o)
  local f = { provider = "openai", model = "m", served = { "m-1" }, rubric = { sha256 = "r", version = 1 } }
  for k, v in pairs(o or {}) do f[k] = v end
  return f
end

check.test("a calibration speaks for one judge, model that answered, rubric and version", function()
  local dir = os.tmpname()
  os.remove(dir)
  local path = trust.path(dir .. "/.tamis/judge.db")
  check.eq(trust.of(figures(), path).state, "untrusted")
  local record = trust.subject(figures())
  record.n, record.informative = 120, true
  check.ok(trust.add(path, record))
  record.n = 150
  check.ok(trust.add(path, record), "the same again takes its place")
  check.eq(#trust.read(path), 1)
  check.eq({ trust.of(figures(), path).state, trust.of(figures(), path).n }, { "calibrated", 150 })
  local others = { model = "n", provider = "anthropic", served = { "m-1", "m-2" },
                   rubric = { sha256 = "r", version = 2 }, scores = { sha256 = "s" } }
  for what, other in pairs(others) do
    check.eq(trust.of(figures { [what] = other }, path).state, "untrusted", what)
  end
  record.informative = false
  check.ok(trust.add(path, record))
  check.eq(trust.of(figures(), path).state, "uninformative")
  check.eq(trust.of(figures { scores = { sha256 = "s", annotators = { "ana" } } }, path).state, "people")
  os.remove(path)
  os.remove(dir .. "/.tamis")
  os.remove(dir)
end)

check.test("a score file is people's own where every line names who gave the marks", function()
  local one = '{"id":1,"annotator":"ben","correctness":4,"tone":4}\n{"id":2,"annotator":"ana","correctness":4,"tone":4}\n'
  check.eq(scores.annotators(scores.read("s", one, R)), { "ana", "ben" })
  check.eq(scores.annotators(scores.read("s", one .. '{"id":3,"correctness":4,"tone":4}\n', R)), nil)
end)

-- ---- drift ----

check.test("drift compares what both rubrics have; where a mark is missing the first decision stands", function()
  local now = rubric.check { { name = "correctness", weight = 3 }, "clarity" }
  local a = { identity = "a", scores = { correctness = 4, tone = 1 }, keep = true, model = "m", rubric = "old" }
  local b = { identity = "b", scores = { correctness = 5, tone = 5 }, keep = false, model = "m", rubric = "old" }
  local c = { identity = "c", scores = { correctness = 2, tone = 5 }, keep = false, model = "m", rubric = "old" }
  local function marks(n, clarity) return { state = "scored", scores = { correctness = n, clarity = clarity } } end
  local self = { rubric = now, p = P, drift = { changed = true, list = { a, b, c },
    again = { [a] = marks(3, 3), [b] = marks(5, 5), [c] = { state = "skipped_budget" } } } }
  local d = drift.figures(self)
  check.eq({ d.pinned, d.judged, #d.dimensions }, { 3, 2, 1 })
  check.eq(d.dimensions[1], { name = "correctness", n = 2, shift = -0.5, exact = 0.5 })
  check.near(d.total.shift, -0.5)
  check.eq(d.flips, { go = 1, come = 1 })
  check.contains(drift.line(d, "m"), "of 3 pinned rows 2 were judged again, against an earlier rubric")
  self.drift.again = {}
  check.eq(drift.figures(self).judged, 0)
end)

check.done()
