--- near_dedup { against = RUN }: a second month against what the first one kept, from its index alone.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local out = dir .. "/out"

local function q(s) return check.quote(s) end

local state = 7
local function draw(n)
  state = (state * 1103515245 + 12345) % 2147483648
  return state // 65536 % n
end

local function words(n)
  local t = {}
  for i = 1, n do t[i] = "w" .. draw(2000) end
  return t
end

local function row(a, b) return json.encode { input = table.concat(a, " "), output = table.concat(b, " ") } end

--- Rows of 40 words; `old` rows come back word for word, or with one word changed (of 80 words of
-- about 5 letters one costs about 10 of 400 shingles: a Jaccard near 0.95).
local function month(old, fresh, copies, near)
  local rows, made = {}, {}
  local function add(a, b)
    made[#made + 1] = { a, b }
    rows[#rows + 1] = row(a, b)
  end
  for _ = 1, fresh do add(words(40), words(40)) end
  for i = 1, copies do add(old[i][1], old[i][2]) end
  for i = copies + 1, copies + near do
    local a = table.move(old[i][1], 1, 40, 1, {})
    a[1 + draw(40)] = "other" .. draw(100)
    add(a, old[i][2])
  end
  for i = #rows, 2, -1 do
    local k = 1 + draw(i)
    rows[i], rows[k] = rows[k], rows[i]
  end
  return rows, made
end

local function file(name, text) return check.write(dir .. "/" .. name, text) end
local function data(name, rows) return file(name, table.concat(rows, "\n") .. "\n") end

local FIRST, OLD = month({}, 300, 0, 0)
for i = 1, 20 do FIRST[#FIRST + 1] = FIRST[i] end
data("may.jsonl", FIRST)
local SECOND = month(OLD, 100, 40, 60)
for i = 1, 10 do SECOND[#SECOND + 1] = SECOND[i] end   -- copies of each other, of whatever kind
data("june.jsonl", SECOND)

local function recipe(name, body)
  return file(name, ('local s = require "tamis"\nreturn s.recipe { name = "help", %s }\n'):format(body))
end
local MAY = recipe("may.lua", [[sources = { "may.jsonl" }, s.near_dedup { index = true },
  s.filter { name = "no_w7", fn = function(ex) return not (ex.input .. " "):find("w7 ", 1, true) end }]])
local JUNE = recipe("june.lua", [[sources = { "june.jsonl" }, s.near_dedup { against = "help/2024-05" }]])

local function run(path, more)
  return check.run(("%s run %s --out %s --quiet %s"):format(check.tamis, q(path), q(out), more or ""))
end
local function runs(path, more)
  local status, _, err = run(path, more)
  check.eq(status, 0, err)
end
local function fails(status, part, path, more)
  local got, _, err = run(path, more)
  check.eq(got, status, err)
  check.contains(err, part)
  check.ok(not err:find("stack traceback", 1, true), err)
end

local function lines(path)
  local t = {}
  for line in assert(fs.read(path)):gmatch "([^\n]*)\n" do t[#t + 1] = line end
  return t
end
local function lineage(id) return json.decode(fs.read(out .. "/help/" .. id .. "/lineage.json")) end

runs(MAY, "--run-id 2024-05")
local INDEX = out .. "/help/2024-05/neardup.idx"

check.test("a run leaves its index among its files, and out of its fingerprint", function()
  local record, found = lineage "2024-05", nil
  for _, f in ipairs(record.output_files) do if f.path == "neardup.idx" then found = f end end
  check.eq(found.rows, record.final_count)
  check.eq(found.bytes, fs.stat(INDEX).size)
  check.eq(found.sha256, require "hash".sha256(fs.read(INDEX, 1 << 30)))
  check.ok(not found.kept)
  runs(MAY, "--run-id plain --set near_dedup.index=false")
  check.eq(lineage "plain".fingerprint, record.fingerprint)
  check.ok(not fs.exists(out .. "/help/plain/neardup.idx"))
end)

check.test("what an earlier run kept is rejected, and nothing else that stands alone", function()
  runs(JUNE, "--run-id 2024-06")
  local kept = {}
  for _, line in ipairs(lines(out .. "/help/2024-05/curated.jsonl")) do kept[line] = true end
  local counts = {}
  for _, line in ipairs(lines(out .. "/help/2024-06/rejected.jsonl")) do
    local r = json.decode(line)._rejection
    counts[r.reason] = (counts[r.reason] or 0) + 1
    if r.reason == "seen_before" then
      local twin = r.evidence.twin
      check.eq(twin.run, "help/2024-05")
      check.contains(twin.source, "may.jsonl")
      check.ok(kept[FIRST[twin.line]], "the twin was kept")
      check.ok(r.evidence.jaccard >= 0.8 and r.evidence.jaccard <= 1)
      check.eq(r.evidence.field, "input+output")
    end
  end
  check.ok(counts.seen_before > 60 and counts.seen_before < 110)
  for _, line in ipairs(lines(out .. "/help/2024-06/curated.jsonl")) do check.ok(not kept[line]) end
end)

check.test("a run that keeps nothing is not told to diff, and its groups of copies fell to the earlier run", function()
  local kept = lines(out .. "/help/2024-05/curated.jsonl")
  data("again.jsonl", { kept[1], kept[1], kept[2] })
  local path = recipe("again.lua", [[sources = { "again.jsonl" }, s.exact_dedup {}, s.near_dedup { against = "help/2024-05" }]])
  local status, said, err = check.run(("%s run %s --out %s --run-id again"):format(check.tamis, q(path), q(out)))
  check.eq(status, 0, err)
  said = (said .. err):gsub("%s+", " ")
  check.eq(lineage "again".final_count, 0)
  check.contains(said, "tamis report")
  check.ok(not said:find("tamis diff", 1, true), said)
  check.contains(said, "has no row left: every row fell to a row stage or to a row of an earlier run")
  fs.remove_tree(out .. "/help/again")
end)

check.test("it keeps what both months together would, the first month's kept rows first", function()
  local both = recipe("both.lua", ([[sources = { { %q, trusted = true }, "june.jsonl" }, s.near_dedup {}]]):format(
    out .. "/help/2024-05/curated.jsonl"))
  for _, set in ipairs { "", "--set near_dedup.method=exact", "--set near_dedup.threshold=0.5",
                         "--set near_dedup.unit=word --set near_dedup.shingle=2",
                         "--set near_dedup.keep=longest", "--set near_dedup.max_shingle_share=0.3" } do
    runs(JUNE, "--run-id a --replace " .. set)
    runs(both, "--run-id b --replace " .. set)
    local old = #lines(out .. "/help/2024-05/curated.jsonl")
    local want = table.move(lines(out .. "/help/b/curated.jsonl"), old + 1, 1 << 20, 1, {})
    check.eq(table.concat(lines(out .. "/help/a/curated.jsonl"), "\n"), table.concat(want, "\n"))
  end
end)

check.test("so it does on real tickets, halves of one file", function()
  local tickets = fs.exists "../shared/data/raw_tickets.jsonl" and lines "../shared/data/raw_tickets.jsonl"
  if not tickets then return check.skip "../shared/data is absent" end
  local half = #tickets // 2
  data("first.jsonl", table.move(tickets, 1, half, 1, {}))
  data("second.jsonl", table.move(tickets, half + 1, #tickets, 1, {}))
  local first = recipe("first.lua", [[sources = { "first.jsonl" }, s.near_dedup { threshold = 0.6, index = true }]])
  local second = recipe("second.lua", [[sources = { "second.jsonl" }, s.near_dedup { threshold = 0.6, against = "h1" }]])
  runs(first, "--run-id h1")
  runs(second, "--run-id h2")
  local kept = out .. "/help/h1/curated.jsonl"
  runs(recipe("whole.lua", ([[sources = { { %q, trusted = true }, "second.jsonl" }, s.near_dedup { threshold = 0.6 }]])
    :format(kept)), "--run-id h3")
  local old, mine = #lines(kept), lines(out .. "/help/h2/curated.jsonl")
  check.ok(#mine < #tickets - half - 500)
  check.eq(table.concat(mine, "\n"), table.concat(lines(out .. "/help/h3/curated.jsonl"), "\n", old + 1))
end)

check.test("the same command twice, and for any number of threads, gives the same bytes", function()
  local before = fs.read(INDEX, 1 << 30)
  for _, threads in ipairs { 1, 2, 7 } do
    runs(JUNE, ("--run-id t%d --threads %d"):format(threads, threads))
    check.eq(lineage("t" .. threads).fingerprint, lineage "2024-06".fingerprint)
    local other = dir .. "/out" .. threads
    local status, _, err = check.run(("%s run %s --quiet --run-id 2024-05 --out %s --threads %d"):format(check.tamis, q(MAY),
      q(other), threads))
    check.eq(status, 0, err)
    check.ok(fs.read(other .. "/help/2024-05/neardup.idx", 1 << 30) == before, "the same index")
  end
  check.eq(fs.read(INDEX, 1 << 30), before)
end)

check.test("a row that comes back from a stage before is held against the earlier run too", function()
  local old, new = json.decode(FIRST[1]), json.encode { input = "something quite new to ask", output = "and its own answer" }
  local draft = json.encode { input = old.input, output = table.concat(words(40), " "), draft = true }
  data("back.jsonl", { draft, FIRST[1], new })
  runs(recipe("back.lua", [[sources = { "back.jsonl" }, s.exact_dedup { fields = { "input" } },
    s.near_dedup { against = "2024-05" },
    s.filter { name = "no_drafts", fn = function(ex) return not ex.raw.draft end }]]), "--run-id back")
  check.eq(table.concat(lines(out .. "/help/back/curated.jsonl"), "\n"), new)
  local reasons = {}
  for i, line in ipairs(lines(out .. "/help/back/rejected.jsonl")) do reasons[i] = json.decode(line)._rejection.reason end
  check.eq(reasons, { "no_drafts", "seen_before" })
end)

check.test("the index is all that is needed: rows, sources and record may be gone", function()
  local alone = dir .. "/alone"
  assert(fs.mkdirs(alone))
  check.write(alone .. "/neardup.idx", fs.read(INDEX, 1 << 30))
  runs(JUNE, "--run-id alone --set near_dedup.against=alone")
  check.eq(lineage "alone".fingerprint, lineage "2024-06".fingerprint)
  runs(JUNE, "--run-id alone2 --set near_dedup.against=" .. q(alone .. "/neardup.idx"))
  check.eq(lineage "alone2".fingerprint, lineage "2024-06".fingerprint)
end)

check.test("a run that left no index is read again: same verdicts, same twins, and a note", function()
  runs(JUNE, "--run-id again --set near_dedup.against=plain")
  local function neutral(id) return (fs.read(out .. "/help/" .. id .. "/rejected.jsonl"):gsub("help/plain", "help/2024-05")) end
  check.eq(neutral "again", neutral "2024-06")
  check.contains(table.concat(lineage "again".notes, "\n"), "left no neardup.idx: its rows were read again")
end)

check.test("several runs are one list, and the first that has the best match names it", function()
  local list = recipe("list.lua", [[sources = { "june.jsonl" }, s.near_dedup { against = { "2024-06", "2024-05" } }]])
  runs(list, "--run-id list")
  check.eq(#lines(out .. "/help/list/curated.jsonl"), 0)
  check.eq(#lineage "list".stats.stage_counts[2].figures.against.runs, 2)
end)

check.test("latest is the last run of the dataset, and the record says which", function()
  runs(MAY, "--run-id 2024-05b")
  runs(JUNE, "--run-id l --set near_dedup.against=latest")
  check.eq(lineage "l".stats.stage_counts[2].figures.against.runs[1].run, "help/2024-05b")
  check.contains(table.concat(lineage "l".notes, "\n"), "was help/2024-05b this time")
  runs(MAY, "--run-id 2024-05c")
  runs(JUNE, "--run-id m --set near_dedup.against=help")
  check.contains(table.concat(lineage "m".notes, "\n"), 'against = "help" was help/2024-05c this time')
  check.ok(not table.concat(lineage "2024-06".notes, "\n"):find("this time", 1, true))
end)

check.test("a reference that cannot be is one sentence", function()
  fails(1, 'near_dedup: against = "2024-50": no run of that name under', JUNE, "--set near_dedup.against=2024-50")
  fails(1, 'is this very run: name an earlier one', JUNE, "--run-id 2024-05 --replace --set near_dedup.against=2024-05")
  local status, _, err = check.run(("%s check %s --static --out %s --set near_dedup.against=nosuch"):format(check.tamis,
    q(JUNE), q(out)))
  check.eq(status, 1)
  check.contains(err, 'june.lua:2: near_dedup: against = "nosuch": no run of that name')
  status, _, err = check.run(("%s check %s --static --out %s"):format(check.tamis, q(JUNE), q(out)))
  check.eq(status, 0, err)
end)

check.test("fields or turns that the index was not made of are refused, and both are named", function()
  fails(1, 'help/2024-05 was indexed by fields = { "input", "output", "alternative" }, and this run compares '
    .. 'fields = { "system" }', recipe("fields.lua",
    [[sources = { "june.jsonl" }, s.near_dedup { against = "2024-05", fields = { "system" } }]]))
  fails(1, "was indexed by turns = all, and this run compares turns = last", JUNE, "--set near_dedup.turns=last")
  runs(recipe("fewer.lua", [[sources = { "june.jsonl" }, s.near_dedup { against = "2024-05", fields = { "input" } }]]))
end)

check.test("a damaged, cut or foreign index is refused in one sentence", function()
  local whole = fs.read(INDEX, 1 << 30)
  local bad = dir .. "/bad.idx"
  for text, part in pairs {
    [whole:sub(1, #whole // 2)] = "is damaged (its end is missing or changed)", [""] = "is no index of near_dedup",
    ["TAMISIDX"] = "is damaged (it ends too early)", [whole:sub(1, 8) .. "\2" .. whole:sub(10)] = "another version of tamis",
    [whole:sub(1, 100) .. "~~~~" .. whole:sub(105)] = "is damaged (the check of its texts fails)",
    ['{"input": "no index"}\n'] = "is no index of near_dedup" } do
    check.write(bad, text)
    fails(1, part, JUNE, "--set near_dedup.against=" .. q(bad))
  end
end)

check.test("explain names the run of the twin and shows its text", function()
  local rejected = lines(out .. "/help/2024-06/rejected.jsonl")
  local n
  for i, line in ipairs(rejected) do
    if json.decode(line)._rejection.reason == "seen_before" then n = n or i end
  end
  local twin = json.decode(rejected[n])._rejection.evidence.twin
  local function explain(more)
    local status, text, err = check.run(("%s explain %s rejected.jsonl:%d %s"):format(check.tamis,
      q(out .. "/help/2024-06"), n, more or ""))
    check.eq(status, 0, err)
    return text
  end
  local p = json.decode(explain "--json")
  check.eq(p.twin.run, "help/2024-05")
  check.eq(p.twin.text.fields.output, json.decode(FIRST[twin.line]).output)
  check.contains(p.verdict, ("may.jsonl:%d of the earlier run help/2024-05"):format(twin.line))
  check.contains(table.concat(p.would_keep, "\n"), "near_dedup.against without help/2024-05")
  check.contains(explain(), ("may.jsonl:%d of run help/2024-05"):format(twin.line))
  assert(fs.rename(out .. "/help/2024-05", out .. "/help/moved"))
  local gone = explain()
  assert(fs.rename(out .. "/help/moved", out .. "/help/2024-05"))
  check.contains(gone, "that run's folder is gone")
end)

check.done()
