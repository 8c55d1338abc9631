--- Which row of a group of copies stays: first, longest, newest, best, or by a function; end to end.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local function q(s) return check.quote(s) end

local serial = 0
local function attempt(rows, stages, sources)
  serial = serial + 1
  check.write(dir .. "/rows.jsonl", table.concat(rows, "\n") .. "\n")
  local recipe = check.write(("%s/k%d.lua"):format(dir, serial), ([[local s = require "tamis"
return s.recipe { name = "k", sources = { %s },
%s
}
]]):format(sources or '"rows.jsonl"', stages))
  local id = "k" .. serial
  local status, out, err = check.run(("%s run %s --out %s --quiet --run-id %s"):format(check.tamis, q(recipe),
    q(dir .. "/out"), id))
  return status, err .. out, dir .. "/out/k/" .. id
end

--- The ids of the rows kept, in order.
local function kept(rows, stages, sources)
  local status, message, base = attempt(rows, stages, sources)
  check.eq(status, 0, message)
  local ids = {}
  for line in fs.read(base .. "/curated.jsonl"):gmatch "[^\n]+" do ids[#ids + 1] = json.decode(line).id end
  return table.concat(ids, " "), base
end

local TEXT = "the quick brown fox jumps over the lazy dog again and again until noon"
local function row(id, more)
  local t = { id = id, input = TEXT .. (more and more.tail or ""), output = "yes" }
  for k, v in pairs(more or {}) do t[k] = v end
  return json.encode(t)
end

local DATES = { row(1, { at = "2024-03-01" }), row(2), row(3, { at = "2024-03-01T12:00:00Z" }),
                row(4, { at = "2024-03-01T13:30:00+02:00" }), row(5, { at = 1709251200 }) }   -- 2024-03-01T00:00:00Z

check.test("newest keeps the row of the latest date, whichever way it is written", function()
  for _, stage in ipairs { "exact_dedup", "near_dedup" } do
    check.eq(kept(DATES, ('s.%s { keep = "newest", date = "at" },'):format(stage)), "3")
  end
end)

check.test("without the latest, equal dates go by row order and rows without a date come last", function()
  check.eq(kept({ DATES[2], DATES[5], DATES[1] }, 's.near_dedup { keep = "newest", date = "at" },'), "5")
end)

check.test("longest keeps the longest text, first the first", function()
  local rows = { row(1), row(2, { tail = "!!" }), row(3, { tail = "!" }) }
  check.eq(kept(rows, 's.near_dedup { keep = "longest" },'), "2")
  check.eq(kept(rows, "s.near_dedup {},"), "1")
end)

check.test("best keeps the row of the highest annotation, metric or path", function()
  local rows = { row(1, { score = 2 }), row(2, { score = "10.5" }), row(3), row(4, { score = 3 }) }
  check.eq(kept(rows, 's.near_dedup { keep = "best", by = "score" },'), "2")
  check.eq(kept(rows, 's.exact_dedup { keep = "best", by = "score" },'), "2")
  check.eq(kept(rows, [[s.map { fn = function(ex) return { mark = ex.raw.id == 3 and 1 or 0 } end },
    s.near_dedup { keep = "best", by = "mark" },]]), "3")
  local longer = { row(1), row(2, { tail = " x" }), row(3, { tail = " x y" }) }
  check.eq(kept(longer, [[s.length { min_input_tokens = 0, min_output_tokens = 0 },
    s.near_dedup { keep = "best", by = "length.input_tokens" },]]), "3")
end)

check.test("a function of one row ranks it, and its figure stands in the ledger", function()
  local rows = { row(1, { n = 5 }), row(2, { n = 7 }), row(3, { n = 6 }) }
  local ids, base = kept(rows, "s.near_dedup { keep = function(ex) return -ex.raw.n end },")
  check.eq(ids, "1")
  local db <close> = assert(require "store".open(base .. "/ledger.db", { readonly = true }))
  local ranks = {}
  for r in db:rows 'SELECT "near_dedup.rank" AS rank FROM rows ORDER BY row' do ranks[#ranks + 1] = r.rank end
  check.eq(table.concat(ranks, " "), "-5.0 -7.0 -6.0")
  check.eq(kept(rows, "s.exact_dedup { keep = function(ex) if ex.raw.n == 6 then return 0 end end },"), "3")
end)

check.test("trusted rows win over any rank", function()
  check.write(dir .. "/expert.jsonl", row(9, { score = 0 }) .. "\n")
  local sources = '"rows.jsonl", { "expert.jsonl", trusted = true }'
  local rows = { row(1, { score = 2 }), row(2, { score = 3 }) }
  check.eq(kept(rows, 's.near_dedup { keep = "best", by = "score" },', sources), "9")
  check.eq(kept(rows, 's.exact_dedup { keep = "best", by = "score" },', sources), "9")
end)

check.test("rows that come back are visited in the order of the rule", function()
  local rows = { row(1, { score = 1 }), row(2, { score = 4, bad = true }), row(3, { score = 2 }),
                 row(4, { score = 3, bad = true }) }
  for _, stage in ipairs { "exact_dedup", "near_dedup" } do
    check.eq(kept(rows, ('s.%s { keep = "best", by = "score" }, s.filter { fn = function(ex) return not ex.raw.bad end },')
      :format(stage)), "3")
    check.eq(kept(rows, ('s.%s { keep = function(ex) return ex.raw.score end }, s.filter { fn = function(ex) return not ex.raw.bad end },')
      :format(stage)), "3")
  end
end)

local function refused(status, stages, ...)
  local got, message = attempt(DATES, stages)
  check.eq(got, status, message)
  for _, part in ipairs { ... } do check.contains(message, part) end
  check.ok(not message:find("stack traceback", 1, true), message)
end

check.test("what is wrong with a rule is told with its place", function()
  refused(2, 's.near_dedup { keep = "newest" },', '.lua:3: near_dedup: keep = "newest" needs date')
  refused(2, 's.near_dedup { keep = "best" },', 'keep = "best" needs by')
  refused(2, 's.near_dedup { date = "at" },', 'date = "at" goes with keep = "newest", not with "first"')
  refused(2, 's.near_dedup { keep = "best", by = "x", date = "at" },', 'date = "at" goes with keep = "newest", not with "best"')
  refused(2, 's.near_dedup { keep = "oldest" },', 'near_dedup.keep = "oldest" must be "first", "longest", "newest", "best" or a function')
  refused(2, 's.exact_dedup { keep = "longest" },', 'exact_dedup.keep = "longest" must be')
  refused(1, 's.near_dedup { keep = "newest", date = "when" },', ".lua:3: near_dedup: ", 'date = "when": no row has a date there')
  refused(1, 's.near_dedup { keep = "best", by = "socre" },', 'by = "socre": no row has such an annotation')
  refused(1, 's.near_dedup { keep = function(ex) return "new" end },', ".lua:3: the keep function of near_dedup returned a string: expected a number", "rows.jsonl:1")
  refused(1, 's.near_dedup { keep = function(ex) return ex.input.x.y end },', ".lua:3:", "rows.jsonl:1")
  refused(1, 's.near_dedup { keep = (function() local n = 0; return function() n = n + 1; return n end end)() },', "must be pure")
end)

check.done()
