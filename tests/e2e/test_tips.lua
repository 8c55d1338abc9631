--- What a run tells of itself at its end: warnings that can help, commands that work as printed,
-- and folders left only where a run was published.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local function q(s) return check.quote(s) end
local function file(name, text) return check.write(dir .. "/" .. name, text) end

--- Runs tamis in the folder, so that ./curated is there.
local function tamis(words)
  local program = check.tamis:gsub("^'%.", "'" .. fs.realpath ".")
  return check.run(("cd %s && %s %s"):format(q(dir), program, words))
end

local function wanted(words, status)
  local got, stdout, err = tamis(words)
  check.eq(got, status or 0, err .. stdout)
  return stdout, err
end

--- Fails unless the text says so, wherever its lines break.
local function says(text, part) check.contains((text:gsub("%s+", " ")), part) end

--- n rows that no stage removes: other words each, 12 of input, `tokens(i)` of output.
local function rows(n, tokens)
  local out = {}
  for i = 1, n do
    local function words(many, seed)
      local t = {}
      for k = 1, many do t[k] = ("w%x"):format((i * 7919 + k * 104729 + seed) * 2654435761 % 4294967296) end
      return table.concat(t, " ")
    end
    out[i] = json.encode { input = words(12, 1), output = words(tokens and tokens(i) or 8, 5000011) }
  end
  return table.concat(out, "\n") .. "\n"
end

local LENGTH = [[local s = require "tamis"
return s.recipe { name = "len", sources = { "len.jsonl" },
  s.length { min_input_tokens = 1, min_output_tokens = %d, max_output_tokens = %d } }]]

-- ---- thresholds ----

-- Outputs of 1 to 10 tokens, ten rows each. At least 6 removes 1 to 5, half of the rows. To keep 90 of
-- 100, ten may go: those of 1 token. So 2 keeps 90%.
check.test("a bound that removes much is told with the value that would keep 90%", function()
  file("len.jsonl", rows(100, function(i) return (i - 1) % 10 + 1 end))
  file("len.lua", LENGTH:format(6, 100))
  local text = wanted "run len.lua --run-id a"
  says(text, "! length removed 50.0% of the 100 rows it saw;")
  says(text, "length.min_output_tokens is 6: 2 would keep 90%")
  check.contains(text, "tamis run len.lua --set length.min_output_tokens=2")
  wanted "run len.lua --set length.min_output_tokens=2 --run-id b"
  check.eq(json.decode(fs.read(dir .. "/curated/len/b/lineage.json")).final_count, 90)
  says(wanted "report curated/len/a", "length.min_output_tokens = 2 would keep 90%")
end)

-- At most 4 removes 5 to 10, 60 rows; 9 lets all but the ten of 10 tokens stay.
check.test("an upper bound is raised, not lowered", function()
  file("len.lua", LENGTH:format(1, 4))
  says(wanted "run len.lua --run-id c", "length.max_output_tokens is 4: 9 would keep 90%")
  says(wanted "report curated/len/c", "length.max_output_tokens = 9 would keep 90%")
end)

-- 3 to 5 removes 1, 2 and 6 to 10: with either bound gone, 20 rows or more are still removed.
check.test("no value is named where none of that parameter keeps 90%", function()
  file("len.lua", LENGTH:format(3, 5))
  local text = wanted "run len.lua --run-id d"
  check.contains(text, "length removed 70.0%")
  check.ok(not text:find("would", 1, true), text)
  check.ok(not text:find("--set", 1, true), text)
  check.ok(not wanted "report curated/len/d":find("would keep", 1, true))
end)

check.test("a language that is not wanted is no matter of its confidence", function()
  file("fr.lua", [[local s = require "tamis"
return s.recipe { sources = { "fr.jsonl" }, s.language { keep = { "fr" }, min_confidence = 0.9 } }]])
  local t = {}
  for i = 1, 60 do
    t[i] = json.encode { input = ("Could you please tell me where the station number %d is today, my friend?"):format(i),
                         output = ("It stands behind the old church, house number %d, near the river and the bridge."):format(i) }
  end
  file("fr.jsonl", table.concat(t, "\n") .. "\n")
  local status, text, err = tamis "run fr.lua --run-id a"
  if err:find("needs CLD2", 1, true) then check.skip "built without CLD2" end
  check.eq(status, 0, err)
  says(text, "language removed 100.0% of the 60 rows it saw, all for")
  check.ok(not text:find("would", 1, true), text)
  check.ok(not wanted "report curated/fr/a":find("would keep", 1, true))
end)

check.test("a stage that saw few rows does not head the run, however many it removed", function()
  file("len.lua", LENGTH:format(6, 100))
  check.ok(not wanted "run len.lua --limit 10":find("! length", 1, true))
end)

check.test("lines that cannot be read head the run, with what to do", function()
  file("broken.jsonl", rows(4) .. ('{"input": "x\n'):rep(26))
  local text = wanted "run broken.jsonl --run-id a"
  says(text, "! load removed 86.7% of the 30 rows it read, all as malformed: mend these")
  check.contains(text, "tamis explain curated/broken/a --reason malformed")
end)

check.test("one row is one row, and thousands have their commas", function()
  file("one.jsonl", rows(1))
  local text = wanted "run one.jsonl"
  check.contains(text, "1 row from 1 source")
  check.contains(text, "one.jsonl: 1 row, pairs")
  check.contains(text, "1 row read = 1 kept")
  file("topics.lua", [[local s = require "tamis"
return s.recipe { sources = { "many.jsonl" }, s.topics { rules = { { "a", "w0" } } } }]])
  file("many.jsonl", rows(1200))
  says(wanted "run topics.lua", "to 0 of 1,200 rows")
end)

check.test("the mapping of a file in no known format is said, and no line is wider than 80 columns", function()
  assert(fs.mkdirs(dir .. "/a_folder_with_a_long_name/and_another"))
  local t = {}
  for i = 1, 30 do
    t[i] = json.encode { wat = ("the thing %d that a person might well ask for"):format(i % 20), zeg = "an answer to it, of some words" }
  end
  file("a_folder_with_a_long_name/and_another/odd.jsonl", table.concat(t, "\n") .. "\n")
  local text = wanted "run a_folder_with_a_long_name/and_another/odd.jsonl --run-id a"
  says(text, '30 rows, input = "wat"')
  check.ok(text:find "\n +odd.jsonl:%d+  the thing", text)
  for line in text:gmatch "[^\n]+" do check.ok(utf8.len(line) <= 80, line) end
end)

-- ---- commands ----

check.test("the command to try a value runs as it is printed, without a recipe and with one", function()
  file("it's short.jsonl", rows(40, function(i) return i % 10 + 1 end))
  local text = wanted [[run "it's short.jsonl" --run-id a --set length.min_output_tokens=5 --set length.min_input_tokens=2]]
  check.ok(not text:find("built-in", 1, true), text)
  local command = text:match "\n  tamis run ([^\n]*)"
  check.eq(command, [['it'\''s short.jsonl' --set length.min_input_tokens=2 --set length.min_output_tokens=2]])
  wanted("run " .. command .. " --run-id b")
  check.eq(json.decode(fs.read(dir .. "/curated/it_s_short/b/lineage.json")).final_count, 36)
  local explain = text:match "\n  tamis (explain [^\n]*)"
  wanted(explain)
end)

check.test("explain without a run takes the newest run that read the file", function()
  file("first.jsonl", rows(3))
  wanted "run first.jsonl --run-id a"
  wanted "run one.jsonl --run-id z"
  check.contains(wanted "explain first.jsonl:2", "run curated/first/")
  check.contains(wanted "explain curated/first/a/curated.jsonl:2", "first.jsonl:2")
  file("unread.jsonl", rows(1))
  local _, err = wanted("explain unread.jsonl:1", 1)
  check.contains(err, "no run under ./curated read it")
  check.contains(err, "tamis explain RUN unread.jsonl:1")
  assert(fs.mkdirs(dir .. "/other"))
  file("other/first.jsonl", rows(9))
  wanted "run other/first.jsonl --run-id later"
  check.contains(wanted "explain first.jsonl:3", "run curated/first/a")
  check.contains(wanted "explain other/first.jsonl:9", "run curated/first/latest")
end)

-- ---- edits ----

check.test("a stage that changes texts is told in the funnel, the record, the ledger and explain", function()
  file("edits.lua", [[local s = require "tamis"
return s.recipe { name = "edits", sources = { "edits.jsonl" },
  s.map { name = "strip", fn = function(ex) return { output = (ex.output:gsub(" Regards, Bob$", "")) } end },
  s.exact_dedup {},
  s.pii { action = "redact" }, s.length { min_output_tokens = 1, min_input_tokens = 1 } }]])
  file("edits.jsonl", table.concat({
    json.encode { input = "Write to a@bcd.de or c@bcd.de", output = "I am x@yzz.de Regards, Bob" },
    json.encode { input = "Hi", output = "Hello" },
    json.encode { input = "", output = "x@yzz.de" } }, "\n"))
  local text = wanted "run edits.lua --run-id a"
  check.ok(text:find "\n  strip +3 +0 +1 ", text)
  check.ok(text:find "\n  pii +3 +0 +2 ", text)
  check.contains(text, "1 of the kept rows has a text that a stage changed")
  local record = json.decode(fs.read(dir .. "/curated/edits/a/lineage.json"))
  local edited = {}
  for i, c in ipairs(record.stats.stage_counts) do edited[i] = c.edited or 0 end   -- the first is load
  check.eq(edited, { 0, 1, 0, 2, 0 })
  -- the later edit of a string does not hide the earlier one, which another pass made
  local explained = wanted "explain edits.jsonl:1 --json"
  local p = json.decode(explained)
  check.eq({ p.stages[1].outcome, p.stages[1].figures[1] }, { "changed", "changed 1 string: output" })
  check.eq({ p.stages[3].outcome, p.stages[3].figures[1] }, { "changed",
    "changed 2 strings: input (EMAIL at 9 to 17, EMAIL at 21 to 29), output (EMAIL at 5 to 13)" })
  check.contains(p.verdict, "its text was changed by strip, pii")
  check.eq(p.text.fields.output, "I am [EMAIL]")
  p = json.decode((wanted "explain edits.jsonl:2 --json"))
  check.eq(p.stages[3].outcome, "passed")
  p = json.decode((wanted "explain edits.jsonl:3 --json"))
  check.eq({ p.status, p.stages[3].outcome }, { "rejected", "changed" })
  check.ok(wanted "report curated/edits/a":find "\n  pii +3 +0 +0%.0%% +2 ")
end)

-- ---- folders ----

check.test("a trial leaves `latest` where it is, and says so", function()
  file("t.lua", [[local s = require "tamis"
return s.recipe { name = "t", sources = { "many.jsonl" }, s.length {}, s.repetition {} }]])
  wanted "run t.lua --run-id whole"
  for _, option in ipairs { "--limit 5", "--sample 5", "--until length" } do
    local text = wanted("run t.lua --replace --run-id try " .. option)
    check.contains(text, ("a trial (%s): `latest` stays"):format(option))
    check.ok(not text:find("Since run", 1, true), text)
    check.eq(fs.readlink(dir .. "/curated/t/latest"), "whole")
  end
end)

check.test("a run that fails leaves no folder, nor takes one that was there", function()
  file("latin1.csv", "a,b\n\xe9\xe8,x\n")
  wanted("run latin1.csv", 1)
  check.eq(fs.exists(dir .. "/curated/latin1"), false)
  wanted("run latin1.csv --out new", 1)
  check.eq(fs.exists(dir .. "/new"), false)
  assert(fs.mkdirs(dir .. "/mine"))
  wanted("run latin1.csv --out mine", 1)
  check.eq(fs.exists(dir .. "/mine"), true)
  check.eq(fs.exists(dir .. "/mine/latin1"), false)
end)

-- ---- standard output ----

check.test("a reader that leaves ends the program quietly, by SIGPIPE; a full disk is an error", function()
  local _, text, err = tamis "report many.jsonl --json | head -c 10"
  check.eq(#text, 10)
  check.eq(err, "")
  local status
  status, _, err = tamis "help >/dev/full"
  check.eq(status, 1)
  check.contains(err, "cannot write to standard output")
  wanted "run many.jsonl | head -c 10 >/dev/null"
  check.ok(fs.exists(dir .. "/curated/many/latest/lineage.json"))
end)

check.done()
