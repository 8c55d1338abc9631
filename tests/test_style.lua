-- tests/test_style.lua - the stage style on rows that were really read
local check = require "check"
local core = require "core"
local corpus = require "corpus"
local json = require "json"
local stage = require "stages.style"
local style = require "style"
local views = require "views"

local function run(view, changes, pool)
  local same, info = stage.run(view, views.params(stage, changes), { name = "style", pool = pool or views.pool })
  check.ok(same, info)
  check.eq(same, view)
  return info.figures.style, info.notes
end

-- Whole numbers that look random, the same everywhere.
local function draws(seed)
  return function(n)
    seed = (seed * 6364136223846793005 + 1442695040888963407)
    return (seed >> 33) % n + 1
  end
end

local function words(n, draw)
  local out = {}
  for i = 1, n do out[i] = ("w%d"):format(draw(5000)) end
  return table.concat(out, " ")
end

local function sources(list)
  local specs = {}
  for i, s in ipairs(list) do
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    for _, row in ipairs(s.rows) do file:write(json.encode(row), "\n") end
    file:close()
    specs[i] = { path = path, kind = s.kind, generator = s.generator }
  end
  local view = assert(corpus.load { sources = specs, formats = require "formats.all", pool = views.pool })
  for _, s in ipairs(specs) do os.remove(s.path) end
  return view
end

check.test("rows are told of by kind and generator, by their file where they have neither", function()
  local function rows(n, output)
    local out = {}
    for i = 1, n do out[i] = { input = "q" .. i, output = output } end
    return out
  end
  local view = sources {
    { rows = rows(3, "- a\n- b"), kind = "synthetic", generator = "m1" }, { rows = rows(2, "plain words"), kind = "log" },
    { rows = rows(4, "[1]"), kind = "synthetic", generator = "m2" }, { rows = rows(1, "# T\n") },
  }
  local f = run(view)
  check.eq({ f.groups[1].name, f.groups[2].name, f.groups[3].name, f.groups[5].name },
           { "synthetic / m2", "synthetic / m1", "log", "synthetic, all" })
  check.eq({ f.groups[5].rows, f.groups[5].forms.list, f.groups[5].forms.json, f.groups[5].several },
           { 7, 3 / 7, 4 / 7, true })
  check.eq({ f.groups[4].rows, f.groups[4].forms.header, f.groups[3].forms.plain }, { 1, 1.0, 1.0 })
  check.eq({ f.rows, f.group_count }, { 10, 4 })
end)

check.test("a source whose texts open alike is told, one that varies is not", function()
  local draw, rows = draws(7), {}
  for i = 1, 400 do
    local alike = i % 4 == 0
    rows[i] = { input = "q" .. i, output = (alike and "Certainly! Here is the answer: " or "") .. words(alike and 7 or 12, draw) }
  end
  local f, notes = run(views.load(rows))
  local o = f.groups[1].openings
  check.eq({ o.top[1].text, o.top[1].rows, o.first_share, o.rows, o.distinct }, { "certainly here is the", 100, 0.25, 400, 301 })
  check.eq(o.top[1].first.line, 4)
  check.eq(#notes, 1)
  check.contains(notes[1], '25.0% of the texts begin with "certainly here is the"')
  check.eq(#select(2, run(views.load(rows), { max_opening = 0.25, max_openings = 0.28 })), 0)
  check.contains(select(2, run(views.load(rows), { max_opening = 0.3, max_openings = 0.2, top = 5 }))[1], "one of 5 ways")
  check.eq(#select(2, run(views.load(rows), { min_rows = 401 })), 0)
end)

check.test("two humps of lengths are told, one hump is not, whatever the seed", function()
  local one, two = 0, 0
  for seed = 1, 20 do
    local draw, rows, mixed = draws(seed), {}, {}
    for i = 1, 300 do
      local n = 0
      for _ = 1, 6 do n = n + draw(12) end            -- sums of six draws: one hump near 39
      rows[i] = { input = "q" .. i, output = words(n, draw) }
      mixed[i] = i % 2 == 0 and rows[i] or { input = "q", output = words(2 + draw(4), draw) }
    end
    one = one + #run(views.load(rows)).groups[1].signs
    local h = run(views.load(mixed)).groups[1].lengths.humps
    if h and h.left < 10 and h.right > 25 then two = two + 1 end
  end
  check.eq({ one, two }, { 0, 20 })
end)

check.test("one form for nearly all is told", function()
  local draw, rows = draws(3), {}
  for i = 1, 200 do rows[i] = { input = "q", output = ('{"a": "%s"}'):format(words(6, draw)) } end
  local f, notes = run(views.load(rows))
  check.eq(f.groups[1].form, "json")
  check.contains(notes[1], "100.0% of the texts are JSON")
end)

check.test("an annotator whose texts grow is told, one whose texts stay is not", function()
  local draw, rows = draws(11), {}
  for i = 0, 799 do
    local month, ana = i // 2 * 12 // 400, i % 2 == 0
    local n = ana and 20 + draw(9) or math.floor((20 + draw(9)) * 2 ^ (month / 11))   -- ben: twice as long by December
    rows[#rows + 1] = { input = "q", output = words(n, draw), metadata = { who = ana and "ana" or "ben" },
                        at = ("2024-%02d-15"):format(month + 1) }
  end
  local f, notes = run(views.load(rows), { annotator = "metadata.who", time = "at" })
  local by = {}
  for _, a in ipairs(f.annotators.list) do by[a.name] = a end
  check.eq({ by.ana.rows, by.ben.rows, #by.ana.months, by.ben.months[12].month }, { 400, 400, 12, "2024-12" })
  check.ok(by.ben.change > 1.8 and by.ben.change < 2.2, by.ben.change)
  check.eq(f.annotators.drifting, json.array { "ben" })
  check.eq(#notes, 1)
  check.contains(notes[1], "the texts of ben drift")
  check.contains(select(2, run(views.load(rows), { annotator = "metadata.whom" }))[1], 'did you mean "metadata.who"?')
  check.contains(select(2, run(views.load(rows), { annotator = "metadata.who", time = "when" }))[1], "no row has a time there")
end)

check.test("any number of threads gives the same", function()
  local draw, rows = draws(5), {}
  for i = 1, 3000 do
    rows[i] = { input = "q", output = words(draw(9), draws(draw(40))), kind = "k" .. draw(7), who = draw(9) }
  end
  local view = views.load(rows)
  local one = core.pool(1)
  check.eq(json.encode((run(view, { annotator = "who" }, one))), json.encode((run(view, { annotator = "who" }))))
end)

check.test("misuse raises, an empty view has no group", function()
  local view = views.load { { input = "a", output = "b" } }
  check.raises("opening_words", style.measure, view, { field = "output" })
  check.raises("by: expected at most 4", style.measure, view, { field = "output", opening_words = 4, list_items = 2, code_lines = 2,
    code_share = 0.5, code_starts = {}, code_ends = {}, by = { "a", "b", "c", "d", "e" } }, views.pool)
  check.eq(stage.check { by = { "a", "b", "c", "d", "e" } }, "by has 5 keys: at most 4")
  check.contains(stage.check { by = {}, time = "at" }, "it needs annotator")
  check.eq(#run(view, { field = "system" }).groups, 0)
end)

check.done()
