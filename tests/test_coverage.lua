-- tests/test_coverage.lua - the stages diversity and outliers on vectors given one by one
local check = require "check"
local core = require "core"
local diversity = require "stages.diversity"
local json = require "json"
local outliers = require "stages.outliers"
local select = require "select"
local vectors = require "vectors"
local views = require "views"

local function rows(list, source)
  local out, given = {}, {}
  for i, x in ipairs(list) do
    out[i] = { input = "question " .. i, output = "the answer number " .. i .. " of all" }
    given[i] = x
  end
  local view = views.load(out, source)
  return assert(vectors.attach(view, "embed", vectors.make(view, given, { dim = 2, name = "hand" })))
end

local function ctx(pool) return { name = "stage", seed = 42, pool = pool or views.pool } end

check.test("a row that points elsewhere is the farthest, and goes past a bound", function()
  local view = rows { { 1, 0 }, { 1, 0.1 }, { 1, -0.1 }, { -1, 0 }, { 1, 0.05 } }
  local verdicts, info = outliers.run(view, views.params(outliers, { k = 2, top = 2 }), ctx())
  check.ok(verdicts, info)
  local f = info.figures.outliers
  check.eq({ f.rows, f.base, f.exact, #f.top, f.top[1].at.line, f.embedding }, { 5, 5, 5, 2, 4, "hand" })
  -- the cosines of (-1, 0) with (1, 0.1) and (1, -0.1), its nearest, are -1 / sqrt(1.01)
  check.near(f.top[1].distance, 1 + 1 / math.sqrt(1.01), 1e-6)
  check.eq(f.top[1].text, "question 4")
  check.contains(info.notes[1], "farthest from everything")
  local child = assert(view:apply("outliers", verdicts))
  check.eq((child:counts()), 5)
  check.near(child:row(4).metrics["outliers.distance"], f.top[1].distance)
  verdicts, info = outliers.run(view, views.params(outliers, { k = 2, max_distance = 1 }), ctx())
  check.eq(#info.notes, 0)
  child = assert(view:apply("outliers", verdicts))
  local row = child:row(4)
  check.eq({ row.status, row.reason, row.evidence.threshold }, { "rejected", "outlier", 1.0 })
  check.eq((child:counts()), 4)
end)

check.test("a trusted row past the bound is tagged and stands", function()
  local view = rows({ { 1, 0 }, { 1, 0.1 }, { 1, -0.1 }, { -1, 0 }, { 1, 0.05 } }, { trusted = true })
  view = assert(view:annotate("flagged", { [2] = "length:too_short", [4] = "length:too_short" }))
  local child, info = outliers.run(view, views.params(outliers, { k = 2, max_distance = 1 }), ctx())
  check.ok(child, info)
  check.eq((child:counts()), 5)
  check.eq(child:row(4).annotations.flagged, "length:too_short,stage:outlier")
  check.eq({ child:row(1).annotations.flagged, child:row(2).annotations.flagged }, { nil, "length:too_short" })
  check.near(child:row(4).metrics["stage.distance"], 1 + 1 / math.sqrt(1.01), 1e-6)
end)

check.test("without vectors they say what is missing; rows without one are compared with nobody", function()
  local plain = views.load { { input = "a", output = "b" } }
  local none, err = outliers.run(plain, views.params(outliers), ctx())
  check.eq({ none, err }, { nil, "it needs an embed stage before it" })
  check.eq({ outliers.ready(views.params(outliers), { before = function() return {} end }) },
           { nil, "it needs an embed stage before it" })
  local view = rows { { 1, 0 }, { 0, 0 }, { 0, 1 } }
  local _, info = outliers.run(view, views.params(outliers), ctx())
  check.eq({ info.figures.outliers.rows, #info.figures.outliers.top }, { 2, 2 })
  check.near(info.figures.outliers.top[1].distance, 1)
end)

check.test("what a choice kept is held against what was read, and against chance", function()
  local list = {}
  for i = 1, 400 do
    local turn = (i % 20) * math.pi / 10 + (i > 200 and 0.05 or 0)
    list[i] = { math.cos(turn), math.sin(turn) }
  end
  local view = rows(list)
  local same, info = diversity.run(view, views.params(diversity), ctx())
  check.eq(same, view)
  local f = info.figures.diversity
  check.eq({ f.read.rows, f.kept.rows, f.random, #info.notes }, { 400, 400, nil, 0 })
  -- 3-grams: "the answer number" once, then "answer number i", "number i of", "i of all" of each row
  check.eq({ f.read.ngrams, f.read.distinct }, { 400 * 4, 400 * 3 + 1 })
  local some = assert(view:apply("sample", select.count(view, 100, 7, "not_drawn")))
  local _
  _, info = diversity.run(some, views.params(diversity), ctx())
  f = info.figures.diversity
  check.eq({ f.read.rows, f.kept.rows, f.random.rows, f.kept.with_vector }, { 400, 100, 100, 100 })
end)

check.test("without an embed stage words and topics are counted; any number of threads gives the same", function()
  local out = {}
  for i = 1, 50 do out[i] = { input = "question " .. i, output = ("word%d and %d more things"):format(i % 7, i % 5) } end
  local view = assert(views.load(out):annotate("topic", { "a", "b", "unknown", "a" }))
  local _, info = diversity.run(view, views.params(diversity), ctx())
  local f = info.figures.diversity
  check.eq({ f.topics.read, f.topics.kept, f.embedding, f.read.distance }, { 2, 2, nil, nil })
  local _, one = diversity.run(view, views.params(diversity), ctx(core.pool(1)))
  check.eq(json.encode(one.figures.diversity), json.encode(f))
end)

check.done()
