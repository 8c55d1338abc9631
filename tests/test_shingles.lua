-- test_shingles.lua: what near_dedup compares: units of a shingle, turns of a chat.
local check = require "check"
local core, corpus, neardup = require "core", require "corpus", require "neardup"
local views = require "views"

local formats = require "formats.all"
local pool = core.pool(2)
local stage = require "stages.near_dedup"
local made = {}   -- files to remove at the end

local function load(lines)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write(table.concat(lines, "\n"), "\n")
  f:close()
  made[#made + 1] = path
  return assert(corpus.load { sources = { { path = path } }, formats = formats, pool = pool })
end

--- The view after near_dedup, and the stage's figures.
local function run(view, given)
  local p = views.params(stage, given)
  local verdicts, info = stage.run(view, p, { pool = pool })
  return assert(view:apply("near_dedup", assert(verdicts, info))), info
end

--- Which rows were rejected, as "2 5".
local function rejected(view, given)
  local w, out = run(view, given), {}
  for i = 1, #view do
    if w:row(i).status == "rejected" then out[#out + 1] = i end
  end
  return table.concat(out, " ")
end

local function pair(input, output) return ('{"input":"%s","output":"%s"}'):format(input, output) end

-- ---- words ----

check.test("a shingle of words is n words in a row", function()
  -- a b c d e f / a b c d e x: of bigrams 4 are shared, 6 in all
  check.eq(neardup.jaccard("a b c d e f", "A  b c d e\nx", 2, "word"), 4 / 6)
  check.eq(neardup.jaccard("one two", "one  TWO", 3, "word"), 1)        -- shorter: compared as text
  check.eq(neardup.jaccard("one two", "one three", 3, "word"), 0)
  check.eq(neardup.jaccard("你好世界", "你好 世界!", 1, "word"), 1)      -- characters are words, ! counts nothing
  check.eq(neardup.jaccard("a b c d", "a b c e", 1, "word"), 3 / 5)
  check.eq(neardup.jaccard("abcdef", "abcdeg", 5), neardup.jaccard("abcdef", "abcdeg", 5, "char"))
end)

check.test("words are 1 to 8 a shingle, code points 1 to 16", function()
  check.raises("expected 1 to 8 words a shingle", neardup.jaccard, "a", "b", 9, "word")
  check.raises("expected 1 to 16 code points a shingle", neardup.jaccard, "a", "b", 17)
  check.raises("invalid option 'line'", neardup.jaccard, "a", "b", 2, "line")
  check.eq(stage.check { unit = "word", shingle = 9 }, 'shingle = 9 is out of range: 1 to 8 where unit = "word"')
  check.eq(stage.check { unit = "word", shingle = 8 }, nil)
  check.eq(stage.check { unit = "char", shingle = 16 }, nil)
end)

check.test("near_dedup by words gives the figure of the sets of words, by either method", function()
  local v = load { pair("how do I reset my own password today please", "click on the reset button"),
                   pair("how do I reset my own password today thanks", "click on the reset button"),
                   pair("an other question of some other words at all", "and its answer") }
  -- 14 words, so 13 bigrams each; today please, please click, today thanks, thanks click are not shared
  for _, method in ipairs { "sketch", "exact" } do
    local w = run(v, { unit = "word", shingle = 2, threshold = 0.7, method = method })
    check.eq(w:row(2).evidence.jaccard, 11 / 15)
    check.eq(w:row(2).evidence.twin.line, 1)
    check.eq(w:row(3).status, "standing")
    check.eq(rejected(v, { unit = "word", shingle = 2, threshold = 0.75, method = method }), "")
  end
end)

-- ---- turns ----

local function chat(...)
  local turns = {}
  for i, t in ipairs { ... } do
    local role, text = t:match "^(%w+): (.*)$"
    turns[i] = ('{"role":"%s","content":"%s"}'):format(role, text)
  end
  return ('{"messages":[%s]}'):format(table.concat(turns, ","))
end

local ASK = "user: How do I export all my invoices of last year as one file?"
local SAY = "assistant: Open the billing page, choose the year and press the export button there."
local CARD = "user: My card was blocked by the bank this morning, what can I do about it?"
local BANK = "assistant: Please call the number on the back of your card, day or night."
local SHIP = "user: When will the parcel that I ordered two weeks ago finally arrive here?"
local POST = "assistant: It left our warehouse yesterday and needs three working days from there."

check.test("turns says which turns of a chat are compared", function()
  local v = load {
    chat(CARD, BANK, ASK, SAY),     -- 1
    chat(SHIP, POST, ASK, SAY),     -- 2 as 1 from the last question on
    chat(CARD, POST, ASK, SAY),     -- 3 as 1 but for the first reply
    chat(CARD, BANK, SHIP, SAY),    -- 4 as 1 but for the last question
    chat(ASK, SAY),                 -- 5 the last question of 1 alone
  }
  check.eq(rejected(v), "")
  check.eq(rejected(v, { turns = "all" }), "")
  check.eq(rejected(v, { turns = "last" }), "2 3 5")
  check.eq(rejected(v, { turns = "first" }), "3 4")
  check.eq(rejected(v, { turns = "users" }), "3")
  check.eq(rejected(v, { turns = 1 }), "2 3 5")
  check.eq(rejected(v, { turns = 2 }), "3")     -- a reply and the question behind it: 2 and 3 share both
  check.eq(rejected(v, { turns = 3 }), "")
end)

check.test("rows that are no chats are compared whole, whatever turns says", function()
  local rows = { pair("a question that has so many words", "an answer to it"),
                 pair("a question that has so many words", "an answer to it, too"),
                 '{"instruction":"translate this text into French","input":"good morning to you all","output":"bonjour"}',
                 '{"instruction":"translate this text into French","input":"a very different text","output":"bonjour"}' }
  for _, turns in ipairs { "all", "users", "first", "last", 1, 3 } do
    check.eq(rejected(load { rows[1], rows[2] }, { turns = turns }), "2")
    check.eq(rejected(load { rows[3], rows[4] }, { turns = turns }), "")
  end
end)

check.test("an instruction behind its history is the last turn, its text included", function()
  local function row(past, instruction, input)
    return ('{"history":[["%s","%s"]],"instruction":"%s","input":"%s","output":"the answer in the end"}')
      :format(past, past:reverse(), instruction, input)
  end
  local first, second = "tell me about the mountains of Peru", "who wrote the book on the desk there"
  local v = load { row(first, "translate this text into French", "good morning to you all"),
                   row(second, "translate this text into French", "good morning to you all"),
                   row(first, "translate this text into French", "a very different text, longer") }
  check.eq(rejected(v), "")
  check.eq(rejected(v, { turns = "last" }), "2")
  check.eq(rejected(v, { turns = 1 }), "2")
  check.eq(rejected(v, { turns = "first" }), "3")
end)

check.test("turns that are wrong are an error", function()
  local v = load { pair("a", "b") }
  for _, wrong in ipairs { "some", 0, 1.5, -1, 65536, {} } do
    check.raises("turns: expected", run, v, { turns = wrong })
  end
end)

check.test("--set reaches turns by name and by number", function()
  local dir = check.folder()
  check.write(dir .. "/data.jsonl", table.concat({ chat(CARD, BANK, ASK, SAY), chat(SHIP, POST, ASK, SAY),
                                                   chat(CARD, POST, ASK, SAY) }, "\n") .. "\n")
  check.write(dir .. "/recipe.lua", [[local s = require "tamis"
return s.recipe { name = "turns", sources = { "data.jsonl" }, s.near_dedup {} }]])
  for turns, gone in pairs { all = "0", last = "-2", ["2"] = "-1", ["1"] = "-2" } do
    local _, out = check.run(("%s check %s --set near_dedup.turns=%s"):format(check.tamis,
                                                                          check.quote(dir .. "/recipe.lua"), turns))
    check.eq(out:match "near_dedup +3 +(%-?%d)", gone)
  end
end)

-- ---- frequent shingles ----

check.test("a form in the middle of all rows makes nobody twins once it is masked", function()
  local form = "by filling in this form you agree that we may keep the details given above for as long as it takes "
    .. "to answer your request, that calls may be recorded, and that nothing said here is binding unless it has "
    .. "been confirmed in writing by a member of the board within thirty working days"
  local rows, seed = {}, 3
  local function word()
    local out = {}
    for i = 1, 5 do
      seed = (seed * 1103515245 + 12345) % 2147483648
      out[i] = string.char(97 + seed // 65536 % 26)
    end
    return table.concat(out)
  end
  for i = 1, 30 do
    rows[i] = pair(("%s %s %s %s %s %s %s"):format(word(), word(), word(), word(), word(), form, word()), word())
  end
  rows[31] = rows[7]:gsub("writing", "written")
  local v = load(rows)
  local without = run(v, { threshold = 0.7 })
  check.ok(select(2, without:counts()) > 10)
  for _, method in ipairs { "sketch", "exact" } do
    for _, given in ipairs { {}, { unit = "word", shingle = 2 } } do
      given.threshold, given.max_shingle_share, given.method = 0.7, 0.2, method
      local w, info = run(v, given)
      check.eq(select(2, w:counts()), 1)
      check.eq(w:row(31).evidence.twin.line, 7)
      check.ok(info.figures.masked_shingles > 30)
      check.eq(#info.notes, 1)
      check.ok(info.notes[1]:find("shingles stand in more than 20% of the rows", 1, true))
    end
  end
  local _, info = run(v, { max_shingle_share = 0.2, min_shingle_rows = 32 })
  check.eq(info.figures.masked_shingles, 0)
  check.eq(#info.notes, 0)
end)

for _, path in ipairs(made) do os.remove(path) end
check.done()
