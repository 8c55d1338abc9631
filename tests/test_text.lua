-- tests/test_text.lua - text, lang and pii on plain strings
local check = require "check"
local text = require "text"

check.test("tokens are words, or characters of scripts without spaces", function()
  check.eq(text.tokens "How do I reset my password on the mobile app?", 10)
  check.eq(text.tokens "密码 reset", 3)
  check.eq(text.tokens "a\0b c", 2)
end)

check.test("words and shingles are arrays", function()
  check.eq(text.words " one  two\nthree ", { "one", "two", "three" })
  check.eq(text.shingles("äbcd", 3), { "äbc", "bcd" })
  check.eq(text.shingles("ab"), { "ab" })
  check.eq(text.shingles("", 3), {})
  check.raises("expected 1 to 1000000 code points or words", text.shingles, "abc", 0)
  check.eq(text.shingles("  a b\nc, d ", 2, "word"), { "a b", "b\nc,", "c, d" })
  check.eq(text.shingles("你好 abc", 2, "word"), { "你好", "好 abc" })
  check.eq(text.shingles(" one two ", 3, "word"), { "one two" })
  check.eq(text.shingles("one", 1, "word"), { "one" })
  check.eq(text.shingles(" \n", 3, "word"), {})
  check.raises("invalid option 'line'", text.shingles, "abc", 1, "line")
end)

check.test("repetition_ratio gives the ratio and the words", function()
  local ratio, words = text.repetition_ratio "a b a b a b"
  check.near(ratio, 0.6)
  check.eq(words, 6)
end)

check.test("fold lower-cases and collapses white space", function()
  check.eq(text.fold "  ÄRGER\t im\u{a0}Büro ", "ärger im büro")
end)

check.test("operators say what is wrong with their table", function()
  check.raises("expected 1 to 5 bounds", text.length, {})
  local function bound(changes)
    local b = { field = "input", below = "b", above = "a", metric = "m" }
    for k, v in pairs(changes) do b[k] = v end
    return { b }
  end
  check.raises("field: expected system, input", text.length, bound { field = "title" })
  check.raises("metric: expected a string", text.length, bound { metric = false })
  check.raises("min: expected a number", text.length, bound { min = "x" })
  check.raises("rules[1]: expected a topic and one phrase", text.topics,
               { field = "input", annotation = "topic", unknown = "unknown", rules = { { "only" } } })
  local op, err = text.topics { field = "input", annotation = "topic", unknown = "unknown", rules = { { "t", "  " } } }
  check.eq(op, nil)
  check.contains(err, "holds no word")
end)

check.test("lang.detect gives a code, a confidence and shares", function()
  local code, confidence, shares = require("lang").detect "Bonjour à tous, comment allez-vous aujourd'hui ?"
  if not code then check.skip(confidence) end
  check.eq(code, "fr")
  check.ok(confidence > 0.9 and confidence <= 1)
  check.eq(shares[1][1], "fr")
  check.eq((require("lang").detect ""), "und")
  check.raises("text is not UTF-8", require("lang").detect, "\xff")
end)

check.done()
