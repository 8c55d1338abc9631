--- exact_dedup: reject a row whose text repeats a kept one, case and white space apart.
-- Fields are compared each by itself ("ab" with "c" is not "a" with "bc"), by a 128-bit hash and
-- then byte by byte. The first row stays, or the one that `keep` says; rows of trusted sources win over
-- all others.

local keep = require "neardup_keep"
local neardup = require "neardup"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

local order = keep.params { "first", "newest", "best" }

local function native(p, rank) return { punctuation = p.punctuation, fields = p.fields, rank = rank } end

return {
  name    = "exact_dedup",
  scope   = "corpus",
  doc     = "reject a row that repeats a kept one, case and white space apart",
  params  = {
    punctuation = { type = "enum", default = "keep", values = { "keep", "drop" },
                    doc = "drop: punctuation does not count either (Unicode P*; symbols such as + and $ do)" },
    fields      = { type = "list", least = 1, of = { type = "enum", values = FIELDS },
                    doc = "fields to compare; all that a row has when absent" },
    keep = order.keep, date = order.date, by = order.by,
  },
  check = keep.check,
  example = [[s.exact_dedup { punctuation = "drop" }]],
  reasons = { "exact_duplicate" },
  metrics = { "rank" },

  --- @return  verdicts, or the view with them and the ranks; or nil and a message
  run = function(view, p, ctx)
    local ranked, rank = keep.rank(view, p, ctx)
    if not ranked then return nil, rank end
    local verdicts, memory = neardup.exact(ranked, native(p, rank), ctx.pool)
    if not verdicts then return nil, memory end
    return ranked == view and verdicts or ranked:apply(ctx.name, verdicts), { memory = memory }
  end,

  --- Rows whose twin a later stage rejected, held against those that stand (run/revival.lua).
  revisit = function(view, p, ctx, again)
    local ranked, rank = keep.rank(view, p, ctx, again.rows)
    if not ranked then return nil, rank end
    return neardup.exact(ranked, native(p, rank), ctx.pool, again)
  end,
}
