--- What run, check, explain and help tell a person is true and is enough to go on.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local program = check.quote(fs.realpath(os.getenv "TAMIS" or "./tamis"))

local function q(s) return check.quote(s) end

local function file(name, text) return check.write(dir .. "/" .. name, text) end

local function tamis(fmt, ...)
  local status, out, err = check.run(("cd %s && %s "):format(q(dir), program) .. fmt:format(...))
  return status, out, err
end

--- What was printed, its lines joined: a screen may be narrow.
local function flat(text) return (text:gsub("%s+", " ")) end

local function recipe(name, body)
  return file(name, 'local s = require "tamis"\nreturn s.recipe {\n  name = "' .. name:gsub("%.lua$", "") .. '",\n' .. body .. "\n}\n")
end

local function jsonl(name, rows)
  local out = {}
  for i, row in ipairs(rows) do out[i] = json.encode(row) end
  return file(name, table.concat(out, "\n") .. "\n")
end

--- A chat of n exchanges.
local function chat(n)
  local turns = {}
  for i = 1, n do
    turns[#turns + 1] = { role = "user", content = ("question %d of %d"):format(i, n) }
    turns[#turns + 1] = { role = "assistant", content = ("answer %d of %d"):format(i, n) }
  end
  return { messages = turns }
end

check.test("rows that the export format has no place for are a row of the funnel, of the record and of the report", function()
  jsonl("chats.jsonl", { chat(1), chat(2), chat(2), chat(3) })
  recipe("pairs.lua", 'sources = { "chats.jsonl" }, s.export { format = "pairs" },')
  local status, out, err = tamis "run pairs.lua --run-id a"
  check.eq(status, 0, err)
  check.ok(out:find "export +4 +%-3 +75%.0%%", out)
  check.contains(flat(out), '! export removed 75.0% of the 4 rows it saw: they do not fit format = "pairs"')
  local record = json.decode(fs.read(dir .. "/curated/pairs/a/lineage.json"))
  local counts = record.stats.stage_counts
  check.eq(#counts, 2)
  check.eq({ counts[1].name, counts[1].seen, counts[1].removed, counts[1].kept }, { "load", 4, 0, 4 })
  check.eq({ counts[2].name, counts[2].seen, counts[2].removed, counts[2].kept }, { "export", 4, 3, 1 })
  status, out, err = tamis "run pairs.lua --run-id b --json"
  check.eq(status, 0, err)
  local stages = json.decode(out).stages
  check.eq({ stages[1].name, stages[1].seen, stages[1].removed }, { "export", 4, 3 })
  status, out, err = tamis "report curated/pairs/a"
  check.eq(status, 0, err)
  check.ok(out:find "export +4 +3", out)
  status, out, err = tamis "check pairs.lua"
  check.eq(status, 0, err)
  check.ok(out:find "export +4 +%-3 +75%.0%%", out)
  status, out, err = tamis "explain curated/pairs/a chats.jsonl:2"
  check.eq(status, 0, err)
  check.contains(out, "export.format of a shape that holds it; it is pairs")
end)

--- A text of n words, those from `first` on.
local function words(first, n)
  local out = {}
  for i = 1, n do out[i] = "word" .. (first + i) end
  return table.concat(out, " ")
end

local function explained(run, place)
  local status, out, err = tamis("explain --json %s %s", run, place)
  check.eq(status, 0, err)
  return json.decode(out)
end

check.test("a near duplicate of several is told what spares it from its twin, and that another may match", function()
  local base = words(0, 60)
  jsonl("near.jsonl", { { input = base, output = "one" }, { input = base .. " x", output = "one" },
                        { input = base .. " x y", output = "one" }, { input = words(500, 3), output = "two" } })
  recipe("near.lua", 'sources = { "near.jsonl" }, s.near_dedup { threshold = 0.8 }, s.filter { name = "no", fn = function() end }, s.export {},')
  local status, _, err = tamis "run near.lua --run-id a --quiet"
  check.eq(status, 0, err)
  local p = explained("curated/near/a", "near.jsonl:3")
  check.eq(p.stage, "near_dedup")
  check.eq(#p.would_keep, 1)
  local above = tonumber(p.would_keep[1]:match "^near_dedup%.threshold above (0%.%d+) spares it from this twin; of the rows that are kept then, another may match it$")
  check.ok(above and above > p.evidence.jaccard and above - p.evidence.jaccard <= 0.0001, p.would_keep[1])
  local _, text = tamis "explain curated/near/a near.jsonl:3"
  check.contains(text, "then no would judge it, which has not seen it")
end)

check.test("a row that nothing but one twin could reject is told the threshold alone", function()
  local base = words(0, 60)
  jsonl("one.jsonl", { { input = base, output = "one" }, { input = base .. " x", output = "one" } })
  recipe("one.lua", 'sources = { "one.jsonl" }, s.near_dedup { threshold = 0.8 }, s.export {},')
  check.eq((tamis "run one.lua --run-id a --quiet"), 0)
  local p = explained("curated/one/a", "one.jsonl:2")
  local above = check.ok(p.would_keep[1]:match "^near_dedup%.threshold above (0%.%d+)$", p.would_keep[1])
  check.eq((tamis("run one.lua --run-id b --quiet --set near_dedup.threshold=%s", above)), 0)
  check.eq(explained("curated/one/b", "one.jsonl:2").status, "curated")
end)

check.test("a copy from its twin's own source is not told to list the source first", function()
  jsonl("copies.jsonl", { { input = "a b", output = "c" }, { input = "A  b", output = "c" } })
  recipe("copies.lua", 'sources = { "copies.jsonl" }, s.exact_dedup {}, s.export {},')
  check.eq((tamis "run copies.lua --run-id a --quiet"), 0)
  check.eq(explained("curated/copies/a", "copies.jsonl:2").would_keep[1], "its twin copies.jsonl:1 removed, and any other copy before it")
end)

check.test("a row of another language is told of the confidence too where that is too low as well", function()
  local remedy = require "report.remedy"
  local run = { stages = {}, short = function(_, path) return path end, stage = function() return { name = "language", stage = "language", params = { min_confidence = 0.95 } } end }
  local function row(reason, value)
    return { status = "rejected", stage = "language", reason = reason, also = {}, evidence = { field = "input", value = value, threshold = 0.95, language = "es" } }
  end
  check.eq(remedy.would_keep(run, row("other_language", 0.99)), { "language.keep with es in it" })
  check.eq(remedy.would_keep(run, row("other_language", 0.7)), { "language.keep with es in it, and language.min_confidence at most 0.7" })
  check.eq(remedy.would_keep(run, row("low_confidence", 0.7)), { "language.min_confidence at most 0.7" })
end)

check.test("no page and no report speaks of what does not exist", function()
  jsonl("plain.jsonl", { { input = "a b", output = "c d" }, { input = "e f", output = "g h" } })
  recipe("plain.lua", 'sources = { "plain.jsonl" }, s.export {},')
  local texts = { "help", "help exit", "help run", "help check", "help document", "help report", "report plain.jsonl", "check plain.lua" }
  for _, command in ipairs(texts) do
    local status, out, err = tamis(command)
    check.eq(status, 0, err)
    for _, word in ipairs { "design document" } do
      check.ok(not out:find(word, 1, true), command .. " speaks of " .. word)
    end
  end
  jsonl("scored.jsonl", { { input = "a b", output = "c d", score = 4 }, { input = "e f", output = "g h", score = 2 } })
  local _, out = tamis "report scored.jsonl --json"
  check.contains(out, '"below_3"')
  check.contains(out, '"name":"scores"')
end)

check.test("a misspelt key of fields is answered with the nearest key of the file", function()
  file("qa.csv", "question,answer\nwhat is it,a thing\nwhere is it,there\n")
  recipe("fields.lua", 'sources = { { "qa.csv", fields = { input = "question", output = "anwser" } } }, s.export {},')
  local status, _, err = tamis "run fields.lua"
  check.eq(status, 1)
  check.contains(err, 'qa.csv: no key "anwser", which is to be the output; did you mean "answer"? (keys found: question, answer)')
end)

check.test("check takes several recipes and says of each what it would keep; run takes one", function()
  jsonl("two.jsonl", { { input = "a b", output = "c" }, { input = "A  b", output = "c" } })
  recipe("good.lua", 'sources = { "two.jsonl" }, s.exact_dedup {}, s.export {},')
  recipe("all.lua", 'sources = { "two.jsonl" }, s.export {},')
  local status, out, err = tamis "check good.lua all.lua"
  check.eq(status, 0, err)
  local good, all = out:find("good.lua: ", 1, true), out:find("all.lua: ", 1, true)
  check.ok(good and all and good < all, out)
  check.contains(out:sub(good, all), "would keep 1 of 2 rows")
  check.contains(out:sub(all), "would keep 2 of 2 rows")
  recipe("bad.lua", 'sources = { "two.jsonl" }, s.exact_dedupe {},')
  status, out, err = tamis "check bad.lua all.lua"
  check.eq(status, 2, out)
  check.contains(err, 'unknown stage "exact_dedupe"')
  check.contains(out, "would keep 2 of 2 rows")
  status, out, err = tamis "check good.lua all.lua two.jsonl"
  check.eq(status, 2, out)
  check.contains(err, "give data files with one recipe only")
  status, out, err = tamis "run good.lua all.lua"
  check.eq(status, 2, out)
  check.contains(err, "all.lua: one recipe at a time")
end)

check.test("a split that was to have rows and got none is told", function()
  jsonl("same.jsonl", { { input = "a b", output = "c", lang = "en" }, { input = "d e", output = "f", lang = "en" } })
  recipe("split.lua", 'sources = { "same.jsonl" }, s.export { splits = { train = 0.5, valid = 0.5, none = 0 }, group = "lang" },')
  local status, out, err = tamis "run split.lua --run-id a"
  check.eq(status, 0, err)
  local sizes = { train = #fs.read(dir .. "/curated/split/a/train.jsonl"), valid = #fs.read(dir .. "/curated/split/a/valid.jsonl") }
  local empty = sizes.train == 0 and "train" or "valid"
  check.eq(sizes[empty], 0)
  check.contains(flat(out), ('! export: no row fell to the split "%s" (0.5 of 2 kept): rows of one "lang" stay together'):format(empty))
  check.ok(not out:find('split "none"', 1, true), out)
end)

check.test("a gold row whose input alone took many rows is named, with the parameter", function()
  local rows = {}
  for i = 1, 25 do rows[i] = { input = i % 2 == 0 and "Yes." or "yes. ", output = words(100 * i, 8) } end
  rows[26] = { input = words(9000, 8), output = words(9100, 8) }
  jsonl("chat.jsonl", rows)
  jsonl("gold.jsonl", { { input = words(9000, 8), output = words(9100, 8) }, { input = "Yes.", output = words(7000, 8) } })
  recipe("gold.lua", 'sources = { "chat.jsonl" }, gold = { "gold.jsonl" }, s.export {},')
  local status, out, err = tamis "run gold.lua --run-id a --json"
  check.eq(status, 0, err)
  local notes = table.concat(json.decode(out).notes, "\n")
  check.contains(notes, 'gold.jsonl:2 alone took 25 of the 26 rows removed, by its input "Yes."')
  check.contains(notes, "decontaminate.input_alone = false")
end)

check.test("an id that no row has is told, with the nearest key", function()
  jsonl("ids.jsonl", { { ticket_id = 7, input = "a b", output = "c" }, { ticket_id = 8, input = "d e", output = "f" } })
  recipe("ids.lua", 'id = "tiket_id", sources = { "ids.jsonl" }, s.export {},')
  local status, out, err = tamis "run ids.lua --run-id a"
  check.eq(status, 0, err)
  check.contains(flat(out), '! id = "tiket_id": none of the first 2 rows has it; did you mean "ticket_id"?')
  recipe("ids.lua", 'id = "ticket_id", sources = { "ids.jsonl" }, s.export {},')
  status, out, err = tamis "run ids.lua --run-id b"
  check.eq(status, 0, err)
  check.ok(not out:find("! id", 1, true), out)
end)

local OWN = [[
local s = require "tamis"
local odd = s.stage { name = "odd", scope = "%s", reasons = { "too_loud" }, %s }
return s.recipe { name = "odd", sources = { "ids.jsonl" }, odd {}, s.export {} }
]]

check.test("a reason that a stage of the recipe's own does not declare is an error that names both", function()
  local bodies = { { "row", 'row = function(ex) return "too_lowd" end' },
                   { "corpus", 'run = function(view) return { "too_lowd" } end' } }
  for _, body in ipairs(bodies) do
    file("odd.lua", OWN:format(body[1], body[2]))
    local status, _, err = tamis "run odd.lua"
    check.eq(status, 1)
    check.contains(err, 'odd.lua:3: odd: it gave the reason "too_lowd", which it does not declare: reasons = { "too_loud" }; did you mean "too_loud"?')
  end
  file("odd.lua", OWN:format("row", "row = function(ex) return false end"))   -- the stage's own name
  check.eq((tamis "run odd.lua --run-id a"), 0)
end)

check.test("a row is read by name, and says so to who would go over it", function()
  for _, code in ipairs { "for k in pairs(ex) do end", "local n = #ex" } do
    recipe("over.lua", ('sources = { "ids.jsonl" }, s.filter { name = "f", fn = function(ex) %s end }, s.export {},'):format(code))
    local status, _, err = tamis "run over.lua"
    check.eq(status, 1)
    check.contains(err, "a row cannot be gone over: read it by name (ex.input; see tamis help ex), or its keys by pairs(ex.raw)")
  end
end)

check.test("what help ex says of a row is so", function()
  jsonl("facts.jsonl", { { input = "q", output = "good", meta = { queue = "sales" } } })
  jsonl("talk.jsonl", { { messages = { { role = "user", content = "u1" }, { role = "assistant", content = "a1" },
                                       { role = "user", content = "u2" }, { role = "assistant", content = "a2" } } } })
  jsonl("pair.jsonl", { { prompt = "q", chosen = "good", rejected = "bad" } })
  local code = [[
    s.map { fn = function(ex) return { mood = "glad" } end },
    s.filter { fn = function(ex)
      local t = { ex.input, ex.output, ex.alternative or "-", ex.assistant or "-", ex.mood, ex.kind or "-", ex.team or "-", ex["meta.queue"] or "-" }
      return "seen", table.concat(t, "|"):gsub("\n", "/")
    end }, s.export {},]]
  recipe("facts.lua", 'sources = { { "facts.jsonl", kind = "log", team = "two" }, "talk.jsonl", "pair.jsonl" },' .. code)
  check.eq((tamis "run facts.lua --run-id a --quiet"), 0)
  local function detail(file_name) return explained("curated/facts/a", file_name .. ":1").evidence.detail end
  check.eq(detail "facts.jsonl", "q|good|-|good|glad|log|two|sales")
  check.eq(detail "talk.jsonl", "u1/a1/u2|a2|-|a1/a2|glad|-|-|-")
  check.eq(detail "pair.jsonl", "q|good|bad|good|glad|-|-|-")
end)

check.test("the examples of help ex and help stage run", function()
  local writing = require "help.writing"
  jsonl("users.jsonl", { { input = "a", output = "b", user = "x" }, { input = "c", output = "d", user = "y" }, { input = "e", output = "f", user = "x" } })
  file("written.lua", ('local s = require "tamis"\n%s\nreturn s.recipe { name = "written", sources = { { "users.jsonl", kind = "synthetic" } },\n first {}, %s, s.export {} }')
    :format(table.concat(writing.stage.example, "\n"), table.concat(writing.ex.example, "\n")))
  local status, out, err = tamis "run written.lua --run-id a --json"
  check.eq(status, 0, err)
  local why = {}
  for _, r in ipairs(json.decode(out).reasons) do why[r.reason] = r.count end
  check.eq(why, { seen = 1, too_thin = 2 })
  for _, topic in ipairs { "ex", "stage" } do
    status, out, err = tamis("help %s", topic)
    check.eq(status, 0, err)
    for line in out:gmatch "[^\n]+" do check.ok(#line <= 82, line) end
  end
end)

check.test("check says which of a recipe's files are missing; with some of them here that is a fault", function()
  jsonl("here.jsonl", { { input = "a question", output = "an answer" } })
  local cases = {
    { 'sources = { "here.jsonl" }, gold = { "gone.jsonl" },', 1, "cannot find gone.jsonl" },
    { 'sources = { "here.jsonl", "raw/*.jsonl" },', 1, "cannot find raw/*.jsonl: no file matches" },
    { 'sources = { "gone.jsonl", "raw/*.jsonl" },', 0, "cannot find raw/*.jsonl: no file matches" },
  }
  for _, c in ipairs(cases) do
    recipe("files.lua", c[1])
    for _, option in ipairs { "--static", "" } do
      local status, out, err = tamis("check files.lua %s", option)
      check.eq(status, c[2], err)
      check.contains(status == 0 and out or err, c[3])
      check.ok(not out:find "no fault found")
    end
  end
  recipe("files.lua", 'sources = { "here.jsonl" },')
  check.contains(select(2, tamis "check --static files.lua"), "files.lua: 1 stage, 1 source, no fault found")
end)

check.test("explain shows who says what in a chat, in order", function()
  local talk = { messages = { { role = "system", content = "be kind" }, { role = "user", content = "first question" },
    { role = "assistant", content = json.null, tool_calls = { { id = "x", type = "function" } } }, { role = "tool", content = "42" },
    { role = "user", content = { { type = "text", text = "second" }, { type = "image_url", image_url = "u" } } },
    { role = "assistant", content = "last answer" } } }
  local long = { conversations = {} }
  for i = 1, 20 do
    long.conversations[i] = { from = i % 2 == 1 and "human" or "gpt", value = "turn " .. i }
  end
  jsonl("talks.jsonl", { talk })
  jsonl("long.jsonl", { long })
  jsonl("both.jsonl", { { prompt = { { role = "user", content = "why" } }, chosen = "because", rejected = "no" } })
  recipe("talks.lua", 'sources = { "talks.jsonl", "long.jsonl", "both.jsonl" }, s.export {},')
  check.eq((tamis "run talks.lua --run-id a --quiet"), 0)
  local status, out, err = tamis "explain curated/talks/a talks.jsonl:1"
  check.eq(status, 0, err)
  local last = 0
  for _, line in ipairs { "  system       be kind\n", "  user         first question\n", "  assistant    [tool_calls ", "  tool         42\n",
                          "  user         second\n               [image_url]\n", "  assistant    last answer\n" } do
    local found = out:find(line, last + 1, true)
    check.ok(found, line .. " is not in, or not in its place in:\n" .. out)
    last = found
  end
  check.ok(not out:find("\n  input", 1, true), out)
  local turns = explained("curated/talks/a", "talks.jsonl:1").text.turns
  check.eq({ #turns, turns[6].role, turns[6].field, turns[1].field }, { 6, "assistant", "output", "system" })
  status, out, err = tamis "explain curated/talks/a long.jsonl:1"
  check.eq(status, 0, err)
  check.contains(out, "  human        turn 3\n  (11 turns between)\n  human        turn 15\n")
  file("map.lua", [[local s = require "tamis"
    return s.recipe { name = "map", sources = { "talks.jsonl" }, s.map { fn = function(ex) return { output = "changed answer" } end }, s.export {} }]])
  status, out, err = check.run(("cd %s && echo 'open(\"map.lua\"):run():explain(1)' | %s repl"):format(q(dir), program))
  check.eq(status, 0, err)
  check.contains(out, "  assistant    changed answer\n")
  status, out, err = tamis "explain curated/talks/a both.jsonl:1"
  check.eq(status, 0, err)
  check.contains(out, "  user         why\n  output       because\n  rejected     no\n")
end)

check.test("the summary of a run keeps to its screen's width, and to its colours", function()
  local core, open, runner = require "core", require "recipe.open", require "runner"
  local screen, summary = require "report.screen", require "run.summary"
  local rows = {}
  for i = 1, 1234 do rows[i] = { input = words(i, 5), output = i % 2 == 0 and "short" or words(i, 9) } end
  jsonl("screen.jsonl", rows)
  local path = recipe("a_recipe_with_a_long_name_of_its_own.lua",
    'sources = { "screen.jsonl" }, s.length { name = "a_stage_with_a_name_of_many_letters", min_input_tokens = 3, min_output_tokens = 2 }, s.export {},')
  local opened = assert(open.file(path, {}))
  local run = assert(runner.run_stages(opened, {}, { pool = core.pool(1) }))
  run.id = "2024-01-01T00-00-00-abcdef"
  for _, width in ipairs { 50, 60, 72, 80, 120 } do
    for _, unicode in ipairs { true, false } do
      local lines = {}
      summary.print(run, function(line) lines[#lines + 1] = line end, screen.new { width = width, unicode = unicode })
      for _, line in ipairs(lines) do check.ok(screen.width_of(line) <= width, ("%d: %s"):format(width, line)) end
      local text = table.concat(lines, "\n")
      check.ok(not text:find("\27", 1, true), text)
      check.contains(text, "1,234")
      check.contains(text, "617")
      check.contains(text, "50.0%")
    end
  end
  local coloured = {}
  summary.print(run, function(line) coloured[#coloured + 1] = line end, screen.new { width = 80, colour = true })
  check.contains(table.concat(coloured, "\n"), "\27[33m! \27[0m")
end)

check.test("explain keeps to its screen's width", function()
  local command, screen = require "cli.explain", require "report.screen"
  jsonl("a_file_with_a_name_that_alone_takes_most_of_a_line.jsonl", { { input = "a b", output = words(0, 40) } })
  recipe("narrow.lua", 'sources = { "a_file*.jsonl" }, s.length { min_input_tokens = 3 }, s.export {},')
  check.eq((tamis "run narrow.lua --run-id a --quiet"), 0)
  local source = fs.glob(dir .. "/a_file*.jsonl")[1]:match "[^/]*$"
  local p = explained("curated/narrow/a", source .. ":1")
  command.show(screen.new { width = 50 }, p, function(line) check.ok(screen.width_of(line) <= 50, line) end)
end)

check.test("a run on a terminal has colours, unless NO_COLOR says otherwise", function()
  if check.run "command -v script" ~= 0 then check.skip "needs script(1)" end
  jsonl("tty.jsonl", { { input = "a b", output = "c" }, { input = "A  b", output = "c" } })
  recipe("tty.lua", 'sources = { "tty.jsonl" }, s.exact_dedup {}, s.export {},')
  local function on_terminal(environment)
    local inner = ("stty cols 50; %s %s run tty.lua"):format(environment, program)
    local status, out, err = check.run(("cd %s && script -qec %s /dev/null </dev/null"):format(q(dir), q(inner)))
    check.eq(status, 0, err)
    return out
  end
  check.contains(on_terminal "TERM=xterm", "\27[1m")
  check.ok(not on_terminal "TERM=xterm NO_COLOR=1":find("\27[1m", 1, true))
end)

check.test("where an answer stops being JSON is told of the answer, not of the line", function()
  jsonl("nojson.jsonl", { { input = "Answer in JSON.", output = "Sure: it is {" } })
  recipe("nojson.lua", '  sources = { "nojson.jsonl" },\n  s.schema { json_output = "always", json_in_prose = true },\n')
  check.eq(tamis "run nojson.lua --out o_nojson --quiet", 0)
  local _, out = tamis "explain o_nojson/nojson/latest nojson.jsonl:1"
  check.contains(flat(out), "not_json, output: it ends before it closes (behind 13 characters)")
  check.eq(out:find("of the line", 1, true), nil)
end)

check.test("thresholds of a preset are told as those that a recipe gives, and swept with the others in force", function()
  local rows = {}
  for i = 1, 12 do   -- i * 10 words; a figure in every third one: Gopher's share of words with a letter is 0.8 at least
    local text = {}
    for k = 1, i * 10 do text[k] = i % 3 == 0 and k % 2 == 0 and "777" or "that" end
    text[1] = "with"
    rows[i] = { input = "question " .. i, output = table.concat(text, " ") }
  end
  jsonl("prose.jsonl", rows)
  recipe("gopher.lua", 'sources = { "prose.jsonl" }, s.text_rules { preset = "gopher", skip = { "max_words" } },')
  local _, out, err = tamis "run gopher.lua --run-id a"
  check.ok(fs.exists(dir .. "/curated/gopher/a/ledger.db"), err .. out)
  local _, text = tamis "explain curated/gopher/a prose.jsonl:2"
  check.contains(flat(text), "words 20 (at least 50)")
  check.contains(flat(text), "text_rules.min_words at most 20")
  check.ok(not flat(text):find("100,000", 1, true), "a rule that is skipped bounds nothing")
  for _, from in ipairs { "gopher.lua", "curated/gopher/a" } do
    local _, swept = tamis("sweep %s text_rules.min_words=15,45,85 --json --quiet", from)
    swept = json.decode(swept)
    check.eq(swept.now, { 50 })
    for _, v in ipairs(swept.values) do
      local kept = 0
      for i = 1, 12 do if i % 3 ~= 0 and i * 10 >= v.value then kept = kept + 1 end end
      check.eq(v.kept, kept, tostring(v.value))
    end
  end
end)

check.test("why rows were removed shows the text that a figure is of, and none in which personal data was found", function()
  jsonl("why.jsonl", { { input = "what is a placeholder text?", output = "It is lorem ipsum, as printers say." },
                       { input = "whom do I ask of that?", output = "Write to ann.lee@acme.io about it." },
                       { input = "is this one fine?", output = "It is, and it stays." } })
  recipe("why.lua", 'sources = { "why.jsonl" }, s.text_rules {}, s.pii { action = "reject" },')
  local _, out = tamis "run why.lua --run-id a"
  local _, report = tamis "report curated/why/a"
  for _, text in ipairs { out, report } do
    check.contains(flat(text), "what is a placeholder text?")
    check.ok(not text:find("whom do I ask", 1, true), text)
  end
end)

check.test("other thresholds of a whole number are whole numbers", function()
  local _, report = tamis "report curated/why/a --json"
  for _, b in ipairs(json.decode(report).bounds) do
    if b.name == "text_rules.max_lorem_ipsum" then
      check.eq(b.values, { 0, 1 })
      check.eq(b.kept, { 1, 2 })
      return
    end
  end
  check.ok(false, "no bound of max_lorem_ipsum")
end)

check.test("a run before that read other sources is named, and nothing is compared with it", function()
  jsonl("first.jsonl", { { input = "what is one?", output = "The first." }, { input = "and two?", output = "The second." } })
  jsonl("other.jsonl", { { input = "where is it?", output = "Elsewhere." } })
  recipe("since.lua", 'sources = { "first.jsonl" }, s.exact_dedup {},')
  tamis "run since.lua --run-id a"
  recipe("since.lua", 'sources = { "other.jsonl" }, s.exact_dedup {},')
  local _, out = tamis "run since.lua --run-id b"
  check.contains(flat(out), "Run a before it read other sources: nothing to compare")
  check.ok(not out:find("Since run", 1, true), out)
  recipe("since.lua", 'sources = { "other.jsonl", "first.jsonl" }, s.exact_dedup {},')
  _, out = tamis "run since.lua --run-id c"
  check.contains(flat(out), "Since run b: 3 rows kept, were 1")
end)

check.test("help of a command and of a kind that its page tells of is one page", function()
  for _, topic in ipairs { "fit lm", "fit toxicity", "judge calibrate" } do
    local status, out, err = tamis("help %s", topic)
    check.eq({ status, err }, { 0, "" })
    local _, alone = tamis("help %s", topic:match "^%w+")
    check.eq(out, alone)
  end
  local status, _, err = tamis "help fit nosuchthing"
  check.eq(status, 2)
  check.contains(err, 'no help for "nosuchthing"')
end)

check.done()
