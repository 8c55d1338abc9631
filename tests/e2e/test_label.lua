--- label, agree and gold as a person uses them: the form on a pseudo-terminal, its files, its end.

local check = require "check"
local fixture = require "e2e.fixture_run"
local hostile = require "hostile"
local json = require "json"
local pty = require "pty"

local q = check.quote
local dir = check.folder()
fixture(dir)

local function tamis(args) return check.run(("cd %s && LC_ALL=C.UTF-8 %s %s"):format(q(dir), check.tamis, args)) end

local TAMIS = check.tamis:sub(2, 2) == "/" and check.tamis or q(os.getenv "PWD" .. "/" .. check.tamis:sub(2, -2))
check.tamis = TAMIS

local function form(args, columns, rows)
  return pty.spawn(("cd %s && exec env LC_ALL=C.UTF-8 NO_COLOR= TERM=xterm %s label %s"):format(q(dir), TAMIS, args),
    columns, rows)
end

local function lines_of(path)
  local out = {}
  for line in check.read(path):gmatch "[^\n]+" do out[#out + 1] = assert(json.decode(line)) end
  return out
end

check.test("five digits label a row, and it is on disk before the next one shows", function()
  local p <close> = form("curated/helpdesk/r1 --n 3 --of kept --annotator ana")
  check.ok(p:expect "row 1 of 3")
  check.ok(p:raw())
  p:send "45321"
  check.ok(p:expect "row 2 of 3")
  local got = lines_of(dir .. "/labels/helpdesk.ana.jsonl")
  check.eq(#got, 1)
  check.eq(got[1].scores, { correctness = 4, helpfulness = 5, instruction_following = 3, completeness = 2, quality = 1 })
  check.eq({ got[1].annotator, got[1].rubric, #got[1].identity }, { "ana", "default", 32 })
  check.eq(got[1].source, dir .. "/raw.jsonl")
  p:send "s"
  check.ok(p:expect "row 3 of 3")
  p:send "q"
  check.eq(p:wait(), 0)
  check.ok(not p:raw())
  check.ok(p:expect "1 labelled and 1 skipped of 3")
end)

check.test("it goes on where it was left, and the sample is the same", function()
  local p <close> = form("curated/helpdesk/r1 --n 3 --of kept --annotator ana")
  check.ok(p:expect "row 3 of 3")
  p:send "55555"
  check.ok(p:expect "That was the last of 3 rows")
  p:send "q"
  check.eq(p:wait(), 0)
  check.eq(#lines_of(dir .. "/labels/helpdesk.ana.jsonl"), 3)
end)

check.test("a signal gives the terminal back and keeps what was scored", function()
  for i, signal in ipairs { "INT", "TERM" } do
    local p <close> = form("curated/helpdesk/r1 --n 3 --of kept --annotator sig" .. i)
    check.ok(p:expect "row 1 of 3")
    p:send "4"
    check.ok(p:expect "[4]")
    p:signal(signal)
    check.eq(p:wait(), 130)
    check.ok(not p:raw())
    check.contains(p:output(), "\27[?1049l")
    check.eq(lines_of(dir .. "/labels/helpdesk.sig" .. i .. ".jsonl")[1].scores, { correctness = 4 })
  end
  local p <close> = form("curated/helpdesk/r1 --n 3 --annotator hup")
  check.ok(p:expect "row 1 of 3")
  p:signal "HUP"
  check.eq(p:wait(), 129)
  check.ok(not p:raw())
end)

check.test("a new size is drawn at once", function()
  local p <close> = form("curated/helpdesk/r1 --n 3 --annotator size", 80, 24)
  check.ok(p:expect "0-9 score")
  p:resize(40, 12)
  check.ok(p:expect("─" .. ("─"):rep(39)))
  p:resize(200, 50)
  check.ok(p:expect(("─"):rep(200)))
  p:send "q"
  check.eq(p:wait(), 0)
end)

check.test("the rows at a threshold's margin are those nearest it, nearest first", function()
  local p <close> = form("curated/helpdesk/r1 --margin length.min_input_tokens --n 4 --annotator margin")
  check.ok(p:expect "row 1 of 4")
  for i = 2, 4 do
    p:send "n"
    check.ok(p:expect(("row %d of 4"):format(i)))
  end
  p:send "55555"
  check.ok(p:expect "That was the last")
  p:send "q"
  p:wait()
  -- tokens 2 | 4, 5, 6, 7, 7 against at least 3: one below, then the three nearest above
  check.eq(lines_of(dir .. "/labels/helpdesk.margin.jsonl")[1].line, 7)
end)

check.test("without a terminal there is no form, but an export", function()
  local status, _, err = tamis "label curated/helpdesk/r1"
  check.eq(status, 2)
  check.contains(err, "label needs a terminal")
  local out
  status, out = tamis "label curated/helpdesk/r1 --n 3 --of kept --annotator ana --export -"
  check.eq(status, 0)
  local rows = {}
  for line in out:gmatch "[^\n]+" do rows[#rows + 1] = json.decode(line) end
  check.eq(#rows, 2)                                  -- the skipped one is left out
  for _, row in ipairs(rows) do
    check.ok(row.input and row.output and row.topic)
    check.eq(row._label.annotator, "ana")
  end
  status, out = tamis "label curated/helpdesk/r1 --n 3 --of kept --annotator ana --export - --at-least 4"
  check.eq(status, 0)
  check.eq(select(2, out:gsub("\n", "")), 1)
end)

check.test("mistakes are one sentence with status 2", function()
  for args, words in pairs {
    ["--by topic --margin a.b"] = "give one of",
    ["curated/helpdesk/r1 --by topc --export -"] = "did you mean topic?",
    ["curated/helpdesk/r1 --margin near_dedup.shingle --export -"] = "it bounds no figure",
    ["curated/helpdesk/r1 --margin nope.x --export -"] = "expected STAGE.PARAM",
    ["raw.jsonl --margin near_dedup.threshold --export -"] = "needs a run",
    ["curated/helpdesk/r1 --annotator a/b --export -"] = "expected letters",
    ["curated/helpdesk/r1 --of some"] = "expected kept, rejected or all",
    ["curated/helpdesk/r1 --rubric raw.jsonl"] = "raw.jsonl",
  } do
    local status, _, err = tamis("label " .. args)
    check.eq(status, 2, args .. ": " .. err)
    check.contains(err, words)
    check.eq(select(2, err:gsub("\n", "")), 1)
  end
end)

check.test("files are labelled too, by a key of their rows", function()
  local p <close> = form("raw.jsonl --by topic --n 3 --annotator files")
  check.ok(p:expect "row 1 of 3")
  p:send "55555"
  check.ok(p:expect "row 2 of 3")
  p:send "q"
  check.eq(p:wait(), 0)
  local status, out = tamis "label raw.jsonl --by topic --n 3 --annotator files --export -"
  check.eq(status, 0)
  check.contains(out, '"_label":{"annotator":"files"')
end)

check.test("nothing that rows hold reaches the terminal raw", function()
  local rows = {}
  for i, text in ipairs(hostile) do
    if utf8.len(text) then rows[#rows + 1] = json.encode { input = text .. "x", output = text .. "y", topic = text, id = i } end
  end
  check.write(dir .. "/host\27]52;c;aGk=\7ile.jsonl", table.concat(rows, "\n") .. "\n")
  local p <close> = form("host*.jsonl --by topic --n 40 --annotator h", 80, 24)
  check.ok(p:expect "row 1 of")
  for _ = 1, 40 do p:send "nv" end
  p:send "q"
  check.eq(p:wait(), 0)
  local out = p:output():gsub("\27%[[%d;?]*[HJKhlm]", "")    -- what the form itself sends
  check.ok(not out:find "\27", "an escape")
  check.ok(not out:find "[\0-\8\11\12\14-\31\127]", "a control character")
  check.ok(not out:find "\u{9B}" and not out:find "\u{202E}" and not out:find "\u{200B}")
end)

-- ---- agree ----

local function labels(name, scores)
  local out = {}
  for i, v in ipairs(scores) do
    out[i] = json.encode { identity = ("%032x"):format(i), annotator = name, source = "a.jsonl", line = i,
                           scores = { q = v } }
  end
  return check.write(dir .. "/" .. name .. ".jsonl", table.concat(out, "\n") .. "\n")
end

check.test("agree prints the figures of a published table", function()
  -- Cohen 1960's 2 x 2 shape: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: kappa 0.4, agreement 0.7
  local a, b = {}, {}
  for _, cell in ipairs { { 1, 1, 20 }, { 1, 2, 5 }, { 2, 1, 10 }, { 2, 2, 15 } } do
    for _ = 1, cell[3] do a[#a + 1], b[#b + 1] = cell[1], cell[2] end
  end
  labels("A", a)
  labels("B", b)
  local status, out, err = tamis "agree A.jsonl B.jsonl --json"
  check.eq(status, 0, err)
  local t = json.decode(out)
  check.eq(t.rows, 50)
  local d = t.dimensions[1]
  check.near(d.exact.value, 0.7)
  check.near(d.kappa.value, 0.4)
  check.near(d.weighted.value, 0.4)               -- two scores: every distance is the same
  check.ok(d.kappa.low < 0.4 and d.kappa.high > 0.4)
  check.eq(#t.disagreements, 15)
  status, out = tamis "agree A.jsonl B.jsonl --most 2"
  check.eq(status, 0)
  check.contains(out, "They disagree on 15 of 50 rows")
  check.contains(out, "0.40 (")
  check.contains(out, "and 13 more")
  local again = select(2, tamis "agree A.jsonl B.jsonl --most 2")
  check.eq(again, out)
end)

check.test("agree says what it lacks", function()
  local status, _, err = tamis "agree A.jsonl"
  check.eq(status, 2)
  check.contains(err, "expected two files")
  status, _, err = tamis "agree A.jsonl nope.jsonl"
  check.eq(status, 1)
  check.contains(err, "cannot read nope.jsonl")
  status, _, err = tamis "agree A.jsonl raw.jsonl"
  check.eq(status, 1)
  check.contains(err, "raw.jsonl:1: expected a label")
end)

-- ---- gold ----

check.test("gold sample draws from every topic, the same each time, and overwrites nothing", function()
  local status, out, err, _ = tamis "gold sample curated/helpdesk/r1 --n 2 --out c.jsonl"
  check.eq(status, 0, err)
  check.contains(out, "2 rows from 2 strata in c.jsonl")
  local topics = {}
  for _, row in ipairs(lines_of(dir .. "/c.jsonl")) do topics[row.topic] = true end
  check.eq(topics, { account = true, billing = true })
  status, out = tamis "gold sample curated/helpdesk/r1 --n 2"
  check.eq(status, 0)
  check.eq(out, check.read(dir .. "/c.jsonl"))
  status, _, err = tamis "gold sample curated/helpdesk/r1 --n 2 --out c.jsonl"
  check.eq(status, 2)
  check.contains(err, "is there already")
end)

check.test("without topics gold sample and label draw kept rows still, and a rejected one on demand says so", function()
  check.write(dir .. "/plain.jsonl", '{"input":"Where is the invoice?","output":"Under the bills."}\n'
    .. '{"input":"no","output":"It is rejected."}\n{"input":"Who wrote that?","output":"Ana did."}\n')
  check.write(dir .. "/plain.lua", 'local s = require "tamis"\nreturn s.recipe { name = "plain", '
    .. 'sources = { "plain.jsonl" }, s.length { min_input_tokens = 3, min_output_tokens = 1 } }\n')
  local status, out, err = tamis "run plain.lua --quiet --out o --run-id p"
  check.eq(status, 0, err)
  local function inputs(more)
    status, out, err = tamis("gold sample o/plain/p --n 9 " .. more)
    check.eq(status, 0, err)
    local list = {}
    for line in out:gmatch "[^\n]+" do list[#list + 1] = json.decode(line).input end
    table.sort(list)
    return list
  end
  check.eq(inputs "", { "Where is the invoice?", "Who wrote that?" })
  check.eq(inputs "--by reason", { "Where is the invoice?", "Who wrote that?" })
  check.eq(inputs "--of rejected", { "no" })
  check.eq(inputs "--of all", { "Where is the invoice?", "Who wrote that?", "no" })
  local p <close> = form "o/plain/p --annotator kept"
  check.ok(p:expect "row 1 of 2")
  p:send "q"
  check.eq(p:wait(), 0)
  check.ok(not p:output():find("rejected", 1, true))
  local r <close> = form "o/plain/p --of rejected --annotator rejected"
  check.ok(r:expect "row 1 of 1")
  check.ok(r:expect "plain.jsonl:2 · rejected")
  check.ok(not r:output():find("input_too_short", 1, true), "why is told with v")
  r:send "q"
  check.eq(r:wait(), 0)
end)

check.test("a run stops where a frozen gold set has changed, and goes on once it is frozen anew", function()
  check.write(dir .. "/data.jsonl", '{"input":"a b c d e f","output":"g h i j k l m n o p q"}\n')
  check.write(dir .. "/gold.jsonl", '{"input":"gold question number one","output":"an answer to it"}\n')
  check.write(dir .. "/r.lua", 'local s = require "tamis"\nreturn s.recipe { sources = { "data.jsonl" }, '
    .. 'gold = { "gold.jsonl" }, s.exact_dedup {} }\n')
  local status, out, err, _ = tamis "gold freeze gold.jsonl"
  check.eq(status, 0, err)
  check.contains(out, "gold.jsonl is frozen in ./gold.lock")
  status, _, err = tamis "run r.lua --quiet --out o"
  check.eq(status, 0, err)
  check.write(dir .. "/gold.jsonl", '{"input":"another","output":"an answer to it"}\n')
  for _, command in ipairs { "run r.lua --quiet --out o", "check r.lua" } do
    status, _, err = tamis(command)
    check.eq(status, 2, command)
    check.contains(err, "gold.jsonl changed since it was frozen")
    check.contains(err, "tamis gold freeze")
    check.eq(select(2, err:gsub("\n", "")), 1)
  end
  check.eq(tamis "gold freeze gold.jsonl", 0)
  check.eq(tamis "run r.lua --quiet --out o", 0)
end)

check.done()
