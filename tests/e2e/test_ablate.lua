--- tamis ablate: rows that each rule removes at all, first and alone, counted by hand.
local check = require "check"
local json = require "json"

local dir = check.folder()
local function q(s) return check.quote(s) end

local function many(n, word)
  local out = {}
  for i = 1, n do out[i] = word .. i end
  return table.concat(out, " ")
end

--   rows  input_tokens  output           length            repetition   pii
--   3     2             fine             input_too_short
--   2     2             "a b" over       input_too_short   repetitive
--   1     2             mail, over       input_too_short   repetitive   pii_email
--   1     2             short            both
--   2     9             "a b" over                         repetitive
--   4     9             mail                                            pii_email
--   5     9             fine             kept
local rows, serial = {}, 0
local function add(n, input, output)
  for _ = 1, n do
    serial = serial + 1
    rows[#rows + 1] = json.encode { input = many(input, "w" .. serial .. "i"), output = output:gsub("#", tostring(serial)) }
  end
end
add(3, 2, many(12, "fine#x"))
add(2, 2, ("a# b "):rep(12))
add(1, 2, ("a# b "):rep(12) .. " jo@acme.io")
add(1, 2, "yes#")
add(2, 9, ("a# b "):rep(12))
add(4, 9, many(12, "p#x") .. " write to \27[31mjo@acme.io")
add(5, 9, many(12, "good#x"))
check.write(dir .. "/rows.jsonl", table.concat(rows, "\n") .. "\n{broken\n")
check.write(dir .. "/r.lua", [[local s = require "tamis"
return s.recipe { name = "r", sources = { "rows.jsonl" }, s.length { min_input_tokens = 5, min_output_tokens = 3 },
  s.repetition {}, s.pii { action = "reject" }, s.balance { max = 3, by = "input" } }]])
local status, _, err = check.run(("%s run %s --out %s --run-id a --quiet"):format(check.tamis, q(dir .. "/r.lua"),
  q(dir .. "/out")))
check.ok(status == 0, err)
local base = dir .. "/out/r/a"

local function figures(x) return { x.at_all, x.first, x.alone } end

check.test("at all, first and alone are what a count by hand gives", function()
  local _, out = check.run(("%s ablate %s --json"):format(check.tamis, q(base)))
  local r, got = json.decode(out), {}
  check.eq({ r.rows, r.kept, r.removed }, { 19, 5, 14 })
  for _, s in ipairs(r.stages) do
    got[s.name] = figures(s)
    for _, reason in ipairs(s.reasons) do got[s.name .. "." .. reason.reason] = figures(reason) end
  end
  check.eq(got, {
    length = { 7, 7, 4 }, ["length.input_too_short"] = { 7, 7, 3 }, ["length.output_too_short"] = { 1, 0, 0 },
    repetition = { 5, 2, 2 }, ["repetition.repetitive"] = { 5, 2, 2 },
    pii = { 5, 4, 4 }, ["pii.pii_email"] = { 5, 4, 4 },
    load = { 1, 1, 1 }, ["load.malformed"] = { 1, 1, 1 },
  })
  check.eq(r.stages[1].name, "length")   -- of those that remove as much alone, what removes more first
end)

check.test("examples are rows that the rule alone removed, and their escapes do not reach the terminal", function()
  local _, out = check.run(("%s ablate %s --json --sample 3"):format(check.tamis, q(base)))
  for _, s in ipairs(json.decode(out).stages) do
    for _, reason in ipairs(s.reasons) do
      check.eq(#reason.examples, math.min(3, reason.first))
      for i, e in ipairs(reason.examples) do check.eq(e.alone, i <= reason.alone) end
    end
  end
  local screen = require "report.screen"
  _, out = check.run(("%s ablate %s --sample 4"):format(check.tamis, q(base)))
  check.contains(out, "pii.pii_email alone removes 4 rows")
  for line in out:gmatch "[^\n]+" do
    check.ok(screen.width_of(line) <= 80, line)
    check.ok(not line:find "[\0-\31\127]", line)
  end
end)

check.test("what is no run is said in a sentence", function()
  local code, _, message = check.run(("%s ablate %s"):format(check.tamis, q(dir .. "/nowhere")))
  check.eq(code, 1)
  check.contains(message, "cannot find")
  code, _, message = check.run(("%s ablate a b"):format(check.tamis))
  check.eq(code, 2)
  check.contains(message, "one run at a time")
end)

check.done()
