--- Topics as clusters of vectors: found, named, saved, kept from run to run, placed; and by a function.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local function q(s) return check.quote(s) end
local function tamis(line)
  local status, out, err = check.run(("cd %s && %s %s"):format(q(dir), check.tamis, line))
  return status, out .. err
end

-- Three topics, each of words of its own, and words that all have.
local WORDS = {
  garden = { "tomato", "soil", "compost", "seeds", "prune", "roses", "weeds", "greenhouse" },
  billing = { "invoice", "refund", "payment", "charged", "receipt", "account", "overdue", "balance" },
  travel = { "flight", "luggage", "airport", "passport", "hotel", "boarding", "visa", "delayed" },
  chess = { "bishop", "castling", "checkmate", "pawn", "opening", "gambit", "knight", "rook" },
}

-- Each row has five of its topic's words, drawn by a small generator of its own.
local function rows_of(topic, n, seed)
  local out, state = {}, seed * 7919 + #topic * 104729
  for i = 1, n do
    local words = table.move(WORDS[topic], 1, #WORDS[topic], 1, {})
    local text = {}
    for k = 1, 5 do
      state = (state * 1103515245 + 12345) % 2147483648
      text[k] = table.remove(words, state // 65536 % #words + 1)
    end
    out[i] = json.encode { input = ("tell me about %s"):format(table.concat(text, " ")),
                           output = "Here is what I know.", kind = topic }
  end
  return out
end

local function write(name, parts)
  local lines = {}
  for _, part in ipairs(parts) do table.move(part, 1, #part, #lines + 1, lines) end
  check.write(dir .. "/" .. name, table.concat(lines, "\n") .. "\n")
end

write("day1.jsonl", { rows_of("garden", 60, 0), rows_of("billing", 40, 0), rows_of("travel", 30, 0),
                      { json.encode { input = "Zyzzyva qwerty", output = "asdf" },
                        json.encode { input = "qwerty zyzzyva Qwerty", output = "asdf" } } })
write("day2.jsonl", { rows_of("chess", 70, 5), rows_of("travel", 50, 5), rows_of("billing", 30, 5),
                      rows_of("garden", 20, 5) })

local EMBED = [[s.embed { model = "lexical", features = { "word" }, dim = 1024, fields = { "input" } }]]

local function recipe(name, stages, source)
  check.write(dir .. "/" .. name .. ".lua", ([[local s = require "tamis"
return s.recipe { name = "t", seed = 7, sources = { %q },
  %s }
]]):format(source or "day1.jsonl", stages))
end

local function run(name, id, more)
  return tamis(("run %s.lua --run-id %s --no-html %s"):format(name, id, more or ""))
end

local function figures(id)
  local l = json.decode(fs.read(dir .. "/curated/t/" .. id .. "/lineage.json"))
  for _, s in ipairs(l.stats.stage_counts) do
    if s.name == "topics" then return s.figures.topic_clusters, l end
  end
end

--- Which topics the rows of each kind got: { kind = { topic = count } }.
local function topics_of(id)
  local out = {}
  for line in io.lines(dir .. "/curated/t/" .. id .. "/curated.jsonl") do
    local row = json.decode(line)
    local kind, topic = row.kind or "odd", row.metadata.topic
    out[kind] = out[kind] or {}
    out[kind][topic] = (out[kind][topic] or 0) + 1
  end
  return out
end

local EXPORT = [[s.export { extra = "keep", include = { "topic" } }]]

recipe("one", EMBED .. [[, s.topics { clusters = 3, min_similarity = 0.5 }, ]] .. EXPORT)
local status, said = run("one", "a", "--threads 1")

check.test("clusters are the topics of the rows, named by their words, with rows that show them", function()
  check.eq(status, 0, said)
  local f = figures "a"
  check.eq({ #f.topics, f.topics[1].rows, f.topics[2].rows, f.topics[3].rows }, { 3, 60, 40, 30 })
  check.eq({ f.nowhere, f.without, #f.far }, { 2, 0, 2 })
  for i, kind in ipairs { "garden", "billing", "travel" } do
    local words = table.concat(WORDS[kind], " ")
    for _, term in ipairs(f.topics[i].terms) do
      for word in term:gmatch "%S+" do check.contains(words, word) end
    end
    check.eq(#f.topics[i].central, 3)
    local of = topics_of "a"[kind]
    check.eq(of[f.topics[i].name], f.topics[i].rows)
  end
  check.eq(topics_of "a".odd, { unknown = 2 })
  check.contains(said, "2 rows fit nowhere")
end)

check.test("the same bytes for any number of threads, the saved topics too", function()
  status, said = run("one", "b", "--threads 3")
  check.eq(status, 0, said)
  for _, name in ipairs { "curated.jsonl", "topics.model" } do
    check.ok(fs.read(dir .. "/curated/t/a/" .. name) == fs.read(dir .. "/curated/t/b/" .. name), name)
  end
  local _, l = figures "b"
  local found
  for _, f in ipairs(l.output_files) do found = found or f.path == "topics.model" and f end
  check.eq(found.bytes, #fs.read(dir .. "/curated/t/b/topics.model"))
end)

check.test("auto finds how many there are", function()
  recipe("auto", EMBED .. [[, s.topics { clusters = "auto" } ]])
  status, said = run("auto", "c")
  check.eq(status, 0, said)
  check.eq(#figures "c".topics, 3)
  check.eq(figures "c".fit.asked, "auto")
end)

check.test("topics of an earlier run keep their names and numbers, new ones get new ones", function()
  recipe("two", EMBED .. [[, s.topics { clusters = 4, previous = "b", min_match = 0.6, min_similarity = 0.5 }, ]]
    .. EXPORT, "day2.jsonl")
  status, said = run("two", "d")
  check.eq(status, 0, said)
  local f, old = figures "d", {}
  for _, t in ipairs(figures "b".topics) do old[t.id] = t.name end
  check.eq({ f.topics[1].rows, f.topics[2].rows, f.topics[3].rows, f.topics[4].rows }, { 70, 50, 30, 20 })
  check.eq({ f.topics[1].id, f.kept_names }, { 4, 3 })
  for i = 2, 4 do check.eq(old[f.topics[i].id], f.topics[i].name) end
  check.eq(f.topics[2].name, figures "b".topics[3].name)
  check.contains(said:gsub("%s+", " "), "topics: 3 topics keep the name of before; new: " .. f.topics[1].name)
end)

check.test("without an earlier run all names are new, and a note says so", function()
  recipe("first", EMBED .. [[, s.topics { clusters = 3, previous = "latest" } ]])
  status, said = tamis "run first.lua --run-id x --no-html --out fresh"
  check.eq(status, 0, said)
  check.contains(said, "all names are new")
end)

check.test("an earlier run's topics place other rows", function()
  recipe("apply", EMBED .. [[, s.topics { model = "b", min_similarity = 0.5 }, ]] .. EXPORT, "day2.jsonl")
  status, said = run("apply", "e")
  check.eq(status, 0, said)
  check.contains(said:gsub("%s+", " "), 'clusters = "auto", previous = "b" finds them')
  local of, names = topics_of "e", {}
  for i, kind in ipairs { "garden", "billing", "travel" } do names[kind] = figures "b".topics[i].name end
  for kind, name in pairs(names) do
    check.ok((of[kind][name] or 0) >= 0.9 * (kind == "travel" and 50 or kind == "billing" and 30 or 20), kind)
  end
  check.ok((of.chess.unknown or 0) > 60, json.encode(of.chess))
  local f, l = figures "e"
  check.eq({ f.model, l.models[1].path }, { "curated/t/b/topics.model", "curated/t/b/topics.model" })
end)

check.test("more clusters than rows that differ are told to be fewer", function()
  write("few.jsonl", { rows_of("garden", 5, 0) })
  recipe("few", EMBED .. [[, s.topics { clusters = 50 }]], "few.jsonl")
  status, said = run("few", "few")
  check.eq(status, 0, said)
  check.contains(said:gsub("%s+", " "), "50 clusters were asked for, and the vectors make 5")
end)

check.test("topics of vectors of another embedding are refused in one sentence", function()
  recipe("dim", [[s.embed { model = "lexical", dim = 64 }, s.topics { model = "b" }]])
  status, said = run("dim", "f")
  check.eq(status, 1)
  check.contains(said, "was made of vectors of 1024 dimensions (lexical), and these rows have 64 (lexical)")
  recipe("fitted", [[s.embed { model = "lexical", dim = 1024, features = { "char" } },
                     s.topics { model = "b" }]])
  status, said = run("fitted", "f")
  check.eq(status, 1)
  check.contains(said, "was made with another fit of lexical")
  check.write(dir .. "/bad.model", "TAMISTOPxx")
  recipe("bad", EMBED .. [[, s.topics { model = "bad.model" }]])
  status, said = run("bad", "f")
  check.eq(status, 2)
  check.contains(said, "bad.model is damaged (it ends too early)")
  recipe("none", EMBED .. [[, s.topics { model = "nobody" }]])
  status, said = run("none", "f")
  check.eq(status, 2)
  check.contains(said, "nobody: no file of that name, and no run of that name that left topics.model")
end)

check.test("one way to tell topics, and an embed stage for those by vectors", function()
  local cases = {
    { [[s.topics {}]], "it needs one of rules, clusters, model and fn" },
    { [[s.topics { clusters = 3, model = "x" }]], "it has both clusters and model: one of them" },
    { [[s.topics { clusters = 3 }]], "it needs an embed stage before it" },
    { [[s.topics { rules = { { "a", "b" } }, previous = "x" }]], "previous names clusters as before" },
    { [[s.topics { clusters = 0 }]], 'is out of range: a whole number from 1 to 16384, or "auto"' },
    { [[s.topics { clusters = "many" }]], 'must be a whole number from 1 to 16384, or "auto"' },
  }
  for _, case in ipairs(cases) do
    recipe("wrong", case[1])
    status, said = tamis "check wrong.lua --static"
    check.eq(status, 2, case[1])
    check.contains(said, case[2])
  end
end)

check.test("a function gives a topic, nil is unknown, and what is no text names row and file", function()
  recipe("fn", [[s.topics { fn = function(ex) if ex.input:find "seeds" then return "garden" end end }, ]] .. EXPORT)
  status, said = run("fn", "g", "--threads 3")
  check.eq(status, 0, said)
  local of = topics_of "g"
  check.ok(of.garden.garden > 10 and of.billing.garden == nil and of.billing.unknown == 40)
  check.contains(said, "the function gives a topic to")
  recipe("fn", [[s.topics { fn = function() return 3 end }]])
  status, said = run("fn", "h")
  check.eq(status, 1)
  check.contains(said, "returned a number: expected the row's topic, a text, or nil")
end)

check.test("a row that comes back gets its topic", function()
  -- the first row of two alike is rejected behind the embedding: the other comes back, and is placed
  local lines = rows_of("garden", 40, 0)
  table.move(rows_of("billing", 40, 0), 1, 40, #lines + 1, lines)
  lines[#lines + 1] = json.encode { input = "invoice refund payment receipt charged", output = "bad" }
  lines[#lines + 1] = json.encode { input = "invoice refund payment receipt charged", output = "bad ", kind = "twin" }
  check.write(dir .. "/back.jsonl", table.concat(lines, "\n") .. "\n")
  recipe("back", [[s.near_dedup { fields = { "input" }, threshold = 0.95 }, ]] .. EMBED ..
    [[, s.topics { clusters = 2, min_similarity = 0.5 }, s.filter { fn = function(ex) return ex.output ~= "bad" end }, ]] .. EXPORT,
    "back.jsonl")
  status, said = run("back", "i")
  check.eq(status, 0, said)
  local f = figures "i"
  local billing
  for _, t in ipairs(f.topics) do
    for _, term in ipairs(t.terms) do if term:find "invoice" then billing = t.name end end
  end
  check.eq(topics_of "i".twin, { [billing] = 1 })
end)

check.test("the report tells sizes, words and rows that show a topic or fit nowhere; the lineage has no text", function()
  status, said = tamis "run one.lua --run-id r"
  check.eq(status, 0, said)
  local f = figures "r"
  check.contains(said, "topics: 3 topics; the largest: " .. f.topics[1].name .. " (60)")
  local first = f.topics[1].central[1]
  local n, text = 0, nil
  for line in io.lines(dir .. "/day1.jsonl") do
    n = n + 1
    if n == first.line then text = json.decode(line).input end
  end
  local _, terminal = tamis "report curated/t/r"
  local _, md = tamis "report curated/t/r --md"
  for _, shown in ipairs { said and fs.read(dir .. "/curated/t/r/report.html"), md } do
    check.contains(shown, f.topics[1].name)
    check.contains(shown, text)
    check.contains(shown, "day1.jsonl:" .. first.line)
    check.contains(shown, "Zyzzyva qwerty")
    check.contains(shown, "2 rows fit nowhere")
  end
  check.contains(terminal, "in the middle of its topic")
  check.ok(not fs.read(dir .. "/curated/t/r/lineage.json"):find(text, 1, true))
end)

check.test("the REPL draws them", function()
  local session = check.write(dir .. "/session", [[c = open "day1.jsonl"
d = c:embed { model = "lexical" }:topics { clusters = 3 }
]])
  local _, out = check.run(("cd %s && %s repl < %s"):format(q(dir), check.tamis, q(session)))
  check.contains(out, "more of its words")
  check.contains(out, "in the middle of its topic")
end)

check.done()
