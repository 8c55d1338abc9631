-- tests/test_spot.lua - the interval of an error rate, and what labels say of a queue
local check = require "check"
local corpus = require "corpus"
local json = require "json"
local labels = require "spot.labels"
local queue = require "spot.queue"
local stage = require "stages.spot_check"
local views = require "views"

check.test("the interval is Wilson's", function()
  -- 10 of 100: (0.1 + z²/200 ± z √(0.09/100 + z²/40000)) / (1 + z²/100), z = 1.96: 0.0552 and 0.1744 (Newcombe 1998, table I)
  local low, high = labels.interval(10, 100)
  check.near(low, 0.0552, 5e-5)
  check.near(high, 0.1744, 5e-5)
  low, high = labels.interval(0, 20)
  check.eq(low, 0.0)
  check.near(high, 0.1611, 5e-5)
  low, high = labels.interval(148, 263)    -- Newcombe's example: 0.5024 to 0.6214
  check.near(low, 0.5024, 5e-4)
  check.near(high, 0.6214, 5e-4)
  check.eq(labels.interval(0, 0), nil)
end)

check.test("labels of several people are a mean; skipped rows and other rubrics are no labels", function()
  local rows = {}
  for i = 1, 5 do rows[i] = { input = "question " .. i, output = "answer " .. i } end
  local view = views.load(rows, { kind = "synthetic", attributes = { knowledge = "true" } })
  local dir = check.folder()
  local function line(i, score, skipped)
    return json.encode { identity = view:row(i).identity, scores = score or json.decode "{}", skipped = skipped } .. "\n"
  end
  check.write(dir .. "/a.jsonl", line(1, { correctness = 1 }) .. line(2, { correctness = 5 }) .. line(3, nil, true)
    .. line(4, { tone = 1 }))
  check.write(dir .. "/b.jsonl", line(1, { correctness = 5 }) .. line(2, { correctness = 1 }) .. line(2, { correctness = 0 }))
  local files = { dir .. "/a.jsonl", dir .. "/b.jsonl", dir .. "/none.jsonl" }
  local ctx = { name = "spot_check", seed = 42, pool = views.pool, file = function(name)
    local f = io.open(name, "rb")
    if not f then return nil, "cannot find " .. name end
    f:close()
    return "", name
  end }
  local child, info = stage.run(view, views.params(stage, { labels = files }), ctx)
  check.ok(child, info)
  local f = info.figures.spot_check
  check.eq({ f.queued, f.labelled, f.skipped, f.wrong }, { 5, 2, 1, 1 })   -- means 3 and 2.5
  check.eq(child:row(1).annotations.spot_check, "unknown")
  check.eq(#child:rows_of "standing", 5)
  check.write(dir .. "/bad.jsonl", "no label\n")
  local none, err = stage.run(view, views.params(stage, { labels = dir .. "/bad.jsonl" }), ctx)
  check.eq(none, nil)
  check.contains(err, "bad.jsonl:1: expected a label")
end)

check.test("what a row has under the name of a source's setting does not take it out of the queue", function()
  local rows = {}
  for i = 1, 6 do
    rows[i] = { input = "question " .. i, output = "answer " .. i, kind = "question", knowledge = false,
                spot_check = "mine" }
  end
  local ctx = { name = "spot_check", seed = 42, pool = views.pool, file = function() return nil, "cannot find it" end }
  local view = views.load(rows, { kind = "synthetic", attributes = { knowledge = "true" } })
  local child, info = stage.run(view, views.params(stage, { n = 4 }), ctx)
  check.ok(child, info)
  check.eq({ info.figures.spot_check.of, info.figures.spot_check.queued }, { 6, 4 })
  check.eq(#queue.rows(child, "spot_check"), 4)   -- of the stratum "unknown", and none by a key of its own
  check.eq(#queue.rows(view, "spot_check"), 0)
  rows[1].kind = "synthetic"
  local _, other = stage.run(views.load(rows, { kind = "expert" }), views.params(stage), ctx)
  check.contains(other.notes[1], 'no source has kind = "synthetic"')
end)

check.test("rows are queued of the sources that are synthetic and heavy on knowledge, wherever they stand", function()
  local dir, sources = check.folder(), {}
  local function source(name, n, settings)
    local lines = { "broken", "" }
    for i = 1, n do lines[#lines + 1] = json.encode { input = name .. i, output = "answer " .. i } end
    settings.path = check.write(dir .. "/" .. name .. ".jsonl", table.concat(lines, "\n") .. "\n")
    sources[#sources + 1] = settings
  end
  source("a", 3, { kind = "expert", attributes = { knowledge = "true" } })
  source("b", 2, { kind = "synthetic", attributes = { knowledge = "true" } })
  source("c", 4, { kind = "synthetic" })
  source("d", 1, { kind = "synthetic", attributes = { knowledge = "true" } })
  local view = assert(corpus.load { sources = sources, formats = require "formats.all", pool = views.pool })
  local ctx = { name = "spot_check", seed = 42, pool = views.pool, file = function() return nil, "cannot find it" end }
  local child = check.ok(stage.run(view, views.params(stage), ctx))
  local queued = {}
  for i, row in ipairs(queue.rows(child, "spot_check")) do queued[i] = child:field(row, "input") end
  check.eq(queued, { "b1", "b2", "d1" })
end)

check.test("the same rows are asked for when other rows come and go", function()
  local rows = {}
  for i = 1, 300 do rows[i] = { input = "question " .. i, output = "answer " .. i, topic = "t" .. i % 3 } end
  local ctx = { name = "spot_check", seed = 42, pool = views.pool, file = function() return nil, "cannot find it" end }
  local function queued(list)
    local view = views.load(list, { kind = "synthetic", attributes = { knowledge = "true" } })
    local child = stage.run(view, views.params(stage, { n = 30 }), ctx)
    local out, n = {}, 0
    for i = 1, #child do
      if child:row(i).annotations.spot_check then out[child:field(i, "input")], n = true, n + 1 end
    end
    return out, n
  end
  local all, n = queued(rows)
  check.eq(n, 30)
  local fewer = table.move(rows, 1, 285, 1, {})
  local same = 0
  for name in pairs((queued(fewer))) do same = same + (all[name] and 1 or 0) end
  check.ok(same >= 24, same)   -- 15 of 300 went: on average one or two of 30 had to be replaced
end)

check.done()
