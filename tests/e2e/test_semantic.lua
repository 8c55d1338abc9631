--- semantic_dedup, end to end, over vectors of a file: each row says at which angle its vector stands, so every cosine
-- is that of a difference.
local check = require "check"
local fs = require "fs"
local json = require "json"
local store = require "store"

local dir = check.folder()
local function q(s) return check.quote(s) end
local function file(name, text) return check.write(dir .. "/" .. name, text) end

local function npy(list)
  local head = ("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 2), }"):format(#list)
  head = head .. (" "):rep(63 - (10 + #head) % 64) .. "\n"
  local out = { "\x93NUMPY\1\0", ("<I2"):pack(#head), head }
  for i, degrees in ipairs(list) do
    local a = math.rad(degrees or 0)
    out[i + 3] = degrees and ("<ff"):pack(math.cos(a), math.sin(a)) or ("<ff"):pack(0, 0)
  end
  return table.concat(out)
end

local function cosine(degrees) return math.cos(math.rad(degrees)) end

--- Data and vectors from { id, degrees, more }, lists for several sources.
local function write(name, rows, degrees)
  local lines = {}
  for i, r in ipairs(rows) do
    local t = { id = r[1], input = "question " .. r[1], output = "answer " .. r[1] }
    for k, x in pairs(r[3] or {}) do t[k] = x end
    lines[i], degrees[#degrees + 1] = json.encode(t), r[2]
  end
  return file(name, table.concat(lines, "\n") .. "\n")
end

local serial = 0
--- Runs stages over sources; what became of each row, by id; the lineage; the run's folder; what it printed.
local function run(sources, stages, more)
  serial = serial + 1
  local degrees, named = {}, {}
  for i, s in ipairs(sources) do
    named[i] = ("{ %q%s }"):format(write(("data%d.jsonl"):format(i), s, degrees), s.trusted and ", trusted = true" or "")
  end
  file("v.npy", npy(degrees))
  local recipe = file(("r%d.lua"):format(serial), ([[local s = require "tamis"
return s.recipe { name = "t", id = "id", sources = { %s },
s.embed { file = "v.npy" },
%s }
]]):format(table.concat(named, ", "), stages))
  local id = "r" .. serial
  local status, out, err = check.run(("%s run %s --out %s --run-id %s %s"):format(check.tamis, q(recipe), q(dir .. "/out"),
    id, more or ""))
  check.eq(status, 0, err .. out)
  local base, fate = dir .. "/out/t/" .. id, {}
  for line in fs.read(base .. "/curated.jsonl"):gmatch "[^\n]+" do fate[json.decode(line).id] = { kept = true } end
  for line in fs.read(base .. "/rejected.jsonl"):gmatch "[^\n]+" do
    local o = json.decode(line)
    local e = o._rejection.evidence
    fate[o.id] = { stage = o._rejection.stage, reason = o._rejection.reason, cosine = e.cosine, field = e.field,
                   twin = e.twin and e.twin.line, source = e.twin and e.twin.source }
  end
  return fate, json.decode(fs.read(base .. "/lineage.json")), base, (out:gsub("%s+", " ")), recipe
end

local function figures(lineage)
  for _, s in ipairs(lineage.stats.stage_counts) do if s.name == "semantic_dedup" then return s.figures, s end end
end

local function tamis(args)
  local status, out, err = check.run(("cd %s && %s %s"):format(q(dir), check.tamis, args))
  check.eq(status, 0, err)
  return out, (out:gsub("%s+", " "))
end

check.test("a row that matches a kept one goes, names it and its cosine, and is explained", function()
  local fate, lineage, base, out = run({ { { "a", 0 }, { "b", 20 }, { "c", 90 }, { "d", 100 }, { "e", false } } },
    "s.semantic_dedup {},")
  check.ok(fate.a.kept and fate.c.kept and fate.e.kept)
  check.eq({ fate.b.stage, fate.b.reason, fate.b.field, fate.b.twin },
           { "semantic_dedup", "semantic_duplicate", nil, 1 })   -- what the file's vectors are of is not known
  check.near(fate.b.cosine, cosine(20), 1e-6)
  check.near(fate.d.cosine, cosine(10), 1e-6)
  check.eq(lineage.config.stages[2].params.threshold, 0.92)   -- as given by the kind of vectors
  check.eq(lineage.config.stages[2].params.embedding, "embed")
  local f = figures(lineage)
  check.eq({ f.clusters, f.without, f.pairs, f.unverified_rows }, { 2, 1, 2, 0 })
  check.contains(out, "semantic_dedup: 1 row without a vector, compared with nobody")
  local _, told = tamis(("explain %s --id b"):format(q(base)))
  check.contains(told, "rejected by semantic_dedup: semantic_duplicate, cosine 0.9397 with data1.jsonl:1 "
    .. "(at or above 0.92 is a match)")
  check.contains(told, "cosine 0.9397 (threshold 0.92)")
  check.contains(told, "semantic_dedup.threshold above 0.9397 spares it")
  _, told = tamis(("explain %s --id e"):format(q(base)))
  check.contains(told, "embed passed its vector is all zero, so it is compared with nobody")
  local _, report = tamis(("report %s"):format(q(base)))
  check.ok(not report:find("no_vector", 1, true))   -- no figure to draw
  check.contains(report, "Copies found by semantic_dedup: 2 rows of 2 clusters")
  check.contains(report, "copies data1.jsonl:1 (0.940)")
  check.contains(report, "Vectors that semantic_dedup compared: v.npy 6 pairs of 4 vectors")
  check.contains(report, "2 verified stand in the ledger; the loosest cosine of a removed row and the one kept for it is "
    .. "0.940. 1 row without a vector, compared with nobody")
  tamis(("report %s --html page.html"):format(q(base)))
  check.contains(fs.read(dir .. "/page.html"), "Copies found by semantic_dedup")
  local _, ablated = tamis(("ablate %s"):format(q(base)))
  check.contains(ablated, "semantic_dedup 2 2 2")
end)

check.test("what would have kept a row of the same vector, or of nearly the same, lies within the threshold's range", function()
  local _, _, base = run({ { { "a", 0 }, { "b", 0 }, { "c", 0.5 }, { "d", 90 } } }, "s.semantic_dedup {},")
  local _, told = tamis(("explain %s --id b"):format(q(base)))
  check.contains(told, "no threshold: its vector is the same as the twin's")
  _, told = tamis(("explain %s --id c"):format(q(base)))   -- cos 0.5 degrees = 0.99996192
  check.contains(told, "cosine 0.9999619 with data1.jsonl:1 (at")
  check.contains(told, "semantic_dedup.threshold = 1 spares it")
  tamis(("report %s --html range.html"):format(q(base)))
  check.ok(not fs.read(dir .. "/range.html"):find("1.0001", 1, true))
end)

check.test("select names the twin by its cosine alone", function()
  local _, _, base = run({ { { "a", 0 }, { "b", 10 }, { "c", 90 } } }, "s.select { n = 3, fill = false },")
  local line = json.decode(fs.read(base .. "/rejected.jsonl"))._rejection
  check.eq({ line.reason, line.evidence.jaccard, line.evidence.field }, { "too_near" })
  check.near(line.evidence.cosine, cosine(10), 1e-6)
end)

check.test("an approximate search tells what share of the pairs it found", function()
  if not require "semantic".has_approximate() then return check.skip "built without FAISS" end
  local rows = {}
  for i = 1, 40 do rows[i] = { "r" .. i, i * 9 - (i % 4 == 0 and 7 or 0) } end
  local exact = run({ rows }, "s.semantic_dedup { threshold = 0.999 },")
  local fate, lineage, base, out = run({ rows }, 's.semantic_dedup { threshold = 0.999, search = "approximate" },')
  check.eq(fate, exact)   -- so few rows lie in three lists, and eight are looked into
  local f = figures(lineage)
  check.eq({ f.lists, f.probes, f.recall, f.recall_rows, f.recall_pairs }, { 5, 5, 1, 40, 20 })
  check.contains(out, "semantic_dedup: approximate search found 100.0% of the 20 pairs that 40 rows have by exact search")
  local _, report = tamis(("report %s"):format(q(base)))
  check.contains(report, "The index proposed 100.0% of the pairs of a sample")
end)

check.test("rows of trusted sources win, wherever they stand", function()
  local fate = run({ { { "a", 0 }, { "b", 40 } }, { { "c", 5 }, { "d", 42 }, trusted = true } }, "s.semantic_dedup {},")
  check.ok(fate.c.kept and fate.d.kept)
  check.ok(fate.a.source:find "data2" and fate.a.twin == 1)
  check.ok(fate.b.source:find "data2" and fate.b.twin == 2)
end)

local BAD = 's.filter { name = "bad", fn = function(ex) if ex.raw.bad then return false end end },'

check.test("a row comes back whose twin a later stage rejected, unless a standing row matches it", function()
  -- b and c lose to a, which falls; b comes back, c matches b; e loses to d; f stands
  local fate, lineage = run({ { { "a", 0, { bad = true } }, { "b", 10 }, { "c", 15 }, { "d", 90 }, { "e", 95 },
                                { "f", 180 } } }, "s.semantic_dedup {}," .. BAD)
  check.eq(fate.a.stage, "bad")
  check.ok(fate.b.kept and fate.d.kept and fate.f.kept)
  check.eq({ fate.c.twin, fate.e.twin }, { 2, 4 })
  check.near(fate.c.cosine, cosine(5), 1e-6)
  local _, stat = figures(lineage)
  check.eq(stat.revived, 1)
end)

check.test("a stage of the same name behind another one has its own vectors", function()
  local fate, lineage = run({ { { "a", 0, { bad = true } }, { "b", 10 }, { "c", 15 } } },
    's.semantic_dedup {}, s.embed { name = "words", model = "lexical" },' .. BAD)
  check.ok(fate.b.kept)
  check.near(fate.c.cosine, cosine(5), 1e-6)   -- not that of the words
  check.eq(lineage.final_count, 1)
end)

-- Rows at angles drawn by a recurrence, several near each other.
local function crowd(n)
  local rows, seed = {}, 7
  for i = 1, n do
    seed = (seed * 1103515245 + 12345) % 2147483648
    rows[i] = { "r" .. i, (seed // 65536) % 3600 / 10 + i / 1000 }
  end
  return rows
end

check.test("threads do not show, a sweep tells what runs give, and the ledger holds the pairs", function()
  local rows = crowd(60)
  local stages = "s.semantic_dedup { threshold = 0.995, evidence_floor = 0.98 },"
  local _, _, base, _, recipe = run({ rows }, stages, "--threads 1")
  local _, _, other = run({ rows }, stages, "--threads 4")
  check.eq(fs.read(base .. "/rejected.jsonl"), fs.read(other .. "/rejected.jsonl"))
  local db <close> = assert(store.open(base .. "/ledger.db", { readonly = true }))
  local pairs_ = 0
  for r in db:rows "SELECT * FROM pairs" do
    check.near(r.value, cosine(rows[r.a][2] - rows[r.b][2]), 1e-6)
    check.ok(r.value >= 0.98)
    pairs_ = pairs_ + 1
  end
  local want = 0
  for a = 1, #rows do
    for b = a + 1, #rows do want = want + (cosine(rows[a][2] - rows[b][2]) >= 0.98 and 1 or 0) end
  end
  check.eq(pairs_, want)
  local swept = json.decode((tamis(("sweep %s semantic_dedup.threshold=0.98,0.99,0.9999 --json"):format(q(base)))))
  local again = json.decode((tamis(("sweep %s semantic_dedup.threshold=0.98,0.99,0.9999 --json"):format(q(recipe)))))
  for k, threshold in ipairs { 0.98, 0.99, 0.9999 } do
    local _, lineage = run({ rows }, ("s.semantic_dedup { threshold = %g },"):format(threshold))
    check.eq(swept.values[k].kept, lineage.final_count)
    check.eq(again.values[k].kept, lineage.final_count)
  end
end)

check.test("components keep one row of those that matches connect, and diff tells the rows apart", function()
  local rows = { { { "a", 0 }, { "b", 20 }, { "c", 40 }, { "d", 60 }, { "e", 200 } } }
  local fate, _, base = run(rows, 's.semantic_dedup { cluster = "components" },')
  check.ok(fate.a.kept and fate.e.kept and not fate.d.kept)
  check.eq(fate.d.twin, 1)
  check.near(fate.d.cosine, cosine(60), 1e-6)
  local _, told = tamis(("explain %s --id d"):format(q(base)))
  check.contains(told, "connected through data1.jsonl:3, cosine 0.9397")
  local _, _, leader = run(rows, "s.semantic_dedup {},")
  local _, diff = tamis(("diff %s %s"):format(q(base), q(leader)))
  check.contains(diff, "semantic_dedup.cluster")
end)

check.test("near_dedup with vectors to confirm keeps near copies that mean another thing", function()
  local text = { input = "the patient takes five milligrams of the drug in the morning, before breakfast", output = "yes" }
  local other = { input = "the patient takes nine milligrams of the drug in the morning, before breakfast", output = "yes" }
  local rows = { { { "a", 0, text }, { "b", 90, other }, { "c", 3, other }, { "d", false, text } } }
  local fate, lineage, base, out, recipe = run(rows, 's.near_dedup { threshold = 0.7, verify = "cosine" },')
  check.ok(fate.a.kept and fate.b.kept and fate.d.kept)
  check.near(fate.c.cosine, cosine(3), 1e-6)
  check.contains(out, "near_dedup: 2 pairs of a Jaccard of 0.7 or more stay apart, as one of the two rows has no vector")
  local _, told = tamis(("explain %s --id c"):format(q(base)))
  check.contains(told, "and cosine 0.9986 with data1.jsonl:1")
  check.contains(told, "near_dedup.cosine above 0.9987")
  check.eq(lineage.final_count, 3)
  _, told = tamis(("explain %s --id b"):format(q(base)))
  check.contains(told, "a kept row is as near by its words, but the cosine of the two is below 0.95")
  _, told = tamis(("explain %s --id a"):format(q(base)))
  check.ok(not told:find("kept row is as near", 1, true))
  _, _, base = run({ { { "a", 0, text }, { "b", 0.5, other } } }, 's.near_dedup { threshold = 0.7, verify = "cosine" },')
  _, told = tamis(("explain %s --id b"):format(q(base)))
  check.contains(told, "near_dedup.cosine = 1, or near_dedup.threshold above")
  fate = run({ { { "a", 0, { input = text.input, output = "yes", bad = true } }, { "b", 2, text }, { "c", 90, text } } },
    's.near_dedup { verify = "cosine" },' .. BAD)
  check.ok(fate.b.kept and fate.c.kept)
  local status, _, err = check.run(("%s check %s --set near_dedup.verify=jaccard --set near_dedup.cosine=0.9"):format(
    check.tamis, q(recipe)))
  check.eq(status, 2)
  check.contains(err, 'cosine = 0.9 goes with verify = "cosine"')
end)

check.done()
