--- tamis sweep: what each value keeps is what a run with that value keeps.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local function q(s) return check.quote(s) end

-- ---- rows: lengths, copies by degrees, personal data ----

math.randomseed(5)
local WORDS = {}
for i = 1, 400 do WORDS[i] = ("w%dq"):format(i * 7919 % 1000) end
local function words(n)
  local out = {}
  for i = 1, n do out[i] = WORDS[math.random(#WORDS)] end
  return out
end

local rows = {}
local function add(input, output) rows[#rows + 1] = json.encode { key = #rows + 1, input = input, output = output } end
for i = 1, 150 do
  local base = words(math.random(3, 40))
  add(table.concat(base, " "), table.concat(words(math.random(2, 30)), " "))
  if i % 3 == 0 then   -- a family of copies, some words changed
    local output = table.concat(words(25), " ")
    local family = words(30)
    for _ = 1, 4 do
      for _ = 1, math.random(0, 3) do family[math.random(#family)] = WORDS[math.random(#WORDS)] end
      add(table.concat(family, " "), output)
    end
  end
  if i % 10 == 0 then add(table.concat(words(20), " ") .. " mail jo" .. i .. "@acme.io", table.concat(words(12), " ")) end
  if i % 15 == 0 then add("call 212-736-50" .. 10 + i % 80 .. " " .. table.concat(words(20), " "), table.concat(words(9), " ")) end
end
check.write(dir .. "/rows.jsonl", table.concat(rows, "\n") .. "\n")
check.write(dir .. "/hostile.jsonl", json.encode { input = "\27[31mred \27]8;;http://x\7 \u{202E}abc hi there friend",
  output = "\27]52;c;aGk=\7 fine \u{200B}" } .. "\n" .. json.encode { input = "short one", output = "ok" } .. "\n")

local RECIPE = check.write(dir .. "/recipe.lua", [[local s = require "tamis"
return s.recipe { name = "k", sources = { "rows.jsonl" },
  s.exact_dedup {},
  s.length { min_input_tokens = 5, min_output_tokens = 4, max_input_tokens = 100 },
  s.repetition { max_repetition_ratio = 0.3 },
  s.pii { action = "reject" },
  s.filter { name = "no_w7", fn = function(ex) if ex.input:find("w7q", 1, true) then return "w7" end end },
  s.near_dedup { threshold = 0.8, method = "exact" },
  s.sample { n = 100 },
}
]])

local function sweep(args)
  local status, out, err = check.run(("%s sweep %s --quiet --json"):format(check.tamis, args))
  check.eq(status, 0, err)
  return json.decode(out)
end

--- What a run with that parameter keeps: of one stage, and in the end.
local function run_with(stage, set)
  local status, out, err = check.run(("%s check %s --quiet --json --set %s"):format(check.tamis, q(RECIPE), q(set)))
  check.eq(status, 0, err)
  local r = json.decode(out)
  for _, s in ipairs(r.stages) do
    if s.name == stage then return s.seen, s.seen - s.removed, r end
  end
end

local function same_as_runs(stage, param, values, stored)
  local r = sweep(("%s %s.%s=%s"):format(q(RECIPE), stage, param, values))
  check.eq(r.told_from, stored)
  for _, v in ipairs(r.values) do
    local seen, kept = run_with(stage, ("%s.%s=%s"):format(stage, param, tostring(v.value)))
    if stage == "near_dedup" then check.eq(r.reached, seen) end   -- else a copy of a row that goes may come back
    check.eq(v.kept, kept, ("%s=%s"):format(param, tostring(v.value)))
    check.eq(v.kept + v.removed, r.reached)
    check.near(v.share, v.removed / r.reached)
  end
  return r
end

check.test("bounds of one pass keep what a run with each of them keeps", function()
  same_as_runs("length", "min_input_tokens", "7:35:14", "figures")
  same_as_runs("length", "max_input_tokens", "20,40", "figures")
  same_as_runs("repetition", "max_repetition_ratio", "0,0.1", "figures")
end)

check.test("thresholds of near_dedup keep what a run with each of them keeps", function()
  local r = same_as_runs("near_dedup", "threshold", "0.5:0.95:0.15", "pairs")
  check.eq(r.now, { 0.8 })
  local some = false
  for _, v in ipairs(r.values) do
    for _, m in ipairs(v.goes) do
      some = true
      check.ok(m.value >= v.value and m.twin.fields.input ~= nil)
    end
    for _, m in ipairs(v.stays) do check.ok(m.value < v.value) end
  end
  check.ok(some)
end)

check.test("rows that stay at a threshold do not depend on which others are asked for, also where rows are read again",
  function()
  for _, given in ipairs { "", "--set near_dedup.evidence_pairs=0 " } do
    local alone = sweep(given .. q(RECIPE) .. " near_dedup.threshold=0.7,0.95").values[2]
    local many = sweep(given .. q(RECIPE) .. " near_dedup.threshold=0.4:0.95:0.05").values
    local last = many[#many]
    check.eq(last.value, alone.value)
    check.ok(#alone.stays > 0 and alone.stays[1].value >= 0.7)
    check.eq(last.stays, alone.stays)
    if given ~= "" then check.ok(last.compared > 0) end
  end
end)

check.test("a parameter that bounds nothing takes a pass a value", function()
  same_as_runs("near_dedup", "shingle", "3,8", "again")
  same_as_runs("pii", "action", "reject,redact", "again")
  same_as_runs("repetition", "min_words", "2,30", "again")
end)

check.test("kinds of personal data are told from one pass", function()
  local r = sweep(q(RECIPE) .. " pii.types=EMAIL,PHONE,EMAIL+PHONE")
  check.eq(r.told_from, "kinds")
  local only = dir .. "/only.lua"
  for i, types in ipairs { '{ "EMAIL" }', '{ "PHONE" }', '{ "EMAIL", "PHONE" }' } do
    check.write(only, (fs.read(RECIPE):gsub('action = "reject"', 'action = "reject", types = ' .. types)))
    local _, out = check.run(("%s check %s --quiet --json"):format(check.tamis, q(only)))
    for _, s in ipairs(json.decode(out).stages) do
      if s.name == "pii" then check.eq(r.values[i].kept, s.seen - s.removed, types) end
    end
  end
  check.ok(r.values[1].removed > 0 and r.values[2].removed > 0)
end)

check.test("--replay says what all stages keep in the end", function()
  for _, axis in ipairs { "length.min_input_tokens=5,25", "near_dedup.threshold=0.5", "sample.n=20" } do
    local r = sweep(q(RECIPE) .. " --replay " .. axis)
    for _, v in ipairs(r.values) do
      local name = axis:match "^[^=]*"
      local _, _, whole = run_with(name:match "^[^.]*", ("%s=%s"):format(name, tostring(v.value)))
      check.eq(v.in_the_end, whole.kept)
    end
  end
end)

check.test("two parameters make a grid whose lines are those of one", function()
  local grid = sweep(q(RECIPE) .. " length.min_output_tokens=4:16:6 length.min_input_tokens=5:25:10")
  check.eq(grid.parameters, { "length.min_output_tokens", "length.min_input_tokens" })
  for _, line in ipairs(grid.grid) do
    local one = sweep(("%s --set length.min_output_tokens=%d length.min_input_tokens=5:25:10"):format(q(RECIPE),
      line.value))
    for j, v in ipairs(line.values) do check.eq(v.kept, one.values[j].kept) end
  end
  local mixed = sweep(q(RECIPE) .. " near_dedup.threshold=0.6,0.9 length.min_input_tokens=5,20")
  check.eq(mixed.parameters, { "length.min_input_tokens", "near_dedup.threshold" })   -- the earlier stage first
  for _, line in ipairs(mixed.grid) do
    local one = sweep(("%s --set length.min_input_tokens=%d near_dedup.threshold=0.6,0.9"):format(q(RECIPE), line.value))
    check.eq(line.reached, one.reached)
    for j, v in ipairs(line.values) do check.eq(v.kept, one.values[j].kept) end
  end
end)

-- ---- finished runs ----

local function run_of(recipe, id, more)
  local status, _, err = check.run(("%s run %s --out %s --run-id %s --quiet %s"):format(check.tamis, q(recipe),
    q(dir .. "/out"), id, more or ""))
  check.eq(status, 0, err)
  return dir .. "/out/k/" .. id
end

local function without_source(r)
  r.source = nil
  for _, v in ipairs(r.values or {}) do
    v.compared = nil
    for _, list in ipairs { v.goes, v.stays } do
      for _, m in ipairs(list) do
        m.source = nil
        if m.twin then m.twin.source = nil end
      end
    end
  end
  return r
end

check.test("a finished run tells what its recipe tells, from the ledger", function()
  local base = run_of(RECIPE, "whole")
  for _, axis in ipairs { "length.min_input_tokens=0:35:7", "repetition.max_repetition_ratio=0,0.1,0.3",
                          "pii.types=EMAIL,PHONE,EMAIL+PHONE", "length.min_input_tokens=5,9 length.max_output_tokens=8,20",
                          "near_dedup.threshold=0.8:0.95:0.05", "near_dedup.threshold=0.5,0.9", "near_dedup.shingle=3,5",
                          "sample.n=20,60" } do
    check.eq(without_source(sweep(q(base) .. " " .. axis)), without_source(sweep(q(RECIPE) .. " " .. axis)), axis)
  end
end)

check.test("figures and complete pairs of a run need no source", function()
  check.write(dir .. "/gone.lua", (fs.read(RECIPE):gsub('"rows.jsonl"', '"gone.jsonl"')
    :gsub("threshold = 0.8", "threshold = 0.8, evidence_floor = 0.5")))
  check.write(dir .. "/gone.jsonl", fs.read(dir .. "/rows.jsonl"))
  local base = run_of(dir .. "/gone.lua", "gone")
  os.remove(dir .. "/gone.jsonl")
  local asked = { "length.min_input_tokens=0:35:7", "near_dedup.threshold=0.5:0.9:0.1", "pii.types=EMAIL,PHONE" }
  for _, axis in ipairs(asked) do
    local r = without_source(sweep(q(base) .. " " .. axis))
    check.eq(r, without_source(sweep(q(RECIPE) .. " " .. axis)), axis)
  end
  local status, _, err = check.run(("%s sweep %s near_dedup.shingle=3,5"):format(check.tamis, q(base)))
  check.eq(status, 1)
  check.contains(err, "gone.jsonl, which the run read, is not there")
end)

check.test("a recipe that has changed since the run is not what the run is swept by", function()
  check.write(dir .. "/mine.lua", fs.read(RECIPE))
  local base = run_of(dir .. "/mine.lua", "mine")
  local before = sweep(q(base) .. " near_dedup.shingle=3,5")
  check.write(dir .. "/mine.lua", "return nothing")
  check.eq(sweep(q(base) .. " near_dedup.shingle=3,5"), before)
end)

check.test("value i is A + i * STEP, rounded to its decimals", function()
  local r = sweep(q(RECIPE) .. " near_dedup.threshold=0.6:0.9:0.1")
  local values = {}
  for i, v in ipairs(r.values) do values[i] = v.value end
  check.eq(values, { 0.6, 0.7, 0.8, 0.9 })
end)

check.test("the terminal's and Markdown's lines keep to the width and let no escape through", function()
  local screen = require "report.screen"
  local data = q(dir .. "/hostile.jsonl")
  for _, how in ipairs { "", " --md" } do
    local status, out, err = check.run(("%s sweep %s length.min_input_tokens=1:5:2 --quiet%s"):format(check.tamis, data,
      how))
    check.eq(status, 0, err)
    for line in out:gmatch "[^\n]+" do
      check.ok(how ~= "" or screen.width_of(line) <= 80, line)
      check.ok(not line:find "[\0-\31\127]", line)
      for _, mark in ipairs { "\u{202E}", "\u{200B}", "\u{9B}" } do check.ok(not line:find(mark, 1, true), line) end
    end
    check.contains(out, "red")
  end
end)

check.test("an interrupt ends it, without half a result", function()
  local slow = check.write(dir .. "/slow.lua", [[local s = require "tamis"
return s.recipe { name = "slow", sources = { "rows.jsonl" }, s.near_dedup {},
  s.filter { fn = function(ex) for _ = 1, 1e6 do end end } }]])
  local command = "timeout --preserve-status -s INT 0.5 %s sweep %s near_dedup.shingle=3,4,5,6,7,8,9 --replay --quiet"
  local status, out = check.run(command:format(check.tamis, q(slow)))
  check.eq(status, 130)
  check.eq(out, "")
end)

check.test("what is wrong with the parameter is said before a row is read", function()
  for _, case in ipairs {
    { "lenght.min_input_tokens=3:9:3", 'there is no stage "lenght"; did you mean "length"' },
    { "length.min_inptu_tokens=3:9:3", 'did you mean "min_input_tokens"' },
    { "length.min_input_tokens=9:3:3", "expected A:B:STEP" },
    { "length.min_input_tokens=3:9", "expected A:B:STEP" },
    { "near_dedup.threshold=0.5:1.5:0.5", "out of range" },
    { "length.min_input_tokens=3:4:0.5", "whole number" },
    { "near_dedup.unit=char,letter", 'one of "char", "word"' },
    { "length.min_input_tokens=3,5 length.min_input_tokens=3,5", "stands twice" },
    { "a.b=1 c.d=2 e.f=3", "there is no stage" },
    { "", "which parameter" },
  } do
    local status, out, err = check.run(("%s sweep %s %s"):format(check.tamis, q(RECIPE), case[1]))
    check.eq(status, 2, case[1])
    check.eq(out, "")
    check.contains(err, case[2])
  end
end)

check.done()
