-- tests/eval/language.lua: how well the stage language tells languages, with CLD2 and with fastText's
-- lid.176.ftz. Run by `make eval`.
--   75 languages: single paragraphs of the declaration of human rights; right, undetermined and wrong, on texts of
--     100 characters and more and on shorter ones, among the languages that the engine knows
--   5 languages: rows of raw_multilingual through the stage
--   English: rows of clean English sets that keep = { "en" } rejects
-- Serbian, Croatian and Bosnian count as one language, and so do Chinese and its script forms; "strict" counts the
-- codes as they are. Figures under the floors of floors.lua fail.
local core, corpus, json, lang = require "core", require "corpus", require "json", require "lang"
local views = require "views"
local floors = dofile "tests/eval/floors.lua".language

local DATA, MODEL = "../shared/data/", "../shared/models/lid176/lid.176.ftz"
local LONG = 100               -- characters
local SHOWN = 12               -- confusions
local MOST = 0.03              -- of a clean English set
local ENGLISH = { "raw_math.jsonl", "raw_support.jsonl.gz", "raw_tickets.jsonl", "raw_trivia.jsonl.gz", "alpaca.jsonl.gz",
                  "alpaca.json", "sharegpt.jsonl", "openai_messages.jsonl", "preference.jsonl.gz" }
local SAME = { sr = "sh", hr = "sh", bs = "sh", sh = "sh", wuu = "zh", yue = "zh", iw = "he", nb = "no" }

local pool = core.pool(2)
local failed = false
local stage = require "stages.language"

local function hold(what, value, floor)
  if value < floor then
    failed = true
    print(("UNDER THE FLOOR: %s is %.4f, held to %.4f"):format(what, value, floor))
  end
end

local function exists(path)
  local f = io.open(path, "rb")
  if f then f:close() end
  return f ~= nil
end

local function base(code) return (code:match "^[^-]*") end
local function language(code) return SAME[base(code)] or base(code) end

local function engines()
  local out = { { name = "CLD2", key = "cld2", options = {} } }
  for _, l in ipairs(lang.known()) do
    out[1].knows = out[1].knows or {}
    out[1].knows[language(l.code)] = true
  end
  if not out[1].knows then print "skip: built without CLD2" table.remove(out, 1) end
  if not exists(MODEL) then print("skip: no " .. MODEL) return out end
  local file = assert(io.open(MODEL, "rb"))
  local model, err = lang.model(file:read "a", MODEL)
  file:close()
  if not model then print("skip: " .. err) return out end
  local e = { name = "lid.176.ftz", key = "lid176", options = { model = model }, path = MODEL, knows = {} }
  for _, label in ipairs(model:labels()) do e.knows[language(label)] = true end
  out[#out + 1] = e
  return out
end

local function confusions(by)
  local list = {}
  for what, n in pairs(by) do list[#list + 1] = { what = what, n = n } end
  table.sort(list, function(a, b) if a.n ~= b.n then return a.n > b.n end return a.what < b.what end)
  local out = {}
  for i = 1, math.min(SHOWN, #list) do out[i] = ("%s %d"):format(list[i].what, list[i].n) end
  return #out > 0 and table.concat(out, ", ") or "none"
end

local function declaration(e)
  local counts, by, unknown = {}, {}, {}
  for _, kind in ipairs { "long", "short" } do counts[kind] = { n = 0, right = 0, strict = 0, und = 0, wrong = 0 } end
  local options = { model = e.options.model, min_letters = stage.params.min_letters.default,
                    min_probability = stage.params.min_probability.default }
  for line in io.lines(DATA .. "language_udhr.jsonl") do
    local row = json.decode(line)
    local c = counts[utf8.len(row.text) >= LONG and "long" or "short"]
    if e.knows[language(row.lang)] then
      local code = lang.detect(row.text, options)
      local right = language(code) == language(row.lang)
      c.n = c.n + 1
      c.strict = c.strict + (base(code) == row.lang and 1 or 0)
      local outcome = right and "right" or code == "und" and "und" or "wrong"
      c[outcome] = c[outcome] + 1
      if base(code) ~= row.lang then
        local what = row.lang .. ">" .. code
        by[what] = (by[what] or 0) + 1
      end
    else
      unknown[row.lang] = true
    end
  end
  for _, kind in ipairs { "long", "short" } do
    local c = counts[kind]
    print(("%-12s %-22s %5d  %7.4f %7.4f %7.4f %7.4f"):format(e.name,
      kind == "long" and "100 characters or more" or "fewer", c.n, c.right / c.n, c.strict / c.n, c.und / c.n, c.wrong / c.n))
  end
  local f = floors[e.key]
  hold(e.name .. ": right on long texts", counts.long.right / counts.long.n, f.long_right)
  hold(e.name .. ": strictly right on long texts", counts.long.strict / counts.long.n, f.long_strict)
  hold(e.name .. ": right or undetermined on short texts", 1 - counts.short.wrong / counts.short.n, f.short_not_wrong)
  local names = {}
  for code in pairs(unknown) do names[#names + 1] = code end
  table.sort(names)
  print(("  not its languages: %s; most confused: %s"):format(#names > 0 and table.concat(names, " ") or "none", confusions(by)))
end

--- The model's first label of every text as it is, which is what its makers' figures are of.
local function bare(e)
  local n, right = 0, 0
  for line in io.lines(DATA .. "language_udhr.jsonl") do
    local row = json.decode(line)
    local first = e.options.model:predict(row.text)[1]
    n = n + 1
    right = right + (first and first[1] == row.lang and 1 or 0)
  end
  print(("%-12s %-22s %5d  %7s %7.4f"):format(e.name, "all, its first label", n, "", right / n))
  hold(e.name .. ": its first label is right", right / n, floors[e.key].bare)
end

local function through(set, e, changes)
  local view = assert(corpus.load { sources = { { path = DATA .. set } }, formats = require "formats.all", pool = pool })
  local p = views.params(stage, changes)
  p.model = e.path
  local ctx = { pool = pool, name = "language", file = function(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read "a"
    file:close()
    return bytes, path
  end }
  return assert(view:run_group { ops = { assert(stage.op(p, ctx)) }, stages = { "language" }, pool = pool })
end

local function multilingual(e)
  local view = through("raw_multilingual.jsonl", e, { keep = {}, min_confidence = 0 })
  local n, right, und, by = 0, 0, 0, {}
  for line in io.lines(DATA .. "raw_multilingual.jsonl") do
    n = n + 1
    local wanted, code = json.decode(line).lang, view:row(n).annotations.language
    right = right + (language(code) == wanted and 1 or 0)
    und = und + (code == "und" and 1 or 0)
    if language(code) ~= wanted then by[wanted .. ">" .. code] = (by[wanted .. ">" .. code] or 0) + 1 end
  end
  print(("%-12s %-22s %5d  %7.4f %7s %7.4f %7.4f  %s"):format(e.name, "raw_multilingual", n, right / n, "", und / n,
    1 - right / n - und / n, confusions(by)))
  hold(e.name .. ": right on raw_multilingual", right / n, floors[e.key].multilingual)
  view:close()
end

local function english(e)
  for _, set in ipairs(ENGLISH) do
    if exists(DATA .. set) then
      local view = through(set, e, { keep = { "en" } })
      local removed, by = 0, {}
      for _, r in ipairs(view:reasons()) do
        if r.stage == "language" then removed, by[#by + 1] = removed + r.count, r.reason .. " " .. r.count end
      end
      local share = removed / #view
      print(("%-12s %-22s %5d  %7.4f rejected  %s"):format(e.name, set, #view, share, table.concat(by, ", ")))
      hold(("%s: kept of %s"):format(e.name, set), 1 - share, 1 - (floors[e.key].english_lost or MOST))
      view:close()
    else
      print("skip: no " .. DATA .. set)
    end
  end
end

if not exists(DATA .. "language_udhr.jsonl") then
  print("skip: no " .. DATA .. "language_udhr.jsonl")
  return
end
print(("Languages told:\n%-12s %-22s %5s  %7s %7s %7s %7s"):format("engine", "texts", "n", "right", "strict", "und", "wrong"))
local list = engines()
for _, e in ipairs(list) do declaration(e) end
for _, e in ipairs(list) do if e.options.model then bare(e) end end
for _, e in ipairs(list) do multilingual(e) end
for _, e in ipairs(list) do english(e) end
if failed then
  print "the stage language tells languages worse than it did"
  os.exit(1)
end
