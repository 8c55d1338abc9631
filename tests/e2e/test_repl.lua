--- tamis repl: commands from a pipe, and from a terminal where tmux is there.

local check = require "check"
local complete = require "repl.complete"
local docs = require "help.repl"
local evaluate = require "repl.evaluate"

local dir = check.folder()

local ROWS = {
  '{"input": "how do I reset my password", "output": "Press the button and choose a new one.", "topic": "account"}',
  '{"input": "how do I reset my passwords", "output": "Press the button and choose a new one.", "topic": "account"}',
  '{"input": "where is my invoice", "output": "Under Settings, Billing, Invoices, as a PDF file.", "topic": "billing"}',
  '{"input": "hi", "output": "x\\u001b[31mred\\u202e", "topic": "other"}',
  'not json',
}
local data = check.write(dir .. "/rows.jsonl", table.concat(ROWS, "\n") .. "\n")

-- Feeds commands through a pipe.
local function repl(commands, args)
  local input = check.write(dir .. "/commands", commands)
  return check.run(("cat %s | env -u COLUMNS XDG_STATE_HOME=%s LC_ALL=C.UTF-8 %s repl %s"):format(
    check.quote(input), check.quote(dir .. "/state"), check.tamis, args or ""))
end

local function lines(text)
  local out = {}
  for line in text:gmatch "[^\n]+" do out[#out + 1] = line end
  return out
end

check.test("open says how many rows there are and how long their texts", function()
  local status, out, err = repl(("c = open %q\n"):format(data))
  check.eq(err, "")
  check.eq(status, 0)
  check.eq(lines(out)[1], "5 rows · input p50 5 tokens · output p50 8 tokens")
  check.eq(lines(out)[2], "4 kept · 1 rejected: load.malformed 1")
end)

check.test("an argument is opened as c; #c is the number of rows", function()
  local _, out = repl("#c\n", data)
  check.eq(lines(out)[3], "5")
end)

check.test("expressions print, statements run, names stay, and the last of several statements prints", function()
  local _, out, err = repl "x = 20\nx + 1\ny = x * 2; y\nlocal z = 1; z\n'text'\nnil\n(nothing)\n"
  check.eq(err, "")
  check.eq(lines(out), { "21", "40", "1", "text", "nil", "nil" })
end)

check.test("vectors.of takes a view; figures that the report draws are said to stand there", function()
  local _, out, err = repl('d = c:embed { model = "lexical" }\n#vectors.of(d)\ne = d:diversity {}\n', data)
  check.eq(err, "")
  check.contains(out, "\n4\n")
  check.contains(out, "its figures stand in :report()")
end)

check.test("a command may have several lines", function()
  local _, out, err = repl [[
for i = 1, 2 do
  print(i)
end
function f(n)
  return n + 1
end
f(2)
t = {
 1,
}
#t
]]
  check.eq(err, "")
  check.eq(lines(out), { "1", "2", "3", "1" })
end)

check.test("a local is said to be gone after its command", function()
  local _, out = repl "local a = 1\n"
  check.contains(out, "a local lives for one command")
end)

check.test("an error is one line and never ends it", function()
  local status, out, err = repl('error "boom"\nx.y = 1\n1 +* 2\nopn "x"\nerror({})\nopen "none.jsonl"\n7\n')
  check.eq(status, 1)
  check.eq(out, "7\n")
  local e = lines(err)
  check.eq(#e, 6)
  check.eq(e[1], "error: boom")
  check.eq(e[2], "error: there is no x")
  check.contains(e[3], "error: unexpected symbol near '*'")
  check.eq(e[4], "error: there is no opn; did you mean open?")
  check.contains(e[6], "none.jsonl")
end)

check.test("an unfinished command at the end of the input is an error", function()
  local status, _, err = repl "for i = 1, 2 do\n"
  check.eq(status, 1)
  check.contains(err, "'end' expected")
end)

check.test("head, sample, kept, rejected and find give selections that keep their numbers", function()
  local _, out, err = repl([[
#c:head(2)
c:kept():rows()
c:rejected():rows()
c:rejected("malformed"):rows()
c:rejected("load.malformed"):rows()
c:find("INVOICE"):rows()
c:sample(2, 7):rows()[1] == c:sample(2, 7):rows()[1]
#c:sample(100, 1)
c:rejected "malfromed"
]], data)
  local l = lines(out)
  check.eq(table.move(l, 3, #l, 1, {}), { "2", "{ 1, 2, 3, 4 }", "{ 5 }", "{ 5 }", "{ 5 }", "{ 3 }", "true", "5" })
  check.contains(err, 'no row was rejected for "malfromed"; did you mean "malformed"?')
end)

check.test("every seed draws each row about as often as another", function()
  local _, out = repl([[
n = { 0, 0, 0, 0, 0 }; for seed = 1, 2000 do for _, i in ipairs(c:sample(2, seed):rows()) do n[i] = n[i] + 1 end end
math.min(table.unpack(n)) > 700 and math.max(table.unpack(n)) < 900
]], data)   -- 800 expected, sigma = sqrt(2000 * 0.4 * 0.6) = 22
  check.eq(lines(out)[3], "true")
end)

check.test("every method draws what every stage made of the rows", function()
  local commands = {}
  for _, stage in ipairs { "near_dedup { threshold = 0.5 }", "exact_dedup {}", "length { min_input_tokens = 4 }",
    "repetition {}", "pii { action = 'reject' }", "balance { max = 1 }", "sample { n = 1 }",
    "filter(function(ex) return ex.topic ~= 'account' end)", "map(function(ex) return { n = #ex.input } end)",
    "topics { rules = { { 'a', 'invoice' } } }", "decontaminate {}" } do
    commands[#commands + 1] = ("d = c:%s; d"):format(stage)
    for _, method in ipairs { "rejected()", "rejected():head(2)", "kept():sample(1)", "head(5)", "reasons()", "stages()",
      "report()", "report { by = 'topic' }", "sources()", "groups 'topic'", "lengths 'input'", "lengths()",
      "near('reset my password', 2)", "find 'invoice'", "quarantined()", "rows()" } do
      commands[#commands + 1] = "d:" .. method
    end
    for i = 1, #ROWS do commands[#commands + 1] = ("d:explain(%d); d:row(%d)"):format(i, i) end
  end
  local _, out, err = repl(table.concat(commands, "\n") .. "\n", data)
  check.eq(err, "")
  check.contains(out, "rejected by near_dedup: near_duplicate, Jaccard")
end)

check.test("a row is a card whose parts are read by name", function()
  local _, out = repl('c:row(3)\nc:row(3).topic\nc:row(3).output\nc:field(1, "input")\nc:row(5).reason\n', data)
  check.contains(out, "#3  " .. data .. ":3\n  kept\n  input   where is my invoice\n  output  Under Settings")
  check.contains(out, "\nbilling\nUnder Settings, Billing, Invoices, as a PDF file.\n"
    .. "how do I reset my password\nmalformed\n")
end)

check.test("near ranks rows by the exact Jaccard of their character 5-grams", function()
  -- "how do I reset my password" has 22 shingles of 5, "…passwords" one more: 22/23
  local _, out = repl([[
n = c:near("How do I  reset my password", 2)
n:rows()
n:row(1).jaccard, n:row(2).jaccard == 22/23
]], data)
  check.eq(table.move(lines(out), 3, 5, 1, {}), { "{ 1, 2 }", "1.0", "true" })
end)

check.test("near goes by vectors where the view has some that take a text, and says which figure it is", function()
  local _, out, err = repl([[
d = c:embed{ model = "lexical" }
n = d:near("reset password", 2)
n:row(1).cosine > 0, n:row(1).jaccard
n:row(1)
m = d:near("reset password", 1, "input")
m:row(1).cosine, m:row(1).jaccard > 0
d:semantic_dedup{ threshold = 0.9 }:explain(2)
c:semantic_dedup{}
]], data)
  local all = out:gsub("%s+", " ")
  check.contains(all, "by the cosine of lexical vectors, which see shared words and not paraphrases true nil")
  check.contains(all, "cosine 0.")
  check.contains(all, "nil true")
  check.contains(all, "semantic_dedup")
  check.eq(err, "error: semantic_dedup: it needs an embed stage before it\n")
end)

check.test("a stage gives a new view and leaves the old one as it was", function()
  local _, out, err = repl([[
d = c:near_dedup{ threshold = 0.8 }
d:rejected():rows(), #c:rejected(), #d:kept()
e = d:length{ min_input_tokens = 4, min_output_tokens = 1 }
e:rejected("length"):rows()
e:row(2).evidence.twin.line
]], data)
  check.eq(err, "")
  local l = lines(out)
  check.contains(l[3], "near_dedup: 1 of 4 rows rejected (25.0%), 3 stand")
  check.eq(table.move(l, 4, 6, 1, {}), { "{ 2, 5 }", "1", "3" })
  check.contains(l[7], "length: 1 of 3 rows rejected (33.3%), 2 stand")
  check.eq(table.move(l, 8, 9, 1, {}), { "{ 4 }", "1" })
end)

check.test("stages are validated by their own tables", function()
  local status, _, err = repl([[
c:near_dedup{ treshold = 1 }
c:near_dedup{ threshold = 2 }
c:near_dup{}
c:length(5)
c:head(2):length{}
]], data)
  check.eq(status, 1)
  local said = lines(err)
  check.contains(table.remove(said, 1), 'error: unknown parameter "treshold" of near_dedup; did you mean "threshold"? (there are ')
  check.eq(said, {
    "error: near_dedup.threshold = 2 is out of range: a number from 0.05 to 1",
    'error: a view has no "near_dup"; did you mean "near_dedup"?',
    "error: length takes its parameters in braces: c:length{ … }",
    "error: length runs on all rows of a view, not on a selection of some: call it on the view itself",
  })
end)

check.test("functions that are typed filter, edit and tag rows", function()
  local _, out, err = repl([[
least = 10
d = c:filter(function(ex) if #ex.input < least then return "short", #ex.input end end)
d:rejected("short"):rows()
d:row(4).evidence.detail
e = d:map{ fn = function(ex) return { input = ex.input:upper(), words = 3 } end }
e:field(1, "input"), e:row(1).words, c:field(1, "input")
e:sample{ n = 1 }
f = c:balance{ by = "topic", max = function(group, count) return 1 end }
#f:kept()
c:filter(function(ex) return ex.input.x.y end)
]], data)
  check.contains(out, "\n{ 4 }\n2\n")
  check.contains(out, "\nHOW DO I RESET MY PASSWORD\n3\nhow do I reset my password\n")
  check.contains(out, "sample: 2 of 3 rows rejected")
  check.contains(out, "balance: 1 of 4 rows rejected (25.0%), 3 stand")
  check.contains(err, "attempt to index a nil value (field 'x')")
  check.contains(err, "rows.jsonl:1)")
end)

check.test("explain, lengths, metric, groups, reasons, stages, sources and report draw themselves", function()
  local status, out, err = repl([[
d = c:length{ min_input_tokens = 4, min_output_tokens = 1 }
d:explain(4)
d:lengths "input"
d:metric "length.input_tokens"
d:groups "topic"
d:reasons()
d:stages()
d:sources()
d:report()
]], data)
  check.eq(err, "")
  check.eq(status, 0)
  check.contains(out, "rejected by length: input_too_short, input is 1, at least 4 is asked")
  check.contains(out, "length.min_input_tokens at most 1")
  check.contains(out, "input tokens")
  check.contains(out, "account")
  check.contains(out, "Health")
  check.contains(out, "5 rows = 3 kept (60.0%) + 2 rejected")
end)

check.test("no control character and no mark that reorders reaches the terminal from data", function()
  local _, out = repl([[
c:row(4)
c:row(4).output
c:kept()
print(c:field(4, "output"))
{ c:field(4, "output") }
c:explain(4)
c:row(5)
]], data)
  check.contains(out, "x\\x1b[31mred\\u{202e}")
  check.ok(not out:find "\27" and not out:find "\u{202e}")
end)

check.test("rows made to harm a terminal harm none, whatever shows them", function()
  local text = [[esc \u001b[2J\u001b]0;t\u0007 c1 \u009b31m \u001b]8;;http://x\u001b\\link \u001b]52;c;aGk=\u0007]]
  local row = ('{"input": "%s%%s", "output": "\\u202e\\u2066 \\u200b\\ufeff nul\\u0000", "k\\u001b[1m": "v\\u009b2J", '
    .. '"t": "v\\u202e\\u001b[1m", "n": %%d}\n'):format(text:gsub("%%", "%%%%"))
  local path = check.write(dir .. "/h\27[31m.jsonl", row:format("", 1) .. row:format("!", 2))
  local commands = [[
c
c:head()
c:row(1)
d = c:near_dedup{ threshold = .5 }
d:rejected()
d:cluster(1)
d:compare(1, 2)
d:explain(2)
c:histogram "t"
c:histogram "k\27[1m"
c:crosstab("t", "n")
d:crosstab("t", "source")
c:sort "t"
c:sort "t\27[2J"
c:where(function(ex) error(ex.input) end)
d:sweep("near_dedup", "threshold", { .5, .9 })
c:diff(d)
d:report()
d:reasons()
d:sources()
recipe(d)
help(c:row(1).input)
f = c:filter(function(ex) return "bad\27[31mreason\u{202e}" end)
f:rejected()
f:crosstab("t", "reason")
f:rejected "zz\27[2J"
print(c:row(1).input, c)
{ c:row(1).input, [c:row(1).t] = 1 }
error(c:row(1).input)
c[c:row(1).input]
c:near("esc", 2)
recipe(f)
]]
  local _, out, err = repl(commands, check.quote(path))
  check.contains(out, "\\x1b[2J")
  check.contains(err, "\\x1b]52;c;aGk=\\x07")
  for _, bad in ipairs { "[\0-\8\11-\31\127]", "\u{202e}", "\u{2066}", "\u{200b}", "\u{feff}", "\xc2[\x80-\x9f]" } do
    check.ok(not out:find(bad), bad)
    check.ok(not err:find(bad), bad)
  end
end)

check.test("no line is wider than the terminal", function()
  local screen = require "report.screen"
  local _, out = repl("c\nc:head()\nc:row(1)\nd = c:near_dedup{}\nd:explain(2)\nd:report()\nd:reasons()\n", data)
  for line in out:gmatch "[^\n]+" do check.ok(screen.width_of(line) <= 80, line) end
end)

check.test("export writes the kept rows as they are, and keeps an existing file", function()
  local path = dir .. "/kept.jsonl"
  local _, out, err = repl(([[
d = c:near_dedup{}
d:export %q
d:export %q
d:kept():head(1):export("%s/one.jsonl", { format = "alpaca", extra = "drop" })
d:rejected():export "%s/bad.jsonl"
d:export "%s/folder"
d:export("%s/kept.csv", { format = "no" })
]]):format(path, path, dir, dir, dir, dir), data)
  check.eq(check.read(path), ROWS[1] .. "\n" .. ROWS[3] .. "\n" .. ROWS[4] .. "\n")
  check.contains(out, path .. ": 3 rows")
  check.contains(err, "is there already")
  check.contains(check.read(dir .. "/one.jsonl"), '"instruction"')
  check.eq(check.read(dir .. "/bad.jsonl"), ROWS[2] .. "\n" .. ROWS[5] .. "\n")
  check.eq(check.read(dir .. "/folder/curated.jsonl"), check.read(path))
  check.contains(err, 'export.format = "no" must be one of')
end)

local recipe = check.write(dir .. "/recipe.lua", [[
local s = require "tamis"
return s.recipe { name = "try", sources = { "rows.jsonl" }, gold = { "gold.jsonl" },
  s.length { min_input_tokens = 4, min_output_tokens = 1 },
  s.filter { name = "own", fn = function(ex) if ex.output:find "Billing" then return "billing" end end },
}
]])
check.write(dir .. "/gold.jsonl", '{"input": "how do I reset my password", "output": "Press it."}\n')

check.test("a recipe runs nothing when it is opened, and all of its stages by run()", function()
  local _, out, err = repl("#c:rejected()\nd = c:run()\nd:rejected():rows()\nd:row(3).reason\nd:stages()\n", recipe)
  check.eq(err, "")
  check.contains(out, "recipe of decontaminate, length, own, export")
  check.contains(out, "\n1\n5 rows")
  check.contains(out, "{ 1, 2, 3, 4, 5 }\nbilling\n")
  check.contains(out, "decontaminate")
end)

check.test("a gold set may be given to open, for decontaminate", function()
  local _, out, err = repl(("c = open(%q, { gold = %q })\nd = c:decontaminate{}\nd:rejected():rows()\nopen '-'\n"):format(
    data, dir .. "/gold.jsonl"))
  check.contains(out, "decontaminate: 2 of 4 rows rejected")
  check.contains(out, "{ 1, 2, 5 }")   -- the second by 22/23 of its input
  check.contains(err, "give open a file")
end)

check.test("export refuses to write a gold row, as a run does, unless it is told to", function()
  local path = dir .. "/gated.jsonl"
  local function export(typed, said, rows)
    os.remove(path)
    local _, out, err = repl(typed:gsub("PATH", ("%q"):format(path)), typed:find "run" and recipe or nil)
    check.contains(out .. err, said)
    local f = io.open(path)
    check.eq(f and select(2, f:read "a":gsub("\n", "")) or 0, rows)
    if f then f:close() end
  end
  local opened = ("c = open(%q, { gold = %q })\n"):format(data, dir .. "/gold.jsonl")
  export(opened .. "c:export PATH\n", "rows.jsonl:1 would be written, but its input is that of the gold row", 0)
  export(opened .. "c:export PATH\n", "gold.jsonl:1; run :decontaminate{} first, or say export { allow_gold = true }", 0)
  export(opened .. "c:decontaminate{}:export PATH\n", "2 rows", 2)
  export(opened .. "c:export(PATH, { allow_gold = true })\n", "4 rows", 4)
  export(opened .. "c:head(1):export PATH\n", "would be written", 0)
  export(opened .. "c:filter(function(ex) return ex.topic == 'billing' end):head(1):export PATH\n", "1 rows", 1)
  export(opened .. "c:rejected():export PATH\n", "1 rows, as they were read", 1)
  export(opened .. "c:map(function(ex) return { input = 'how do I reset my password' } end):export PATH\n", "and so with", 0)
  export("c:export PATH\nd = c:run()\n", "would be written", 0)
  export("d = c:run()\nd:export PATH\n", "gated.jsonl: 0 rows", 0)
end)

check.test("a recipe that is opened is not trusted", function()
  check.write(dir .. "/bad.lua", 'local s = require "tamis"\nos.execute "true"\n'
    .. 'return s.recipe { sources = { "rows.jsonl" } }\n')
  local status, _, err = repl(("open %q\n"):format(dir .. "/bad.lua"))
  check.eq(status, 1)
  check.contains(err, "bad.lua:2:")
end)

check.test("a run folder shows its ledger, explains rows and gives its kept rows as a view", function()
  local run = ("%s run %s --out %s/curated --run-id one --quiet"):format(check.tamis, recipe, dir)
  check.eq(check.run(run), 0)
  local _, out, err = repl(([[
r = open "%s/curated/try/one"
r:reasons()
r:explain "rows.jsonl:4"
#r
r:query("SELECT count(*) AS n FROM rows")[1].n
]]):format(dir))
  check.eq(err, "")
  check.contains(out, "try, run one")
  check.contains(out, "5 rows read = 0 curated")
  check.contains(out, "input_too_short")
  check.contains(out, "\n5\n5\n")
end)

check.test("where looks at rows of any verdict by a function, and makes no view", function()
  local _, out, err = repl([[
d = c:near_dedup{ threshold = 0.8 }
c:where(function(ex) return ex.topic == "account" end):rows()
d:rejected():where(function(ex) return #ex.output > 10 end):rows()
d:sort("-input"):where(function(ex) return ex.topic ~= "other" end):rows()
c:where(function(ex) return nil end):rows()
#c:rejected(), #d:rejected()
c:where(function(ex) return ex.topic.x.y end)
c:where "topic"
]], data)
  local l = lines(out)
  check.eq(table.move(l, 4, #l, 1, {}), { "{ 1, 2 }", "{ 2 }", "{ 1, 2, 3 }", "{}", "1", "2" })
  check.contains(err, "rows.jsonl:1)")
  check.contains(err, "where takes a function")
end)

local figures = check.write(dir .. "/figures.jsonl", table.concat({
  '{"input": "a b c", "output": "one two", "n": 3, "day": "2024-03-01", "who": "b"}',
  '{"input": "a b", "output": "one two three", "n": 10, "day": "2023-01-01", "who": "a"}',
  '{"input": "a", "output": "one", "day": "2024-01-01"}',
  '{"input": "a b c d", "output": "one two three four", "n": -1, "day": "2022-01-01", "who": "c"}',
}, "\n") .. "\n")

check.test("sort goes by tokens, numbers, dates, texts, metrics and functions; rows without one come last", function()
  local _, out, err = repl([[
c:sort("input"):rows()
c:sort("-output"):rows()
c:sort("n"):rows()
c:sort("-n"):rows()
c:sort("day"):rows()
c:sort("who"):rows()
c:sort("-who"):rows()
c:sort(function(ex) return -#ex.output end):rows()
d = c:length{ min_input_tokens = 2, min_output_tokens = 1 }
d:sort("-length.input_tokens"):head(2):rows()
d:rejected():sort("n"):rows()
c:sort("nn")
c:sort(5)
]], figures)
  local l = lines(out)
  check.eq(table.move(l, 2, 9, 1, {}), { "{ 3, 2, 1, 4 }", "{ 4, 2, 1, 3 }", "{ 4, 1, 2, 3 }", "{ 2, 1, 4, 3 }",
    "{ 4, 2, 3, 1 }", "{ 2, 1, 4, 3 }", "{ 4, 1, 2, 3 }", "{ 4, 2, 1, 3 }" })
  check.eq(table.move(l, 11, 12, 1, {}), { "{ 4, 1 }", "{ 3 }" })
  check.contains(err, 'no row has a number or text "nn"; did you mean "n"?')
  check.contains(err, "sort takes a name or a function")
end)

check.test("cluster gives the copies of a row with the one that is kept", function()
  local _, out = repl("d = c:near_dedup{}\nd:cluster(1):rows()\nd:cluster(2):rows()\nd:cluster(3):rows()\nd:cluster(5):rows()\n",
    data)
  local l = lines(out)
  check.eq(table.move(l, 4, #l, 1, {}), { "{ 1, 2 }", "{ 1, 2 }", "{ 3 }", "{ 5 }" })
end)

check.test("compare marks the words in which two rows differ", function()
  -- 22 shingles of 5 of "how do I reset my password", one more of "…passwords": 22/23 = 0.957
  local _, out = repl("c:compare(1, 2)\nc:compare(1, 2).jaccard.input == 22/23\nc:compare(1, 4)\nc:compare(1, 5)\n", data)
  check.contains(out, "input   how do I reset my [-password-]{+passwords+}\n          Jaccard 0.957\n")
  check.contains(out, "output  the same: Press the button")
  check.contains(out, "\ntrue\n")
  check.contains(out, "{+x\\x1b[31mred\\u{202e}+}")
  check.contains(out, "only #5 has one")
end)

check.test("histogram draws numbers as a histogram, values as bars, and of a selection its rows alone", function()
  local _, out, err = repl([[
c:histogram("n").count, c:histogram("n").max
c:histogram("who").a
c:histogram "who"
d = c:length{ min_input_tokens = 2, min_output_tokens = 1 }
d:histogram("reason")["length.input_too_short"], d:histogram("status").kept
d:kept():histogram("n").min, d:rejected():histogram("output").count
d:histogram "output"
d:rejected():histogram "n"
c:histogram "nobody"
]], figures)
  check.contains(out, "\n3\n10\n1\n")
  check.contains(out, "  a ")
  check.contains(out, "\n1\n3\n-1\n1\n")
  check.contains(out, "output tokens, kept of those read")
  check.contains(err, "n: no row has one")
  check.contains(err, 'no row has a number or value "nobody"')
end)

check.test("a figure between 0 and 1 is spread over bins whose labels differ", function()
  local list = {}
  for i = 0, 40 do list[i + 1] = ('{"input":"row %d","output":"o","x":%.3f}'):format(i, 0.7 + 0.3 * i / 40) end
  local path = check.write(dir .. "/fractions.jsonl", table.concat(list, "\n") .. "\n")
  local _, out = repl('c:histogram "x"', path)
  local seen, n = {}, 0
  for label in out:gmatch "\n *([%d.]+%-[%d.]+)  " do
    check.eq(seen[label], nil, label)
    seen[label], n = true, n + 1
  end
  check.ok(n >= 10, out)
  check.ok(seen["0.98-1"], out)
end)

check.test("crosstab counts the rows of each pair of values, and what became of rows is a value too", function()
  local _, out, err = repl([[
d = c:near_dedup{}
t = d:crosstab("topic", "reason")
t.account.kept, t.account["near_dedup.near_duplicate"], t.unknown["load.malformed"], t.billing.kept
t = d:crosstab("reason", "topic")
t.kept.account
t = d:crosstab("status", "reason")
t.rejected["load.malformed"], t.rejected.kept
t = d:kept():crosstab("topic", "topic")
t.account.account, t.unknown
t = d:crosstab("source", "status")
t
c:crosstab("topik", "topic")
]], data)
  local l = lines(out)
  check.eq(table.move(l, 4, 12, 1, {}), { "1", "1", "1", "1", "1", "1", "nil", "1", "nil" })
  check.contains(out, "rejected")
  check.contains(err, 'no row has a value of "topik"; did you mean "topic"?')
end)

check.test("sweep tries values of a stage's parameter on the rows that reached it", function()
  -- the inputs have 6, 6, 4 and 1 tokens, the outputs at least 1; rows 1 and 2 match at 22/23 in the input alone
  local _, out, err = repl([[
s = c:sweep("length", "min_input_tokens", { 1, 4, 5, 7 }, { min_output_tokens = 1 })
for _, p in ipairs(s.values) do print(p.value, p.kept, p.removed) end
d = c:near_dedup{ threshold = .5 }:length{ min_input_tokens = 4, min_output_tokens = 1 }
s = d:sweep "length.min_input_tokens=1:7:6"
for _, p in ipairs(s.values) do print(p.value, p.kept) end
s = d:sweep("near_dedup", "threshold", { .5, 1 })
for _, p in ipairs(s.values) do print(p.value, p.kept) end
c:sweep("length", "min_input_tokens", { 1, 4 }, { min_output_tokens = 1 })
#d:kept()
c:sweep()
c:sweep("length", "min_inputs", { 1 })
c:sweep("lenght", "min_input_tokens", { 1 })
c:head(1):sweep("length", "min_input_tokens", { 1 })
]], data)
  check.contains(out, "\n1\t4\t0\n4\t3\t1\n5\t2\t2\n7\t0\t4\n")
  check.contains(out, "\n1\t3\n7\t0\n")
  check.contains(out, "\n0.5\t3\n1\t4\n")
  check.contains(out, "\n2\n")
  check.contains(err, "sweep takes a stage, a parameter and values")
  check.contains(err, 'unknown parameter min_inputs of length')
  check.contains(err, 'there is no stage "lenght"; did you mean "length"?')
  check.contains(err, "sweep is for all rows of a view")
end)

check.test("diff holds a view against another view, a selection or a file", function()
  local one = check.write(dir .. "/two.jsonl", ROWS[1] .. "\n" .. ROWS[2] .. "\n")
  local _, out, err = repl(([[
d = c:near_dedup{ threshold = .5 }
f = c:diff(d); print("a", f.same, f.added, f.removed)
f = d:diff(c); print("b", f.same, f.added, f.removed)
f = c:diff(c:head(2)); print("c", f.same, f.removed)
f = d:rejected():diff(c); print("d", f.same, f.added)
f = c:diff %q; print("e", f.same, f.removed)
e = c:map(function(ex) if ex.topic == "billing" then return { output = "Under Settings, Billing, as a PDF file." } end end)
f = e:diff(c); print("f", f.same, f.edited)
c:diff(d)
c:diff(5)
c:diff(c, { idd = 1 })
]]):format(one), data)
  for _, line in ipairs { "a\t3\t0\t1", "b\t3\t1\t0", "c\t2\t2", "d\t1\t3", "e\t2\t2", "f\t3\t1" } do
    check.contains(out, "\n" .. line .. "\n")
  end
  check.contains(out, "A 4 rows, B 3: 3 of B are in A as they are")
  check.contains(err, "diff takes a view, a run, a file or a run folder")
  check.contains(err, "diff has no option idd")
end)

check.test("a table of two keys keeps to the width, hostile values and all", function()
  local screen = require "report.screen"
  local parts = {}
  for i = 1, 60 do
    parts[i] = ('{"input": "a", "output": "b", "x": "\\u001b]52;c;x\\u0007 value %d of some length", "y": "column %d\\u202e"}')
      :format(i % 30, i % 9)
  end
  local path = check.write(dir .. "/wide.jsonl", table.concat(parts, "\n") .. "\n")
  local _, out = repl('c:crosstab("x", "y")\nc:histogram "x"\nc:groups "y"\n', path)
  check.contains(out, "(10 more)")
  check.ok(not out:find "[\27\7]" and not out:find "\u{202e}")
  for line in out:gmatch "[^\n]+" do check.ok(screen.width_of(line) <= 80, line) end
end)

-- Runs the recipe that recipe() wrote; the rows it keeps.
local function run_again(path)
  local name = path:match "([^/]*)%.lua$"
  local status, out, err = check.run(("%s run %s --out %s/again --run-id %s --quiet"):format(
    check.tamis, check.quote(path), dir, name))
  check.eq({ status, err }, { 0, "" }, out .. err)
  local kept = check.run(("cat %s/again/*/%s/curated.jsonl > %s/kept_%s"):format(dir, name, dir, name))
  check.eq(kept, 0)
  return check.read(("%s/kept_%s"):format(dir, name))
end

-- Does the recipe of a session's last view keep the rows that the view keeps?
local function reproduces(name, commands, file)
  local kept, path = ("%s/%s_kept.jsonl"):format(dir, name), ("%s/%s.lua"):format(dir, name)
  local status, out, err = repl(commands .. ("\nlast:export %q\nrecipe(last, %q)\n"):format(kept, path), file)
  check.eq({ status, err }, { 0, "" }, err)
  local again = run_again(path)
  check.ok(#again > 0, name)
  check.eq(again, check.read(kept), name)
  return check.read(path), out
end

check.test("recipe() writes a recipe that keeps the same rows", function()
  local text = reproduces("stages", [[
d = c:exact_dedup{}:length{ min_input_tokens = 2, min_output_tokens = 2 }
last = d:near_dedup{ threshold = .85, keep = "longest" }:balance{ by = "topic", max = 2 }
]], data)
  check.contains(text, "s.near_dedup { keep = \"longest\", threshold = 0.85 },")
  check.contains(text, "seed = 42")
end)

check.test("recipe() writes functions down with what they reach for, as it was when the stage ran", function()
  local text = reproduces("functions", [[
least = 20
odd = { "a\27b", [3] = 1e100, ["x y"] = { true, -0.5 } }
function long(t)
  return #t >= least and odd["x y"][2] < 0   -- "end" in a comment: function end
end
last = c:filter(function(ex) if not long(ex.input) then return "short" end end):filter{ name = "own", fn = function(ex)
  local s = [=[end function
  ]=]
  return ex.output:find("%a") ~= nil and #s > 0
end }:near_dedup{ threshold = .9, keep = function(ex) return #ex.output end }
least = 1000
]], data)
  check.contains(text, "local least = 20")
  check.contains(text, 'name = "own"')
end)

check.test("recipe() tells of sources, formats and a gold set as they were opened", function()
  local path = check.write(dir .. "/qa.jsonl", '{"q": "how do I reset my password", "a": "one two"}\n{"q": "z y", "a": "b"}\n')
  local text = reproduces("opened", ([[
c = open({ { %q, kind = "expert", fields = { input = "q", output = "a" } } }, { gold = %q })
last = c:decontaminate{}
]]):format(path, dir .. "/gold.jsonl"))
  check.contains(text, 'kind = "expert"')
  check.contains(text, "gold = {")
end)

check.test("recipe() says what it cannot write, and of what there is none", function()
  local _, out, err = repl(([[
recipe()
c = open %q
d = c:filter(load "local ex = ...; return true")
recipe(d)
f = function(ex) return io ~= nil end
recipe(c:filter(f))
recipe(c:head(1))
recipe(5)
recipe(c, %q)
recipe(c, %q)
]]):format(data, dir .. "/once.lua", dir .. "/once.lua"))
  check.contains(err, "nothing was opened yet")
  check.contains(err, "filter.fn cannot be written down: its text is not known")
  check.contains(err, "it reaches for io")
  check.contains(out, "filter(function(ex) … end) makes one")
  check.contains(err, "recipe takes a view")
  check.contains(err, "once.lua is there already")
end)

check.test("rows come back in a session as they do in a run", function()
  -- 1 is kept, 2 and 3 are its copies; 1 is too short of output, 2 is refused by a function, 3 passes both
  local long = "please tell me how I can reset the password of my account in the portal"
  local path = check.write(dir .. "/back.jsonl", table.concat({
    ('{"input": "%s", "output": "yes"}'):format(long),
    ('{"input": "%s!", "output": "yes it is no"}'):format(long),
    ('{"input": "%s?", "output": "yes it is ok"}'):format(long),
    '{"input": "something else altogether", "output": "one two three four"}' }, "\n") .. "\n")
  local commands = [[
d = c:near_dedup{ threshold = .6, fields = { "input" } }
d:rejected():rows()
e = d:length{ min_input_tokens = 1, min_output_tokens = 2 }
e:kept():rows()
last = e:filter(function(ex) return not ex.output:find "no" end)
last:kept():rows()
d:kept():rows()
last:stages()
]]
  local _, out = reproduces("back", commands, path)
  local l = lines(out)
  check.eq(l[3], "{ 2, 3 }")
  check.contains(out, "1 copy came back")
  check.contains(out, "\n{ 2, 4 }\n")
  check.contains(out, "\n{ 3, 4 }\n{ 1, 4 }\n")
end)

check.test("what is new among the parameters of stages works as a method too", function()
  local _, out, err = repl([[
d = c:near_dedup{ unit = "word", shingle = 2, threshold = .5, turns = "last", cluster = "components" }
d:kept():rows()
d = c:near_dedup{ threshold = .5, keep = function(ex) return #ex.input end, evidence_floor = .3 }
d:kept():rows()
d = c:near_dedup{ max_shingle_share = .5, min_shingle_rows = 2 }
]], data)
  check.eq(err, "")
  -- of the words "how do i reset my password|s" 4 of 6 shingles of 2 agree; the answers share all 7
  check.contains(out, "\n{ 1, 3, 4 }\n")
  check.contains(out, "\n{ 2, 3, 4 }\n")
end)

check.test("one seed, many rows: the recipe of a long chain keeps the same rows", function()
  local parts, words = {}, { "red", "green", "blue", "teal", "pink", "grey", "gold", "rust" }
  local x = 7
  local function draw(n)
    x = (x * 1103515245 + 12345) % 2147483648
    return x // 65536 % n + 1
  end
  for i = 1, 1000 do
    local w = {}
    for k = 1, 3 + draw(8) do w[k] = words[draw(#words)] end
    parts[i] = ('{"input": "%s", "output": "%s", "topic": "%s"}'):format(table.concat(w, " "), words[draw(#words)]:rep(draw(3), " "),
      words[draw(4)])
  end
  local path = check.write(dir .. "/many.jsonl", table.concat(parts, "\n") .. "\n")
  reproduces("many", [[
d = c:exact_dedup{}
d = d:near_dedup{ threshold = .6 }
d = d:length{ min_input_tokens = 5, min_output_tokens = 1 }
d = d:filter(function(ex) return not ex.input:find "^red" end)
d = d:repetition{ max_repetition_ratio = .4 }
d = d:near_dedup{ threshold = .5, fields = { "input" } }
d = d:filter(function(ex) return not ex.output:find "gold" end)
d = d:balance{ by = "topic", max = 60 }
last = d:filter(function(ex) return ex.topic ~= "blue" or #ex.input % 3 > 0 end)
]], path)
end)

check.test("help tells of names, views, stages and methods", function()
  local _, out, err = repl('help()\nhelp(c)\nhelp "near_dedup"\nhelp "near"\nhelp(c.explain)\nhelp "nonsense"\n', data)
  check.contains(out, "near(text [, k [, field]])")
  check.contains(out, "near_dedup: reject a row that nearly repeats a kept one")
  check.contains(err, 'no help for "nonsense"')
end)

check.test("help knows every name that a session has", function()
  local _, out, err = repl([[
for name in pairs(_G) do if name ~= "_" and name ~= "_VERSION" then help(_G[name]) end end
for _, name in ipairs { "open", "recipe", "print", "where", "near_dedup", "text.shingles", "string.rep" } do help(name) end
help "c"
help(c.near_dedup)
help(c:row(1))
help(text.shingles)
f = function(x) return x + 1 end
help(f)
help "near_dedupe"
]], data)
  check.contains(out, "near_dedup: reject a row that nearly repeats")
  check.contains(out, "string.rep: of Lua 5.4 itself")
  check.contains(out, "a function of your own, typed here\n  function(x) return x + 1 end")
  check.eq(lines(err), { "error: no help for \"c\"; help() lists what there is",
    'error: no help for "near_dedupe"; did you mean "near_dedup"?; help() lists what there is' })
end)

check.test("what help says of methods is what there is", function()
  for part, methods in pairs { view = require "repl.view".methods, run = require "repl.ledger".methods } do
    local told = {}
    for _, d in ipairs(docs[part]) do told[d[1]:match "^[%w_]+"] = true end
    for name in pairs(methods) do check.ok(told[name], part .. ": help says nothing of " .. name) end
    for name in pairs(told) do check.ok(methods[name], part .. ": there is no " .. name) end
  end
end)

-- ---- the parts ----

check.test("a command is whole when it compiles, unfinished at <eof>, and wrong otherwise", function()
  for _, case in ipairs {
    { "1 + 1", true }, { "x = 1", true }, { "f(", false, true }, { "x = {", false, true },
    { "for i = 1, 2 do", false, true },
    { "x = = 1", false, false }, { "[[a", false, true }, { "return 1", true }, { "'a", false, false } } do
    local chunk, _, more = evaluate.compile(case[1], {})
    check.eq({ chunk ~= nil, more }, { case[2], case[3] }, case[1])
  end
end)

check.test("Tab completes names, methods, stages, parameters, fields and files", function()
  local names = setmetatable({ corpus = 1, count = 2, t = { alpha = 1, beta = 2 } }, { __index = function() end })
  local function words(line, pending) return (complete.words(line, names, pending)) end
  local function has(list, word)
    for _, w in ipairs(list) do if w == word then return true end end
    return false
  end
  check.eq(words "co", { "corpus", "count" })
  check.eq(words "print(t.al", { "alpha" })
  check.eq(words "retur", { "return" })
  check.eq(words "c:near_d", { "near_dedup" })
  check.eq(words "c:rejected():sam", { "sample" })
  check.eq(words "c:near_dedup{thr", { "threshold = " })
  check.eq(words "d = c:length { min_input_tokens = 3, min_o", { "min_output_tokens = " })
  check.ok(not has(words "c:length { min_input_tokens = 3, m", "min_input_tokens = "))
  check.eq(words("  min_in", "c:length {"), { "min_input_tokens = " })
  check.eq(words "c:row(1).st", { "stage", "status" })
  check.eq(words 'c:lengths "ou', { "output" })
  check.eq(words 'c:near_dedup{ threshold = .5, unit = "', { "char", "word" })
  check.eq(words 'c:near_dedup{ fields = { "input", "ou', { "output" })
  check.eq(words 'c:sweep("near_d', { "near_dedup" })
  check.eq(words 'c:sweep("near_dedup", "thr', { "threshold" })
  check.eq(words 'help "swe', { "sweep" })
  check.eq(words 'c:field(1, "in', { "input" })
  check.eq(words 'help "near_d', { "near_dedup" })
  check.eq(words(('open "%s/row'):format(dir)), { dir .. "/rows.jsonl" })
  check.eq(select(2, complete.words("x = c:near_d", names)), 7)
  check.eq(words "t.alpha.", {})
end)

check.test("what completion offers help on is what help knows", function()
  local catalogue = require "help.catalogue"
  local fast, all = {}, {}
  for _, name in ipairs(catalogue.known()) do fast[name] = true end
  for _, name in ipairs(catalogue.names()) do all[name] = true end
  for name in pairs(fast) do check.ok(all[name], name) end
  for name in pairs(all) do check.ok(fast[name], name) end
end)

check.test("the nearest rows are those that brute force finds, for any number of threads", function()
  local core, corpus, neardup = require "core", require "corpus", require "neardup"
  local parts, words = {}, { "red", "green", "blue", "teal", "pink", "grün" }
  for i = 1, 300 do
    local w = {}
    for k = 1, 1 + i % 7 do w[k] = words[(i * 7 + k * k * 3) % 6 + 1] end
    parts[i] = ('{"input": "%s", "output": "x"}'):format(table.concat(w, " "))
  end
  local path = check.write(dir .. "/near.jsonl", table.concat(parts, "\n") .. "\n")
  local view = assert(corpus.load { sources = { { path = path, format = "auto" } }, formats = require "formats.all" })
  for _, query in ipairs { "red green blue", "grün pink", "te", "", "zzzzzzz" } do
    local want = {}
    for i = 1, #view do
      local j = neardup.jaccard(query, view:field(i, "input"))
      if j > 0 then want[#want + 1] = { row = i, jaccard = j } end
    end
    table.sort(want, function(a, b)
      if a.jaccard ~= b.jaccard then return a.jaccard > b.jaccard end
      return a.row < b.row
    end)
    for i = #want, 8, -1 do want[i] = nil end
    for _, threads in ipairs { 1, 2, 7 } do
      local pool <close> = core.pool(threads)
      check.eq(neardup.nearest(view, query, { k = 7, shingle = 5 }, pool), want, query)
    end
  end
end)

-- ---- at a terminal ----

local function tmux(command) return check.run("tmux -L tamis-test-repl " .. command) end

local function keys(...)
  for _, k in ipairs { ... } do
    local special = k:find "^C%-" or #k < 7 and k:find "^%u"
    tmux("send-keys -t repl " .. (special and k or "-l " .. check.quote(k)))
  end
end

-- Waits until the screen shows it; at most ten seconds.
local function shows(text)
  local screen
  for _ = 1, 100 do
    screen = select(2, tmux "capture-pane -t repl -p")
    if screen:find(text, 1, true) then return screen end
    os.execute "sleep 0.1"
  end
  check.contains(screen, text)
end

check.test("at a terminal there are a prompt, completion, history, and Ctrl-C that ends the command alone", function()
  if check.run "command -v tmux" ~= 0 then check.skip "tmux is not there" end
  local editor <close>, why = require "edit".new {}
  if not editor then check.skip(why) end
  local start = ("new-session -d -s repl -x 80 -y 24 env XDG_STATE_HOME=%s LC_ALL=C.UTF-8 %s repl %s")
    :format(dir .. "/state", check.tamis, data)
  if tmux(start) ~= 0 then check.skip "tmux does not start" end
  shows "tamis>"
  keys("c:near_d", "Tab", "{thr", "Tab", "1}", "Enter")
  shows "near_dedup: 0 of 4 rows rejected"
  keys("error(('lorem '):rep(30))", "Enter")   -- 80 columns
  shows "error: lorem lorem lorem lorem lorem lorem lorem lorem lorem lorem lorem lorem\nlorem"
  keys("while true do end", "Enter")
  os.execute "sleep 0.5"
  keys "C-c"
  shows "error: interrupted"
  keys("half a line", "C-c", "6 * 7", "Enter")
  shows "\n42\n"
  keys("Up", "Up", "Up")
  shows "tamis> c:near_dedup{threshold = 1}"
  keys("C-c", "t = {", "Enter", " 8,", "Enter", "}", "Enter", "#t + 90", "Enter")
  shows "\n91\n"
  keys("Up", "Up")
  shows "tamis> t = { 8, }"
  keys("C-c", "C-r", "near_d")
  shows "bck:near_d"
  keys("Escape", "C-c", "Tab", "x = 5", "Enter", "x * 11", "Enter")   -- a tab where a line begins indents
  shows "\n55\n"
  keys("C-c", "C-d")
  for _ = 1, 50 do
    if tmux "has-session -t repl" ~= 0 then break end
    os.execute "sleep 0.1"
  end
  check.ok(tmux "has-session -t repl" ~= 0, "Ctrl-D leaves")
  check.contains(check.read(dir .. "/state/tamis/history"), "6\\040*\\0407")
end)
tmux "kill-server"

check.test("Ctrl-C stops a stage, drops its layer, and leaves the session as it was", function()
  if check.run "command -v tmux" ~= 0 then check.skip "tmux is not there" end
  local parts, x = {}, 1
  for i = 1, 400 do
    local w = {}
    for k = 1, 200 do
      x = (x * 1103515245 + 12345) % 2147483648
      w[k] = ("w%d"):format(x // 65536 % 5000)
    end
    parts[i] = ('{"input": "%s", "output": "row %d"}'):format(table.concat(w, " "), i)
  end
  local path = check.write(dir .. "/long.jsonl", table.concat(parts, "\n") .. "\n")
  local start = ("new-session -d -s repl -x 80 -y 24 env XDG_STATE_HOME=%s LC_ALL=C.UTF-8 %s repl %s")
    :format(dir .. "/state", check.tamis, path)
  if tmux(start) ~= 0 then check.skip "tmux does not start" end
  shows "tamis>"
  keys("d = c:filter(function(ex) for i = 1, 1e8 do local y = i * 2 end end)", "Enter")
  os.execute "sleep 1"
  keys "C-c"
  shows "error: interrupted"
  keys("d == nil, #c:kept()", "Enter")
  shows "true\n400\n"
  keys("c:where(function(ex) while true do end end)", "Enter")
  os.execute "sleep 0.5"
  keys "C-c"
  keys("'still ' .. 'here'", "Enter")
  shows "\nstill here\n"
  keys "C-d"
  for _ = 1, 50 do
    if tmux "has-session -t repl" ~= 0 then break end
    os.execute "sleep 0.1"
  end
  check.ok(tmux "has-session -t repl" ~= 0, "Ctrl-D leaves")
end)
tmux "kill-server"

check.done()
