--- tamis diff: two files or runs, as a user types it.

local check = require "check"
local json = require "json"
local screen = require "report.screen"

local dir = check.folder()

local function tamis(args, before)
  return check.run(("cd %s && %s %s %s"):format(check.quote(dir), before or "", check.tamis, args))
end

local function lines(list) return table.concat(list, "\n") .. "\n" end

local function row(input, output, topic) return json.encode { input = input, output = output, topic = topic } end

local A = { row("How do I reset my password?", "Click on forgot password and follow the mail that we send.", "login"),
            row("Where is my invoice of last month?", "Under billing, in the list of all your invoices.", "billing"),
            row("Can I change my address?", "Yes, in the settings of your account.", "account"),
            row("Is there an app?", "Yes, for both kinds of telephone.", "account") }
local B = { (A[3]:gsub('"topic":"account"', '"topic":"settings"')), (A[1]:gsub("that we send", "you get from us")), A[2],
            row("What does it cost?", "Nothing in the first year.", "billing") }


check.write(dir .. "/a.jsonl", lines(A))
check.write(dir .. "/b.jsonl", lines(B))

check.test("the first line says in a sentence what became of the rows", function()
  local status, out, err = tamis "diff a.jsonl b.jsonl"
  check.eq(status, 0, err)
  check.eq(err, "")
  local first = out:match "^(.-)\n\n":gsub("%s+", " ")
  check.contains(first, "A 4 rows, B 4: 2 of B are in A as they are, 1 edited, 1 new; 1 of A is gone; output p50 8 as before")
  check.contains(first, "1 row moved to another topic")
  check.contains(out, "a.jsonl:1 → b.jsonl:2")
  check.contains(out, "What does it cost?")
  check.contains(out, "Is there an app?")
end)

check.test("--json is one object whose counts add up", function()
  local _, out = tamis "diff a.jsonl b.jsonl --json"
  local f = json.decode(out)
  check.eq({ f.same, f.edited, f.added, f.removed }, { 2, 1, 1, 1 })
  check.eq(f.a.rows, f.same + f.edited + f.removed)
  check.eq(f.b.rows, f.same + f.edited + f.added)
  check.eq(f.topics.moves[1].from .. f.topics.moves[1].to, "accountsettings")
end)

check.test("--md is tables, text from data escaped", function()
  check.write(dir .. "/md.jsonl", lines { row("see [this](http://x) | <b>", "a *bold* answer of some words", "x") })
  local status, out = tamis "diff a.jsonl md.jsonl --md"
  check.eq(status, 0)
  check.contains(out, "| rows | count | of A | of B |")
  check.contains(out, "\\[this\\](http://x) \\| \\<b\\>")
end)

check.test("--html is one page, in which no text of the data is markup", function()
  check.write(dir .. "/x.jsonl", lines { row("<script>alert(1)</script> who is it", "a <b>bold</b> answer of some words", "<i>") })
  check.write(dir .. "/y.jsonl", lines { row("<script>alert(1)</script> who is it", "a <b>bold</b> answer of such words", "<i>") })
  local status, _, err = tamis "diff x.jsonl y.jsonl --html d.html"
  check.eq(status, 0, err)
  local page = check.read(dir .. "/d.html")
  check.contains(page, "<!doctype html>")
  check.contains(page, "x.jsonl:1")
  check.ok(not page:find("<script>alert", 1, true) and not page:find("<b>bold", 1, true))
  check.contains(page, "[-some-] {+such+}")
end)

check.test("--fail-on ends with 3 where it holds, and with 0 where not", function()
  local status, _, err = tamis "diff a.jsonl b.jsonl --fail-on 'removed>0.05'"
  check.eq(status, 3)
  check.eq(err, "tamis: it holds that removed>0.05\n")
  check.eq((tamis "diff a.jsonl b.jsonl --fail-on 'removed>0.5' --fail-on 'rows<4'"), 0)
  check.eq((tamis "diff a.jsonl b.jsonl --fail-on 'removed>0.5' --fail-on 'rows<=4'"), 3)
end)

check.test("an unknown figure is told before any file is read", function()
  local status, out, err = tamis "diff nowhere.jsonl b.jsonl --fail-on 'remove>0.05'"
  check.eq(status, 2)
  check.eq(out, "")
  check.contains(err, "there is no figure remove; did you mean removed?")
  local list_status, list = tamis "diff --fail-on help"
  check.eq(list_status, 0)
  check.contains(list, "removed          share of A that is not in B")
end)

check.test("mistakes are told in one sentence with the exit status of their kind", function()
  for args, want in pairs {
    ["a.jsonl"] = { 2, "expected two files or runs, got 1" }, ["a.jsonl b.jsonl c.jsonl"] = { 2, "got 3" },
    ["a.jsonl b.jsonl --near 7"] = { 2, "--near needs a number from 0.1 to 1, got 7" },
    ["a.jsonl b.jsonl --near 0.5 --no-near"] = { 2, "give one of" }, ["a.jsonl b.jsonl --json --md"] = { 2, "give one of --html, --md and --json" },
    ["a.jsonl b.jsonl --examples 500"] = { 2, "at most 20" }, ["- -"] = { 2, "standard input" },
    ["a.jsonl gone.jsonl"] = { 1, "cannot find gone.jsonl" }, ["a.jsonl ."] = { 1, "no run folder" },
    ["a.jsonl b.jsonl --id nope"] = { 1, 'no row of a.jsonl has the id "nope"' },
    ["a.jsonl b.jsonl --by nope"] = { 1, 'has a "nope"' },
  } do
    local status, _, err = tamis("diff " .. args)
    check.eq(status, want[1], args)
    check.contains(err, want[2])
    check.eq(select(2, err:gsub("\n", "")), 1, args)
  end
end)

check.test("any format and compression compares with any", function()
  check.write(dir .. "/a.csv", 'input,output\n"Where is my invoice of last month?","Under billing, in the list of all your '
    .. 'invoices."\nIs it red?,No\n')
  check.eq(check.run(("gzip -k -f %s/b.jsonl"):format(dir)), 0)
  local _, out, err = tamis "diff a.csv b.jsonl.gz --json"
  check.ok(out ~= "", err)
  check.eq(json.decode(out).same, 1)
  local _, piped = check.run(("cd %s && cat b.jsonl | %s diff a.jsonl - --json"):format(dir, check.tamis))
  check.eq(json.decode(piped).same, 2)
end)

check.test("text from data cannot steer the terminal, and lines fit", function()
  local x, y = {}, {}
  for i, text in ipairs(dofile "tests/hostile.lua") do
    local safe = text:gsub("[\128-\255]+", function(s) return utf8.len(s) and s or "" end)
    x[i] = row(safe .. " is what I asked about, number " .. i, "the answer is " .. safe .. " and nothing else", safe)
    y[i] = row(safe .. " is what I asked about, number " .. i, "the answer is " .. safe .. " and something else", safe)
    if i % 5 == 0 then y[i] = row("new " .. safe, safe, safe) end
  end
  check.write(dir .. "/h1.jsonl", lines(x))
  check.write(dir .. "/h2.jsonl", lines(y))
  for _, env in ipairs { "LC_ALL=C.UTF-8", "LC_ALL=C NO_COLOR=1" } do
    local status, out, err = tamis("diff h1.jsonl h2.jsonl --examples 20 --by topic", env)
    check.eq(status, 0, err)
    for _, bad in ipairs { "[\0-\8\11-\31\127]", "\xC2[\x80-\x9F]", "\xE2\x80[\x8B-\x8F\xAA-\xAE]", "\xE2\x81[\xA6-\xA9]",
                           "\xEF\xBB\xBF" } do
      check.ok(not out:find(bad), bad)
    end
    for line in out:gmatch "[^\n]+" do check.ok(screen.width_of(line) <= 80, line) end
    if env:find "=C " then check.ok(not out:find("█", 1, true), "no bar but of ASCII") end
  end
end)

check.test("topics that rows of one side alone have are told, not compared", function()
  check.write(dir .. "/bare.jsonl", lines { row("Where is it?", "Here.", nil) })
  check.write(dir .. "/topical.jsonl", lines { row("Where is it?", "Here.", "place"), row("Who is it?", "Ana.", "place") })
  local status, out, err = tamis "diff topical.jsonl bare.jsonl --by topic"
  check.eq(status, 0, err)
  check.contains(out, "rows of A have a topic, those of B have none")
  status, out, err = tamis "diff bare.jsonl topical.jsonl --by topic"
  check.eq(status, 0, err)
  check.contains(out, "rows of B have a topic, those of A have none")
  check.ok(not out:find("Topics:[^\n]*shares moved"), "no shift of topics")
end)

-- ---- runs ----

local RECIPE = [[local s = require "tamis"
return s.recipe { name = "faq", id = "nr", sources = { "src.jsonl" },
  s.exact_dedup {}, s.length { min_input_tokens = 1, min_output_tokens = %d },
  s.topics { rules = { { "red", "red" }, { "blue", "blue" } } }, s.export { format = "messages" } }
]]

local function write_source(n, changed)
  local out = {}
  for i = 1, n do
    out[i] = json.encode { nr = "n" .. i, input = "question number " .. i .. (i % 2 == 0 and " red" or " blue"),
                           output = ("word "):rep(i) .. (i == changed and "new" or "end") }
  end
  check.write(dir .. "/src.jsonl", lines(out))
end

check.test("two runs: rows by the recipe's id, parameters, what each stage removed", function()
  write_source(40)
  check.write(dir .. "/r.lua", RECIPE:format(5))
  check.eq((tamis "run r.lua --out o --run-id one --quiet"), 0)
  write_source(44, 30)
  check.write(dir .. "/r.lua", RECIPE:format(11))
  check.eq((tamis "run r.lua --out o --run-id two --quiet"), 0)
  local status, out, err = tamis "diff o/faq/one o/faq/two --json"
  check.eq(status, 0, err)
  local f = json.decode(out)
  check.eq(f.id, { key = "nr", how = "recipe" })
  check.eq({ f.a.rows, f.b.rows }, { 37, 35 })     -- outputs of 5 words are those from row 4 on, of 11 from row 10
  check.eq({ f.same, f.edited, f.added, f.removed }, { 30, 1, 4, 6 })
  check.eq(f.edited_by.id, 1)
  check.eq(f.topics.key, "topic")
  check.eq(#f.topics.groups, 2)
  local said = {}
  for _, c in ipairs(f.changes) do said[#said + 1] = (c.stage or c.source) .. "." .. (c.param or c.what) end
  check.eq(said, { "length.min_output_tokens", "src.jsonl.changed" })
  for _, s in ipairs(f.funnel) do
    if s.name == "length" then check.eq({ s.a.removed, s.b.removed }, { 3, 9 }) end
  end
  local _, text = tamis "diff o/faq/one o/faq/two"
  check.contains(text, "length.min_output_tokens 11, was 5")
  check.contains(text, "source src.jsonl changed")
end)

check.test("a run compares with the file it read", function()
  local _, out, err = tamis "diff src.jsonl o/faq/two --json"
  local f = json.decode(out)
  check.ok(f, err)
  check.eq({ f.same, f.edited, f.added, f.removed }, { 35, 0, 0, 9 })
  check.eq(f.changes, nil)
end)

check.test("a run without a ledger, and one whose files are gone", function()
  check.eq((tamis "run r.lua --out o --run-id three --quiet"), 0)
  os.remove(dir .. "/o/faq/three/ledger.db")
  check.eq(json.decode(select(2, tamis "diff o/faq/two o/faq/three --json")).same, 35)
  os.remove(dir .. "/o/faq/three/curated.jsonl")
  local status, _, err = tamis "diff o/faq/two o/faq/three"
  check.eq(status, 1)
  check.contains(err, "curated.jsonl is gone")
end)

check.done()
