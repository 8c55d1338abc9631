--- A model of good text, fitted by the command, and the stage that reads it.
local check = require "check"
local catalogue = require "help.catalogue"
local fs = require "fs"
local hash = require "hash"
local json = require "json"

local dir = check.folder()
local function q(s) return check.quote(s) end
local function file(name, text) return check.write(dir .. "/" .. name, text) end
local function tamis(line)
  local status, out, err = check.run(("cd %s && %s %s"):format(q(dir), check.tamis, line))
  return status, out .. err
end

-- 210 sentences, each once, in two shapes of row.
local texts = {}
for _, who in ipairs { "the cat", "a dog", "my aunt", "the old man", "nobody", "our teacher", "the red bird" } do
  for _, does in ipairs { "sat on", "looked at", "sang about", "walked to", "wrote of", "fell from" } do
    for _, what in ipairs { "the mat", "a small log", "the river", "an apple tree", "the town hall" } do
      texts[#texts + 1] = ("%s %s %s."):format(who, does, what)
    end
  end
end
for _ = 1, 4 do for i = 1, 210 do texts[#texts + 1] = texts[i] .. " " .. texts[(i * 37 + #texts) % 210 + 1] end end
local good, mapped = {}, {}
for i, text in ipairs(texts) do
  good[i] = json.encode { input = "?", output = text }
  mapped[i] = json.encode { question = "?", reply = text, id = i }
end
file("good.jsonl", table.concat(good, "\n") .. "\n")
file("mapped.jsonl", table.concat(mapped, "\n") .. "\n")
local NOISE = { "qzk xvvj 00pw;; zzt #qq", "ÐºÐ¾Ñ‚ Ð¸ ÐºÐ¸Ñ‚ Ð¸ ÐºÐ¾Ñ‚", "U29tZSBiYXNlNjQgdGV4dA==" }
local raw = { texts[3], NOISE[1], texts[40], NOISE[2], "Yes.", texts[99], NOISE[3], texts[200] }
for i, text in ipairs(raw) do raw[i] = json.encode { input = "q" .. i, output = text } end
file("raw.jsonl", table.concat(raw, "\n") .. "\n")

local function recipe(stage, name)
  return file(name or "recipe.lua", ([[local s = require "tamis"
return s.recipe {
  name = "t", sources = { "raw.jsonl" },
  %s,
}
]]):format(stage))
end

local status, said = tamis "fit lm good.jsonl --out good.lm"

check.test("fit tells of text that it held out, and writes the model", function()
  check.eq(status, 0, said)
  check.contains(said, "held out: one text in 10, ")
  check.contains(said, "fitted on all: 1,050 texts")
  local p50, p90, p99 = said:match "p50 ([%d.]+), p90 ([%d.]+), p99 ([%d.]+)"
  check.ok(tonumber(p50) < tonumber(p90) and tonumber(p90) < tonumber(p99), said)
  check.contains(said, ('s.perplexity { model = "good.lm", field = "output", max_perplexity = %s }'):format(p99))
end)

check.test("the same texts give the same bytes; of a recipe its fields are read", function()
  file("fields.lua", [[local s = require "tamis"
return s.recipe { name = "f", sources = { { "mapped.jsonl", fields = { input = "question", output = "reply" } } },
                  s.perplexity { model = "not_yet.lm", max_perplexity = 9 } }
]])
  local again, words = tamis "fit lm good.jsonl --out again.lm"
  check.eq(again, 0, words)
  check.ok(fs.read(dir .. "/again.lm") == fs.read(dir .. "/good.lm"))
  again, words = tamis "fit lm fields.lua --order 4 --out fields.lm"
  check.eq(again, 0, words)
  check.contains(words, "1,050 texts")
end)

check.test("the example of the help runs: noise goes, short answers stay, the lineage has the model", function()
  local example = catalogue.example(require "stages.perplexity")
  recipe(example)
  status, said = tamis "run recipe.lua --run-id a --no-html --threads 3"
  check.eq(status, 0, said)
  local l = json.decode(fs.read(dir .. "/curated/t/a/lineage.json"))
  check.eq({ l.final_count, l.rejected_count }, { 5, 3 })
  check.eq(l.stats.top_rejection_reasons[1].reason, "high_perplexity")
  check.eq(l.models, { { path = "good.lm", sha256 = hash.sha256(fs.read(dir .. "/good.lm")),
                         bytes = #fs.read(dir .. "/good.lm"), stages = { "perplexity" } } })
  local kept = fs.read(dir .. "/curated/t/a/curated.jsonl")
  status, said = tamis "run recipe.lua --run-id b --no-html --threads 1"
  check.eq(status, 0, said)
  check.eq(fs.read(dir .. "/curated/t/b/curated.jsonl"), kept)
end)

check.test("a percentile of the rows is told, behind the stages before it", function()
  recipe('s.length { min_output_tokens = 2, min_input_tokens = 1 }, s.perplexity { model = "good.lm", max_percentile = 0.5 }')
  status, said = tamis "check recipe.lua"
  check.eq(status, 0, said)
  check.contains(said, "perplexity: 0.5 of the 6 rows judged have a perplexity of ")
  check.ok(said:find "perplexity +6 +%-3 " ~= nil, said)
end)

check.test("a bound is swept", function()
  recipe 's.perplexity { model = "good.lm", max_perplexity = 12 }'
  status, said = tamis "sweep recipe.lua perplexity.max_perplexity=2,12,1e30 --json"
  check.eq(status, 0, said)
  local points = json.decode(said).values
  check.eq({ points[2].kept, points[3].kept }, { 5, 8 })
end)

check.test("what is missing or another file is said before a row is read", function()
  recipe 's.perplexity { model = "god.lm", max_perplexity = 12 }'
  status, said = tamis "check --static recipe.lua"
  check.eq(status, 2)
  check.contains(said, "recipe.lua:4: perplexity: cannot find god.lm")
  recipe 's.perplexity { model = "raw.jsonl", max_perplexity = 12 }'
  status, said = tamis "run recipe.lua"
  check.eq(status, 2)
  check.contains(said, "raw.jsonl is no model of tamis fit lm")
  for line, words in pairs {
    ["fit lm"] = "expected files of good text",
    ["fit lm good.jsonl --field outputs"] = "did you mean output?",
    ["fit lm good.jsonl --order 7"] = "--order 7: expected 2 to 6",
    ["fit lm good.jsonl recipe.lua"] = "recipe.lua is a recipe: give it alone",
  } do
    status, said = tamis(line)
    check.eq(status, 2, line)
    check.contains(said, words)
  end
end)

check.done()
