-- tests/eval/perplexity.lua: does a character model of good text tell it from what is none? Run by `make eval`.
--   separation   a model fitted on four fifths of a set's different texts; the AUC of its perplexity between the last
--                fifth and texts of other kinds: 1 if all of these have a higher one
--   past p99     how many of them, and of that fifth, are past the p99 of what a fit holds out itself
-- Texts of fewer than 20 characters are left out, as the stage does. It fails where a figure is on the wrong side of its
-- floor (floors.lua).
package.path = "tests/eval/?.lua;" .. package.path
local core, corpus, json, lm = require "core", require "corpus", require "json", require "lm"
local floors = require "floors".perplexity

local DATA = "../shared/data/"
local SETS = { { "raw_support.jsonl.gz", "output" }, { "raw_trivia.jsonl.gz", "input" }, { "alpaca.jsonl.gz", "output" },
               { "raw_multilingual.jsonl", "output" } }
local MIN_CHARS, MOST_BAD = 20, 2000
local FORMATS = require "formats.all"
local pool = core.pool(2)
local failed = false

local function load(path) return assert(corpus.load { sources = { { path = path } }, formats = FORMATS, pool = pool }) end

local function there(name)
  local file = io.open(DATA .. name)
  if file then file:close() else print("skip: no " .. DATA .. name) end
  return file ~= nil
end

-- ---- texts ----

local state = 88172645463325252   -- xorshift: the same texts on every machine
local function draw(n)
  state = state ~ (state << 13)
  state = state ~ (state >> 7)
  state = state ~ (state << 17)
  return (state >> 1) % n + 1
end

local function chars_of(text)
  local out = {}
  for c in text:gmatch(utf8.charpattern) do out[#out + 1] = c end
  return out
end

local function shuffled(text)
  local c = chars_of(text)
  for i = #c, 2, -1 do
    local k = draw(i)
    c[i], c[k] = c[k], c[i]
  end
  return table.concat(c)
end

--- UTF-8 read as Latin-1.
local function mojibake(text)
  return (text:gsub("[\x80-\xFF]", function(c) return utf8.char(c:byte()) end))
end

local function made(of, len)
  local out = {}
  for i = 1, len do
    local at = draw(#of)
    out[i] = of:sub(at, at)
  end
  return table.concat(out)
end

local PRINTABLE = {}
for b = 32, 126 do PRINTABLE[#PRINTABLE + 1] = string.char(b) end
PRINTABLE = table.concat(PRINTABLE)
local BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local MASH = "asdfghjklasdfghjkljkl;asdf qwertyuiop sdfg hjk"

local function base64(text)
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local n = a << 16 | (b or 0) << 8 | (c or 0)
    for k = 0, 3 do
      local v = n >> (18 - 6 * k) & 63
      out[#out + 1] = (k > 1 and not b or k > 2 and not c) and "=" or BASE64:sub(v + 1, v + 1)
    end
  end
  return table.concat(out)
end

--- Paragraphs of the declaration: those in other languages than English, and of these those past ASCII.
local function declaration()
  local other, past = {}, {}
  if not there "language_udhr.jsonl" then return other, past end
  for line in io.lines(DATA .. "language_udhr.jsonl") do
    local row = json.decode(line)
    if row.lang ~= "en" then
      other[#other + 1] = row.text
      local _, n = row.text:gsub("[\xC2-\xF4]", "")
      if n >= 3 then past[#past + 1] = row.text end
    end
  end
  return other, past
end

-- ---- figures ----

--- The share of pairs in which the second list's number is higher; ties count half.
local function auc(good, bad)
  local all = {}
  for _, v in ipairs(good) do all[#all + 1] = { v, 0 } end
  for _, v in ipairs(bad) do all[#all + 1] = { v, 1 } end
  table.sort(all, function(a, b) return a[1] < b[1] end)
  local sum, i = 0, 1
  while i <= #all do
    local k = i
    while all[k + 1] and all[k + 1][1] == all[i][1] do k = k + 1 end
    for j = i, k do sum = sum + all[j][2] * (i + k) / 2 end
    i = k + 1
  end
  return (sum - #bad * (#bad + 1) / 2) / (#good * #bad)
end

local function perplexities(model, texts)
  local out = {}
  for _, text in ipairs(texts) do
    if #text >= MIN_CHARS and utf8.len(text) >= MIN_CHARS then out[#out + 1] = select(2, model:bits(text)) end
  end
  return out
end

local function each(texts, change)
  local out = {}
  for i = 1, math.min(#texts, MOST_BAD) do out[i] = change(texts[i]) end
  return out
end

--- Different texts of a set, as a view of four fifths, and the last fifth.
local function parts(name, field)
  local view, seen, fit, rest = load(DATA .. name), {}, {}, {}
  for i = 1, #view do
    local text = view:field(i, field)
    if text and not seen[text] then
      seen[text] = true
      if draw(5) == 1 then rest[#rest + 1] = text else fit[#fit + 1] = json.encode { input = "", output = text } end
    end
  end
  view:close()
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(table.concat(fit, "\n"), "\n")
  file:close()
  local out = load(path)
  os.remove(path)
  return out, rest
end

local function over(values, most)
  local n = 0
  for _, v in ipairs(values) do n = n + (v > most and 1 or 0) end
  return n / #values
end

--- A line, and what of it is under its floor.
local function told(set, what, n, figures, floor)
  local missed = {}
  for _, key in ipairs { "auc", "past" } do
    if not (figures[key] == nil or floor and figures[key] >= floor[key]) then missed[#missed + 1] = key end
  end
  failed = failed or #missed > 0
  print(("%-24s %-26s %6d %8s %8.2f%%  %s"):format(set, what, n, figures.auc and ("%.4f"):format(figures.auc) or "",
    100 * figures.past, #missed > 0 and table.concat(missed, " and ") .. " below the floor" or ""))
end

--- The perplexity at the p99 of what a fit on the view holds out, as tamis fit lm prints it.
local function p99(view)
  local spec = { field = "output", order = 6, least = 8, held = 10, seed = 42, min_chars = MIN_CHARS }
  local part = assert(lm.fit(view, spec))
  spec.out = true
  return select(2, part:percentiles(view, spec, { 0.99 }, pool))[1]
end

local function one_in_ten(text)
  local c = chars_of(text)
  for i = 1, #c do
    if draw(10) == 1 then c[i] = made(PRINTABLE, 1) end
  end
  return table.concat(c)
end

local function examine(name, field, other, past)
  local view, rest = parts(name, field)
  local model = assert(lm.fit(view, { field = "output", order = 6, least = 8 }))
  local good, most = perplexities(model, rest), p99(view)
  local clean = over(good, most)
  if clean > floors.clean then failed = true end
  print(("%-24s %-26s %6d %8s %8.2f%%  %s"):format(name, "good", #good, "", 100 * clean,
    clean > floors.clean and "more than the floor allows" or ""))
  for _, kind in ipairs {
    { "shuffled characters", each(rest, shuffled) },
    { "one in ten random", each(rest, one_in_ten) },
    { "other languages", other },
    { "mojibake", each(past, mojibake) },
    { "random printable", each(rest, function(t) return made(PRINTABLE, #t) end) },
    { "base64", each(rest, base64) },
    { "keyboard mash", each(rest, function(t) return made(MASH, #t) end) },
  } do
    local bad = perplexities(model, kind[2])
    if #bad > 0 then
      told(name, kind[1], #bad, { auc = auc(good, bad), past = over(bad, most) }, floors[kind[1]])
    end
  end
  view:close()
end

print "Perplexity: AUC of good text held out against other texts, and the share past the p99 that the fit prints"
print(("%-24s %-26s %6s %8s %9s"):format("fitted on four fifths of", "texts", "number", "AUC", "past p99"))
local other, past = declaration()
for _, set in ipairs(SETS) do
  if there(set[1]) then examine(set[1], set[2], set[1]:find "multilingual" and {} or other, past) end
end
if failed then
  print "a figure is on the wrong side of its floor"
  os.exit(1)
end
