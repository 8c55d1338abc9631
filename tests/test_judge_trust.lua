--- Is a judge to be believed: figures against published examples and arithmetic, and what a calibration speaks for.

local calibrate = require "judge.calibrate"
local check = require "check"
local fs = require "fs"
local labels = require "judge.labels"
local rubric = require "judge.rubric"
local trust = require "judge.trust"

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

check.done()
