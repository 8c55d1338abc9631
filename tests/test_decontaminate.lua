-- test_decontaminate.lua: runs of a gold input's words in training rows, and the gate before export.
local check = require "check"
local core, corpus, neardup = require "core", require "corpus", require "neardup"
local cjson = require "cjson"
local views = require "views"

local formats = require "formats.all"
local stage = require "stages.decontaminate"
local made = {}

local function file(lines)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write(table.concat(lines, "\n"), "\n")
  f:close()
  made[#made + 1] = path
  return path
end

local function load(...)
  local sources = {}
  for i, path in ipairs { ... } do sources[i] = { path = path } end
  return assert(corpus.load { sources = sources, formats = formats, pool = core.pool(2) })
end

local function run(view, gold, given, threads)
  local p = views.params(stage, given)
  local verdicts, info = stage.run(view, p, { pool = core.pool(threads or 2), name = "decontaminate", gold = gold })
  return assert(view:apply("decontaminate", assert(verdicts, info)))
end

local function pair(input, output) return cjson.encode { input = input, output = output } end

local QUESTION = "A baker sells 12 loaves each morning, and twice as many at noon; how many loaves is that a day?"  -- 20 words
local ANSWER = "He sells 12 + 24 = 36 loaves"

check.test("a gold input inside a longer row is contained, and the evidence says where", function()
  local gold_path = file { pair("What is the way from here to the harbour, if one walks along the river?", "Left."),
                           pair(QUESTION, ANSWER) }
  local before = "Solve: caf\u{E9} first.\n"
  local lead = ("We talked about this and that for a long while. "):rep(8)
  local v = run(load(file { pair("Some tasks", before .. lead .. QUESTION:upper():gsub(",", "") .. " And then? " .. lead),
                            pair("Some others", lead) }), load(gold_path))
  local r = v:row(1)
  check.eq(r.reason, "gold_contained")
  check.eq(r.evidence.twin, { source = gold_path, line = 2 })
  check.eq(r.evidence.field, "output")
  check.eq(r.evidence.overlap, 1)
  check.eq(r.evidence.coverage, 1)
  check.eq(r.evidence.longest, 20)
  check.eq(r.evidence.matched.path, "output")
  check.eq(r.evidence.matched.start, utf8.len(before .. lead))
  check.eq(r.evidence.matched["end"], utf8.len(before .. lead) + #QUESTION - 1)   -- less the comma
  check.eq(v:row(2).status, "standing")
  check.eq(v:row(2).metrics["decontaminate.overlap"], 0)
end)

check.test("half of a gold input is an overlap, and less is enough with its answer near", function()
  local gold = load(file { pair(QUESTION, ANSWER) })
  local words = {}
  for w in QUESTION:gmatch "%S+" do words[#words + 1] = w end
  local half, third = table.concat(words, " ", 1, 10), table.concat(words, " ", 1, 8)
  local tail = " before the sun is up over the hills of the far side of town tonight"
  local rows = { pair(half .. tail, "x"), pair(third .. tail, "No idea at all."), pair(third .. tail, ANSWER) }
  for i = 1, 200 do rows[#rows + 1] = pair("other " .. i, "words " .. i) end   -- so that the words are rare
  local v = run(load(file(rows)), gold, { overlap = 0.4, overlap_with_answer = 0.3, min_words = 10 })
  check.eq(v:row(1).reason, "gold_overlap")
  check.eq(v:row(1).evidence.longest, 10)
  check.eq(v:row(1).evidence.coverage, 10 / 20)
  check.eq(v:row(1).evidence.threshold, 0.4)
  check.eq(v:row(2).status, "standing")
  check.eq(v:row(3).reason, "gold_overlap")
  check.eq(v:row(3).evidence.answer, 1)
  check.eq(run(load(file(rows)), gold, { overlap = 0.4, overlap_with_answer = 0.3, min_words = 11 }):row(1).status, "standing")
  check.eq(v:row(3).evidence.threshold, 0.3)
  v = run(load(file(rows)), gold, { ngram = 0 })
  check.eq(select(2, v:counts()), 0)
end)

check.test("a short gold input is contained only with its answer", function()
  local gold = load(file { pair("What is the capital of France?", "Paris"), pair("Why not?", "Because.") })
  local filler = "Now for a quiz, said the man with the hat. "
  local v = run(load(file { pair(filler .. "What is the capital of France? It is Paris.", "Good."),
                            pair(filler .. "What is the capital of France? That would be Rome.", "Bad."),
                            pair(filler .. "Why not? Because.", "Well then.") }), gold)
  check.eq(v:row(1).reason, "gold_contained")
  check.eq(v:row(2).status, "standing")
  check.eq(v:row(3).status, "standing")   -- two words are no evidence
end)

check.test("how much of an answer counts, and how short a question may be, are the recipe's to say", function()
  local filler = "Now for a quiz, said the man with the hat. "
  local question = "What is the capital of France?"
  local gold = load(file { pair(question, "alpha beta gamma delta epsilon zeta"), pair("Why not?", "Because.") })
  -- each word of the answer stands in one text as often as the others: half of them weigh a half
  local rows = { pair(filler .. question .. " alpha beta gamma it is.", "one"), pair(filler .. "Why not? Because.", "two"),
                 pair(filler .. question .. " alpha beta, gamma delta.", "three"), pair("delta epsilon zeta", "four"),
                 pair("epsilon zeta", "five") }
  local function reasons(given)
    local v, out = run(load(file(rows)), gold, given), {}
    for i = 1, 3 do out[i] = v:row(i).reason or "-" end
    return table.concat(out, " ")
  end
  local one = "gold_contained"
  check.eq(reasons { answer_share = 0.5 }, one .. " - " .. one)
  check.eq(reasons { answer_share = 0.6 }, "- - " .. one)
  check.eq(reasons { answer_share = 0.7 }, "- - -")
  check.eq(reasons { answer_run = 4 }, "- - " .. one)
  check.eq(reasons { answer_run = 5 }, "- - -")
  check.eq(reasons { min_input_words = 2 }, one .. " " .. one .. " " .. one)
  check.eq(reasons { min_input_words = 6 }, one .. " - " .. one)
  check.eq(reasons { min_input_words = 7 }, "- - -")
end)

check.test("a phrase that many rows have starts no run", function()
  local phrase = "write a short story of three paragraphs about a dog and"
  local lines = {}
  for i = 1, 60 do lines[i] = pair(phrase .. " thing number " .. i .. " of all", "story " .. i) end
  local gold = load(file { pair(phrase .. " castles", "Once.") })
  local v = run(load(file(lines)), gold, { threshold = 1 })
  check.eq(select(2, v:counts()), 0)
  lines[61] = pair("Please do " .. phrase .. " castles", "more")
  v = run(load(file(lines)), gold, { threshold = 1 })
  check.eq(select(2, v:counts()), 1)
  check.eq(v:row(61).reason, "gold_contained")
end)

check.test("several gold files of different formats are all held against the rows", function()
  local chat = file { cjson.encode { messages = { { role = "user", content = QUESTION }, { role = "assistant", content = ANSWER } } } }
  local alpaca = file { cjson.encode { instruction = "Translate the sentence below into the tongue of the elves now", input = "The sea is wide.", output = "Aear." } }
  local v = run(load(file { pair("x " .. QUESTION .. " y z and some more words", "a"),
                            pair("x. Translate the sentence below into the tongue of the elves now: the sea is wide. Do it.", "b"),
                            pair("neither of them", "c") }), load(chat, alpaca))
  check.eq(v:row(1).evidence.twin.source, chat)
  check.eq(v:row(2).evidence.twin.source, alpaca)
  check.eq(v:row(3).status, "standing")
end)

local function lines_of(command)
  local out = {}
  local p = io.popen(command)
  for l in p:lines() do out[#out + 1] = cjson.decode(l) end
  p:close()
  return out
end

--- Rows with gold questions planted, `each` a class; classes[i] names row i's, "clean" where none is.
local function planted(gold, clean, each)
  local lines, classes, state = {}, {}, 1
  local function draw(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % n + 1
  end
  local function add(class, input, output)
    lines[#lines + 1], classes[#lines + 1] = pair(input, output), class
  end
  local function split(s)
    local t = {}
    for w in s:gmatch "%S+" do t[#t + 1] = w end
    return t
  end
  for _, r in ipairs(clean) do add("clean", r.input, r.output) end
  for _ = 1, each do
    local function one() return gold[draw(#gold)], clean[draw(#clean)] end
    local g, c = gold[draw(#gold)]
    add("exact", g.question, g.answer)
    g, c = one()
    local q, o = split(g.question), split(c.input)
    add("half", table.concat(q, " ", 1, (#q + 1) // 2) .. " " .. table.concat(o, " ", #o // 2 + 1), c.output)
    g, c = one()
    add("inside", "Look at these.", c.input .. " " .. c.output .. "\n" .. g.question .. "\n" .. c.output .. c.input)
    g = one()
    local light = {}
    for _, w in ipairs(split(g.question)) do
      if draw(12) == 1 then w = draw(2) == 1 and "really " .. w or w .. "s" end
      light[#light + 1] = w
    end
    add("light", table.concat(light, " "), g.answer)
  end
  return lines, classes
end

check.test("planted GSM8K questions are found, its training set stands, for 1, 2 and 7 threads alike", function()
  local f = io.open "../shared/data/eval_gsm8k_test.jsonl"
  if not f then return check.skip "../shared/data is absent" end
  local bytes = f:read "a"
  f:close()
  local gold = lines_of "cat ../shared/data/eval_gsm8k_test.jsonl"
  local lines, classes = planted(gold, lines_of "cat ../shared/data/raw_math.jsonl", 100)
  local plain = {}
  for i, g in ipairs(gold) do plain[i] = pair(g.question, g.answer) end
  local gold_path, path, want = file(plain), file(lines), nil
  for _, threads in ipairs { 1, 2, 7 } do
    local v = run(load(path), load(gold_path), nil, threads)
    local hit, out = { clean = 0, exact = 0, half = 0, inside = 0, light = 0 }, {}
    for i = 1, #v do
      local r = v:row(i)
      if r.status == "rejected" then hit[classes[i]] = hit[classes[i]] + 1 end
      out[i] = ("%s %s %.17g %s"):format(r.status, r.reason or "", r.metrics["decontaminate.overlap"],
                                         r.evidence and r.evidence.twin and r.evidence.twin.line or "")
    end
    local text = table.concat(out, "\n")
    want = want or text
    check.ok(text == want)
    check.eq(hit.exact, 100)
    check.eq(hit.inside, 100)
    check.ok(hit.half >= 90, hit.half)
    check.ok(hit.light >= 95, hit.light)
    check.ok(hit.clean / 800 < 0.005, hit.clean)
  end
  f = io.open "../shared/data/eval_gsm8k_test.jsonl"
  check.ok(f:read "a" == bytes)
  f:close()
end)

check.test("gold_copy names the first row that is a copy of a gold row", function()
  local gold, pool = load(file { pair("A", "B"), pair(QUESTION, ANSWER) }), core.pool(2)
  local v = load(file { pair("c", "d"), pair(QUESTION:lower() .. " ", "else"), pair("a", "b") })
  check.eq(neardup.gold_copy(v, gold, true, pool), { row = 2, gold_row = 2, rows = 2, field = "input" })
  check.eq(neardup.gold_copy(v, gold, false, pool), { row = 3, gold_row = 1, rows = 1, field = "input with its output" })
  check.eq(neardup.gold_copy(load(file { pair("c", "d") }), gold, true, pool), false)
end)

for _, path in ipairs(made) do os.remove(path) end
check.done()
