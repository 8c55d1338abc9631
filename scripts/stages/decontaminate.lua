--- decontaminate: rows that repeat the gold set leave the training side; the gold set never changes.
-- A row is held against every gold row on its input with output, and on its input alone: an exact
-- copy (case and white space apart), or a near one by the exact Jaccard of character shingles. The
-- index misses no pair. Then all its strings are searched for runs of a gold input's words
-- (punctuation apart): a whole input inside a longer row (gold_contained), or enough of one, rare
-- words weighing more (gold_overlap); the evidence has overlap, coverage, the longest run in words,
-- how much of the gold output stands near, and where the longest run lies in the row. Trusted rows
-- are no exception. Runs first whenever gold is given.
--
-- The defaults were chosen by planting 300 questions a class of GSM8K's test set among 800 of its
-- training set and 12,208 Alpaca rows. Found: every exact copy, every one inside a row of some
-- thousand characters, every half with its own answer, 0.94 of halves with a foreign one (1.00 with
-- min_words = 0, which takes stock sentences of short messages for leaks); 0.993 and 0.977 where
-- about one word in 12 and in 8 was changed, 0.84 for one in 5. Taken from the others: 1 of 800 (a
-- variant of a test question) and 0 of 12,208. ngram = 5 finds 0.98 of those with one word in 5
-- changed and takes 2 of 800; 13 (GPT-3's) finds 0.72 of them, 0.94 of halves, and takes none.

local neardup = require "neardup"
local screen = require "report.screen"
local template = require "neardup_template"

local SMALL_GOLD = 200   -- fewer rows say little about a model
local MANY = 20          -- rows that one gold input took: more than its paraphrases
local SHOWN = 40         -- bytes of that input

--- The gold row whose input alone took many rows, "Yes.", in a sentence.
local function greedy(gold, info)
  local row, text = gold:row(info.gold_row), gold:field(info.gold_row, "input") or ""
  if #text > SHOWN then text = text:sub(1, (utf8.offset(text, 0, SHOWN + 1) or SHOWN + 1) - 1) .. "…" end
  local line = "decontaminate: the gold row %s:%d alone took %d of the %d rows removed, by its input %q: where a short "
    .. "input is no leak, decontaminate.input_alone = false holds it against a row together with its output"
  return line:format(row.source, row.line, info.by_input, info.rejected, text)
end

return {
  name    = "decontaminate",
  scope   = "corpus",
  doc     = "reject a row that repeats a row of the gold set",
  params  = {
    threshold   = { type = "number",  default = 0.8, min = 0.05, max = 1,
                    doc = "a near copy has this exact Jaccard or above" },
    shingle     = { type = "integer", default = 5, min = 1, max = 16, doc = "code points in a shingle" },
    input_alone = { type = "boolean", default = true,
                    doc = "a row whose input repeats a gold input leaves, whatever its output" },
    ngram       = { type = "integer", default = 8, min = 0, max = 13,
                    doc = "words that a run must share with a gold input to count, 3 or more; 0: copies only" },
    overlap     = { type = "number",  default = 0.4, min = 0.05, max = 1,
                    doc = "a row leaves that has so much of a gold input in such runs; rare words weigh more" },
    overlap_with_answer = { type = "number", default = 0.25, min = 0.05, max = 1,
                    doc = "the same, where the gold output stands near" },
    min_words   = { type = "integer", default = 13, min = 0, max = 10000,
                    doc = "words of a gold input that such a row has at least, unless the gold output stands near" },
    min_input_words = { type = "integer", default = 4, min = 1, max = 100,
                    doc = "a gold input of fewer words is looked for as a copy only; one of fewer than ngram only as a "
                       .. "whole, with its output near" },
    answer_share = { type = "number", default = 0.5, min = 0.05, max = 1,
                    doc = "so much of a gold output, rare words weighing more, counts as standing near" },
    answer_run  = { type = "integer", default = 3, min = 1, max = 100,
                    doc = "words of a gold output that must stand side by side to count, of its first 512" },
    answer_distance = { type = "integer", default = 50, min = 0, max = 10000,
                    doc = "words behind the run in which the gold output is looked for" },
    contained   = { type = "boolean", default = true, doc = "a row leaves in which a whole gold input stands" },
    common      = { type = "number",  default = 0.001, min = 0, max = 1,
                    doc = "an n-gram that more than this share of all rows have starts no run," },
    common_rows = { type = "integer", default = 20, min = 0, max = 1000000000,
                    doc = "unless so many rows or fewer have it" },
    template_share = template.share,
  },
  example = [[s.decontaminate { threshold = 0.8 }]],
  reasons = { "gold_exact", "gold_near", "gold_contained", "gold_overlap" },
  metrics = { "overlap" },

  check = function(p)
    if p.ngram == 1 or p.ngram == 2 then return "ngram is 0, or from 3 to 13" end
  end,

  --- @return  verdicts, or nil and a message; without a gold set the view as it is
  run = function(view, p, ctx)
    if not ctx.gold then return view, {} end
    local verdicts, info = neardup.decontaminate(view, ctx.gold, template.params(p), ctx.pool)
    if verdicts and info.by_input > MANY then info.notes = { greedy(ctx.gold, info) } end
    return verdicts, info
  end,

  finish = function(_, _, ctx)
    if not ctx.gold then
      return { notes = { "no gold set: nothing was held back to measure the trained model on" } }
    end
    local rows = ctx.gold:counts()
    if rows >= SMALL_GOLD then return { notes = {} } end
    return { notes = { ("the gold set has %s; under %d a difference between two models is mostly chance")
                       :format(screen.count(rows, "row"), SMALL_GOLD) } }
  end,
}
