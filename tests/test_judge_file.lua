--- Scores from a file: which row a line means, which of several counts, and what is no score.

local check = require "check"
local file = require "judge.marks.file"
local rubric = require "judge.rubric"

local R = rubric.check { "correctness", { name = "tone", min = 0, max = 1 } }

local function read(...) return file.read("s.jsonl", table.concat({ ... }, "\n") .. "\n", R) end

local function row(t)
  return { identity = t.identity or "ffff", id = t.id, source = t.source or "data/raw.jsonl", line = t.line or 1 }
end

check.test("a line names its row by identity, id, or file and line; marks stand under scores or beside", function()
  local s = read('{"identity":"0A96","scores":{"correctness":4,"tone":1},"reasoning":"good"}',
                 '{"id":17,"correctness":3,"tone":0,"overall":2,"exclude":true}',
                 '{"source":"/elsewhere/raw.jsonl","line":12,"correctness":5,"tone":1}', "",
                 '{"file":"other.csv","line":12,"correctness":1,"tone":1}')
  check.eq(file.of(s, row { identity = "0a96" }).scores, { correctness = 4, tone = 1 })
  check.eq(file.of(s, row { identity = "0a96" }).reasoning, "good")
  local by_id = file.of(s, row { id = "17" })
  check.eq({ by_id.scores.correctness, by_id.overall, by_id.exclude }, { 3, 2, true })
  check.eq(file.of(s, row { line = 12 }).scores.correctness, 5)
  check.eq(file.of(s, row { line = 13 }), nil)
  check.eq(file.unused(s), 1, "other.csv")
end)

check.test("of several lines on one row the last counts, by whatever name, and none is left over", function()
  local s = read('{"id":"a","correctness":1,"tone":0}', '{"id":"a","correctness":2,"tone":0}',
                 '{"identity":"ab","correctness":5,"tone":1}', '{"source":"raw.jsonl","line":1,"correctness":3,"tone":1}')
  check.eq(file.of(s, row { id = "a", line = 2 }).scores.correctness, 2)
  check.eq(file.of(s, row { identity = "ab", line = 1 }).scores.correctness, 3)
  check.eq(file.unused(s), 0)
end)

check.test("a skipped label and one without all marks leave their row without a score", function()
  local s = read('{"identity":"aa","annotator":"ana","scores":{"correctness":4,"tone":1}}',
                 '{"identity":"bb","annotator":"ana","scores":{"correctness":4}}',
                 '{"identity":"cc","annotator":"ana","scores":{"correctness":4,"tone":null}}',
                 '{"identity":"dd","annotator":"ana","scores":{"correctness":4,"tone":1}}',
                 '{"identity":"dd","annotator":"ana","scores":{},"skipped":true}')
  check.ok(file.of(s, row { identity = "aa" }))
  for _, name in ipairs { "bb", "cc", "dd" } do check.eq(file.of(s, row { identity = name }), nil, name) end
  check.eq({ s.incomplete, file.unused(s) }, { 2, 0 })
  check.eq(file.annotators(s), { "ana" })
end)

check.test("a wrong mark, a line without a name and a file of another rubric are told with their line", function()
  for line, why in pairs {
    ['{"id":"a","correctness":6,"tone":1}'] = "s.jsonl:1: correctness is 6: expected a whole number from 1 to 5",
    ['{"id":"a","correctness":4.5,"tone":1}'] = "s.jsonl:1: correctness is 4.5: expected a whole number from 1 to 5",
    ['{"id":"a","correctness":"4","tone":1}'] = 's.jsonl:1: correctness is "4": expected a whole number from 1 to 5',
    ['{"correctness":4,"tone":1}'] = "s.jsonl:1: it names no row: expected identity, id, or source and line",
    ['{"id":"a","warmth":4}'] = "s.jsonl:1: correctness is missing, and no line has marks of all dimensions",
    ["[1"] = "s.jsonl:1: " } do
    local s, err = read(line)
    check.eq(s, nil, line)
    check.contains(err, why)
  end
  check.eq(file.unused(read "") , 0)
end)

check.done()
