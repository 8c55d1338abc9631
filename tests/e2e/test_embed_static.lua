--- embed { model = folder }: a static model as a user meets it. The model is made here: of five words, two numbers each.

local check = require "check"
local json  = require "json"

local folder = check.folder()
local PUBLISHED = "../shared/models/potion-base-4m-int8/"

local function write(name, text) check.write(folder .. "/" .. name, text) end

local function tamis(command, ...)
  local words = {}
  for i, w in ipairs { ... } do words[i] = check.quote(w) end
  local status, stdout, stderr = check.run(("cd %s && %s %s %s"):format(check.quote(folder), check.tamis, command,
    table.concat(words, " ")))
  return status, stdout .. stderr
end

local VOCABULARY = { ["[UNK]"] = 0, cats = 1, dogs = 2, sit = 3, ["##ting"] = 4 }
local TABLE = { 9, 9,  3, 4,  4, 3,  0, 1,  1, 0 }

local function tokenizer(type)
  return json.encode { model = { type = type or "WordPiece", unk_token = "[UNK]", vocab = VOCABULARY },
                       normalizer = { type = "BertNormalizer" }, pre_tokenizer = { type = "BertPreTokenizer" } }
end

local function tensors(dtype)
  local header = json.encode { embeddings = { dtype = dtype or "I8", shape = { 5, 2 }, data_offsets = { 0, 10 } } }
  return string.pack("<s8", header) .. string.pack(("b"):rep(10), table.unpack(TABLE))
end

local ROWS = { { "Cats", "sitting" }, { "dogs!", "" }, { "zebras", "" } }

local function set_up()
  local lines = {}
  for i, r in ipairs(ROWS) do lines[i] = json.encode { input = r[1], output = r[2] } end
  write("rows.jsonl", table.concat(lines, "\n") .. "\n")
  assert(check.run("mkdir -p " .. check.quote(folder .. "/small") .. " " .. check.quote(folder .. "/odd")) == 0)
  write("small/tokenizer.json", tokenizer())
  write("small/model.safetensors", tensors())
end

local function recipe(model)
  write("r.lua", ([[local s = require "tamis"
return s.recipe { name = "r", sources = { "rows.jsonl" },
  s.embed { model = %q } }
]]):format(model))
end

set_up()

check.test("the rows get the sums of their pieces, and the model's files stand in the lineage", function()
  recipe "small/"
  local status, out = tamis("run", "r.lua", "--out", "out", "--run-id", "a")
  check.eq(status, 0, out)
  check.contains(out, "1 row whose vector is all zero")
  local record = json.decode(check.read(folder .. "/out/r/a/lineage.json"))
  local figures
  for _, c in ipairs(record.stats.stage_counts) do figures = c.stage == "embed" and c.figures or figures end
  check.eq({ figures.embedding, figures.dim, figures.vectors, figures.without, figures.sees_paraphrases },
           { "small", 2, 2, 1, true })
  local text = check.read(folder .. "/out/r/a/lineage.json")
  check.contains(text, "small/model.safetensors")
  check.contains(text, "small/tokenizer.json")
end)

check.test("a vector is the sum of the table's rows", function()
  local static_model, vectors = require "static_model", require "vectors"
  local e = check.ok(static_model.open(tensors(), tokenizer(), "small"))
  check.eq(e:embed "Cats sitting", { 3 + 0 + 1, 4 + 1 + 0 })
  check.eq(e:embed "dogs!", { 4, 3 })
  check.eq(e:embed "", { 0, 0 })
  check.eq({ e:dim(), e:name(), e:meaning() }, { 2, "small", true })
  check.ok(math.abs(vectors.cosine(e:embed "cats", e:embed "dogs") - 24 / 25) < 1e-12)
  local none, why = static_model.open("x", tokenizer())
  check.eq(none, nil)
  check.contains(why, "model.safetensors")
  check.raises("string expected", static_model.open, {})
end)

check.test("a folder that is not there, or is no model, is told before a row is read", function()
  for _, case in ipairs {
    { "nowhere", 'nowhere/model.safetensors (model = "nowhere": either "lexical", or a folder with' },
    { "lexcal", 'model = "lexcal": either "lexical"' },
    { "odd", "odd/model.safetensors" },
  } do
    recipe(case[1])
    local status, out = tamis("run", "r.lua", "--out", "out")
    check.eq(status ~= 0, true, out)
    check.contains(out, case[2])
  end
  write("odd/model.safetensors", tensors())
  recipe "odd"
  local _, out = tamis("run", "r.lua", "--out", "out")
  check.contains(out, "cannot find ")
  check.contains(out, "odd/tokenizer.json")
  write("odd/tokenizer.json", tokenizer "Unigram")
  _, out = tamis("run", "r.lua", "--out", "out")
  check.contains(out, "r.lua:3: embed: odd: tokenizer.json: its model is of the type Unigram")
  write("odd/tokenizer.json", tokenizer())
  write("odd/model.safetensors", tensors "U8")
  _, out = tamis("run", "r.lua", "--out", "out")
  check.contains(out, "odd: the tensor embeddings holds U8")
end)

check.test("a published model says that two ways of asking are alike", function()
  local f = io.open(PUBLISHED .. "model.safetensors", "rb")
  if not f then check.skip("no " .. PUBLISHED) end
  f:close()
  local e = check.ok(require "static_model".open(check.read(PUBLISHED .. "model.safetensors"),
                                                 check.read(PUBLISHED .. "tokenizer.json"), "potion"))
  local function cosine(a, b) return (require "vectors".cosine(e:embed(a), e:embed(b))) end
  local asked = "How do I reset my password?"
  check.ok(cosine(asked, "I forgot my login credentials, how can I change them?") >
           cosine(asked, "What is the weather in Paris today?") + 0.2)
end)

check.done()
