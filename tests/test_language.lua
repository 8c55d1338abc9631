-- tests/test_language.lua - the stage language and lang.detect: shares of mixed rows, short texts, fastText models
local check = require "check"
local core = require "core"
local corpus = require "corpus"
local fs = require "fs"
local json = require "json"
local lang = require "lang"
local views = require "views"

local pool = core.pool(2)
local stage = require "stages.language"
local FR = "Ouvrez les paramètres de votre compte et choisissez un nouveau mot de passe, puis cliquez ici."
local EN = "Open the settings of your account and choose a new password there, and then you click on it."

local function need_cld2()
  local ok, why = lang.detect "x"
  if not ok then check.skip(why) end
end

--- The bytes of a fastText model of one dimension: words of French have 1, of English -1; labels fr (6), en (-6),
-- so that a text of French words alone, with the end of the line that counts as one more, is surely French.
local function model_bytes(labels)
  local words = { "</s>", "le", "la", "et", "the", "of", "and" }
  local values = { 0, 1, 1, 1, -1, -1, -1 }
  local b = { string.pack("<i4i4i4i4i4i4i4i4i4i4i4i4i4i4d", 793712314, 12, 1, 5, 5, 1, 5, 1, 3, 3, 0, 0, 0, 100, 1e-4) }
  b[#b + 1] = string.pack("<i4i4i4i8i8", #words + 2, #words, 2, 100, -1)
  for _, w in ipairs(words) do b[#b + 1] = string.pack("<zi8i1", w, 10, 0) end
  for _, l in ipairs(labels or { "fr", "en" }) do b[#b + 1] = string.pack("<zi8i1", "__label__" .. l, 10, 1) end
  b[#b + 1] = string.pack("<i1i8i8", 0, #words, 1)
  for _, v in ipairs(values) do b[#b + 1] = string.pack("<f", v) end
  b[#b + 1] = string.pack("<i1i8i8ff", 0, 2, 1, 6, -6)
  return table.concat(b)
end

local function need_model(labels)
  local m, why = lang.model(model_bytes(labels), "tiny")
  if not m then
    check.contains(why, "install libfasttext-dev and make again")
    check.skip(why)
  end
  return m
end

--- Runs the stage over rows { input, output }.
local function run(rows, changes, ctx)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  for _, row in ipairs(rows) do file:write(json.encode { input = row[1], output = row[2] }, "\n") end
  file:close()
  local view = check.ok(corpus.load { sources = { { path = path } }, formats = require "formats.all", pool = pool })
  os.remove(path)
  local p = views.params(stage, changes)
  local op, err = stage.op(p, ctx or { pool = pool, name = "language" })
  if not op then return nil, err end
  return check.ok(view:run_group { ops = { op }, stages = { "language" }, pool = pool })
end

check.test("detect gives the code, its share, all shares, and whether it is reliable", function()
  need_cld2()
  local code, share, shares, reliable = lang.detect(FR)
  local _
  check.eq({ code, #shares, shares[1][1], shares[1][2], reliable }, { "fr", 1, "fr", share, true })
  check.ok(share > 0.9 and share <= 1)
  code, share, _, reliable = lang.detect "ok"
  check.eq({ code, share, reliable }, { "und", 0, false })
  check.eq(lang.detect(FR, { min_letters = 1000 }), "und")
  check.eq(lang.detect("```\n" .. EN .. "\n```\n" .. FR), "fr")
  check.raises("expected a number from 0", lang.detect, FR, { min_probability = 2 })
end)

check.test("a mixed row has its shares in the evidence and in an annotation", function()
  need_cld2()
  local view = run({ { EN, FR }, { EN, EN }, { FR, FR } }, { keep = { "en", "fr" } })
  local row = view:row(1)
  check.eq(row.reason, "low_confidence")
  check.ok(math.abs(row.evidence.shares.en + row.evidence.shares.fr - 1) < 1e-6)
  check.ok(math.abs(row.evidence.shares.en - #EN / (#EN + #FR)) < 0.05, "shares go by bytes")
  check.eq(row.evidence.value, math.max(row.evidence.shares.en, row.evidence.shares.fr))
  check.ok(row.annotations.language_shares:find "^%l%l 0%.%d%d, %l%l 0%.%d%d$", row.annotations.language_shares)
  check.eq({ view:row(2).annotations.language, view:row(2).annotations.language_shares }, { "en" })
  check.eq({ view:row(3).annotations.language, view:row(3).annotations.language_shares }, { "fr" })
  local rejected = run({ { FR, FR } }):row(1)
  check.eq({ rejected.reason, rejected.evidence.language, rejected.evidence.shares }, { "other_language", "fr" })
end)

check.test("few letters are undetermined, and a row of code is", function()
  need_cld2()
  local view = run({ { "Guten Tag", "Tschüs!" }, { "x_1 = f(a)", "```\nreturn the_value\n```" } }, { min_letters = 30 })
  check.eq({ view:row(1).annotations.language, view:row(2).annotations.language }, { "und", "und" })
  check.eq(select(2, view:counts()), 0)
  view = run({ { "Guten Tag", "Tschüs!" } }, { min_letters = 30, keep_undetermined = false })
  check.eq(view:row(1).reason, "undetermined")
end)

check.test("older codes and codes of several languages keep what they mean", function()
  need_cld2()
  local croatian = "Sva ljudska bića rađaju se slobodna i jednaka u dostojanstvu i pravima i obdarena su razumom i sviješću."
  local hebrew = "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם."
  check.eq(stage.check { keep = { "sh", "iw", "nb" } }, nil)
  local view = run({ { croatian, croatian }, { hebrew, hebrew }, { EN, EN } }, { keep = { "sh", "iw" } })
  check.eq({ view:row(1).status, view:row(2).status, view:row(3).reason }, { "standing", "standing", "other_language" })
end)

check.test("a model of fastText tells its labels, and says what is wrong with its file", function()
  local m = need_model()
  check.eq(m:labels(), { "fr", "en" })
  -- three words of 1 and the end of the line: 0.75, so the sums 4.5 and -4.5
  local p = 1 / (1 + math.exp(-9))
  local found = m:predict("le la et", 2)
  check.eq({ found[1][1], found[2][1] }, { "fr", "en" })
  check.ok(math.abs(found[1][2] - p) < 1e-4 and math.abs(found[2][2] - (1 - p)) < 1e-4)
  check.eq(#m:predict("the", 1000), 2)
  check.eq(m:predict "", {})
  check.eq({ lang.detect("le la et le la et", { model = m }) }, { "fr", 1.0, { { "fr", 1.0 } }, true })
  local code, share, guess, reliable = lang.detect("nothing known in here", { model = m, min_probability = 0.6 })
  check.eq({ code, share, #guess, reliable }, { "und", 0.0, 1, false })
  check.ok(math.abs(guess[1][2] - 0.5) < 1e-4, "what is not reliable has its probability")
  m:close(); m:close()
  check.raises("model is closed", m.predict, m, "le")
  local none, why = lang.model(model_bytes():sub(1, 200), "cut.bin")
  check.eq(none, nil)
  check.contains(why, "cut.bin: no whole fastText model")
  check.contains(select(2, lang.model("hello", "text.txt")), "text.txt: no fastText model")
end)

check.test("the stage asks the model that is named, and refuses what is none of languages", function()
  need_model()
  local files = { ["tiny.bin"] = model_bytes(), ["long.bin"] = model_bytes { "fr", "a_label_that_is_no_code" } }
  local ctx = { pool = pool, name = "language", file = function(name)
    if not files[name] then return nil, "cannot find " .. name end
    return files[name], name
  end }
  local fr, en = "le la et le la et le la et le la et le la et", "the of and the of and the of and the of and"
  local view = run({ { fr, fr }, { en, en }, { en, fr } }, { model = "tiny.bin", keep = { "fr" } }, ctx)
  check.eq({ view:row(1).status, view:row(2).reason, view:row(3).reason }, { "standing", "other_language", "low_confidence" })
  check.ok(view:row(3).annotations.language_shares:find "^fr 0%.5")
  check.contains(select(2, run({ { fr, fr } }, { model = "none.bin" }, ctx)), "cannot find none.bin")
  check.contains(select(2, run({ { fr, fr } }, { model = "tiny.bin", keep = { "de" } }, ctx)), 'keep has "de"')
  check.contains(select(2, run({ { fr, fr } }, { model = "long.bin", keep = {} }, ctx)), "is no code of a language")
end)

check.test("a run finds the model beside the recipe and notes it in the lineage", function()
  need_model()
  local dir = check.folder()
  local fr, en = "le la et le la et le la et le la et le la et", "the of and the of and the of and the of and"
  check.write(dir .. "/tiny.bin", model_bytes())
  check.write(dir .. "/rows.jsonl", json.encode { input = fr, output = fr } .. "\n" .. json.encode { input = en, output = en } .. "\n")
  local recipe = [[local s = require "tamis"
return s.recipe { name = "l", sources = { "rows.jsonl" }, s.language { model = %q, keep = { "fr" } } }]]
  check.write(dir .. "/r.lua", recipe:format "tiny.bin")
  local status, _, err = check.run(("%s run %s --out %s --quiet"):format(check.tamis, check.quote(dir .. "/r.lua"), check.quote(dir .. "/out")))
  check.eq(status, 0, err)
  local lineage = json.decode(check.ok(fs.read(dir .. "/out/l/latest/lineage.json")))
  check.eq(type(lineage.versions.cld2), lang.detect "x" and "string" or "nil")
  check.eq({ lineage.final_count, lineage.models[1].bytes, lineage.models[1].stages }, { 1, #model_bytes(), { "language" } })
  check.write(dir .. "/bad.lua", recipe:format "rows.jsonl")
  status, _, err = check.run(("%s run %s --out %s --quiet"):format(check.tamis, check.quote(dir .. "/bad.lua"), check.quote(dir .. "/out")))
  check.ok(status ~= 0)
  check.contains(err, "no fastText model")
end)

check.done()
