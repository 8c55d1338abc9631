--- decontaminate: rows that repeat the gold set leave the training side; the gold set never changes.
-- A row is held against every gold row on its input with output, and on its input alone: an exact
-- copy (case and white space apart), or a near one by the exact Jaccard of character shingles. The
-- index misses no pair. Trusted rows are no exception. Runs first whenever gold is given.

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
    template_share = template.share,
  },
  example = [[s.decontaminate { threshold = 0.8 }]],
  reasons = { "gold_exact", "gold_near" },
  metrics = {},

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
