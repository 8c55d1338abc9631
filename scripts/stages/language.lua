--- language: keep rows of the languages you train for.
-- CLD2 reads the first bytes of the input and of the output, code and URLs masked; what is too short
-- or too mixed to tell is "und". The confidence is the share of the row's text in that language, so
-- that an English question with a French answer has about 0.5.

local lang = require "lang"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

return {
  name    = "language",
  scope   = "row",
  doc     = "keep rows of the languages you train for; tag every row with its language",
  params  = {
    keep              = { type = "list", default = { "en" }, of = { type = "string" },
                          doc = "codes of the languages to keep; an empty list keeps all and only tags" },
    min_confidence    = { type = "number", default = 0.95, min = 0, max = 1,
                          doc = "smallest share of the text in its language" },
    keep_undetermined = { type = "boolean", default = true, doc = "keep rows too short or too mixed to tell (und)" },
    fields            = { type = "list", default = { "input", "output" }, of = { type = "enum", values = FIELDS },
                          doc = "fields to read" },
    max_bytes         = { type = "integer", default = 2048, min = 16, max = 16777216,
                          doc = "bytes read of each field" },
    min_field_bytes   = { type = "integer", default = 40, min = 0, max = 16777216,
                          doc = "a row with a shorter field is judged as one text, not field by field" },
    annotation        = { type = "string", default = "language", doc = "name of the annotation that is set" },
  },
  example = [[s.language { keep = { "en", "fr" }, min_confidence = 0.9 }]],
  reasons = { "other_language", "low_confidence", "undetermined" },
  metrics = { "confidence" },

  op = function(p)
    if #p.fields == 0 then return nil, "fields is empty" end
    return lang.keep {
      fields = p.fields, max_bytes = p.max_bytes, min_field_bytes = p.min_field_bytes,
      keep = p.keep, min_confidence = p.min_confidence,
      keep_undetermined = p.keep_undetermined, annotation = p.annotation, metric = "confidence",
      other = "other_language", low = "low_confidence", undetermined = "undetermined",
    }
  end,
}
