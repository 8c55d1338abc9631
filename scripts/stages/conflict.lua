--- conflict: rows that ask the same and answer otherwise.
-- A model that is taught both learns neither. But an open question has many good answers, so by default a row is
-- only reported, and only where one of five signs speaks (modules/conflict/answers.h): other final answers, yes and
-- no, other numbers in the same words, a negation more in the same words, other short answers. Two long answers that
-- merely differ are no contradiction until `max_output_similarity` says how alike answers must be.
-- Put it before near_dedup: a long question with "yes" and the same with "no" are near copies of each other.

local bands = require "neardup_bands"
local conflict = require "conflict"
local json = require "json"
local keep = require "neardup_keep"
local plan = require "plan"

local SIGNALS = { "final_answer", "yes_no", "number", "negation", "label" }
local YES = { "yes", "yeah", "yep", "yup", "true", "correct", "sí", "oui", "ja", "да", "はい", "是的" }
local NO = { "no", "nope", "nah", "false", "incorrect", "wrong", "non", "nein", "нет", "いいえ", "不是" }
local NEITHER = { "no problem", "no worries", "no doubt", "no matter", "no one", "no idea", "non stop", "yes and no",
                  "ja und nein", "true or false", "yes or no" }
local MARKERS = { "####", "the answer is", "final answer:", "final answer is", "answer:" }

-- A negation, and what it leaves of itself.
local NEGATIONS = { { "not" }, { "never" }, { "no" }, { "cannot", "can" }, { "nicht" }, { "kein" }, { "keine" },
                    { "pas" } }
for _, stem in ipairs { "is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "could", "should",
                        "would", "must", "need" } do
  NEGATIONS[#NEGATIONS + 1] = { stem .. "nt", stem }
end
for word, stem in pairs { cant = "can", wont = "will", shant = "shall", aint = "is" } do
  NEGATIONS[#NEGATIONS + 1] = { word, stem }
end

local SHINGLE, RECALL = 5, 0.999   -- of near questions, and of the similarity of outputs
local SHOWN, STORED = 60, 200      -- characters of a text that a note shows, that the lineage and the page hold
local NOTED = 3

local order = keep.params { "majority", "first", "newest", "best" }
order.keep.default = "majority"
order.keep.doc = "with action = \"keep_best\": which answer stays: that of most rows, the first, newest by `date`, "
  .. "best by `by`, or the highest number of a function(ex); one of a trusted source before all"

local function cut(s, most)
  s = (s or ""):gsub("%s+", " ")
  local at = utf8.offset(s, most + 1)
  return at and s:sub(1, at - 1) .. "…" or s
end

--- What the native search takes.
local function native(p, rank)
  local given = { yes = YES, no = NO, neither = NEITHER, markers = MARKERS, negations = NEGATIONS, shingle = SHINGLE,
                  majority = p.keep == "majority", rank = rank }
  for _, name in ipairs { "signals", "max_output_similarity", "alike", "label_words", "min_input_words", "most_answers",
                          "action", "system", "field", "punctuation", "top" } do
    given[name] = p[name]
  end
  for _, name in ipairs { "yes", "no", "neither", "markers" } do given[name] = p[name] or given[name] end
  if p.min_input_similarity < 1 then
    given.near = { threshold = p.min_input_similarity, shingle = SHINGLE }
    bands.set(given.near, { recall = RECALL }, p.min_input_similarity)
  end
  return given
end

-- Rows of the majority are counted, not ranked.
local function ranked(view, p, ctx)
  if p.action ~= "keep_best" or p.keep == "majority" then return view end
  return keep.rank(view, p, ctx)
end

local function side(view, row, field)
  local r = view:row(row)
  return { source = r.source, line = r.line, text = cut(view:field(row, field), STORED) }
end

local function figures(view, info, p)
  local top = json.array {}
  for i, t in ipairs(info.top) do
    top[i] = { signal = t.signal, rows = t.rows, input = cut(view:field(t.row, "input"), STORED),
               a = side(view, t.row, p.field), b = side(view, t.twin, p.field) }
  end
  return { rows = info.rows, questions = info.questions, answered = info.answered, contradicted = info.contradicted,
           contradicting = info.contradicting, signals = info.signals, conflict_top = top }
end

local function notes(f, p, name)
  if f.contradicting == 0 then return {} end
  local kinds = {}
  for _, signal in ipairs(plan.sorted_keys(f.signals)) do
    kinds[#kinds + 1] = ("%s %d"):format(signal, f.signals[signal])
  end
  local out = { ("%s: %d rows contradict another answer to their question, in %d of %d questions with several answers "
    .. "(%s)%s"):format(name, f.contradicting, f.contradicted, f.answered, table.concat(kinds, ", "),
    p.action == "report" and "; they are annotated `conflict` and stay (action = \"report\")" or "") }
  for i = 1, math.min(NOTED, #f.conflict_top) do
    local t = f.conflict_top[i]
    out[#out + 1] = ("%s: %s: %s => %s | %s"):format(name, t.signal, cut(t.input, SHOWN), cut(t.a.text, SHOWN),
      cut(t.b.text, SHOWN))
  end
  return out
end

return {
  name    = "conflict",
  scope   = "corpus",
  doc     = "find rows that ask the same and contradict each other: report them, keep the best answer, or reject all",
  params  = {
    action = { type = "enum", default = "report", values = { "report", "keep_best", "reject" },
               doc = "report: annotate rows with `conflict`, the sign; keep_best: rows that contradict a better answer "
                 .. "which stays go; reject: all that contradict another row go" },
    keep = order.keep, date = order.date, by = order.by,
    signals = { type = "list", of = { type = "enum", values = SIGNALS }, default = SIGNALS,
                doc = "signs of a contradiction. final_answer: other texts behind a marker; yes_no: one begins with "
                  .. "yes, one with no; number: the same words, other numbers; negation: the same words, one negated; "
                  .. "label: short answers with other words" },
    max_output_similarity = { type = "number", default = 0, min = 0, max = 1,
                              doc = "answers of a lower Jaccard (5 code points a shingle) contradict each other: for "
                                .. "questions that have one answer; 0: off" },
    alike  = { type = "number", default = 0.8, min = 0, max = 1,
               doc = "number, negation: least Jaccard of the other words" },
    label_words = { type = "integer", default = 6, min = 1, max = 100,
                    doc = "label: most words of a short answer; half as many where it ends like a sentence" },
    min_input_similarity = { type = "number", default = 1, min = 0.5, max = 1,
                             doc = "questions are the same from this Jaccard on, with the same numbers and negations; "
                               .. "1: case and white space apart" },
    punctuation = { type = "enum", default = "keep", values = { "keep", "drop" },
                    doc = "drop: with min_input_similarity = 1, punctuation of the questions does not count either" },
    system = { type = "boolean", default = true, doc = "rows of different system texts do not ask the same" },
    min_input_words = { type = "integer", default = 4, min = 0, max = 1000000,
                        doc = "shorter questions are left alone: what \"Yes, please.\" asks stands elsewhere" },
    field  = { type = "enum", default = "output", values = { "output", "alternative" }, doc = "the answer" },
    most_answers = { type = "integer", default = 32, min = 1, max = 10000,
                     doc = "each answer to a question is compared with so many of the better ones" },
    top    = { type = "integer", default = 20, min = 0, max = 10000, doc = "contradictions that are listed" },
    yes = { type = "list", of = { type = "string" }, doc = "beginnings that say yes; a built-in list if absent" },
    no = { type = "list", of = { type = "string" }, doc = "beginnings that say no; a built-in list if absent" },
    neither = { type = "list", of = { type = "string" },
                doc = "beginnings that say neither, though they begin so (\"no problem\"); a built-in list if absent" },
    markers = { type = "list", of = { type = "string" },
                doc = "what announces a final answer (\"####\"); a built-in list if absent" },
  },
  example = [[s.conflict { action = "keep_best", keep = function(ex) return #ex.output end }]],
  reasons = { "final_answer", "yes_no", "number", "negation", "label", "different" },
  metrics = { "output_similarity", "rows", "rank" },
  bounds  = { { param = "max_output_similarity", metric = "output_similarity", side = "min", reason = "different",
                only = { action = "reject" } } },
  check = function(p)
    if p.keep == "majority" and not p.date and not p.by then return end
    return keep.check(p)
  end,

  --- @return  the view with metrics, annotations and verdicts, and { notes, figures }; or nil and a message
  run = function(view, p, ctx)
    local left, rank = ranked(view, p, ctx)
    if not left then return nil, rank end
    local op, info = conflict.find(left, native(p, rank), ctx.pool)
    if not op then return nil, info end
    local child, err = left:run_group { ops = { op }, stages = { ctx.name }, pool = ctx.pool }
    if not child then return nil, err end
    local f = figures(view, info, p)
    return child, { notes = notes(f, p, ctx.name), figures = f }
  end,
}
