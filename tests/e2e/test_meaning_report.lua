--- The stages that measure, as a user meets them: notes, lineage, health, the report in its three forms.

local check = require "check"
local json  = require "json"
local pty   = require "pty"

local folder = check.folder()

local function write(name, text) check.write(folder .. "/" .. name, text) end

local function tamis(command, ...)
  local words = {}
  for i, w in ipairs { ... } do words[i] = check.quote(w) end
  local status, stdout, stderr = check.run(("cd %s && %s %s %s"):format(check.quote(folder), check.tamis, command,
    table.concat(words, " ")))
  return status, stdout .. stderr
end

local function figures_of(run, stage)
  local record = json.decode(check.read(folder .. "/out/" .. run .. "/lineage.json"))
  for _, s in ipairs(record.stats.stage_counts) do
    if s.stage == stage then return s.figures, record end
  end
end

local NOUNS = { "parcel", "refund", "invoice", "password", "order", "receipt", "delivery", "account", "voucher", "size" }

-- 300 synthetic rows, 100 of which open alike, and 100 of people.
local function rows(kind)
  local out = {}
  for i = 1, kind == "synthetic" and 300 or 100 do
    local noun = NOUNS[i * 7 % 10 + 1]
    local answer = ("Item %d is about the %s of day %d and no other thing."):format(i, noun, i * 13 % 29)
    if kind == "synthetic" and i % 3 == 0 then answer = "Certainly! Here is your answer. " .. answer end
    out[i] = json.encode { input = ("%s: what of my %s number %d?"):format(kind, noun, i), output = answer,
                           metadata = { annotator = i % 2 == 0 and "ana" or "ben" },
                           created_at = ("2024-%02d-11"):format(i % 12 + 1) }
  end
  return table.concat(out, "\n") .. "\n"
end

write("synthetic.jsonl", rows "synthetic")
write("people.jsonl", rows "people")

check.test("style stands in the notes, the lineage, the health checks and every form of the report", function()
  write("style.lua", [[local s = require "tamis"
return s.recipe { name = "style", sources = { { "synthetic.jsonl", kind = "synthetic", generator = "<b>m1</b>" }, "people.jsonl" },
  s.style { annotator = "metadata.annotator", time = "created_at" } }
]])
  local status, said = tamis("run", "style.lua", "--out", "out", "--run-id", "one")
  check.eq(status, 0, said)
  check.contains(said:gsub("%s+", " "), '33.3% of the texts begin with "certainly here is your"')
  local f = figures_of("style/one", "style").style
  check.eq({ f.groups[1].rows, f.groups[2].name, #f.annotators.list, #f.annotators.list[1].months },
           { 300, "people.jsonl", 2, 6 })
  local _, shown = tamis("report", "out/style/one")
  check.contains(shown, "How the texts are written")
  check.contains(shown:gsub("%s+", " "), "watch openings")
  local html = check.read(folder .. "/out/style/one/report.html")
  check.contains(html, "How the texts are written")
  check.eq(html:find("<b>m1", 1, true), nil)
  check.contains(html, "m1")
  check.contains(select(2, tamis("report", "out/style/one", "--md")), "| annotator | rows |")
  check.contains(select(2, tamis("check", "style.lua")), "style")
end)

-- ---- spot_check ----

local TAMIS = check.tamis:sub(2, 2) == "/" and check.tamis or check.quote(os.getenv "PWD" .. "/" .. check.tamis:sub(2, -2))

check.test("a spot check queues rows of each topic, and the export warns until people have labelled them", function()
  local lines = {}
  for i = 1, 40 do
    lines[i] = json.encode { input = "question number " .. i .. " of them", output = "answer number " .. i .. " it is",
                             topic = i <= 30 and "doses" or "law" }
  end
  write("med.jsonl", table.concat(lines, "\n") .. "\n")
  write("spot.lua", [[local s = require "tamis"
return s.recipe { name = "spot", sources = { { "med.jsonl", kind = "synthetic", knowledge = true },
    { "synthetic.jsonl", kind = "synthetic" }, { "people.jsonl", knowledge = true } },
  s.spot_check { n = 4, max_error = 0.1 } }
]])
  local status, said = tamis("run", "spot.lua", "--out", "out", "--run-id", "one")
  said = said:gsub("%s+", " ")
  check.eq(status, 0, said)
  check.contains(said, "spot_check: 4 rows of 40 synthetic rows queued for people")
  check.contains(said, "4 of the 4 synthetic rows that spot_check queued have no label yet: tamis label RUN --queue spot_check")
  local f = figures_of("spot/one", "spot_check").spot_check
  check.eq({ f.of, f.queued, f.labelled, f.rate }, { 40, 4, 0, nil })
  check.eq({ f.strata[1].name, f.strata[1].queued, f.strata[2].queued }, { "doses", 3, 1 })
  do
    local p <close> = pty.spawn(("cd %s && exec env LC_ALL=C.UTF-8 TERM=xterm %s label out/spot/one --queue spot_check "
      .. "--annotator ana"):format(check.quote(folder), TAMIS), 80, 24)
    check.ok(p:expect "row 1 of 4")
    p:send "15555"                       -- not correct
    check.ok(p:expect "row 2 of 4")
    p:send "55555"
    check.ok(p:expect "row 3 of 4")
    p:send "sq"                          -- skipped
    check.eq(p:wait(), 0)
  end
  status, said = tamis("run", "spot.lua", "--out", "out", "--run-id", "two")
  said = said:gsub("%s+", " ")
  check.eq(status, 0, said)
  check.contains(said, "1 of the 4 synthetic rows that spot_check queued has no label yet")
  check.contains(said, "1 of 2 labelled rows were found wrong: 50.0% (9.5% to 90.5% with 95% confidence); at most 10.0% is asked for")
  local record
  f, record = figures_of("spot/two", "spot_check")
  f = f.spot_check
  check.eq({ f.labelled, f.skipped, f.wrong, f.rate }, { 2, 1, 1, 0.5 })
  check.eq({ record.models[1].path, record.models[1].stages[1] }, { "labels/spot.ana.jsonl", "spot_check" })
  local _, shown = tamis("report", "out/spot/two")
  check.contains(shown:gsub("%s+", " "), "watch spot check 2 of 4 queued rows labelled, 50.0% wrong")
  check.contains(shown, "Synthetic rows for people to check (spot_check): 2 of 4 labelled")
  check.contains(check.read(folder .. "/out/spot/two/report.html"), "Synthetic rows for people to check")
end)

check.test("a queue is asked for by name; without a source or topic to check the stage says so", function()
  local status, said = tamis("label", "out/style/one", "--queue", "spot_check", "--export", "-")
  check.eq(status, 2)
  check.contains(said, "expected a spot_check stage of this run, which has none")
  status, said = tamis("label", "out/spot/one", "--queue", "spot_check", "--by", "topic")
  check.eq(status, 2)
  check.contains(said, "--queue names the rows")
  write("none.lua", [[local s = require "tamis"
return s.recipe { name = "none", sources = { "med.jsonl" }, s.spot_check {} }
]])
  status, said = tamis("run", "none.lua", "--out", "out")
  check.eq(status, 0)
  check.contains(said:gsub("%s+", " "), 'no source has kind = "synthetic" and knowledge = true')
  write("topics.lua", [[local s = require "tamis"
return s.recipe { name = "topics", sources = { { "med.jsonl", kind = "synthetic" } }, s.spot_check { topics = { "law" } } }
]])
  status, said = tamis("run", "topics.lua", "--out", "out")
  check.eq(status, 0)
  check.contains(said:gsub("%s+", " "), "10 rows of 10 synthetic rows queued")
end)

-- ---- diversity, outliers ----

check.test("diversity and outliers stand in the lineage and the report; a bound removes, and can be swept", function()
  write("odd.jsonl", json.encode { input = "zyx wvu tsr qpo", output = "nml kji hgf edc" } .. "\n")
  write("far.lua", [[local s = require "tamis"
return s.recipe { name = "far", sources = { "people.jsonl", "synthetic.jsonl", "odd.jsonl" },
  s.topics { rules = { { "parcels", "parcel" }, { "money", "refund", "invoice" } } },
  s.embed { model = "lexical" }, s.outliers { k = 3 }, s.sample { n = 200 }, s.diversity {} }
]])
  local status, said = tamis("run", "far.lua", "--out", "out", "--run-id", "one")
  check.eq(status, 0, said)
  check.contains(said:gsub("%s+", " "), "farthest from everything: odd.jsonl:1")
  local f, record = figures_of("far/one", "outliers")
  check.eq({ f.outliers.rows, f.outliers.top[1].at.source, #f.outliers.top }, { 401, "odd.jsonl", 20 })
  check.eq(record.stats.score_distribution["outliers.distance"].count, 401)
  local bound = (f.outliers.top[1].distance + f.outliers.top[2].distance) / 2
  f = figures_of("far/one", "diversity").diversity
  check.eq({ f.read.rows, f.kept.rows, f.random.rows, f.topics.read, f.topics.kept }, { 401, 200, 200, 2, 2 })
  check.ok(f.kept.distance > f.read.distance)        -- fewer rows lie farther apart
  local _, shown = tamis("report", "out/far/one", "--md")
  check.contains(shown, "How varied the rows are")
  check.contains(shown, "Rows far from everything")
  check.contains(shown, "odd.jsonl:1")
  check.contains(check.read(folder .. "/out/far/one/report.html"), "How varied the rows are")
  local threads
  status, threads = tamis("run", "far.lua", "--out", "out", "--run-id", "two", "--threads", "1")
  check.eq(status, 0, threads)
  check.eq(figures_of("far/two", "outliers"), figures_of("far/one", "outliers"))
  status, said = tamis("run", "far.lua", "--set", "outliers.max_distance=" .. bound, "--out", "out", "--run-id", "three")
  check.eq(status, 0, said)
  check.contains(said, "outliers.outlier")
  check.contains(select(2, tamis("explain", "out/far/three", "odd.jsonl:1")):gsub("%s+", " "), "outlier")
  status, said = tamis("sweep", "far.lua", "outliers.max_distance=0.5:0.9:0.4", "--json")
  check.eq(status, 0, said)
  status, said = tamis("check", "far.lua", "--set", "outliers.embedding=other")
  check.eq(status, 2, said)
  check.contains(said, 'embedding = "other"')
end)

-- ---- distribution ----

-- Vectors of two numbers as an .npy file.
local function npy(name, list)
  local parts = {}
  for i, v in ipairs(list) do parts[i] = ("<ff"):pack(v[1], v[2]) end
  local header = ("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 2), }"):format(#list)
  header = header .. (" "):rep(-(#header + 11) % 64) .. "\n"
  write(name, "\147NUMPY\1\0" .. ("<I2"):pack(#header) .. header .. table.concat(parts))
end

check.test("training is held against production and gold: shares, words, lengths, and what no row is near", function()
  local asked, gold = {}, {}
  for i = 1, 60 do
    asked[i] = json.encode { query = i <= 40 and ("people: what of my parcel number %d?"):format(i)
      or ("zebras and giraffes eat %d leaves a day in the savanna"):format(i) }
  end
  for i = 1, 30 do gold[i] = json.encode { input = "where is parcel " .. i .. " of mine", output = ("long "):rep(80) } end
  write("production.jsonl", table.concat(asked, "\n") .. "\n")
  write("gold.jsonl", table.concat(gold, "\n") .. "\n")
  write("dist.lua", [[local s = require "tamis"
return s.recipe { name = "dist", sources = { "people.jsonl", "synthetic.jsonl" }, gold = { "gold.jsonl" },
  s.topics { rules = { { "parcels", "parcel" }, { "money", "refund", "invoice" } } }, s.embed { model = "lexical" },
  s.distribution { production = { "production.jsonl", fields = { input = "query" } } } }
]])
  local status, said = tamis("run", "dist.lua", "--out", "out", "--run-id", "one")
  check.eq(status, 0, said)
  said = said:gsub("%s+", " ")
  check.contains(said, "topics are shared out differently in production")
  check.contains(said, "rows of production")
  local f, record = figures_of("dist/one", "distribution")
  local set = f.distribution.sets[1]
  check.eq({ set.what, set.rows, set.reach.queries, set.reach.far >= 20, #set.reach.top }, { "production", 60, 60, true, 20 })
  check.ok(set.reach.top[1].at.line > 40)
  check.eq({ f.distribution.sets[2].what, f.distribution.sets[2].lengths[2].other.median }, { "gold", 80.0 })
  local noted
  for _, m in ipairs(record.models or {}) do noted = noted or m.path == "production.jsonl" and m.sha256 end
  check.eq(#(noted or ""), 64)
  local _, shown = tamis("report", "out/dist/one")
  shown = shown:gsub("%s+", " ")
  check.contains(shown, "Training against production: 400 rows against 60")
  check.contains(shown, "Training against the gold set")
  check.contains(shown, "length bias")
  check.contains(shown, "production topics")
  check.contains(check.read(folder .. "/out/dist/one/report.html"), "Training against production")
  check.contains(select(2, tamis("report", "out/dist/one", "--md")), "## Training against production")
end)

check.test("a file that is not there is known before a row is read", function()
  local status, said = tamis("check", "dist.lua", "--set", "distribution.production_vectors=none.npy")
  check.eq(status, 2, said)
  check.contains(said, "none.npy")
  status, said = tamis("run", "dist.lua", "--set", "distribution.production_vectors=production.jsonl", "--out", "out")
  check.eq(status, 2, said)
  check.contains(said, "production_vectors goes with an embed stage that reads a file: embed embeds those rows itself")
end)

check.test("vectors of a file need one for production, too, and say so", function()
  local mine, theirs = {}, {}
  for i = 1, 100 do mine[i] = { 1, i / 1000 } end
  for i = 1, 60 do theirs[i] = i <= 40 and { 1, 0.01 } or { 0, 1 } end
  npy("mine.npy", mine)
  npy("theirs.npy", theirs)
  write("files.lua", [[local s = require "tamis"
return s.recipe { name = "files", sources = { "people.jsonl" }, s.embed { file = "mine.npy" },
  s.distribution { production = { "production.jsonl", fields = { input = "query" } } } }
]])
  local status, said = tamis("run", "files.lua", "--out", "out", "--run-id", "one")
  check.eq(status, 0, said)
  check.contains(said:gsub("%s+", " "), 'production_vectors = "FILE.npy" gives those of these')
  status, said = tamis("run", "files.lua", "--set", "distribution.production_vectors=theirs.npy", "--out", "out", "--run-id", "two")
  check.eq(status, 0, said)
  local r = figures_of("files/two", "distribution").distribution.sets[1].reach
  check.eq({ r.queries, r.far, r.embedding }, { 60, 20, "mine.npy" })
  status, said = tamis("run", "files.lua", "--set", "distribution.production_vectors=mine.npy", "--out", "out", "--run-id", "three")
  check.eq(status, 1)
  check.contains(said, "mine.npy has 100 rows, and 60 rows were read")
end)

check.test("the stages that measure work on a view of the REPL", function()
  write("look.lua", [[c = open "people.jsonl"
d = c:embed { model = "lexical" }:outliers { k = 3 }:diversity {}:style {}
e = d:distribution { production = { "production.jsonl", fields = { input = "query" } } }
print(#e)
e:report()
]])
  local status, out, err = check.run(("cd %s && %s repl < look.lua"):format(check.quote(folder), check.tamis))
  check.eq(status, 0, err)
  check.contains(out .. err, "farthest from everything")
  for _, part in ipairs { "How varied the rows are", "Rows far from everything", "How the texts are written",
                          "Training against production" } do
    check.contains(out, part)
  end
end)

check.test("the report says that lexical vectors see no paraphrases, in every form", function()
  write("words.lua", [[local s = require "tamis"
return s.recipe { name = "words", sources = { "people.jsonl" }, s.embed { model = "lexical" } }
]])
  local status, said = tamis("run", "words.lua", "--out", "out", "--run-id", "one")
  check.eq(status, 0, said)
  check.contains(said:gsub("%s+", " "), "do not see that a paraphrase means the same")
  local f = figures_of("words/one", "embed")
  check.eq({ f.embedding, f.dim, f.vectors, f.without, f.sees_paraphrases, f.features, f.texts },
           { "lexical", 256, 100, 0, false, "word+bigram", 100 })
  for _, form in ipairs { "--md", "--json" } do
    local _, shown = tamis("report", "out/words/one", form)
    check.contains(shown, form == "--md" and "not that a paraphrase means the same" or '"sees_paraphrases":false')
  end
  local _, shown = tamis("report", "out/words/one")
  check.contains(shown:gsub("%s+", " "), "lexical: word+bigram 256 100 0")
  check.contains(check.read(folder .. "/out/words/one/report.html"), "not that a paraphrase means the same")
end)

check.done()
