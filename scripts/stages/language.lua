--- language: keep rows of the languages you train for.
-- CLD2 reads the first bytes of the input and of the output, code and URLs masked; what is too short
-- or too mixed to tell is "und". The confidence is the share of the row's text in that language, so
-- that an English question with a French answer has about 0.5.

local lang = require "lang"
local nearest = require "nearest"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

--- The code that a wrong one surely means: of a name, of other letters' case, of a region's language.
local function meant(code, list)
  local codes, names, base = {}, {}, code:match "^[^-]*":lower()
  for i, l in ipairs(list) do
    if l.name == code:lower() or l.code:lower() == code:lower() then return l.code end
    codes[i], names[i] = l.code, l.name
  end
  for _, l in ipairs(list) do if l.code == base then return base end end
  local name = nearest(code, names)
  for _, l in ipairs(list) do if l.name == name then return l.code end end
  return nearest(code, codes)
end

--- What is wrong with a code, or nil. CLD2 tells a script only of Chinese: zh is both, zh-Hant one.
local function code_fault(code)
  local list = lang.known()
  for _, l in ipairs(list) do
    if l.code == code or l.code:match "^[^-]*" == code then return nil end
  end
  if code == "und" then return 'keep has "und": texts too short or too mixed to tell are kept by keep_undetermined' end
  if #list == 0 and code:find "^%l%l%l?$" or #list == 0 and code:find "^%l%l%l?%-%a+$" then return nil end
  local right = meant(code, list)
  return ('keep has "%s", which is no language\'s code, such as "en", "de" or "zh"%s'):format(code,
    right and ('; did you mean "%s"?'):format(right) or "")
end

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
    fields            = { type = "list", least = 1, default = { "input", "output" },
                          of = { type = "enum", values = FIELDS },
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
  bounds  = { { param = "min_confidence", metric = "confidence", side = "min", reason = "low_confidence" } },

  check = function(p)
    for _, code in ipairs(p.keep) do
      local fault = code_fault(code)
      if fault then return fault end
    end
  end,

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
