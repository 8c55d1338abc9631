--- A judge's marks as they are told: what each threshold keeps is what a run with it keeps, and advice names what
-- would have kept the row.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local program = check.quote(fs.realpath(os.getenv "TAMIS" or "./tamis"))

local NAMES = { "correctness", "helpfulness", "instruction_following", "completeness", "quality" }
local MARKS = {
  { 5, 5, 5, 5, 5 },   -- 5.0
  { 4, 4, 4, 4, 4 },   -- 4.0
  { 4, 4, 4, 3, 3 },   -- 3.6
  { 3, 3, 4, 3, 4 },   -- 3.4
  { 3, 3, 3, 3, 3 },   -- 3.0
  { 3, 3, 3, 3, 2 },   -- 2.8: excluded by its total
  { 5, 5, 5, 5, 1 },   -- 4.2: excluded by a lowest mark
  { 1, 2, 2, 3, 3 },   -- 2.2: excluded by both
}

local rows, scores = {}, {}
for i, marks in ipairs(MARKS) do
  rows[i] = json.encode { input = ("Where is invoice %d of last year?"):format(i),
                          output = ("Under Billing, by its number %d."):format(i * 17) }
  local of = {}
  for k, name in ipairs(NAMES) do of[name] = marks[k] end
  scores[i] = json.encode { source = "rows.jsonl", line = i, scores = of,
                            reasoning = ("row %d \27[31mis\7 so"):format(i) }
end
check.write(dir .. "/rows.jsonl", table.concat(rows, "\n") .. "\n")
check.write(dir .. "/scores.jsonl", table.concat(scores, "\n") .. "\n")
check.write(dir .. "/r.lua", [[local s = require "tamis"
return s.recipe { name = "m", sources = { "rows.jsonl" }, s.judge { provider = "file", scores = "scores.jsonl" } }
]])

--- Rows that a threshold keeps, by the rule: no lowest mark, not under exclude_below, not under min_overall.
local function kept_at(min_overall, exclude_below)
  local n = 0
  for _, marks in ipairs(MARKS) do
    local sum, low = 0, 5
    for _, m in ipairs(marks) do sum, low = sum + m, math.min(low, m) end
    if low > 1 and sum / 5 >= math.max(min_overall, exclude_below or 3) then n = n + 1 end
  end
  return n
end

local function tamis(fmt, ...)
  local status, out, err = check.run(("cd %s && %s "):format(check.quote(dir), program) .. fmt:format(...))
  check.eq(status, 0, err)
  return out
end
local function flat(text) return (text:gsub("%s+", " ")) end

tamis "run r.lua --run-id a --quiet"

check.test("each threshold of a judge keeps what a run with it keeps: sweep, report, page and runs are of one mind", function()
  local values = { 1, 3, 3.5, 4, 4.5 }
  local runs = {}
  for i, v in ipairs(values) do
    local r = json.decode(tamis("check r.lua --quiet --json --set judge.min_overall=%s", v))
    runs[i] = r.stages[1].seen - r.stages[1].removed
    check.eq(runs[i], kept_at(v), tostring(v))
  end
  for _, from in ipairs { "r.lua", "curated/m/a" } do
    local swept = json.decode(tamis("sweep %s judge.min_overall=1,3,3.5,4,4.5 --quiet --json", from))
    for i, v in ipairs(swept.values) do check.eq(v.kept, runs[i], tostring(v.value)) end
    swept = json.decode(tamis("sweep %s judge.exclude_below=1,3,4,4.5 --quiet --json", from))
    for _, v in ipairs(swept.values) do check.eq(v.kept, kept_at(3.5, v.value), tostring(v.value)) end
  end
  local bounds = json.decode(tamis "report curated/m/a --json").bounds
  local page = tamis "report curated/m/a --html -"
  check.eq(#bounds, 1)
  local b = bounds[1]
  check.eq(b.name, "judge.min_overall")
  for i, v in ipairs(b.values) do check.eq(b.kept[i], kept_at(v), tostring(v)) end
  check.ok(b.kept[1] > b.kept[b.at] and b.kept[#b.kept] < b.kept[b.at], "a higher threshold keeps fewer")
  check.contains(page, '"kept":' .. json.encode(b.kept))
end)

check.test("a row that a judge removed is told what would have kept it, and keeping to it keeps the row", function()
  local cases = {
    [4] = { "low_score, total is 3.4, at least 3.5 is asked", "judge.min_overall at most 3.4",
            "--set judge.min_overall=3.4" },
    [6] = { "excluded, total is 2.8, and a row under 3 is excluded",
            "judge.exclude_below at most 2.8 and judge.min_overall at most 2.8",
            "--set judge.exclude_below=2.8 --set judge.min_overall=2.8" },
    [7] = { "excluded, quality has its lowest mark, 1 (total 4.2)",
            "judge.exclude_lowest = false (quality has its lowest mark, 1)", "--set judge.exclude_lowest=false" },
    [8] = { "excluded, correctness has its lowest mark, 1 (total 2.2)",
            "judge.exclude_lowest = false (correctness has its lowest mark, 1) and judge.exclude_below at most 2.2"
            .. " and judge.min_overall at most 2.2",
            "--set judge.exclude_lowest=false --set judge.exclude_below=2.2 --set judge.min_overall=2.2" },
  }
  for line, case in pairs(cases) do
    local out = flat(tamis("explain curated/m/a rows.jsonl:%d", line))
    check.contains(out, "rejected by judge: " .. case[1])
    check.contains(out, "What would have kept it " .. case[2])
    check.ok(not out:find("at least " .. line, 1, true))
    local id = "keep" .. line
    tamis("run r.lua --quiet --run-id %s %s", id, case[3])
    check.contains(check.read(dir .. "/curated/m/" .. id .. "/curated.jsonl"), ("invoice %d "):format(line))
  end
end)

check.test("what the judge said stands on the screen, and its escapes do not reach the terminal", function()
  local out = tamis "explain curated/m/a rows.jsonl:7"
  local said = flat(out)
  check.contains(said, "The judge marks: completeness 5, correctness 5, helpfulness 5, instruction_following 5, quality 1")
  check.contains(said, "it says: row 7 \\x1b[31mis\\x07 so")
  check.ok(not out:find "[\27\7]", out)
end)

check.test("a run whose judge excluded most says by what, and proposes no threshold that would not bring them back", function()
  local lines, marks = {}, {}
  for i = 1, 30 do
    lines[i] = json.encode { input = ("Where is invoice %d of this year?"):format(i), output = "Under Billing " .. i }
    local of = {}
    for _, name in ipairs(NAMES) do of[name] = 5 end
    if i > 10 then of.quality = 1 end
    marks[i] = json.encode { source = "many.jsonl", line = i, scores = of }
  end
  check.write(dir .. "/many.jsonl", table.concat(lines, "\n") .. "\n")
  check.write(dir .. "/many_scores.jsonl", table.concat(marks, "\n") .. "\n")
  check.write(dir .. "/many.lua", [[local s = require "tamis"
return s.recipe { name = "many", sources = { "many.jsonl" },
  s.judge { provider = "file", scores = "many_scores.jsonl" } }
]])
  local out = flat(tamis "run many.lua --run-id a")
  check.contains(out, "judge removed 66.7% of the 30 rows it saw, all for excluded: a lowest mark (exclude_lowest), or"
    .. " total under judge.exclude_below = 3")
  check.ok(not out:find("--set judge", 1, true), out)
  out = flat(tamis "report curated/many/a")
  check.contains(out, "quality has its lowest mark, 1 (total 4.2)")
  check.ok(not out:find("judge.min_overall = 4", 1, true), out)
end)

check.done()
