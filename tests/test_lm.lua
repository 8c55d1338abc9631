-- tests/test_lm.lua - the character model as Lua has it, and the stage perplexity on rows that were really read
local check = require "check"
local core = require "core"
local corpus = require "corpus"
local json = require "json"
local lm = require "lm"
local stage = require "stages.perplexity"

local pool = core.pool(2)

--- A view of rows with these outputs.
local function load(outputs)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  for i, text in ipairs(outputs) do file:write(json.encode { input = "q" .. i, output = text }, "\n") end
  file:close()
  local view, err = corpus.load { sources = { { path = path } }, formats = require "formats.all", pool = pool }
  os.remove(path)
  return check.ok(view, err)
end

-- Sentences of a small grammar: enough for percentiles.
local WHO = { "the cat", "a dog", "my aunt", "the old man", "nobody", "our teacher", "the red bird" }
local DOES = { "sat on", "looked at", "sang about", "walked to", "wrote of", "fell from" }
local WHAT = { "the mat", "a small log", "the river", "an apple tree", "the town hall" }
local SENTENCES = {}
for _, who in ipairs(WHO) do
  for _, does in ipairs(DOES) do
    for _, what in ipairs(WHAT) do SENTENCES[#SENTENCES + 1] = ("%s %s %s."):format(who, does, what) end
  end
end

local model, info = lm.fit(load(SENTENCES), { field = "output", order = 5 })
local bytes = model:bytes [[{"percentiles":{"0.99":7.5,"0.9":5}}]]

local function params(changes)
  local p = {}
  for key, spec in pairs(stage.params) do p[key] = spec.default end
  p.model = "good.lm"
  for key, value in pairs(changes) do p[key] = value end
  return p
end

local ctx = { name = "perplexity", pool = pool, file = function(name) return bytes, name end }

--- Runs the stage over outputs: the view behind it.
local function run(outputs, changes)
  local p, view = params(changes), load(outputs)
  check.eq(stage.check(p), nil)
  local op, more
  if stage.over(p) then op, more = stage.settle(view, p, ctx) else op, more = stage.op(p, ctx) end
  local child, err = view:run_group { ops = { check.ok(op, more) }, stages = { "perplexity" }, pool = pool }
  return check.ok(child, err), more
end

check.test("a fit says what it took in", function()
  local chars = 0
  for _, s in ipairs(SENTENCES) do chars = chars + #s end
  check.eq(info.texts, #SENTENCES)
  check.eq(info.chars, chars)
  check.eq(info.symbols, chars)
  check.eq({ info.letters, info.pruned, info.dropped, info.cut }, { 0, 0, 0, 1 })
  check.eq(model:order(), 5)
end)

check.test("the same texts give the same bytes, and the bytes the same model", function()
  local again = lm.fit(load(SENTENCES), { field = "output", order = 5 })
  check.ok(again:bytes(model:note()) == bytes)
  local read = check.ok(lm.read(bytes, "x.lm"))
  check.eq(read:note(), [[{"percentiles":{"0.99":7.5,"0.9":5}}]])
  check.eq({ read:bits "my aunt sang of the log" }, { model:bits "my aunt sang of the log" })
end)

check.test("bits and perplexity say the same, and an empty text has none", function()
  local bits, perplexity = model:bits "a dog wrote of the mat."
  check.ok(math.abs(2 ^ bits - perplexity) < 1e-9)
  check.ok(bits < select(1, model:bits "tam eht fo etorw god a"))
  check.eq(model:bits "", nil)
end)

check.test("what is held out is what the rest is fitted without, and copies are on one side", function()
  local twice = table.move(SENTENCES, 1, #SENTENCES, 1, {})
  table.move(SENTENCES, 1, #SENTENCES, #twice + 1, twice)
  local view = load(twice)
  local spec = { field = "output", held = 10, seed = 7 }
  local _, rest = lm.fit(view, spec)
  spec.out = true
  local n = model:percentiles(view, spec, {}, pool)
  check.eq(rest.texts + n, #twice)
  check.eq(n % 2, 0)
  check.ok(n > #twice // 20 and n < #twice // 5, n)
  check.eq((model:percentiles(view, { field = "output", held = 10, seed = 7, out = true, min_chars = 1000 }, {})), 0)
end)

check.test("a percentile is the nearest rank", function()
  local view, values = load(SENTENCES), {}
  for i, s in ipairs(SENTENCES) do values[i] = select(2, model:bits(s)) end
  table.sort(values)
  local n, at = model:percentiles(view, { field = "output" }, { 0, 0.01, 0.5, 0.9, 0.99, 1 }, pool)
  check.eq(n, #values)
  for i, share in ipairs { 0, 0.01, 0.5, 0.9, 0.99, 1 } do
    check.eq(at[i], values[math.max(1, math.ceil(share * n - 1e-9))], tostring(share))
  end
end)

local NOISE = "qz#xk vvjq 00pw;; zzt"

check.test("noise is rejected, with the figure and the part that is strangest; short text is not judged", function()
  local strange = "the cat sat on the mat and then " .. NOISE .. ("x"):rep(20) .. " looked at the river."
  local view = run({ SENTENCES[1], strange, "qzx", NOISE }, { max_perplexity = 20 })
  check.eq(view:row(1).status, "standing")
  check.eq(view:row(3).status, "standing")
  check.eq(view:row(3).metrics["perplexity.perplexity"], nil)
  for _, i in ipairs { 2, 4 } do
    local r = view:row(i)
    local bits, perplexity = model:bits(i == 2 and strange or NOISE)
    check.eq(r.reason, "high_perplexity")
    check.eq(r.metrics["perplexity.perplexity"], perplexity)
    check.eq(r.metrics["perplexity.bits"], bits)
    local e = r.evidence
    check.eq({ e.field, e.threshold }, { "output", 20 })
    check.ok(math.abs(e.value - perplexity) < 1e-9)
  end
  local span = view:row(2).evidence.spans[1]
  check.eq(span["end"] - span.start, 32)
  check.ok(span.start >= 28 and span["end"] <= 32 + #NOISE + 20 + 4, span.start)
end)

check.test("text that the good text says word for word is rejected by the lower bound", function()
  local repeated = ("the cat sat on the mat. "):rep(20)
  local _, value = model:bits(repeated)
  local view = run({ repeated, NOISE }, { min_perplexity = value + 0.01 })
  check.eq(view:row(1).reason, "low_perplexity")
  check.eq(view:row(2).status, "standing")
end)

check.test("a percentile of the rows takes those past it, and no row that ties with it", function()
  local rows = table.move(SENTENCES, 1, 97, 1, {})
  rows[98], rows[99], rows[100], rows[101] = NOISE, NOISE, NOISE .. "#~ä", "short"
  local view, said = run(rows, { max_percentile = 0.98 })
  check.eq(said.figures.judged, 100)
  check.eq(said.figures.perplexity, select(2, model:bits(NOISE)))   -- the 98th of 100, and the 99th ties
  check.contains(said.notes[1], "0.98 of the 100 rows judged")
  local gone = {}
  for i = 1, 101 do
    if view:row(i).status ~= "standing" then gone[#gone + 1] = i end
  end
  check.eq(gone, { 100 })
  check.eq(view:row(100).reason, "past_percentile")
end)

check.test("a percentile of the fit is the one that the model wrote down", function()
  local view = run({ SENTENCES[1], NOISE }, { max_percentile = 0.99, percentile_of = "fit" })
  check.eq(view:row(1).status, "standing")
  check.eq({ view:row(2).reason, view:row(2).evidence.threshold, view:row(2).evidence.percentile },
           { "past_percentile", 7.5, 0.99 })
  local op, err = stage.op(params { max_percentile = 0.95, percentile_of = "fit" }, ctx)
  check.eq(op, nil)
  check.contains(err, "good.lm knows only 0.9, 0.99")
end)

check.test("what is wrong with a stage is said in a sentence", function()
  check.contains(stage.check(params {}), "it needs one of max_perplexity, min_perplexity and max_percentile")
  check.contains(stage.check(params { max_perplexity = 2, min_perplexity = 3 }), "max_perplexity = 2 is below")
  local function fails(text)
    local c = { file = function(name) return text, name end }
    return select(2, stage.op(params { max_perplexity = 9 }, c))
  end
  check.eq(fails '{"input":"a"}', "good.lm is no model of tamis fit lm: it does not begin with TAMISLM")
  check.contains(fails(bytes:sub(1, -9)), "good.lm is damaged")
  local _, err = stage.op(params { max_perplexity = 9 }, { file = function() return nil, "cannot find good.lm" end })
  check.eq(err, "cannot find good.lm")
end)

check.test("misuse raises, and no text is no model", function()
  check.raises("order: expected a number from 2", lm.fit, load(SENTENCES), { field = "output", order = 7 })
  check.raises("field: expected system", lm.fit, load(SENTENCES), { field = "outputs" })
  check.raises("expected UTF-8", model.bytes, model, "\xFF")
  local none, err = lm.fit(load { "", "" }, { field = "output" })
  check.eq(none, nil)
  check.contains(err, "no text to fit a model on")
end)

check.done()
