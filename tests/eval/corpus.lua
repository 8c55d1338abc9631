-- tests/eval/corpus.lua: the stages that look at all rows, boilerplate and conflict. Run by `make eval`.
-- 1. What they take of clean sets through the chat preset, and how many rows of each would go if max_share were 0.8.
-- 2. Sentences planted into clean sets, among sentences that only differ by a number: are they found, and which rows?
-- 3. Contradictions planted into clean sets, among other true answers to the same questions.
package.path = "tests/eval/?.lua;" .. package.path
local core, corpus, json = require "core", require "corpus", require "json"
local chat, floors = require "presets.chat", require "floors"

local DATA = "../shared/data/"
local MOST = 0.03
local SETS = { "raw_math.jsonl", "raw_multilingual.jsonl", "raw_support.jsonl.gz", "raw_tickets.jsonl",
               "raw_trivia.jsonl.gz", "alpaca.jsonl.gz", "sharegpt.jsonl", "openai_messages.jsonl" }

local pool = core.pool(2)
local failed = false

local state = 20240229
local function draw(n)
  state = (state * 1103515245 + 12345) % 2147483648
  return (state >> 8) % n
end

local function open(path)
  return assert(corpus.load { sources = { { path = path } }, formats = require "formats.all", pool = pool })
end

local function there(set)
  local file = io.open(DATA .. set)
  if file then file:close() return true end
  print("skip: no " .. DATA .. set)
end

local function run(view, name, changes)
  local stage, p = require("stages." .. name), {}
  for key, spec in pairs(stage.params) do p[key] = spec.default end
  for key, value in pairs(chat[name]) do p[key] = value end
  for key, value in pairs(changes or {}) do p[key] = value end
  local child, info = stage.run(view, p, { name = name, pool = pool })
  return assert(child, info), info.figures
end

local function of_rows(rows)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  for _, row in ipairs(rows) do file:write(json.encode(row), "\n") end
  file:close()
  local view = open(path)
  os.remove(path)
  return view
end

local function score(what, hit, wrong, missed, floor)
  local precision, recall = hit / math.max(1, hit + wrong), hit / math.max(1, hit + missed)
  local under = precision < floor.precision or recall < floor.recall
  failed = failed or under
  print(("%-34s %6d found %5d wrong %5d missed   precision %.3f  recall %.3f%s"):format(what, hit, wrong, missed,
    precision, recall, under and "  UNDER ITS FLOOR" or ""))
end

-- ---- 1 ----

print(("Rows of clean sets that the chat preset's stages over all rows remove; at most %g%% a rule"):format(100 * MOST))
for _, set in ipairs(SETS) do
  if there(set) then
    local view = open(DATA .. set)
    local bp, recurring = run(view, "boilerplate")
    local cf, found = run(view, "conflict")
    local strict = run(view, "boilerplate", { max_share = 0.8 })
    for _, child in ipairs { bp, cf } do
      for _, r in ipairs(child:reasons()) do
        if r.stage ~= "load" then
          if r.count > MOST * #view then failed = true end
          print(("%-24s %7d  %-34s %6d  %6.2f%%"):format(set, #view, r.stage .. "." .. r.reason, r.count,
            100 * r.count / #view))
        end
      end
    end
    print(("%-24s %7d  %d sentences recur; max_share = 0.8 would take %.2f%%; %d questions have several answers, "
      .. "%d rows contradict"):format(set, #view, recurring.recurring, 100 * (1 - (strict:counts()) / (view:counts())),
      found.answered, found.contradicting))
  end
end

-- ---- 2 ----

local PLANTED = { "Thank you for contacting our support team.", "Please let me know if you need any further help!",
                  "I hope this answers your question.", "Our offices are closed on public holidays.",
                  "Have a wonderful day ahead!", "此邮件由系统自动发送，请勿回复。",
                  "Vielen Dank für Ihre Anfrage, wir melden uns.", "This message was sent by Dr. Smith's team, e.g. by phone." }

-- As people and templates write one sentence: other case, other white space, other marks.
local function variant(s)
  local v = draw(4)
  if v == 1 then s = s:upper() elseif v == 2 then s = s:gsub(" ", "  ") elseif v == 3 then s = s:gsub("[.!]$", "…") end
  return s
end

local function plant(set)
  local view, rows, whole = open(DATA .. set), {}, {}
  local share = #view < 1000 and 12 or 4   -- in a hundred: each sentence in 10 rows at least
  for i = 1, #view do
    local input, output = view:field(i, "input"), view:field(i, "output")
    local k = draw(100)
    if k < share then   -- nothing but planted sentences
      output, whole[i] = variant(PLANTED[1 + draw(#PLANTED)]) .. "\n" .. variant(PLANTED[1 + draw(#PLANTED)]), true
    elseif k < 2 * share and #output > 160 then   -- an answer, and one of them
      output = output .. "\n" .. variant(PLANTED[1 + draw(#PLANTED)])
    elseif k < 3 * share then   -- no two of these are the same
      output = ("The order with the number %d leaves our house on Monday."):format(1000000 + i)
    end
    rows[i] = { input = input, output = output }
  end
  return rows, whole
end

print "\nSentences planted into clean sets (4% of rows are nothing else; 12% of raw_math), max_share = 0.5"
for _, set in ipairs { "raw_math.jsonl", "raw_multilingual.jsonl", "raw_tickets.jsonl", "raw_trivia.jsonl.gz",
                       "alpaca.jsonl.gz" } do
  if there(set) then
    local rows, whole = plant(set)
    local child, f = run(of_rows(rows), "boilerplate", { max_share = 0.5, top = 10000 })
    local hit, wrong, missed = 0, 0, 0
    for i = 1, #rows do
      local gone = child:row(i).reason == "recurring_sentences"
      if gone and not whole[i] and os.getenv "TAMIS_SHOW" then print(rows[i].output) end
      if gone and whole[i] then hit = hit + 1 elseif gone then wrong = wrong + 1 elseif whole[i] then missed = missed + 1 end
    end
    score(set .. " rows", hit, wrong, missed, floors.recurring[set] or floors.recurring.rows)
    print(("%-34s %6d sentences recur, %d were planted"):format("", f.recurring, #PLANTED))
  end
end

-- ---- 3 ----

local SAME = { "%s", "%s.", "It is %s.", "the %s" }

--- Pairs of rows: the same question, another answer; odd ones contradict, even ones say the same otherwise.
local MAKE = {
  { "number, long solutions", "raw_math.jsonl", function(a, odd)
    local number = a.output:match "#### ([%d,]+)"
    if not number then return nil end
    if odd then return a.output:gsub("#### [%d,]+", "#### " .. (tonumber((number:gsub(",", ""))) + 1 + draw(9))) end
    return "Let us see, step by step, with 2 or 3 of them.\n#### " .. number:gsub(",", "") .. ".00"
  end },
  { "short answers", "raw_trivia.jsonl.gz", function(a, odd, b)
    if #a.output < 3 or a.output:find "%d" or b.output:find "%d" or a.output:lower():find "^t?r?[uf]?[ea]" then return nil end
    if odd then return b.output end
    return SAME[1 + draw(#SAME)]:format(a.output)
  end },
  { "intents", "raw_tickets.jsonl", function(a, odd, b)
    if odd then return b.output end
    return a.output:upper()
  end },
  { "yes and no", "raw_tickets.jsonl", function(_, odd)
    return odd and "No, that is not how it works here." or "Yes! Just open the app and look there."
  end, "Yes, that works well." },
  { "numbers in a sentence", "raw_tickets.jsonl", function(_, odd)
    return ("It takes %d working days, as a rule."):format(odd and 3 + draw(6) or 2)
  end, "It takes 2 working days as a rule." },
  { "negations", "raw_tickets.jsonl", function(_, odd)
    return odd and "You can't do this in the app, but in any branch of ours." or
      "You can do this in the app, and also in any branch of ours."
  end, "You can do this in the app, but in any branch of ours." },
}

print "\nContradictions planted into clean sets, among other ways to say the same"
for _, m in ipairs(MAKE) do
  if there(m[2]) then
    local view, rows, odd, seen = open(DATA .. m[2]), {}, {}, {}
    for i = 1, math.min(#view, 4000) do
      local a = { input = view:field(i, "input"), output = m[4] or view:field(i, "output") }
      local other = { output = view:field(1 + (i * 7919) % #view, "output") }
      local new = not seen[a.input:lower()] and m[3](a, i % 2 == 1, other)
      if new and (i % 2 == 0 or new ~= a.output) then
        seen[a.input:lower()] = true
        rows[#rows + 1] = a
        rows[#rows + 1] = { input = a.input, output = new }
        odd[#rows] = i % 2 == 1
      end
    end
    local child = run(of_rows(rows), "conflict", { min_input_words = 0 })
    local hit, wrong, missed = 0, 0, 0
    for i = 2, #rows, 2 do
      local found = child:row(i).annotations.conflict ~= nil
      if found and odd[i] then hit = hit + 1 elseif found then wrong = wrong + 1 elseif odd[i] then missed = missed + 1 end
      if (odd[i] or false) ~= found and os.getenv "TAMIS_SHOW" then print(rows[i - 1].output, "|", rows[i].output) end
    end
    score(m[1], hit, wrong, missed, floors.conflict[m[1]] or floors.conflict.all)
  end
end

if failed then
  print "a figure is below its floor (tests/eval/floors.lua), or a rule removes more of a clean set than it may"
  os.exit(1)
end
