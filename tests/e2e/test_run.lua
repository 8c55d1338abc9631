--- tamis run, end to end: what it writes, what it refuses, and what it leaves behind.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local root = fs.read "/proc/self/status":find "Uid:%s+0" ~= nil

local function q(s) return check.quote(s) end

local function file(name, text) return check.write(dir .. "/" .. name, text) end

--- Rows of different lengths; every tenth repeats the one before it.
local function rows(n)
  local out = {}
  for i = 1, n do
    local k = i % 10 == 0 and i - 1 or i
    out[i] = json.encode { id = i, input = ("question %d about %s"):format(k, ("topic "):rep(k % 7 + 1)),
                           output = ("answer %d: %s"):format(k, ("word%d "):format(k):rep(k % 23 + 2)), meta = { n = i % 5 } }
  end
  return out
end

local ROWS = rows(600)
file("raw.jsonl", table.concat(ROWS, "\n") .. "\n")

local function recipe(body, name)
  return file(name or "recipe.lua", "local s = require \"tamis\"\nreturn s.recipe {\n  name = \"t\",\n  sources = { \"raw.jsonl\" },\n" .. body .. "\n}\n")
end

local out = dir .. "/out"
local function run(path, more)
  return check.run(("%s run %s --out %s --quiet %s"):format(check.tamis, q(path), q(out), more or ""))
end

local function fails(status, part, path, more)
  local got, stdout, err = run(path, more)
  check.eq(got, status, err)
  check.contains(err, part)
  check.ok(not err:find("stack traceback", 1, true), err)
  check.eq(stdout, "")
  return err
end

local function lines(path)
  local t = {}
  for line in fs.read(path):gmatch "([^\n]*)\n" do t[#t + 1] = line end
  return t
end

-- ---- what a run leaves ----

check.test("a run keeps or rejects every row, byte for byte, and its record says so", function()
  local path = recipe [[  s.exact_dedup {},
  s.filter { name = "short", fn = function(ex) if #ex.output < 40 then return "too_short", #ex.output end end },]]
  local status, _, err = run(path, "--run-id a")
  check.eq(status, 0, err)
  local base = out .. "/t/a/"
  local kept, rejected = lines(base .. "curated.jsonl"), lines(base .. "rejected.jsonl")
  check.eq(#kept + #rejected, #ROWS)
  local known = {}
  for _, row in ipairs(ROWS) do known[row] = true end
  for _, line in ipairs(kept) do check.ok(known[line], line) end
  local record = json.decode(fs.read(base .. "lineage.json"))
  check.eq(record.final_count, #kept)
  check.eq(record.rejected_count, #rejected)
  check.eq(record.quarantined_count, 0)
  check.eq(record.run_id, "a")
  check.eq(record.dataset_name, "t")
  check.eq(#record.fingerprint, 64)
  check.eq(record.recipe[1].text, fs.read(path))
  check.eq(record.sources[1].rows, #ROWS)
  check.eq(record.sources[1].sha256, require "hash_file".sha256(dir .. "/raw.jsonl"))
  check.eq(record.config.seed, 42)
  check.eq(fs.stat(out .. "/t/a").mode, 448)
  check.eq(fs.readlink(out .. "/t/latest"), "a")
  local first = json.decode(rejected[1])._rejection
  check.ok(first.stage == "exact_dedup" or first.stage == "short")
  check.ok(fs.exists(base .. "ledger.db"))
  local removed = 0
  for _, c in ipairs(record.stats.stage_counts) do removed = removed + c.removed end
  check.eq(removed, #rejected)
end)

check.test("the same bytes whatever the threads, and for one file as for five", function()
  local body = [[  s.exact_dedup {}, s.length { min_input_tokens = 3, min_output_tokens = 4 }, s.near_dedup {},
  s.map { fn = function(ex) if ex["meta.n"] == 2 then return { output = ex.output:upper(), loud = true } end end },
  s.filter { fn = function(ex) if ex.output:find "word7 " then return false end end },
  s.balance { by = "meta.n", max = 60 },]]
  local path = recipe(body)
  local want
  for _, threads in ipairs { 1, 2, 7 } do
    local status, _, err = run(path, ("--run-id t%d --threads %d"):format(threads, threads))
    check.eq(status, 0, err)
    local got = fs.read(("%s/t/t%d/curated.jsonl"):format(out, threads)) .. fs.read(("%s/t/t%d/rejected.jsonl"):format(out, threads))
    want = want or got
    check.ok(got == want, threads .. " threads gave other bytes")
  end
  for i = 1, 5 do
    file(("part%d.jsonl"):format(i), table.concat(ROWS, "\n", (i - 1) * 120 + 1, i * 120) .. "\n")
  end
  local status, _, err = check.run(("%s run %s %s/part*.jsonl --out %s --quiet --run-id five"):format(check.tamis, q(path), q(dir), q(out)))
  check.eq(status, 0, err)
  check.ok(fs.read(out .. "/t/five/curated.jsonl") == fs.read(out .. "/t/t1/curated.jsonl"), "curated differs")
  local function bare(text) return (text:gsub('"source":"[^"]*"', '"source":""'):gsub('"line":%d+', '"line":0')) end
  check.ok(bare(fs.read(out .. "/t/five/rejected.jsonl")) == bare(fs.read(out .. "/t/t1/rejected.jsonl")), "rejected differs")
end)

check.test("a table on standard input is told by its first line", function()
  local function piped(text, id)
    local path = file("piped", text)
    local status, _, err = check.run(("%s run - --out %s --quiet --run-id %s --skip length < %s"):format(check.tamis, q(out), id, q(path)))
    check.eq(status, 0, err)
    return fs.read(out .. "/stdin/" .. id .. "/curated.jsonl")
  end
  check.eq(piped('input,output\n"where, please, is it",over there\nwhat is this,a thing of no use\n', "csv"),
    '{"input":"where, please, is it","output":"over there"}\n{"input":"what is this","output":"a thing of no use"}\n')
  check.eq(piped("input\toutput\nwhere is it\tover, there\n", "tsv"), '{"input":"where is it","output":"over, there"}\n')
  local row = '{"input":"where is it","output":"over there"}\n'
  check.eq(piped("a banner, of some program\n" .. row, "banner"), row)
end)

check.test("of two runs of one name the second to end is told that it is there", function()
  local path = file("slow.lua", [[local s = require "tamis"
return s.recipe { name = "race", sources = { "raw.jsonl" },
  s.filter { fn = function(ex) for _ = 1, 1e4 do end end } }]])
  local command = ("%s run %s --out %s --quiet --run-id one"):format(check.tamis, q(path), q(out))
  local both = file("both.sh", ("(%s 2> %s/a; echo $? >> %s/codes) & (%s 2> %s/b; echo $? >> %s/codes) & wait\n"):format(
    command, q(dir), q(dir), command, q(dir), q(dir)))
  check.eq((check.run("sh " .. q(both))), 0)
  local codes = lines(dir .. "/codes")
  table.sort(codes)
  check.eq(codes, { "0", "2" })
  local said = fs.read(dir .. "/a") .. fs.read(dir .. "/b")
  check.contains(said, "race/one is there already; --replace writes it anew, another --run-id keeps both")
  check.ok(not said:find("rename", 1, true), said)
end)

check.test("an empty path is a wrong command line", function()
  for _, command in ipairs { "run ''", "check ''", "report ''", "explain ''" } do
    local status, _, err = check.run(check.tamis .. " " .. command)
    check.eq(status, 2, command)
    check.contains(err, "argument 1 is empty: expected the name of a file, a run or a row")
  end
end)

check.test("globs, attributes, standard input and data alone", function()
  local path = file("attributes.lua", [[local s = require "tamis"
return s.recipe { name = "attr", sources = { { "part*.jsonl", kind = "log", shard = "x" } },
  s.filter { fn = function(ex) if ex.kind ~= "log" or ex.shard ~= "x" then return "attribute" end end } }]])
  check.eq((run(path, "--run-id a")), 0)
  check.eq(#lines(out .. "/attr/a/curated.jsonl"), #ROWS)
  local status, _, err = check.run(("%s run - --out %s --quiet --run-id in < %s"):format(check.tamis, q(out), q(dir .. "/raw.jsonl")))
  check.eq(status, 0, err)
  check.ok(#lines(out .. "/stdin/in/curated.jsonl") > 0)
  status, _, err = check.run(("%s run %s --out %s --quiet --run-id d"):format(check.tamis, q(dir .. "/raw.jsonl"), q(out)))
  check.eq(status, 0, err)
  check.ok(fs.exists(out .. "/raw/d/lineage.json"))
end)

check.test("--set, --skip, --until, --limit, --sample and --arg reach the plan", function()
  local path = file("options.lua", [[local s = require "tamis"
local words = s.arg("words", 2)
return s.recipe { name = "o", sources = { "raw.jsonl" }, s.exact_dedup {},
  s.length { name = "size", min_input_tokens = 1, min_output_tokens = words }, s.repetition { max_repetition_ratio = 0.9 } }]])
  local function names(id)
    local t = {}
    for i, st in ipairs(json.decode(fs.read(out .. "/o/" .. id .. "/lineage.json")).config.stages) do t[i] = st.name end
    return table.concat(t, " ")
  end
  check.eq((run(path, "--run-id a --set size.min_output_tokens=5 --set seed=7 --skip repetition --arg words=3")), 0)
  local record = json.decode(fs.read(out .. "/o/a/lineage.json"))
  check.eq(names "a", "exact_dedup size export")
  check.eq(record.config.stages[2].params.min_output_tokens, 5)
  check.eq(record.config.seed, 7)
  check.eq((run(path, "--run-id b --until size --limit 10")), 0)
  check.eq(names "b", "exact_dedup size export")
  check.eq(json.decode(fs.read(out .. "/o/b/lineage.json")).sources[1].rows, 10)
  check.eq((run(path, "--run-id c --sample 50 --arg words=1")), 0)
  check.eq(names "c", "sample exact_dedup size repetition export")
  check.ok(#lines(out .. "/o/c/curated.jsonl") <= 50)
end)

check.test("a summary as JSON, and one for people that shows no control character of the data", function()
  file("esc.jsonl", json.encode { input = "\27[31mred\27]0;title\7 \u{202e}text", output = "x" } .. "\n" .. ROWS[1] .. "\n")
  local path = recipe "  s.length { min_output_tokens = 2, min_input_tokens = 1 },"
  local status, stdout = check.run(("%s run %s %s/esc.jsonl --out %s --json --run-id j"):format(check.tamis, q(path), q(dir), q(out)))
  check.eq(status, 0)
  local s = json.decode(stdout)
  check.eq({ s.rows, s.kept, s.rejected }, { 2, 1, 1 })
  check.eq(s.reasons[1].reason, "output_too_short")
  local _, text = check.run(("%s run %s %s/esc.jsonl --out %s --run-id k"):format(check.tamis, q(path), q(dir), q(out)))
  check.contains(text, "2 rows read = 1 kept + 1 rejected + 0 quarantined")
  check.ok(not text:find "[%z\1-\9\11-\31\127]" and not text:find "\u{202e}", text)
end)

check.test("the run before is compared: rows kept and parameters changed", function()
  local path = recipe "  s.length { min_input_tokens = 1, min_output_tokens = 3 },"
  run(path, "--run-id x1")
  local _, stdout = check.run(("%s run %s --out %s --run-id x2 --set length.min_output_tokens=19"):format(check.tamis, q(path), q(out)))
  check.contains(stdout, "Since run x1")
  check.contains(stdout, "length.min_output_tokens 19, was 3")
  local before, now = #lines(out .. "/t/x1/curated.jsonl"), #lines(out .. "/t/x2/curated.jsonl")
  check.contains(stdout, ("%d rows kept, were %d; 0 gained, %d lost"):format(now, before, before - now))
  check.contains(stdout, ("lost: %d to length.output_too_short"):format(before - now))
  check.contains(stdout, ("  tamis diff %s/t/x1 %s/t/x2"):format(out, out))
  check.contains(stdout, "length removed ")
end)

check.test("--strict turns an expectation that fails into exit 3, after publishing", function()
  local path = recipe "  expect = { min_rows = 100000 },"
  local status, _, err = run(path, "--strict --run-id e")
  check.eq(status, 3)
  check.contains(err, "expects at least 100,000")
  check.ok(fs.exists(out .. "/t/e/lineage.json"))
  check.eq((run(path, "--run-id e2")), 0)
end)

check.test("gold comes first, whether the recipe says so or not", function()
  file("gold.jsonl", ROWS[3] .. "\n")
  local path = recipe "  gold = { \"gold.jsonl\" }, s.exact_dedup {},"
  check.eq((run(path, "--run-id g")), 0)
  local record = json.decode(fs.read(out .. "/t/g/lineage.json"))
  check.eq(record.config.stages[1].stage, "decontaminate")
  check.contains(fs.read(out .. "/t/g/rejected.jsonl"), '"stage":"decontaminate"')
  check.eq(record.gold[1].rows, 1)
end)

-- ---- what it refuses ----

check.test("files that are missing, folders or damaged are named", function()
  local path = recipe ""
  fails(1, "nowhere.jsonl", path, q(dir .. "/nowhere.jsonl"))
  fails(1, "is a folder", path, q(dir))
  fails(1, "nowhere.lua", dir .. "/nowhere.lua")
  fails(1, "gold_nowhere", path, "--gold " .. q(dir .. "/gold_nowhere.jsonl"))
  file("empty.jsonl", "")
  file("blank.jsonl", "\n\n")
  file("latin1.jsonl", ('{"input":"a caf\xE9","output":"b"}\n'):rep(3) .. '{"input":"a","output":"b"}\n')
  file("odd.jsonl", '{"a":1,"b":[2],"c":{"d":true}}\n')
  local function both(words, ...)   -- with a recipe, and the files alone
    local names = {}
    for i, name in ipairs { ... } do names[i] = q(dir .. "/" .. name) end
    fails(1, words, path, table.concat(names, " "))
    local status, _, err = check.run(("%s run %s --out %s"):format(check.tamis, table.concat(names, " "), q(out)))
    check.eq(status, 1)
    check.contains(err, words)
  end
  both("empty.jsonl is empty", "empty.jsonl")
  both("none of the files holds a row", "empty.jsonl", "blank.jsonl")
  both("75% of the lines are not UTF-8; convert it first, for example iconv", "latin1.jsonl")
  both("keys found: a (number), b (array), c (object)", "odd.jsonl")
  if not root then
    file("secret.jsonl", ROWS[1])
    os.execute("chmod 000 " .. q(dir .. "/secret.jsonl"))
    fails(1, "Permission denied", path, q(dir .. "/secret.jsonl"))
  end
end)

check.test("what may make a run's counts misleading is said in its summary", function()
  file("raw2.jsonl", '{"input":"a question","output":"an answer"}\n\n{"input":"another question","output":"an answer"}\n')
  file("empty.jsonl", "")
  file("prose.txt", ("no JSON at all\n"):rep(20))
  os.execute(("gzip -c %s | head -c 2000 > %s"):format(q(dir .. "/raw.jsonl"), q(dir .. "/torn.jsonl.gz")))
  local path = recipe("  s.balance { by = \"topc\", max = 3 }, s.filter { name = \"f\", fn = function() return \"a'; b\" end },", "notes.lua")
  local function said(files, ...)
    local status, text, err = check.run(("cd %s && %s run %s %s --out %s --allow-damaged"):format(q(dir), check.tamis, q(path), files, q(out)))
    check.eq(status, 0, err)
    for _, part in ipairs { ... } do check.contains((text:gsub("%s+", " ")), part) end
    return text
  end
  said("raw2.jsonl", "no gold set (--gold FILE): ", "2 rows and 1 blank line, pairs", "! balance: no row has a topc, by annotation", "--reason 'a'\\''; b'")
  said("raw2.jsonl empty.jsonl", "! empty.jsonl holds no rows")
  said("prose.txt", "20 rows, no format (there is no row to tell by)", "! prose.txt: none of its first lines is a JSON object")
  said("torn.jsonl.gz", "! torn.jsonl.gz: damaged gzip at byte 2000 of the file: the file ends too early; the ")
  check.ok(not said("raw2.jsonl --gold raw.jsonl"):find("no gold set", 1, true))
end)

check.test("a reader that has had enough is no fault; a full output is", function()
  local path = recipe("", "pipe.lua")
  local quiet = (("%s run %s --out %s"):format(check.tamis, q(path), q(out)))
  local _, _, err = check.run(quiet .. " | exec true")
  check.eq(err, "")
  local status
  status, _, err = check.run(quiet .. " > /dev/full")
  check.eq(status, 1)
  check.contains(err, "cannot write to standard output")
end)

check.test("an unreadable file is named", function()
  if root then check.skip "running as root, who may read everything" end
end)

check.test("a recipe's faults are one sentence with file and line, before a row is read", function()
  local cases = {
    { "  s.lenght {},", 5, 'unknown stage "lenght"; did you mean "length"?' },
    { "  s.near_dedup { treshold = 0.9 },", 5, 'unknown parameter "treshold" of near_dedup; did you mean "threshold"?' },
    { "  s.near_dedup { fields = {} },", 5, "near_dedup.fields = {} is out of range: a list of at least 1, each one of " },
    { "  s.near_dedup { against = '' },", 5, 'near_dedup: against = "" names no run' },
    { "  s.near_dedup { evidence_floor = 0.01 },", 5,
      "near_dedup: evidence_floor = 0.01 is out of range: 0, or 0.05 to 1" },
    { "  s.near_dedup { threshold = 1.5 },", 5, "near_dedup.threshold = 1.5 is out of range: a number from " },
    { "\n  s.near_dedup { threshold = \"high\" },", 6, 'near_dedup.threshold = "high" must be a number from ' },
    { "  s.length { min_input_tokens = 2.5 },", 5, "length.min_input_tokens = 2.5 must be a whole number, at least 0" },
    { "  s.length { min_input_tokens = 9, max_input_tokens = 3 },", 5, "min_input_tokens is 9, above max_input_tokens, which is 3" },
    { "  s.pii { action = \"redct\" },", 5, '; did you mean "redact"?' },
    { "  s.balance {},", 5, "balance: it needs one of max, target, match, weights and min" },
    { "  s.filter { fn = 3 },", 5, "filter.fn = 3 must be a function" },
    { "  s.export {}, s.length {},", 5, "export must be the last stage" },
    { "  s.exact_dedup,", 2, "a stage needs its braces" },
    { "  seeed = 3,", 2, 'unknown setting "seeed" of the recipe; did you mean "seed"?' },
    { "  seed = 1.5,", 2, "seed = 1.5 must be a whole number" },
    { "  expect = { min_row = 3 },", 2, 'unknown expectation "min_row"; did you mean "min_rows"?' },
    { "  s.length { name = \"a b/c\" },", 5, "the name of a stage" },
    { "  s.length { name = \"x\" }, s.filter { name = \"x\", fn = print },", 5, 'two stages have the name "x"' },
    { "  s.topics { rules = { { \"a\", 5 } } },", 5, "topics.rules[1][2] = 5 must be a text" },
    { "  s.export { splits = { train = 2 } },", 5, "export.splits.train = 2 is out of range: a number from 0 to 1" },
    { "  s.length { min_input = 3 },", 5, 'did you mean "min_input_tokens"? (there are max_input_tokens, max_output_tokens, ' },
    { "  s.wizard {},", 5, 'unknown stage "wizard" (there are balance, boilerplate, ' },
    { "  require \"nosuch\",", 5, "module 'nosuch' is not found in " },
    { "  s.sample {},", 5, "sample: it needs one of n, rows to keep, and share" },
    { "  s.balance { max = -1 },", 5, "balance: max is -1: expected 0 or more" },
    { "  s.balance { max = { a = \"x\" } },", 5, 'balance.max.a = "x" must be a number of rows, at least 0, or false for all' },
    { "  s.balance { max = {} },", 5, "balance: max is an empty table" },
    { "  s.export { splits = { train = 0.9, valid = 0.2 } },", 5, "add up to 1, such as { train = 0.95, valid = 0.05 }; these add up to 1.1" },
    { "  s.export { splits = { train = 0.9, valid = 0.09999999 } },", 5, "these add up to 0.99999999" },
    { "  s.export { splits = { 0.9, 0.1 } },", 5, "such as { train = 0.95, valid = 0.05 }, not a list" },
    { "  s.export { splits = {} },", 5, "and here is none" },
    { "  s.sample { n = 3, share = 0.5 },", 5, "sample: it has both n and share" },
    { "  s.balance { max = \"500\" },", 5, 'balance.max = "500" must be a number of rows, at least 0; a table by group' },
    { "  s.export { splits = { rejected = 1 } },", 5, 'splits: "rejected" cannot be the name of a file' },
    { "  gold = { { \"g.jsonl\", trustd = true } },", 2, '"g.jsonl" has the key "trustd"; did you mean "trusted"?' },
    { "  gold = { { \"g.jsonl\", genrator = \"x\" } },", 2, 'did you mean "generator"?' },
    { "  gold = { { \"g.jsonl\", knd = \"x\" } },", 2, 'did you mean "kind"?' },
    { "  s.length = 5,", 5, "'}' expected" },
    { "  s.length { min_input_tokens = undefined_name + 1 },", 5, "undefined global 'undefined_name'" },
    { "  s.filter { fn = function(ex) return (((ex end },", 5, "expected near" },
  }
  for _, c in ipairs(cases) do
    local path = recipe(c[1])
    local err = fails(2, c[3], path)
    check.contains(err, ("recipe.lua:%d: "):format(c[2]))
    check.eq(select(2, err:gsub("\n", "\n")), 1, err)
  end
  fails(2, "--set reaches numbers, texts and switches only; balance.max is a number of rows", recipe "  s.balance { max = 3 },",
        "--set 'balance.max={coffee=10}'")
  fails(2, 'unknown stage "read_line"', file("use.lua", "local s = require 'tamis' local t = s.read_line 'x' return s.recipe {}"))
  fails(2, 'unknown stage "nul"', file("use.lua", "local s = require 'tamis' local t = s.nul return s.recipe {}"))
  fails(2, "does not return a recipe", file("none.lua", "local s = require 'tamis'"))
  fails(2, "unknown option --frobnicate", recipe "", "--frobnicate")
  fails(2, "did you mean \"--threads\"", recipe "", "--thread 3")
  fails(2, "no stage \"lengthh\"", recipe "  s.length {},", "--set lengthh.x=1")
  fails(2, "--set length.min_input_tokens=x must be a whole number", recipe "  s.length {},", "--set length.min_input_tokens=x")
  fails(2, "out of range", recipe "  s.near_dedup {},", "--set near_dedup.threshold=7")
  fails(2, "names no sources", file("bare.lua", "local s = require 'tamis' return s.recipe {}"))
  fails(2, 'asks for no argument "mont"', file("arg.lua", "local s = require 'tamis' local m = s.arg('month', 'x') return s.recipe {}"), "--arg mont=3")
  fails(2, "needs --arg month=VALUE", file("arg.lua", "local s = require 'tamis' local m = s.arg('month') return s.recipe {}"))
  local status, _, err = check.run(check.tamis .. " rnu")
  check.eq(status, 2)
  check.contains(err, "did you mean run?")
end)

check.test("all faults of a recipe are said at once, a line each", function()
  local path = recipe [[  s.length { min_input_tokens = "x", max_inputs = 3 },
  s.near_dedup { threshold = 7 }, s.topics { rules = {} },
  s.exact_dedupe {}, s.sample {}, s.language { min_confidence = 2 },
  s.export { splits = { 0.9, 0.1 } }, seeed = 1,]]
  local said = {}
  for line in fails(2, "", path):gmatch "[^\n]+" do said[#said + 1] = line:match "recipe.lua:%d+: [^;=(]*" end
  check.eq(said, { 'recipe.lua:7: unknown stage "exact_dedupe"', 'recipe.lua:2: unknown setting "seeed" of the recipe',
    'recipe.lua:5: unknown parameter "max_inputs" of length ', "recipe.lua:5: length.min_input_tokens ",
    "recipe.lua:6: near_dedup.threshold ", "recipe.lua:6: topics: rules is empty: it needs a topic and its words",
    "recipe.lua:7: sample: it needs one of n, rows to keep, and share, such as 0.1",
    "recipe.lua:7: language.min_confidence ",
    "recipe.lua:8: export: splits takes shares by name that add up to 1, such as { train " })
end)

check.test("--trace shows where an error came from; without it nobody sees a traceback", function()
  local path = recipe "  s.filter { fn = function(ex) local x = nil; return x.y end },"
  local _, _, err = run(path, "--trace --run-id tr")
  check.contains(err, "stack traceback")
end)

check.test("a row function that throws is named with its line and the first such row", function()
  local path = recipe [[  s.filter { fn = function(ex)
    if ex["meta.n"] == 4 and #ex.output > 100 then
      local x = ex.nothing.at_all
    end
  end },]]
  local first
  for i, row in ipairs(ROWS) do
    local r = json.decode(row)
    if not first and r.meta.n == 4 and #r.output > 100 then first = i end
  end
  for _, threads in ipairs { 1, 2, 5 } do
    local err = fails(1, ("recipe.lua:7: attempt to index a nil value (field 'nothing') (row %s/raw.jsonl:%d)"):format(dir, first), path,
                      "--run-id throw --threads " .. threads)
    check.eq(select(2, err:gsub("\n", "\n")), 1, err)
  end
  check.eq(fs.exists(out .. "/t/throw"), false)
  fails(1, "recipe.lua:5: the filter of filter returned a table", recipe "  s.filter { fn = function(ex) return {} end },")
  fails(1, "recipe.lua:5: the map of map returned a string", recipe "  s.map { fn = function(ex) return 'x' end },")
end)

check.test("an impure row function is an error: a global, an upvalue, a table behind one", function()
  fails(1, "it assigned the global 'count'", recipe "  s.filter { fn = function(ex) count = 1 end },")
  local pre = "local s = require 'tamis'\nlocal n, seen = 0, {}\nlocal function add() n = n + 1 end\n"
  local post = " } }"
  local function impure(fn)
    fails(1, "must be pure", file("impure.lua", pre .. "return s.recipe { sources = { 'raw.jsonl' }, s.filter { fn = " .. fn .. post))
  end
  impure "function(ex) n = n + 1 end"
  impure "function(ex) add() end"
  impure "function(ex) seen[ex.input] = true end"
  impure "function(ex) if ex['id'] == 599 then seen.last = true end end"
  local path = file("serial.lua", pre .. "return s.recipe { name = 'serial', sources = { 'raw.jsonl' }, s.filter { serial = true, fn = function(ex) "
    .. "if seen[ex.input] then return 'again' end seen[ex.input] = true end" .. post)
  for _, threads in ipairs { 1, 3 } do
    check.eq((run(path, "--run-id s" .. threads .. " --threads " .. threads)), 0)
  end
  check.ok(fs.read(out .. "/serial/s1/curated.jsonl") == fs.read(out .. "/serial/s3/curated.jsonl"))
  check.eq(#lines(out .. "/serial/s1/rejected.jsonl"), 60)
end)

check.test("a row function that never ends is stopped", function()
  fails(1, "more steps than a recipe may", recipe "  s.filter { fn = function(ex) while true do end end },")
end)

check.test("an output folder that cannot be written is named, and a run that exists is kept", function()
  local path = recipe ""
  file("plain", "x")
  local status, _, err = check.run(("%s run %s --out %s/plain --quiet"):format(check.tamis, q(path), q(dir)))
  check.eq(status, 1)
  check.contains(err, "plain")
  check.eq((run(path, "--run-id twice")), 0)
  local before = fs.stat(out .. "/t/twice").inode
  fails(2, "is there already; --replace writes it anew", path, "--run-id twice")
  check.eq(fs.stat(out .. "/t/twice").inode, before)
  check.eq((run(path, "--run-id twice --replace")), 0)
  check.ok(fs.stat(out .. "/t/twice").inode ~= before)
  for _, id in ipairs { "../x", "a/b", ".hidden", "latest" } do fails(2, "run id", path, "--run-id " .. q(id)) end
end)

check.test("a full disk is an error, and leaves nothing half written", function()
  local path = recipe ""
  local status, _, err = check.run(("ulimit -f 20; %s run %s --out %s --quiet --run-id full"):format(check.tamis, q(path), q(out)))
  check.eq(status, 1, err)
  check.contains(err, "limit on file size")
  check.eq(fs.exists(out .. "/t/full"), false)
  for _, name in ipairs(fs.list(out .. "/t")) do check.ok(not name:find "^%.tmp", name) end
end)

check.test("standard output that is full or closed is an error", function()
  local status, _, err = check.run(("%s run %s --out %s --run-id so >/dev/full"):format(check.tamis, q(recipe ""), q(out)))
  check.eq(status, 1)
  check.contains(err, "standard output")
end)

-- ---- what stops it ----

local SLOW = [[  s.filter { fn = function(ex) for i = 1, 3000000 do end end },]]

check.test("Ctrl-C and TERM end a run with 130 and remove its temporary folder", function()
  local path = recipe(SLOW)
  for _, signal in ipairs { "INT", "TERM" } do
    local status, _, err = check.run(("%s run %s --out %s --quiet --run-id stop & p=$!; sleep 0.7; kill -%s $p; wait $p"):format(
      "exec env --default-signal=INT " .. check.tamis, q(path), q(out), signal))
    check.eq(status, 130, err)
    check.contains(err, "interrupted")
    check.eq(fs.exists(out .. "/t/stop"), false)
    for _, name in ipairs(fs.list(out .. "/t")) do check.ok(not name:find "^%.tmp", name) end
  end
end)

check.test("what a killed run left is swept by the next one, but not that of a living run", function()
  local path = recipe(SLOW)
  check.run(("%s run %s --out %s --quiet --run-id dead & p=$!; sleep 0.7; kill -KILL $p; wait $p"):format(check.tamis, q(path), q(out)))
  local function temporary()
    local n = 0
    for _, name in ipairs(fs.list(out .. "/t")) do n = n + (name:find "^%.tmp" and 1 or 0) end
    return n
  end
  check.eq(temporary(), 1)
  check.run(("%s run %s --out %s --quiet --run-id alive & p=$!; sleep 0.7; %s run %s --out %s --quiet --run-id next; ls -A %s/t > %s/seen; kill -KILL $p; wait $p")
    :format(check.tamis, q(path), q(out), check.tamis, q(recipe("", "quick.lua")), q(out), q(out), q(dir)))
  local seen = fs.read(dir .. "/seen")
  check.ok(not seen:find "tmp%-dead", seen)
  check.ok(seen:find "tmp%-alive", seen)
end)

check.test("a source that changes during a run fails it", function()
  file("moving.jsonl", table.concat(ROWS, "\n") .. "\n")
  local path = recipe(SLOW)
  local status, _, err = check.run(("%s run %s %s/moving.jsonl --out %s --quiet --limit 80 --threads 1 --run-id mv & p=$!; sleep 0.5; echo '{}' >> %s/moving.jsonl; wait $p")
    :format(check.tamis, q(path), q(dir), q(out), q(dir)))
  check.eq(status, 1, err)
  check.contains(err, "moving.jsonl")
  check.eq(fs.exists(out .. "/t/mv"), false)
end)

check.test("the locale of whoever runs it changes no byte: text is UTF-8, whatever letters their charset has", function()
  local place = check.folder()
  if check.run(("localedef -i de_DE -f ISO-8859-1 %s/latin1"):format(check.quote(place))) ~= 0 then
    check.skip "localedef makes no locale de_DE.ISO-8859-1 here"
  end
  check.write(place .. "/d.jsonl", '{"input":"Voilà","output":"Été à Paris"}\n')
  check.write(place .. "/r.lua", [[local s = require "tamis"
return s.recipe { name = "x", sources = { "d.jsonl" }, s.map { name = "low", fn = function(ex)
  return { output = ex.output:lower():gsub("%s+", "_") }
end } }]])
  local program = check.quote(fs.realpath(os.getenv "TAMIS" or "./tamis"))
  -- The C library keeps what it read of LOCPATH, which is no leak of ours.
  local status, _, err = check.run(("cd %s && ASAN_OPTIONS=detect_leaks=0 LOCPATH=%s LC_ALL=latin1 %s run r.lua --quiet"
    .. " --out o"):format(check.quote(place), check.quote(place), program))
  check.eq({ status, err }, { 0, "" })
  check.contains(fs.read(place .. "/o/x/latest/curated.jsonl"), '"Été_à_paris"')
end)

check.done()
