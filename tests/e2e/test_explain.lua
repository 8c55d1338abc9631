--- explain: the passport of a row, from a ledger written by hand (fixture_run.lua).
local check = require "check"
local explain = require "cli.explain"
local json = require "json"

local dir = check.folder()
local out, source = dofile "tests/e2e/fixture_run.lua" (dir)

-- Runs the command in this state; returns its status and what it printed, runs of blanks and line
-- feeds as one blank.
local function run(...)
  local lines = {}
  local status = explain.run({ ... }, { out = function(l) lines[#lines + 1] = l end })
  return status, (table.concat(lines, "\n"):gsub("%s+", " "))
end

check.test("a rejected row names its verdict, its figures and what would have kept it", function()
  local status, text = run(out, source .. ":3")
  check.eq(status, 0)
  check.contains(text, "rejected by length: input_too_short, input is 2, at least 3 is asked")
  check.contains(text, "input_tokens 2 (3 to 2,048)")
  check.contains(text, "output_tokens 5 (2 to 1,024)")
  check.contains(text, "pii: pii, EMAIL in input, characters 3 to 9")
  check.contains(text, "length.min_input_tokens at most 2, and")
  check.contains(text, "pii.action = redact or tag")
  check.ok(text:find "input Hi %S+a@b%.de%S+ ", text)   -- the match is marked
  check.contains(text, "identity 03030303030303030303030303030303")
end)

check.test("a near copy stands beside its twin, with the Jaccard that would have spared it", function()
  local _, text = run(out, "rejected.jsonl:2")
  check.contains(text, "near_dedup: near_duplicate, Jaccard 0.8333 with raw.jsonl:1")
  check.contains(text, "near_dedup.threshold above 0.8334")
  check.contains(text, "the twin")
  check.contains(text, "curated.jsonl:1")
  check.contains(text, "How do I reset my password please?")
end)

check.test("an exact copy names the row it copies", function()
  local _, text = run(out, source .. ":5")
  check.contains(text, "the same as raw.jsonl:2")
  check.contains(text, "its twin raw.jsonl:2 removed")
  check.contains(text, "not reached: length, repetition, pii, no_escalation, near_dedup")
end)

check.test("a line that was never a row shows its raw text", function()
  local _, text = run(out, source .. ":6")
  check.contains(text, "load: malformed at byte 12 of the line")
  check.contains(text, [[{"input": "x]])
  check.contains(text, "mend it in the source")
end)

check.test("a line that does not fit its format says which field, what was found and how long", function()
  local lines = { '{"input":"a","output":"b"}', '{"input":"a","output":"b"}', '{"input":"a","output":"b"}',
    '{"input":"a","output":"b"}', '{"input":"a","output":"b"}', '{"input":"a"}', '{"input":"a","output":[1]}',
    '{"input":' .. (" "):rep(100) .. '"a","output":"b"}', '{"input":"a","input":"c","output":"b"}', "7",
    '{"input":null,"output":"b"}' }
  local file = assert(io.open(dir .. "/load.jsonl", "w"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  local status, said, err = check.run(("%s run %s --out %s --max-line 64"):format(check.tamis,
    check.quote(dir .. "/load.jsonl"), check.quote(dir .. "/load")))
  check.eq(status, 0, said .. err)
  local words = {
    [6] = 'missing_field, there is no "output"',
    [7] = 'field_type, "output" is an array that the format does not take at byte 22 of the line',
    [8] = "too_long, the line has 126 bytes, at most 64 are read",
    [9] = 'duplicate_key, "input" stands twice at byte 21 of the line',
    [10] = "not_an_object, the line is a number",
    [11] = 'field_type, "input" is a null that the format does not take at byte 9 of the line',
  }
  for line, expected in pairs(words) do
    local _, text = run(dir .. "/load/load/latest", dir .. "/load.jsonl:" .. line)
    check.contains(text, "rejected by load: " .. expected)
  end
  local _, text = run(dir .. "/load/load/latest", dir .. "/load.jsonl:8")
  check.contains(text, "--max-line of 126 or more")
  local found = {}
  for row in check.read(dir .. "/load/load/latest/rejected.jsonl"):gmatch "[^\n]+" do
    local e = json.decode(row)._rejection
    found[e.line] = e.evidence
  end
  check.eq(found[7], { field = "output", offset = 22, found = "array" })
  check.eq(found[8], { value = 126, threshold = 64, unit = "bytes" })
  check.eq(found[10], { found = "number" })
end)

check.test("a row function's detail is told", function()
  local _, text = run(out, "--id", "T-7")
  check.contains(text, "no_escalation: boilerplate, I'll escalate")
  check.contains(text, "--skip no_escalation")
end)

check.test("a curated row passed every stage, and its escapes do not reach the terminal", function()
  local _, text = run(out, "curated.jsonl:3")
  check.contains(text, "curated: it passed every stage")
  check.contains(text, "my \\x1b[31maddress")
  check.ok(not text:find("\27[31maddress", 1, true))
end)

check.test("a row is found by words, by the file's last name, and in the latest run", function()
  local _, text = run(out, "--text", "screen is broken")
  check.contains(text, "no_escalation")
  local status = run(dir .. "/curated/helpdesk", "raw.jsonl:1")
  check.eq(status, 0)
end)

check.test("a reason gives a sample, the same each time", function()
  local _, a = run(out, "--reason", "near_duplicate", "--sample", "2")
  local _, b = run(out, "--reason", "near_dedup.near_duplicate", "--sample", "2")
  check.eq(a, b)
  check.contains(a, "Jaccard 0.8333")
end)

check.test("JSON holds the same passport", function()
  local _, text = run(out, "--json", source .. ":4")
  local p = check.ok(json.decode(text))
  check.eq(p.verdict:match "^rejected by near_dedup" ~= nil, true)
  check.eq(p.twin.line, 1)
  check.eq(p.twin.status, "curated")
  check.eq(p.text.fields.input, "How do I reset my password, please?")
  check.eq(p.twin.text.fields.output, "Click on Forgot password.")
  check.eq(p.would_keep[1], "near_dedup.threshold above 0.8334")
end)

check.test("the text is there although the source has gone", function()
  assert(os.rename(source, source .. ".away"))
  local status, text = run(out, source .. ":3")
  check.eq(status, 0)
  check.ok(text:find "input Hi %S+a@b%.de%S+ ", text)   -- the match is marked
  assert(os.rename(source .. ".away", source))
end)

check.test("what names no row is a clear error", function()
  check.eq(run(out, source .. ":99"), 1)
  check.eq(run(out, "nothing.jsonl:1"), 1)
  check.eq(run(out, "nonsense"), 2)
  check.eq(run(out, "--reason", "no_such_reason"), 1)
  check.eq(run(), 2)
  check.eq(run("--frobnicate"), 2)
  check.eq(run(dir .. "/nowhere", "a:1"), 1)
end)

-- ---- a real run of some size: rows are found by halving and by marks ----

local fs = require "fs"

local function count(n, word)
  local words = {}
  for i = 1, n do words[i] = word .. i end
  return table.concat(words, " ")
end

-- 1,500 rows, each third too short; a blank line behind every hundredth.
local function big_run()
  local lines, place = {}, {}
  for i = 1, 1500 do
    lines[#lines + 1] = json.encode { key = "k" .. i, input = count(i % 3 == 0 and 2 or 9, "w" .. i .. "x"),
                                      output = count(12, "o" .. i .. "y") }
    place[i] = #lines
    if i % 100 == 0 then lines[#lines + 1] = "" end
  end
  check.write(dir .. "/big.jsonl", table.concat(lines, "\n") .. "\n")
  local recipe = check.write(dir .. "/big.lua", [[local s = require "tamis"
return s.recipe { name = "big", id = "key", sources = { "big.jsonl" }, s.length { min_input_tokens = 5 } }]])
  local status, _, err = check.run(("%s run %s --out %s --run-id b --quiet"):format(check.tamis, check.quote(recipe),
    check.quote(dir .. "/out")))
  check.eq(status, 0, err)
  return dir .. "/out/big/b", place
end

local function passports(...)
  local lines = {}
  local args = { ... }
  args[#args + 1] = "--json"
  local status = explain.run(args, { out = function(l) lines[#lines + 1] = json.decode(l) end })
  check.eq(status, 0)
  check.eq(#lines, 1)
  return lines[1]
end

check.test("any line of a source or an output is found, with its own text", function()
  local base, place = big_run()
  local outputs = {}
  for _, name in ipairs { "curated.jsonl", "rejected.jsonl" } do
    local n = 0
    for line in fs.read(base .. "/" .. name):gmatch "[^\n]+" do
      n = n + 1
      outputs[json.decode(line).key] = { name, n }
    end
  end
  for _, i in ipairs { 1, 2, 3, 99, 100, 101, 383, 384, 385, 768, 769, 770, 1152, 1153, 1499, 1500 } do
    local key = "k" .. i
    local by_source = passports(base, ("%s/big.jsonl:%d"):format(dir, place[i]))
    check.eq(by_source.id, key)
    check.eq(by_source.row, i)
    check.contains(by_source.text.fields.input, "w" .. i .. "x1 ")
    check.eq(passports(base, ("%s:%d"):format(table.unpack(outputs[key]))), by_source)
    check.eq(passports(base, "--id", key), by_source)
  end
  check.eq(explain.run({ base, dir .. "/big.jsonl:" .. place[100] + 1 }, { out = function() end }), 1)   -- a blank line
  check.eq(explain.run({ base, "curated.jsonl:1001" }, { out = function() end }), 1)
end)

check.test("a figure stands with each bound, and how far inside it is", function()
  local p = passports(dir .. "/out/big/b", "rejected.jsonl:1")
  check.eq(p.stages[1].metrics.input_tokens, { value = 2, bounds = {
    { param = "length.max_input_tokens", side = "max", bound = 2048, margin = 2046 },
    { param = "length.min_input_tokens", side = "min", bound = 5, margin = -3 } } })
end)

check.test("matches stand marked in their strings, with what is around them", function()
  local matches = require "report.matches"
  local row = { a = { ["b.c"] = { "x", "mail \u{1F600} jo@x.io and ann@y.io now" } } }
  local function span(first, last, path)
    return { path = path or "a.b.c[1]", field = "other", start = first, ["end"] = last, type = "EMAIL" }
  end
  local faults = { { stage = "pii", reason = "pii_email",
    evidence = { spans = { span(7, 14), span(19, 27), span(0, 99), span(3, 3), span(0, 1, "a.zz"), span(0, 1, "a") } } } }
  local list = matches.of(row, faults)
  check.eq(#list, 2)   -- places that the text has not, and paths that are no string, are left out
  check.eq({ list[1].text, list[1].before, list[1].behind }, { "jo@x.io", "mail \u{1F600} ", " and ann@y.io now" })
  check.eq(list[2].text, "ann@y.io")
  local mark = matches.marker(row, list, "<", ">")
  check.eq(mark "say: mail \u{1F600} jo@x.io and ann@y.io now.", "say: mail \u{1F600} <jo@x.io> and <ann@y.io> now.")
  check.eq(mark "other", "other")
  check.eq(matches.of(nil, faults), {})
end)

check.done()
