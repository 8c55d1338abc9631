--- near_empty: reject a row whose text says nothing: no letter and no digit, or a placeholder.

local rules = require "rules"

local PLACEHOLDERS = { "null", "undefined", "nan", "n/a", "tbd", "todo", "placeholder", "no answer", "no response",
                       "no output", "[blank]", "blank", "empty", "<noinput>" }

return {
  name    = "near_empty",
  scope   = "row",
  doc     = "reject a row whose text has hardly a letter, or is a placeholder such as null",
  params  = {
    field           = { type = "enum", default = "output", doc = "the text to look at",
                        values = { "system", "input", "output", "alternative", "assistant" } },
    min_letters     = { type = "integer", default = 1, min = 0, max = 1000, doc = "fewest letters and digits" },
    max_placeholder = { type = "integer", default = 0, min = 0, max = 1, doc = "1: placeholders are answers" },
    placeholders    = { type = "list", of = { type = "string" }, default = PLACEHOLDERS,
                        doc = "texts that say nothing, case and punctuation at the ends apart" },
  },
  example = [[s.near_empty { min_letters = 2 }]],
  reasons = { "near_empty", "placeholder" },
  metrics = { "letters", "placeholder" },
  bounds  = { { param = "min_letters", metric = "letters", side = "min", reason = "near_empty" },
              { param = "max_placeholder", metric = "placeholder", side = "max", reason = "placeholder" } },

  op = function(p)
    local words = {}
    if #p.placeholders > 64 then
      return nil, ("placeholders has %d entries, at most 64 are allowed"):format(#p.placeholders)
    end
    for i, w in ipairs(p.placeholders) do words[i] = w:lower():gsub("^[%p%s]+", ""):gsub("[%p%s]+$", "") end
    return rules.check { kernel = "content", field = p.field, words = words, bounds = {
      { measure = "letters", min = p.min_letters, below = "near_empty" },
      { measure = "placeholder", max = p.max_placeholder, above = "placeholder" } } }
  end,
}
