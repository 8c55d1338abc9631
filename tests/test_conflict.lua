-- tests/test_conflict.lua - rows that ask the same and answer otherwise, on rows that were really read
local check = require "check"
local core = require "core"
local json = require "json"
local views = require "views"

local pool = views.pool
local stage, load = require "stages.conflict", views.load

local function run(view, changes, threads)
  local p = views.params(stage, changes)
  local child, info = stage.run(view, p, { name = "conflict", pool = threads or pool })
  return check.ok(child, info), info
end

local QUESTION = "Can I return the shoes?"

--- The sign between answers to one question; false: none.
local function sign(answers, changes, question)
  local rows = {}
  for i, a in ipairs(answers) do rows[i] = { input = question or QUESTION, output = a } end
  return run(load(rows), changes):row(1).annotations.conflict or false
end

check.test("each sign speaks where two answers contradict, and is silent where nobody can tell", function()
  for _, case in ipairs {
    { "yes_no", "Yes, within 30 days.", "No, they are excluded." },
    { "yes_no", "True", "False." },
    { false, "Yes, within 30 days.", "No problem, just send them back." },
    { false, "Yes, within 30 days.", "You may return them." },
    { "number", "You have 30 days to return them.", "You have 14 days to return them." },
    { "number", "It costs $1,250.00", "It costs $1,520" },
    { false, "It costs $1,250.00", "It costs 1250 $" },
    { false, "It costs 5 euros", "It costs 5 euros, VAT of 20% included" },   -- 20 says more, not otherwise
    { false, "Ships in 3 days by air from Lyon", "A box of 12 eggs weighs 700 grams" },
    { "negation", "The shoes are refundable once they were worn outside",
                  "The shoes aren't refundable once they were worn outside" },
    { "negation", "You can return worn shoes to the shop", "You cannot return worn shoes to the shop" },
    { false, "You can not not return worn shoes to the shop", "You can return worn shoes to the shop" },
    { "label", "refund request", "order status" },
    { "label", "Paris", "Lyon" },
    { false, "Da Vinci", "Leonardo da Vinci" },
    { false, "7", "seven" },
    { false, "PARIS.", "paris" },
    { "final_answer", "There are 3 left.\n#### 3", "Take 5 and add 4, it is\n#### 9" },
    { false, "3 of 8 and 1\n#### 4", "12 less 8\n#### 4.0" },
    { "final_answer", "It is hot. The answer is: Paris.", "So, the answer is Lyon" },
    { false, "A long answer about shoes and the ways to send them back to us by post.",
             "Bring them to any shop of ours, we will look at the soles and pay you back at once." },
  } do
    check.eq(sign { case[2], case[3] }, case[1], case[2] .. " | " .. case[3])
  end
end)

check.test("signs can be turned off, and open answers be held to a similarity", function()
  check.eq(sign({ "Yes, it is so", "No, it is so" }, { signals = { "number" } }), false)
  local long = { "A long answer about shoes and the post office.", "Bring them to any shop of ours at once, please." }
  check.eq(sign(long, { max_output_similarity = 0.3 }), "different")
  check.eq(sign({ "Sí, claro que puedes", "No, no puedes" }), "yes_no")
  check.eq(sign({ "aye, go on then", "nope, do not" }, { yes = { "aye" } }), "yes_no")
end)

check.test("other questions are not compared: by system text, by numbers, by being short", function()
  local function two(a, b, changes)
    a.output, b.output = "Yes, of course you can.", "No, of course you cannot."
    return run(load { a, b }, changes):row(1).annotations.conflict or false
  end
  check.eq(two({ input = QUESTION, system = "shop A" }, { input = QUESTION, system = "shop B" }), false)
  check.eq(two({ input = QUESTION, system = "shop A" }, { input = QUESTION, system = "shop B" }, { system = false }),
           "yes_no")
  check.eq(two({ input = "can  I return the SHOES?" }, { input = QUESTION }), "yes_no")
  check.eq(two({ input = "can I return the shoes" }, { input = QUESTION }), false)
  check.eq(two({ input = "can I return the shoes" }, { input = QUESTION }, { punctuation = "drop" }), "yes_no")
  check.eq(two({ input = "what is 5 - 3 now" }, { input = "what is 53 now" }, { punctuation = "drop" }), false)
  check.eq(two({ input = "Is it?" }, { input = "Is it?" }), false)
  check.eq(two({ input = "Is it?" }, { input = "Is it?" }, { min_input_words = 1 }), "yes_no")
  local long = "I bought these shoes last Monday in your shop at the station, may I bring them back after %d days?"
  check.eq(two({ input = long:format(20) }, { input = long:format(20) .. " Thanks" }), false)
  local near = { min_input_similarity = 0.8 }
  check.eq(two({ input = long:format(20) }, { input = long:format(20) .. " Thanks" }, near), "yes_no")
  check.eq(two({ input = long:format(20) }, { input = long:format(40) .. " Thanks" }, near), false)
end)

local function four()
  return { { input = QUESTION, output = "No, never." }, { input = QUESTION, output = "Yes." },
           { input = "another question is this", output = "No." }, { input = QUESTION, output = "yes" },
           { input = QUESTION, output = "That depends on the shop and its rules, ask there first." } }
end

check.test("report annotates, reject takes all that contradict, keep_best those that contradict a kept one", function()
  local function standing(changes, rows)
    local view, out = run(load(rows or four()), changes), {}
    for _, row in ipairs(view:standing_rows()) do out[#out + 1] = row end
    return out, view
  end
  local rows, view = standing {}
  check.eq(rows, { 1, 2, 3, 4, 5 })
  check.eq(view:row(1).metrics["conflict.rows"], 2)
  check.eq(view:row(4).metrics["conflict.rows"], 1)
  check.eq(view:row(5).annotations.conflict, nil)
  check.eq(view:row(3).metrics["conflict.rows"], 0)
  check.eq(standing { action = "reject" }, { 3, 5 })
  rows, view = standing { action = "keep_best" }   -- two rows say yes
  check.eq(rows, { 2, 3, 4, 5 })
  local e = view:row(1).evidence
  check.eq(view:row(1).reason, "yes_no")
  check.eq({ e.field, e.signal, e.input_similarity, e.rows, e.twin.line }, { "output", "yes_no", 1, 2, 2 })
  check.eq(standing { action = "keep_best", keep = "first" }, { 1, 3, 5 })
  local ranked = four()
  ranked[4].score, ranked[1].score = 0.2, 0.9
  check.eq(standing({ action = "keep_best", keep = "best", by = "score" }, ranked), { 1, 3, 5 })
end)

check.test("rows of a trusted source are flagged and stay", function()
  local view = run(load(four(), { trusted = true }), { action = "reject" })
  check.eq((view:counts()), 5)
  check.contains(view:row(1).annotations.flagged, "conflict:yes_no")
end)

--- Random rows of few questions and few answers.
local function random_rows(n)
  local rows, state = {}, 7
  local function draw(k) state = (state * 48271) % 2147483647 return state % k end
  for i = 1, n do
    local q, a = draw(12), draw(9)
    local answer = a < 3 and "yes it is " .. a or a < 5 and "no it is not" or a < 7 and ("It takes %d days"):format(a)
      or "blue " .. a
    rows[i] = { input = ("the question of number %d"):format(q), output = answer }
  end
  return rows
end

-- What the signs above say of these answers, written down by hand.
local function contradict(x, y)
  local function kind(s) return s:match "^yes" or s:match "^no" or s:match "^It" or "blue" end
  local a, b = kind(x), kind(y)
  if x == y then return false end
  if a ~= b then return a == "yes" and b == "no" or a == "no" and b == "yes" end
  return a == "yes" or a == "It" or a == "blue"   -- other numbers, the same words
end

check.test("of many rows each names what plain comparison of all pairs finds, for any number of threads", function()
  local rows = random_rows(400)
  local view = load(rows)
  local child = run(view, { action = "reject", most_answers = 3, label_words = 1 })
  local p = { action = "reject", label_words = 1 }   -- none of these answers is a label
  local all, one = run(view, p), run(view, p, core.pool(1))
  for i = 1, #rows do
    local count = 0
    for k = 1, #rows do
      if rows[k].input == rows[i].input and contradict(rows[i].output, rows[k].output) then count = count + 1 end
    end
    check.eq(all:row(i).metrics["conflict.rows"], count, rows[i].output)
    check.eq(all:row(i).status, count > 0 and "rejected" or "standing")
    check.eq(json.encode(all:row(i).evidence or {}), json.encode(one:row(i).evidence or {}))
  end
  check.ok((child:counts()) >= (all:counts()))
end)

check.done()
