--- repetition: reject a row whose text says the same thing over and over.
-- The ratio is the share of word bigrams that are repeats: 1 - distinct / all, in lower case.
-- The other figures are those of the Gopher paper (Rae et al. 2021, table A1), each off until its
-- parameter is given; `gopher = true` gives all of them the published value.

local text = require "text"
local rules = require "rules"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

-- Measure, published threshold, and what it is the share of.
local GOPHER = {
  { "dup_line_fraction", 0.30, "lines that repeat an earlier one" },
  { "dup_paragraph_fraction", 0.30, "paragraphs that repeat an earlier one" },
  { "dup_line_char_fraction", 0.20, "characters in such lines" },
  { "dup_paragraph_char_fraction", 0.20, "characters in such paragraphs" },
  { "top_2gram_char_fraction", 0.20, "characters in the most frequent 2-gram of words, which stands twice at least" },
  { "top_3gram_char_fraction", 0.18, "the same for 3 words" },
  { "top_4gram_char_fraction", 0.16, "the same for 4 words" },
  { "dup_5gram_char_fraction", 0.15, "characters in 5-grams of words that stood before" },
  { "dup_6gram_char_fraction", 0.14, "the same for 6 words" },
  { "dup_7gram_char_fraction", 0.13, "the same for 7 words" },
  { "dup_8gram_char_fraction", 0.12, "the same for 8 words" },
  { "dup_9gram_char_fraction", 0.11, "the same for 9 words" },
  { "dup_10gram_char_fraction", 0.10, "the same for 10 words" },
}

local params = {
  field                = { type = "enum", default = "output", values = FIELDS, doc = "the text to look at" },
  max_repetition_ratio = { type = "number", default = 0.15, min = 0, max = 1,
                           doc = "largest share of repeated word bigrams" },
  min_words            = { type = "integer", default = 10, min = 2, doc = "texts of fewer words have no ratio" },
  gopher               = { type = "boolean", default = false,
                           doc = "all the figures of the Gopher paper, at its thresholds where none is given" },
}
local reasons, metrics = { "repetitive" }, { "ratio" }
local bounds = { { param = "max_repetition_ratio", metric = "ratio", side = "max", reason = "repetitive" } }

for _, g in ipairs(GOPHER) do
  local measure, published, of = g[1], g[2], g[3]
  params["max_" .. measure] = { type = "number", min = 0, max = 1,
                                doc = ("largest share of %s; Gopher: %.2f"):format(of, published) }
  reasons[#reasons + 1], metrics[#metrics + 1] = measure, measure
  bounds[#bounds + 1] = { param = "max_" .. measure, metric = measure, side = "max", reason = measure }
end

--- The figures that are asked for beside the ratio, as bounds of the operator.
local function gopher_bounds(p)
  local out = {}
  for _, g in ipairs(GOPHER) do
    local max = p["max_" .. g[1]] or p.gopher and g[2]
    if max then out[#out + 1] = { measure = g[1], max = max, above = g[1] } end
  end
  return out
end

return {
  name    = "repetition",
  scope   = "row",
  doc     = "reject a row whose text repeats its own words, lines or paragraphs",
  params  = params,
  example = [[s.repetition { max_repetition_ratio = 0.15, max_dup_line_fraction = 0.3 }]],
  reasons = reasons,
  metrics = metrics,
  bounds  = bounds,

  op = function(p)
    local more = gopher_bounds(p)
    if #more == 0 then
      return text.repetition { field = p.field, max = p.max_repetition_ratio, min_words = p.min_words,
                               reason = "repetitive", metric = "ratio" }
    end
    table.insert(more, 1, { measure = "ratio", max = p.max_repetition_ratio, above = "repetitive" })
    return rules.check { kernel = "repetition", field = p.field, numbers = { min_words = p.min_words }, bounds = more }
  end,
}
