--- repetition: reject a row whose text says the same thing over and over.
-- The ratio is the share of word bigrams that are repeats: 1 - distinct / all, in lower case.

local text = require "text"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

return {
  name    = "repetition",
  scope   = "row",
  doc     = "reject a row whose text repeats its own word bigrams",
  params  = {
    field                = { type = "enum", default = "output", values = FIELDS,
                             doc = "the text to look at" },
    max_repetition_ratio = { type = "number", default = 0.15, min = 0, max = 1,
                             doc = "largest share of repeated word bigrams" },
    min_words            = { type = "integer", default = 10, min = 2, doc = "texts of fewer words are not judged" },
  },
  example = [[s.repetition { max_repetition_ratio = 0.15 }]],
  reasons = { "repetitive" },
  metrics = { "ratio" },
  bounds  = { { param = "max_repetition_ratio", metric = "ratio", side = "max", reason = "repetitive" } },

  op = function(p)
    return text.repetition { field = p.field, max = p.max_repetition_ratio, min_words = p.min_words,
                             reason = "repetitive", metric = "ratio" }
  end,
}
