--- revival, end to end: when the kept row of a group of copies is removed by a later row stage, another
-- one that no standing row matches takes its place. Texts are words of one letter each, compared by
-- shingles of one word, so every Jaccard is a fraction that can be counted off.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local function q(s) return check.quote(s) end
local function file(name, text) return check.write(dir .. "/" .. name, text) end

--- "abcd" -> "wa wb wc wd": four shingles of a word.
local function words(letters) return (letters:gsub("%a", "w%0 "):gsub(" $", "")) end

local function row(id, letters, more)
  local t = { id = id, input = words(letters), output = "" }
  for k, v in pairs(more or {}) do t[k] = v end
  return json.encode(t)
end

local serial = 0
--- Runs stages over rows. What became of each, by id; the lineage; the run's folder.
local function run(rows, stages, more)
  serial = serial + 1
  local data = file("data.jsonl", table.concat(rows, "\n") .. "\n")
  local recipe = file(("r%d.lua"):format(serial), ([[local s = require "tamis"
return s.recipe { name = "t", id = "id", sources = { %q },
%s }
]]):format(data, stages))
  local id = "r" .. serial
  local status, out, err = check.run(("%s run %s --out %s --quiet --run-id %s %s"):format(check.tamis, q(recipe),
    q(dir .. "/out"), id, more or ""))
  check.eq(status, 0, err .. out)
  local base, fate, kept = dir .. "/out/t/" .. id, {}, {}
  for line in fs.read(base .. "/curated.jsonl"):gmatch "[^\n]+" do
    local o = json.decode(line)
    fate[o.id], kept[#kept + 1] = { kept = true }, o.id
  end
  for line in fs.read(base .. "/rejected.jsonl"):gmatch "[^\n]+" do
    local o = json.decode(line)
    local r = o._rejection
    fate[o.id] = { stage = r.stage, reason = r.reason, jaccard = r.evidence.jaccard,
                   twin = r.evidence.twin and r.evidence.twin.line }
  end
  return fate, json.decode(fs.read(base .. "/lineage.json")), base, kept
end

local NEAR = 's.near_dedup { unit = "word", shingle = 1, threshold = 0.5, template_share = 0 },'
local BAD = 's.filter { name = "bad", fn = function(ex) if ex.raw.bad then return false end end },'

local function stage(lineage, name)
  for _, s in ipairs(lineage.stats.stage_counts) do
    if s.name == name then return s end
  end
end

--- The funnel adds up: each stage saw what the one before it kept.
local function adds_up(lineage, rows)
  local seen = rows
  for _, s in ipairs(lineage.stats.stage_counts) do
    check.eq(s.seen, seen, s.name)
    seen = seen - s.removed
  end
  check.eq(lineage.final_count, seen)
  check.eq(lineage.final_count + lineage.rejected_count + lineage.quarantined_count, rows)
end

check.test("the first copy that passes the later stage stands, the others name it", function()
  -- 1 abcd falls; 2 abce (3/5 with 1) falls too; 3 abcf (3/5 with 1 and 4) stands; 4 abcfg (4/5 with 3)
  local fate, lineage = run({ row(1, "abcd", { bad = true }), row(2, "abce", { bad = true }), row(3, "abcf"),
                              row(4, "abcfg"), row(5, "xyz") }, NEAR .. BAD)
  check.eq(fate[1].stage, "bad")
  check.eq(fate[2].stage, "bad")
  check.eq(fate[3].kept, true)
  check.eq(fate[4].stage, "near_dedup")
  check.eq(fate[4].twin, 3)
  check.eq(fate[4].jaccard, 4 / 5)
  check.eq(fate[5].kept, true)
  adds_up(lineage, 5)
  check.eq(stage(lineage, "near_dedup").revived, 1)
  check.eq(stage(lineage, "bad").seen, 4)
  check.eq(stage(lineage, "bad").removed, 2)
  check.eq(lineage.stats.groups.all, 1)
  check.eq(lineage.stats.groups.empty, 0)
end)

check.test("a standing row visited after the fallen one is met, though the first pass never compared the two", function()
  -- 2 abcef matches 1 abcde (4/6) and 3 abefg (4/6); 3 does not match 1 (3/7)
  local fate = run({ row(1, "abcde", { bad = true }), row(2, "abcef"), row(3, "abefg") }, NEAR .. BAD)
  check.eq(fate[1].stage, "bad")
  check.eq(fate[3].kept, true)
  check.eq(fate[2].stage, "near_dedup")
  check.eq(fate[2].twin, 3)
  check.eq(fate[2].jaccard, 4 / 6)
end)

check.test("a group of which every row fails a row stage is counted as one without a row", function()
  local fate, lineage = run({ row(1, "abcd", { bad = true }), row(2, "abcd", { bad = true }), row(3, "xyz"),
                              row(4, "xyz") }, NEAR .. BAD)
  check.eq(fate[1].stage, "bad")
  check.eq(fate[2].stage, "bad")
  check.eq(fate[3].kept, true)
  check.eq(fate[4].twin, 3)
  check.eq(lineage.stats.groups.all, 2)
  check.eq(lineage.stats.groups.empty, 1)
  adds_up(lineage, 4)
end)

check.test("a row that comes back at exact_dedup is held against the rows that near_dedup kept", function()
  -- 2 is 1 in capitals. 1 is kept, and falls. 3 matches both (4/5) but came from near_dedup
  local exact = 's.exact_dedup {},'
  local fate, lineage = run({ row(1, "abcd", { bad = true }), row(2, "ABCD"):gsub("w", "W"), row(3, "abcde") },
    exact .. NEAR .. BAD)
  check.eq(fate[1].stage, "bad")
  check.eq(fate[2].kept, true)
  check.eq(fate[3].stage, "near_dedup")
  check.eq(fate[3].twin, 2)
  check.eq(fate[3].jaccard, 4 / 5)
  adds_up(lineage, 3)
  check.eq(stage(lineage, "exact_dedup").revived, 1)
end)

check.test("a row that comes back at exact_dedup falls to a row that stood behind near_dedup", function()
  -- 1 and 2: abcd. 3 = abcdefg stands: 4/7 with 1, no match at 0.6. 1 falls; 2 comes back to near_dedup,
  -- where 4 abcde (4/5 with 1) had been taken out: of 2 and 4, 2 comes first, 4 matches 3 (5/7) less than 2
  local exact, closer = 's.exact_dedup {},', NEAR:gsub("0.5", "0.6")
  local fate, lineage = run({ row(1, "abcd", { bad = true }), row(2, "abcd"), row(3, "abcdefg"), row(4, "abcde") },
    exact .. closer .. BAD)
  check.eq(fate[2].kept, true)
  check.eq(fate[3].kept, true)
  check.eq(fate[4].twin, 2)
  check.eq(fate[4].jaccard, 4 / 5)
  adds_up(lineage, 4)
  fate = run({ row(1, "abcdefg"), row(2, "abcd", { bad = true }), row(3, "abcd", { odd = true }), row(4, "abcdef") },
    exact .. 's.map { fn = function(ex) if ex.raw.odd then return { input = ex.input .. " we wf" } end end },'
    .. closer .. BAD)
  -- 3 was 2's copy as read; the map makes it abcdef: 6/7 with 1, which stands, and so it is out for 1
  check.eq(fate[2].stage, "bad")
  check.eq(fate[3].stage, "near_dedup")
  check.eq(fate[3].twin, 1)
  check.eq(fate[3].jaccard, 6 / 7)
end)

check.test("a row stage between two deduplications judges a row that comes back", function()
  -- 1 and 2 have one text; 2 fails the stage between. 3 is 1's near copy and passes both
  local between = 's.filter { name = "between", fn = function(ex) if ex.raw.odd then return false end end },'
  local fate, lineage = run({ row(1, "abcd", { bad = true }), row(2, "abcd", { odd = true }), row(3, "abce") },
    's.exact_dedup {},' .. between .. NEAR .. BAD)
  check.eq(fate[1].stage, "bad")
  check.eq(fate[2].stage, "between")
  check.eq(fate[3].kept, true)
  adds_up(lineage, 3)
  check.eq(stage(lineage, "between").removed, 1)
end)

check.test("a chain: the copy of a row that near_dedup took out comes back when that one falls too", function()
  -- 3 = 2 in text; 2 (bad) matches 1 (bad) at 3/5; 3 passes all
  local fate, lineage = run({ row(1, "abcd", { bad = true }), row(2, "abce", { bad = true }), row(3, "abce") },
    's.exact_dedup {},' .. NEAR .. BAD)
  check.eq(fate[1].stage, "bad")
  check.eq(fate[2].stage, "bad")
  check.eq(fate[3].kept, true)
  adds_up(lineage, 3)
  check.eq(lineage.stats.groups.empty, 0)
end)

check.test("a row that comes back is judged by the text that the stage saw, and edited by the stages behind", function()
  local map = 's.map { fn = function(ex) return { input = ex.input .. " seen" } end },'
  local fate, _, base = run({ row(1, "abcd", { bad = true }), row(2, "abce"), row(3, "abcf") }, NEAR .. map .. BAD)
  check.eq(fate[2].kept, true)
  check.eq(fate[3].twin, 2)
  check.eq(fate[3].jaccard, 3 / 5)
  check.contains(fs.read(base .. "/curated.jsonl"), "we seen")
  check.ok(not fs.read(base .. "/rejected.jsonl"):find("wf seen", 1, true))
end)

check.test("behind a stage that chose among all rows nothing comes back", function()
  local fate, lineage = run({ row(1, "abcd", { bad = true }), row(2, "abce") }, NEAR .. "s.sample { n = 1 }," .. BAD)
  check.eq(fate[1].stage, "bad")
  check.eq(fate[2].stage, "near_dedup")
  check.eq(lineage.stats.groups.empty, 1)
end)

check.test("next month's rows are held against the row that came back", function()
  local month = NEAR:gsub("threshold", "index = true, threshold")
  local _, _, base = run({ row(1, "abcd", { bad = true }), row(2, "abce"), row(3, "xyz") }, month .. BAD)
  local fate = run({ row(1, "abcef"), row(2, "abdgh"), row(3, "uvw") },
    NEAR:gsub("threshold", ("against = %q, threshold"):format(base)) .. BAD)
  check.eq(fate[1].reason, "seen_before")   -- 4/5 with the second row of the month before; 2 matches only the first
  check.eq(fate[2].kept, true)
  check.eq(fate[3].kept, true)
end)

check.test("components: a row that comes back is named by those it is connected with", function()
  local near = NEAR:gsub("threshold", 'cluster = "components", threshold')
  -- 2 abce and 3 abef hang together (3/5), 4 efgh with 3 (2/6: no), 1 abcd with 2 (3/5)
  local fate, lineage = run({ row(1, "abcd", { bad = true }), row(2, "abce"), row(3, "abef"), row(4, "efgh") }, near .. BAD)
  check.eq(fate[1].stage, "bad")
  check.eq(fate[2].kept, true)
  check.eq(fate[3].twin, 2)
  check.eq(fate[4].kept, true)
  adds_up(lineage, 4)
end)

check.test("--until, --skip, --limit and check see the same rows come back", function()
  local rows = { row(1, "abcd", { bad = true }), row(2, "abce"), row(3, "abcf") }
  local fate = run(rows, NEAR .. BAD .. 's.filter { name = "all", fn = function() return false end },', "--until bad")
  check.eq(fate[2].kept, true)
  fate = run(rows, NEAR .. BAD, "--skip bad")
  check.eq(fate[1].kept, true)
  check.eq(fate[2].twin, 1)
  fate = run(rows, NEAR .. BAD, "--limit 2")
  check.eq(fate[2].kept, true)
  local status, out = check.run(("%s check %s --json"):format(check.tamis, q(("%s/r%d.lua"):format(dir, serial))))
  check.eq(status, 0)
  local record = json.decode(out)
  check.eq(record.kept, 1)
  check.eq(record.stages[1].revived, 1)
end)

check.test("a run says how many copies came back and how many groups have no row", function()
  run({ row(1, "abcd", { bad = true }), row(2, "abce"), row(3, "xyz", { bad = true }), row(4, "xyz", { bad = true }) },
    NEAR .. BAD)
  local _, out = check.run(("%s check %s"):format(check.tamis, q(("%s/r%d.lua"):format(dir, serial))))
  out = out:gsub("%s+", " ")
  check.contains(out, "1 copy came back, as a later stage removed the row kept in its place")
  check.contains(out, "1 of 2 groups of copies has no row left: every row fell to a row stage or "
    .. "to a row of an earlier run")
  local status, report = check.run(("%s report %s"):format(check.tamis, q(("%s/out/t/r%d"):format(dir, serial))))
  check.eq(status, 0)
  check.contains(report, "1 copy came back")
end)

local ALPACA = "../shared/data/alpaca.jsonl.gz"

check.test("of 12,208 real rows no group vanishes of which a row passes all rules", function()
  if not fs.exists(ALPACA) then check.skip "no ../shared/data" end
  local recipe = file("alpaca.lua", ([[local s = require "tamis"
return s.recipe { name = "alpaca", sources = { %q }, s.exact_dedup {}, s.near_dedup {}, s.length {}, s.repetition {},
  s.pii { action = "reject" } }
]]):format(ALPACA))
  local status, out, err = check.run(("%s run %s %s --out %s --quiet --json"):format(check.tamis, q(recipe), q(ALPACA),
    q(dir .. "/out")))
  check.eq(status, 0, err)
  local record = json.decode(out)
  local twin, out_of = {}, {}   -- by line
  for line in fs.read(record.path .. "/rejected.jsonl"):gmatch "[^\n]+" do
    local r = json.decode(line)._rejection
    out_of[r.line], twin[r.line] = r.stage, r.evidence.twin and r.evidence.twin.line
  end
  for line in pairs(twin) do   -- each ends at a row that stands
    local at = line
    while twin[at] do at = twin[at] end
    check.eq(out_of[at], nil, ("line %d is out for line %d"):format(line, at))
  end
  check.ok(record.groups.all > 500)
  check.eq(record.groups.empty, record.groups.failed)
  check.ok(record.stages[2].revived > 100, record.stages[2].revived)
end)

-- ---- the property, on random rows, against the definition ----

local state = 7
local function draw(n)
  state = (state * 1103515245 + 12345) % 2147483648
  return state // 65536 % n
end

local function letters_set(letters)
  local set, n = {}, 0
  for c in letters:gmatch "%a" do
    if not set[c] then set[c], n = true, n + 1 end
  end
  return set, n
end

local function jaccard(a, b)
  local x, n = letters_set(a)
  local y, m = letters_set(b)
  local common = 0
  for c in pairs(x) do if y[c] then common = common + 1 end end
  return common / (n + m - common)
end

local function random_rows(n)
  local rows, facts = {}, {}
  for i = 1, n do
    local letters
    if i > 1 and draw(3) > 0 then
      letters = facts[1 + draw(i - 1)].letters
      if draw(2) == 0 then letters = letters .. string.char(97 + draw(26)) end
      if draw(3) == 0 then letters = letters:sub(2) end
    else
      letters = ""
      for _ = 1, 4 + draw(6) do letters = letters .. string.char(97 + draw(26)) end
    end
    facts[i] = { letters = letters, odd = draw(4) == 0, bad = draw(3) == 0, late = draw(4) == 0 }
    rows[i] = row(i, letters, { odd = facts[i].odd, bad = facts[i].bad, late = facts[i].late })
  end
  return rows, facts
end

local STAGES = [[
  s.exact_dedup {},
  s.filter { name = "odd", fn = function(ex) if ex.raw.odd then return false end end },
  s.near_dedup { unit = "word", shingle = 1, threshold = 0.6, template_share = 0, num_hashes = 512, num_bands = 512%s },
  s.filter { name = "bad", fn = function(ex) if ex.raw.bad then return false end end },
  s.near_dedup { name = "looser", unit = "word", shingle = 1, threshold = 0.5, template_share = 0, num_hashes = 512,
    num_bands = 512 },
  s.filter { name = "late", fn = function(ex) if ex.raw.late then return false end end },
]]

local function holds(rows, facts, fate, lineage)
  adds_up(lineage, #rows)
  for i = 1, #rows do
    local seen, at = 0, i
    while fate[at].twin do
      local f = fate[at]
      local j = jaccard(facts[at].letters, facts[f.twin].letters)
      check.ok(math.abs(f.jaccard - j) < 1e-12, ("row %d"):format(at))
      check.ok(j >= (f.stage == "looser" and 0.5 or f.stage == "near_dedup" and 0.6 or 1))
      at, seen = f.twin, seen + 1
      check.ok(seen <= #rows, "a ring of twins")
    end
    -- who is out for a twin is out for one that stands in the end
    if at ~= i then check.ok(fate[at].kept, ("row %d ends at %d, which fell to %s"):format(i, at, tostring(fate[at].stage))) end
    local f = fate[i]
    if not f.kept and not f.twin then
      check.ok(facts[i][f.stage], ("row %d was removed by %s for nothing"):format(i, f.stage))
    end
  end
  for i = 1, #rows do   -- no two standing rows match
    for k = i + 1, #rows do
      if fate[i].kept and fate[k].kept then
        check.ok(jaccard(facts[i].letters, facts[k].letters) < 0.5, ("rows %d and %d"):format(i, k))
      end
    end
  end
end

check.test("after any run each row that is out for a copy has one that stands, and no two of these match", function()
  for _ = 1, 3 do
    local rows, facts = random_rows(120)
    local fate, lineage = run(rows, STAGES:format "")
    holds(rows, facts, fate, lineage)
  end
  local rows, facts = random_rows(120)
  local fate, lineage = run(rows, STAGES:format ', method = "exact"')
  holds(rows, facts, fate, lineage)
end)

check.test("the same bytes for any number of threads", function()
  local rows = random_rows(400)
  local prints = {}
  for _, threads in ipairs { 1, 7 } do
    local _, lineage = run(rows, STAGES:format "", "--threads " .. threads)
    prints[#prints + 1] = lineage.fingerprint
  end
  check.eq(prints[2], prints[1])
end)

check.test("explain says that a row came back, and for whom it had been out", function()
  local _, _, base = run({ row(1, "abcd", { bad = true }), row(2, "abce", { bad = true }), row(3, "abcf"),
                           row(4, "abcfg") }, NEAR .. BAD)
  local function explain(id)
    local status, text, err = check.run(("%s explain %s --id %d --json"):format(check.tamis, q(base), id))
    check.eq(status, 0, err)
    return json.decode(text)
  end
  local back = explain(3)
  check.eq(back.revived.near_dedup.line, 1)
  check.eq(back.revived.near_dedup.stage, "bad")
  local said = "came back: data.jsonl:1, for which it was removed, was then rejected by bad"
  check.contains(table.concat(back.stages[1].figures, "\n"), said)
  check.eq(explain(1).revived, nil)
  check.eq(explain(2).revived, nil, "it would have fallen itself")
  check.eq(explain(4).revived, nil, "it matches the row that stands")
end)

check.done()
