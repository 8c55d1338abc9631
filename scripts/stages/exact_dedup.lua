--- exact_dedup: reject a row whose text repeats a kept one, case and white space apart.
-- Fields are compared each by itself ("ab" with "c" is not "a" with "bc"), by a 128-bit hash and
-- then byte by byte. The first row stays; rows of trusted sources win over all others.

local neardup = require "neardup"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

return {
  name    = "exact_dedup",
  scope   = "corpus",
  doc     = "reject a row that repeats a kept one, case and white space apart",
  params  = {
    punctuation = { type = "enum", default = "keep", values = { "keep", "drop" },
                    doc = "drop: punctuation does not count either (Unicode P*; symbols such as + and $ do)" },
    fields      = { type = "list", of = { type = "enum", values = FIELDS },
                    doc = "fields to compare; all that a row has when absent" },
  },
  example = [[s.exact_dedup { punctuation = "drop" }]],
  reasons = { "exact_duplicate" },
  metrics = {},

  --- @return  verdicts, or nil and a message
  run = function(view, p, ctx)
    return neardup.exact(view, p, ctx.pool)
  end,

  --- Rows whose twin a later stage rejected, held against those that stand (run/revival.lua).
  revisit = function(view, p, ctx, again)
    return neardup.exact(view, p, ctx.pool, again)
  end,
}
