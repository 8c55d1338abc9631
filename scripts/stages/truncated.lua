--- truncated: reject a row whose text was cut off before its end.
-- Signs are what is still open at the end: a fence of code, brackets, a quote, a list's next point, a
-- sentence. A program or a label ends without a full stop too, so that only prose of some words is
-- judged by its last line. `max_mid_sentence = 0` is strict; the default asks for a dangling word.
-- Where rows say how long the text should be, `expected = "path"` holds its length against that.

local rules = require "rules"
local signs = require "signs"

-- Words that end no sentence of English.
local DANGLING = { "and", "or", "but", "the", "a", "an", "of", "to", "with", "because", "such", "which", "whose",
                   "including", "although", "and/or", "my", "your", "their", "its", "our" }

local SIGNS = {
  { "open_fence", 0, "fences of code open at the end" },
  { "open_brackets", 0, "brackets open at the end" },
  { "open_quote", 0, "double quotes open in the last paragraph" },
  { "mid_list", 0, "1 where the last line is a bullet or number alone" },
  { "mid_sentence", 1, "1 where a last line of prose has no full stop" },
  { "dangling", 0, "1 where it ends in a comma, a hyphen or one of the words" },
}

local params = {
  field     = { type = "enum", default = "output", values = { "input", "output", "alternative", "assistant" },
                doc = "the text to look at" },
  min_words = { type = "integer", default = 5, min = 1, doc = "words of a last line that is judged as a sentence" },
  words     = { type = "list", of = { type = "string" }, default = DANGLING, doc = "words that end no sentence" },
}
local reasons, metrics, bounds = signs(SIGNS, params, "most of this: %s")
params.expected = { type = "string", doc = "path of the row with the length that is expected; rows without it pass" }
params.expected_unit = { type = "enum", default = "tokens", values = { "tokens", "characters" },
                         doc = "what that length counts" }
params.min_completion_ratio = { type = "number", default = 0.8, min = 0,
                                doc = "smallest length of the text to the one that is expected" }
reasons[#reasons + 1], metrics[#metrics + 1] = "incomplete", "completion_ratio"
bounds[#bounds + 1] = { param = "min_completion_ratio", metric = "completion_ratio", side = "min",
                        reason = "incomplete" }

return {
  name    = "truncated",
  scope   = "row",
  doc     = "reject a row whose text was cut off: an open fence, bracket or quote, a dangling list or sentence, "
            .. "or shorter than its row expects",
  params  = params,
  example = [[s.truncated { max_mid_sentence = 0, max_open_brackets = 2, expected = "metadata.expected_tokens" }]],
  reasons = reasons,
  metrics = metrics,
  bounds  = bounds,

  op = function(p)
    if #p.words > 64 then return nil, ("words has %d entries, at most 64 are allowed"):format(#p.words) end
    local words, on = {}, {}
    for i, w in ipairs(p.words) do words[i] = w:lower() end
    for i, s in ipairs(SIGNS) do on[i] = { measure = s[1], max = p["max_" .. s[1]], above = s[1] } end
    local cut = rules.check { kernel = "truncated", field = p.field, words = words,
                              numbers = { min_words = p.min_words }, bounds = on }
    if not p.expected then return cut end
    return rules.chain(cut, rules.completion { field = p.field, path = p.expected, unit = p.expected_unit,
      min = p.min_completion_ratio, reason = "incomplete", metric = "completion_ratio" })
  end,
}
