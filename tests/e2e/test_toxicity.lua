--- The stage toxicity and `tamis fit toxicity`, as a user meets them.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local function q(s) return check.quote(s) end
local function file(name, text) return check.write(dir .. "/" .. name, text) end
local function tamis(args) return check.run(("cd %s && %s %s"):format(q(dir), check.tamis, args)) end

local function pair(input, output) return json.encode { input = input, output = output } .. "\n" end

local LONG = ("The library opens at nine and closes at five on weekdays. "):rep(12)
file("raw.jsonl", pair("How do I reset my password?", "Open the settings and choose a new one.")
  .. pair("Why is it late?", "You are a stupid idiot.")
  .. pair("When is it open?", LONG .. "You are a stupid idiot. " .. LONG)
  .. pair("Bonjour, comment allez-vous ?", "Bien, merci."))

local function recipe(name, stage)
  return file(name .. ".lua", ([[local s = require "tamis"
return s.recipe { name = "%s", sources = { "raw.jsonl" }, %s }
]]):format(name, stage))
end

local function run(name, stage, more)
  recipe(name, stage)
  local status, out, err = tamis(("run %s.lua --run-id a --quiet %s"):format(name, more or ""))
  local folder = ("%s/curated/%s/a/"):format(dir, name)
  return status, out .. err, folder
end

local function rejected(folder)
  local out = {}
  for line in fs.read(folder .. "rejected.jsonl"):gmatch "[^\n]+" do
    local t = json.decode(line)
    out[t._rejection.line] = t._rejection
  end
  return out
end

check.test("a plain insult goes, alone or inside a long text, with its sentence as evidence", function()
  local status, said, folder = run("plain", "s.toxicity {}")
  check.eq(status, 0, said)
  local r = rejected(folder)
  check.eq(r[1], nil)
  check.eq(r[4], nil)
  for _, line in ipairs { 2, 3 } do
    local e = check.ok(r[line], "line " .. line).evidence
    check.eq(r[line].reason, "toxic")
    check.eq(e.field, "output")
    check.eq(e.threshold, 0.1)
    check.ok(e.value > 0.1 and e.value <= 1)
    check.eq(e.spans[1].type, "TOXIC")
    local text = line == 2 and "You are a stupid idiot." or LONG .. "You are a stupid idiot. " .. LONG
    check.contains(text:sub(e.spans[1].start + 1, e.spans[1]["end"]), "stupid idiot")
    check.ok(e.spans[1]["end"] - e.spans[1].start < 120)
  end
end)

check.test("short clean texts, names and countries pass; plain threats and insults to one person do not", function()
  local GOOD = { "My name is Joe.", "Are all humans human?", "Czech Republic", "nothing matches that",
                 "What type of cancer kills the most women in the U.S.?", "How do I kill a process?", "Joe" }
  local BAD = { "I will kill you and your family.", "go kill yourself", "What a dumb, pathetic loser you are." }
  local lines = {}
  for _, t in ipairs(GOOD) do lines[#lines + 1] = pair(t, "Here is the answer.") end
  for _, t in ipairs(BAD) do lines[#lines + 1] = pair("Please answer.", t) end
  file("plain.jsonl", table.concat(lines))
  file("short.lua", [[local s = require "tamis"
return s.recipe { name = "short", sources = { "plain.jsonl" }, s.toxicity {} }]])
  local status, _, err = tamis "run short.lua --run-id a --quiet"
  check.eq(status, 0, err)
  local r = rejected(dir .. "/curated/short/a/")
  for i, t in ipairs(GOOD) do check.eq(r[i], nil, t) end
  for i, t in ipairs(BAD) do check.ok(r[#GOOD + i], t) end
end)

check.test("tag keeps the row and annotates it; a threshold of 1 lets all pass", function()
  local status, said, folder = run("tag", 's.toxicity { action = "tag" }, s.balance { by = "toxicity", max = 1 }')
  check.eq(status, 0, said)
  local n = select(2, fs.read(folder .. "curated.jsonl"):gsub("\n", ""))
  check.eq(n, 3)     -- one of the two that are "toxic", and the rows without the annotation, which are no group
  status, said, folder = run("off", "s.toxicity { max_toxicity = 1 }")
  check.eq(status, 0, said)
  check.eq(fs.read(folder .. "rejected.jsonl"), "")
end)

check.test("a lexicon counts whole words, case apart, from a list or a file", function()
  local status, said, folder = run("list", 's.toxicity { lexicon = { "reset my", "bien", "lat" }, weights = false }')
  check.eq(status, 0, said)
  local r = rejected(folder)
  check.eq(r[1].evidence.value, 1)
  check.eq({ r[1].evidence.spans[1].start, r[1].evidence.spans[1]["end"] }, { 9, 17 })
  check.eq(r[1].evidence.field, "input")
  check.ok(r[4] and not r[2] and not r[3])
  file("words.jsonl", '{"lang":"en","word":"library"}\n{"lang":"fr","word":"merci"}\nlate\n')
  status, said, folder = run("words", 's.toxicity { lexicon = "words.jsonl", weights = false }')
  check.eq(status, 0, said)
  r = rejected(folder)
  check.ok(r[2] and r[3] and not r[1] and not r[4])
  check.contains(fs.read(folder .. "lineage.json"), "words.jsonl")
end)

check.test("a lexicon stands beside the weights unless they are turned off, and the run says who judged", function()
  local status, said, folder = run("beside", 's.toxicity { lexicon = { "reset my" } }')
  check.eq(status, 0, said)
  local r = rejected(folder)
  check.ok(r[1] and r[2] and r[3] and not r[4])
  check.contains(fs.read(folder .. "lineage.json"), "judged by the weights that come with the program and a lexicon of 1 word")
  status, said, folder = run("alone", 's.toxicity { lexicon = { "reset my" }, weights = false }')
  check.eq(status, 0, said)
  r = rejected(folder)
  check.ok(r[1] and not r[2] and not r[3])
  check.contains(fs.read(folder .. "lineage.json"), "judged by a lexicon of 1 word alone")
  status, said = run("nothing", "s.toxicity { weights = false }")
  check.ok(status ~= 0)
  check.contains(said, "leaves nothing that judges")
end)

check.test("only the fields are scored, unless all strings are asked for", function()
  file("meta.jsonl", json.encode { input = "How are you?", output = "Fine.", about = "You are a stupid idiot." } .. "\n"
    .. pair("You are a stupid idiot.", "Please be kind.") .. pair("Hello there, friend.", "You are a stupid idiot."))
  local function gone(fields)
    file("fields.lua", ([[local s = require "tamis"
return s.recipe { name = "fields", sources = { "meta.jsonl" }, s.toxicity { %s } }]]):format(fields))
    local status, _, err = tamis "run fields.lua --run-id a --quiet --replace"
    check.eq(status, 0, err)
    local out = {}
    for line in pairs(rejected(dir .. "/curated/fields/a/")) do out[#out + 1] = line end
    table.sort(out)
    return out
  end
  check.eq(gone "", { 2, 3 })
  check.eq(gone 'fields = { "all" }', { 1, 2, 3 })
  check.eq(gone 'fields = { "output" }', { 3 })
end)

local function labels(n)
  local out = {}
  local GOOD = { "thank you for", "I like", "the weather and", "please send" }
  local BAD = { "you are an idiot about", "shut up about", "what a stupid idiot to like", "I despise you and" }
  for i = 1, n do
    local about = ("topic%d of room%d"):format(i * 7 % 50, i * 13 % 90)
    local bad = i % 2 == 0
    out[i] = json.encode { body = { text = (bad and BAD or GOOD)[i // 2 % 4 + 1] .. " " .. about },
                           verdict = bad and "insult" or "fine", team = "t" .. i % 5 }
  end
  return table.concat(out, "\n") .. "\n"
end

file("labels.jsonl", labels(300))

check.test("fit writes a model that the stage takes, the same each time, with its figures inside", function()
  local fit = "fit toxicity labels.jsonl --text body.text --label verdict --by-line --about 'made for a test' "
  local status, out, err = tamis(fit .. "--by team --out a.weights")
  check.eq(status, 0, err)
  check.contains(out, "labels.jsonl")
  check.contains(out, "t4")
  check.eq(tamis(fit .. "--out b.weights"), 0)
  check.ok(fs.read(dir .. "/a.weights") == fs.read(dir .. "/b.weights"))
  local header = json.decode(fs.read(dir .. "/a.weights"):match "%b{}")
  check.eq(header.about, "made for a test")
  check.ok(header.files[1].auc > 0.95)
  local said, folder
  status, said, folder = run("own", 's.toxicity { model = "a.weights", max_toxicity = 0.5 }')
  check.eq(status, 0, said)
  check.ok(rejected(folder)[2])
  check.eq(rejected(folder)[1], nil)
  check.contains(fs.read(folder .. "lineage.json"), "a.weights")
end)

check.test("fit says what is wrong, and overwrites nothing unasked", function()
  local function says(args, wanted, code)
    local status, _, err = tamis("fit " .. args)
    check.eq(status, code)
    check.contains(err, wanted)
  end
  says("", "expected a kind of model", 2)
  says("toxicty", "did you mean toxicity?", 2)
  says("toxicity", "expected a file of labelled texts", 2)
  says("toxicity none.jsonl", "cannot find none.jsonl", 1)
  says("toxicity labels.jsonl", 'no "text"', 1)
  says("toxicity labels.jsonl --text body.text", "has a text at body.text and a label at toxic", 1)
  says("toxicity labels.jsonl --text body.text --label verdict --out a.weights", "a.weights is there already", 2)
  says("toxicity labels.jsonl --text body.text --label verdict --yes nobody", "needs texts of either label", 1)
  says("toxicity labels.jsonl --prior 2", "--prior needs a number from 0.001 to 0.999, got 2", 2)
end)

check.test("a model that is none, or was changed, is a sentence that names it", function()
  file("none.weights", "hello")
  local bytes = fs.read(dir .. "/a.weights")
  file("changed.weights", bytes:sub(1, 5000) .. "x" .. bytes:sub(5002))
  local WORDS = { none = "none.weights", changed = "changed.weights: the classifier's checksum does not match" }
  for name, words in pairs(WORDS) do
    local status, said = run("m_" .. name, ('s.toxicity { model = "%s.weights" }'):format(name))
    check.ok(status ~= 0)
    check.contains(said, words)
  end
end)

check.done()
