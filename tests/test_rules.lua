-- tests/test_rules.lua - the text rules as stages, on rows that were really read
local check = require "check"
local views = require "views"

local load, pool = views.load, views.pool

--- Runs a stage with its defaults and the changes over a view.
local function run(view, name, changes)
  local stage = require("stages." .. name)
  local p = views.params(stage, changes)
  if stage.run then
    local child, info = stage.run(view, p, { name = name, pool = pool })
    return check.ok(child, info), info
  end
  local child, err = view:run_group { ops = { check.ok(stage.op(p, { name = name })) }, stages = { name }, pool = pool }
  return check.ok(child, err)
end

local function reasons(view)
  local out = {}
  for _, r in ipairs(view:reasons()) do out[r.reason] = r.count end
  return out
end

--- The reasons of one output each, on a question of no interest: { text → reason or false }.
local function judge(name, changes, expected)
  for _, case in ipairs(expected) do
    local row = run(load { { input = case.input or "q", output = case[1] } }, name, changes):row(1)
    check.eq(row.reason or false, case[2] or false, case[1])
  end
end

check.test("repetition has Gopher's figures, each off until it is asked for", function()
  local view = load { { input = "q", output = "step one\nstep two\nstep one\nstep one\nthe end" } }
  check.eq(reasons(run(view, "repetition", { max_repetition_ratio = 1 })), {})
  local child = run(view, "repetition", { max_repetition_ratio = 1, max_dup_line_fraction = 0.3 })
  check.eq(reasons(child), { dup_line_fraction = 1 })
  check.eq(child:row(1).evidence, { field = "output", value = 0.4, threshold = 0.3,
    spans = { { field = "output", path = "output", start = 18, ["end"] = 26 } } })
  local all = run(view, "repetition", { max_repetition_ratio = 1, gopher = true, max_dup_line_fraction = 0.5 })
  check.eq(all:row(1).reason, "dup_line_char_fraction")   -- 16 of 43 characters
  check.near(all:row(1).evidence.value, 16 / 43)
end)

check.test("a span of a chat's input names the turn that it stands in", function()
  local view = load { { messages = { { role = "user", content = "hello" }, { role = "assistant", content = "what?" },
    { role = "user", content = "go go\ngo go\nnow" }, { role = "assistant", content = "done" } } } }
  local row = run(view, "repetition", { field = "input", max_repetition_ratio = 1, max_dup_line_fraction = 0.1 }):row(1)
  check.eq(row.evidence.spans, { { field = "input", path = "messages[2].content", start = 6, ["end"] = 11 } })
end)

check.test("leakage rejects a copied output, and says where it stands", function()
  local child = run(load {
    { input = "Please repeat: the quick brown fox jumps over the lazy dog.",
      output = "Sure! The quick brown fox jumps over the lazy dog." },
    { input = "Name a colour.", output = "Red is a colour that many people like for cars and for roses." },
    { input = "Say yes.", output = "Yes." },
  }, "leakage")
  check.eq(reasons(child), { lcs_ratio = 1 })
  check.eq(child:row(1).evidence, { field = "output", value = 0.9, threshold = 0.4,
    spans = { { field = "output", path = "output", start = 6, ["end"] = 49 } } })
  check.eq(child:row(1).also[1].reason, "substring_ratio")
  check.eq(child:row(3).metrics["leakage.lcs_ratio"], nil)
end)

check.test("an answer marker in the input rejects the row, or is stripped", function()
  local rows = { { input = "What is the capital of France?\nAnswer: Paris", output = "Paris" },
                 { input = "Answer: Paris", output = "Paris" },
                 { input = "What is it?\nAnswer:", output = "Paris" } }
  local child = run(load(rows), "leakage")
  check.eq(reasons(child), { answer_marker = 2 })
  check.eq(child:row(1).evidence, { field = "input", value = 1, threshold = 0, spans = {
    { field = "input", path = "input", start = 31, ["end"] = 44, type = "ANSWER_MARKER" } } })
  child = run(load(rows), "leakage", { marker_action = "strip" })
  check.eq(reasons(child), { answer_marker = 1 })
  check.eq(child:field(1, "input"), "What is the capital of France?")
  check.eq(child:field(3, "input"), rows[3].input)
  check.eq(reasons(run(load(rows), "leakage", { markers = {} })), {})
end)

local PROSE = ("All of the people that have been here went to the market with their friends. "):rep(4)

check.test("the chat rules keep short questions, code, JSON, lists and tables", function()
  judge("text_rules", {}, {
    { "Yes." }, { "42" }, { "How do I reset it?" }, { "{\"a\": [1, 2, 3], \"b\": {}}" },
    { ("def f(x):\n    # add one\n    return x + 1\n\n"):rep(20) },
    { "```\n" .. ("# a comment\nx = 1;\n"):rep(50) .. "```" },
    { ("- milk\n- 12 eggs\n"):rep(40) }, { ("| 1 | 2 |\n"):rep(50) }, { ("1. ...\n"):rep(40) },
    { PROSE }, { ("12 + 30 = 42\n"):rep(2) .. PROSE },
    { PROSE .. "Lorem ipsum dolor sit amet.", "high_lorem_ipsum" },
    { PROSE:rep(5) .. ("x"):rep(1001), "high_word_chars" },
    { PROSE .. ("and so on ... "):rep(20), "high_ellipsis_ratio" },
  })
end)

check.test("a published rule is on by its family, by its threshold, and off by its name", function()
  judge("text_rules", { preset = "gopher" }, { { "Yes.", "low_words" }, { PROSE } })
  judge("text_rules", { preset = "gopher", skip = { "min_words", "min_stop_words" } }, { { "Yes indeed, certainly." } })
  judge("text_rules", { preset = "c4" }, { { PROSE, "low_sentences" }, { PROSE .. PROSE },
                                           { PROSE .. PROSE .. "{ It is.", "high_curly_brackets" } })
  judge("text_rules", { preset = "fineweb" }, { { "no end at all\nin any of the lines", "low_terminal_lines" }, { PROSE } })
  judge("text_rules", { min_words = 2 }, { { "Yes.", "low_words" }, { "Yes it is." } })
  local stage = require "stages.text_rules"
  local op, err = stage.op({ skip = { "words" }, preset = "chat", stop_words = {}, policy_phrases = {} }, {})
  check.eq(op, nil)
  check.contains(err, 'there is no rule "words"')
end)

check.test("truncated, markup and near_empty say which sign they saw", function()
  judge("truncated", {}, {
    { "Use this:\n```lua\nprint(1)", "open_fence" }, { "{\"a\": [1, 2", "open_brackets" },
    { "First you go to the settings and then you open the", "dangling" }, { "1. Open it.\n2.", "mid_list" },
    { "Yes" }, { "card arrival" }, { "It is done" }, { "It is done at the end of the day" },
  })
  judge("truncated", { max_mid_sentence = 0 }, { { "It is done at the end of the day", "mid_sentence" } })
  judge("markup", {}, { { "One<br>two", "html_tags" }, { "a&nbsp;b", "html_entities" }, { "if a < b then `<br>`" } })
  judge("near_empty", {}, { { "...", "near_empty" }, { "", "near_empty" }, { "N/A.", "placeholder" }, { "no" } })
  local stage = require "stages.truncated"
  check.contains(select(2, stage.op({ words = table.pack(("x"):rep(65, " "):byte(1, -1)) }, {})), "at most 64")
end)

check.test("encoding reads every string of a row, and adds up", function()
  local view = load { { input = "q", output = "a", tags = { "caf\u{C3}\u{A9}", "na\u{C3}\u{AF}ve" } }, { input = "é", output = "ü" } }
  local row = run(view, "encoding"):row(1)
  check.eq(row.reason, "mojibake")
  check.eq(row.evidence, { field = "other", value = 2, threshold = 0,
    spans = { { field = "other", path = "tags[0]", start = 3, ["end"] = 5 } } })
  check.eq(run(view, "encoding", { max_mojibake = 2 }):row(1).status, "standing")
  check.eq(run(view, "encoding"):row(2).status, "standing")
end)

check.test("boilerplate finds refusals and deflections at the beginning, by a table that a recipe edits", function()
  local late = ("word "):rep(41) .. "I'll escalate this"
  judge("boilerplate", {}, {
    { "Well. As an AI  language\nmodel, I have no opinion.", "refusal" }, { "I'll escalate this to billing.", "deflection" },
    { late }, { "A languages model is trained on text." },
  })
  judge("boilerplate", { within = 0 }, { { late, "deflection" } })
  judge("boilerplate", { max_phrases = 1 },
        { { "I'll escalate this." }, { "I'll escalate this, as an AI assistant.", "deflection" } })
  judge("boilerplate", { phrases = { deflection = {}, thanks = { "thank you for*" } } },
        { { "I'll escalate this." }, { "Thank you for contacting us.", "thanks" } })
  local row = run(load { { input = "q", output = "Well (as an AI language model) yes" } }, "boilerplate"):row(1)
  check.eq(row.evidence, { field = "output", value = 1, threshold = 0,
    spans = { { field = "output", path = "output", start = 5, ["end"] = 30, type = "PHRASE" } } })
end)

-- 30 rows, of which the first 12 end with one sentence and the first 6 are nothing but it.
local CLOSING = "Thank you for getting in touch with us today!"
local function closings()
  local rows = {}
  for i = 1, 30 do
    local own = i > 6 and ("Order %d leaves on day %d."):format(i, 40 - i) or ""
    rows[i] = { input = "q" .. i, output = own .. (i <= 12 and (i > 6 and " " or "") .. CLOSING or "") }
  end
  return rows
end

check.test("boilerplate finds sentences that recur, and takes no row for them until it is told to", function()
  local child, info = run(load(closings()), "boilerplate", { max_df = 0 })
  check.eq(reasons(child), {})
  check.eq(info.figures.recurring_top[1].text, CLOSING)
  check.eq(info.figures.recurring_top[1].rows, 12)
  check.near(child:row(1).metrics["boilerplate.share"], 1)
  check.near(child:row(7).metrics["boilerplate.share"], 44 / (44 + 24))   -- folded, without punctuation
  check.near(child:row(13).metrics["boilerplate.share"], 0)
  for _, p in ipairs { { max_df = 0.4 }, { max_df = 0, min_rows = 13 }, { max_df = 0, min_words = 10 } } do
    check.eq(run(load(closings()), "boilerplate", p):row(1).metrics["boilerplate.share"], 0)   -- 12 of 30 is not above
  end
end)

check.test("boilerplate rejects, strips or tags rows by their share, and says what recurs where", function()
  local child = run(load(closings()), "boilerplate", { max_df = 0, max_share = 0.5 })
  check.eq(reasons(child), { recurring_sentences = 12 })
  check.eq(child:row(7).evidence, { field = "output", value = 44 / 68, threshold = 0.5, in_rows = { 12 },
    spans = { { field = "output", path = "output", start = 26, ["end"] = 71, type = "RECURRING" } } })
  child = run(load(closings()), "boilerplate", { max_df = 0, max_share = 0.5, action = "strip" })
  check.eq(reasons(child), { nothing_left = 6 })
  check.eq(child:field(7, "output"), "Order 7 leaves on day 33.")
  check.eq(child:field(13, "output"), "Order 13 leaves on day 27.")
  child = run(load(closings()), "boilerplate", { max_df = 0, max_share = 0.9, action = "tag" })
  check.eq(reasons(child), {})
  check.eq(child:row(6).annotations.boilerplate, "recurring_sentences")
  check.eq(child:row(7).annotations.boilerplate, nil)
end)

check.test("labels, however often they come, are no boilerplate", function()
  local rows = {}
  for i = 1, 60 do rows[i] = { input = "q" .. i, output = "card payment wrong exchange rate" } end
  local child, info = run(load(rows), "boilerplate", { max_share = 0 })
  check.eq(reasons(child), {})
  check.eq(info.figures.recurring, 0)
end)

check.test("identity finds claims to be a vendor's model, but for names that are allowed", function()
  judge("identity", {}, { { "Hi! I am ChatGPT, how can I help?", "identity" }, { "ChatGPT is a product of OpenAI." },
    { "I'm a large language model trained by Google.", "identity" }, { "I am Claudette." } })
  judge("identity", { max_claims = 1 }, { { "I am ChatGPT." }, { "I am ChatGPT, I was made by OpenAI.", "identity" } })
  judge("identity", { allow = { "chatgpt" } }, { { "I am ChatGPT." }, { "I am Claude.", "identity" } })
end)

check.test("chat_structure says which turn is wrong", function()
  local function turn(role, content) return { role = role, content = content } end
  local function call(id, arguments)
    return { role = "assistant", tool_calls = { { id = id, type = "function",
             ["function"] = { name = "f", arguments = arguments } } } }
  end
  local function result(id) return { role = "tool", tool_call_id = id, content = "done" } end
  local user, answer = turn("user", "hi"), turn("assistant", "hello")
  local cases = {
    { { turn("system", "be kind"), user, answer, user, answer } },
    { { user, call("a", "{}"), result "a", answer } },
    { { user, turn("assistant", " \n"), user, answer }, "empty_turn", 1 },
    { { user, turn("assistant", "NaN"), user, answer }, "literal_null", 1 },
    { { user, user, answer }, "role_order", 1 },
    { { user, turn("system", "late"), answer }, "role_order", 1 },
    { { user, answer, user }, "last_not_assistant", 2 },
    { { user, call("a", "{}"), user, answer }, "call_without_result", 2 },
    { { user, result "b", answer }, "result_without_call", 1 },
    { { user, call("a", "{x"), result "a", answer }, "bad_arguments", 1 },
  }
  local rows = {}
  for i, case in ipairs(cases) do rows[i] = { messages = case[1] } end
  for i = 1, 20 do rows[#cases + i] = rows[1] end   -- so that the format is found
  local child = run(load(rows), "chat_structure")
  for i, case in ipairs(cases) do
    local row = child:row(i)
    check.eq(row.reason, case[2], "case " .. i)
    if case[2] then check.eq(row.evidence.path, ("messages[%d]"):format(case[3]), "case " .. i) end
  end
  check.eq(run(load { { input = "q", output = "a" } }, "chat_structure"):row(1).status, "standing")
end)

check.done()
