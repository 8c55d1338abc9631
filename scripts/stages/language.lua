--- language: keep rows of the languages you train for.
-- CLD2, or the fastText model that `model` names, reads the first bytes of the input and of the output;
-- code, addresses, paths and JSON but for the prose in it are masked before. What is too short, or what
-- the detector does not stand by, is "und". The confidence is the share of the row's text in that
-- language, so that an English question with a French answer has about 0.5; such a row also gets the
-- annotation language_shares, "fr 0.55, en 0.45". A model tells one language a field.
--
-- Serbian, Croatian and Bosnian are one language to any detector of letters: keep = { "sh" } takes all.

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

--- Codes that mean others, or several: the detectors tell the ones on the right.
local MEANS = {
  nb = { "no", "nb" }, iw = { "he" }, ["in"] = { "id" }, ji = { "yi" }, jw = { "jv" }, mo = { "ro" },
  cmn = { "zh" }, fil = { "tl", "fil" }, sh = { "sr", "hr", "bs", "sh" }, hbs = { "sr", "hr", "bs", "sh" },
}

--- What is wrong with a code, or nil. CLD2 tells a script only of Chinese: zh is both, zh-Hant one.
-- @param list  { code, name } of what can be told
local function code_fault(code, list)
  for _, l in ipairs(list) do
    if l.code == code or l.code:match "^[^-]*" == code then return nil end
  end
  if MEANS[code] then return nil end
  if code == "und" then return 'keep has "und": texts too short or too mixed to tell are kept by keep_undetermined' end
  if #list == 0 and code:find "^%l%l%l?$" or #list == 0 and code:find "^%l%l%l?%-%a+$" then return nil end
  local right = meant(code, list)
  return ('keep has "%s", which is no language\'s code, such as "en", "de" or "zh"%s'):format(code,
    right and ('; did you mean "%s"?'):format(right) or "")
end

--- The codes that a list of them means to the detectors.
local function all_meant(keep)
  local out = {}
  for _, code in ipairs(keep) do
    out[#out + 1] = code
    for _, other in ipairs(MEANS[code] or {}) do out[#out + 1] = other end
  end
  return out
end

--- The model that a file holds.
-- @return  it, or nil and a message: no such file, none of fastText, a label that `keep` has not
local function load_model(p, ctx)
  local bytes, path = ctx.file(p.model)
  if not bytes then return nil, path end
  local model, err = lang.model(bytes, path)
  if not model then return nil, err end
  local list = {}
  for i, label in ipairs(model:labels()) do list[i] = { code = label, name = label } end
  for _, code in ipairs(p.keep) do
    local fault = code_fault(code, list)
    if fault then return nil, fault end
  end
  return model
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
    min_letters       = { type = "integer", default = 16, min = 0, max = 16777216,
                          doc = "a text of fewer letters, as bytes, is undetermined" },
    model             = { type = "string", doc = "a fastText model of languages in place of CLD2: lid.176.ftz" },
    min_probability   = { type = "number", default = 0.5, min = 0, max = 1,
                          doc = "a model's likeliest language with less is undetermined" },
    mixed_share       = { type = "number", default = 0.1, min = 0, max = 1,
                          doc = "a second language with so much of the text makes a row mixed" },
    annotation        = { type = "string", default = "language",
                          doc = "name of the annotation that is set; mixed rows have another, with _shares behind it" },
  },
  example = [[s.language { keep = { "en", "fr" }, min_confidence = 0.9 }]],
  reasons = { "other_language", "low_confidence", "undetermined" },
  metrics = { "confidence" },
  bounds  = { { param = "min_confidence", metric = "confidence", side = "min", reason = "low_confidence" } },

  check = function(p)
    if p.model then return nil end         -- its labels are known once it is read
    local list = lang.known()
    for _, code in ipairs(p.keep) do
      local fault = code_fault(code, list)
      if fault then return fault end
    end
  end,

  op = function(p, ctx)
    if #p.fields == 0 then return nil, "fields is empty" end
    local model, err
    if p.model then
      model, err = load_model(p, ctx)
      if not model then return nil, err end
    end
    return lang.keep {
      fields = p.fields, max_bytes = p.max_bytes, min_field_bytes = p.min_field_bytes, min_letters = p.min_letters,
      model = model, min_probability = p.min_probability,
      mixed_share = p.mixed_share, shares = p.annotation .. "_shares",
      keep = all_meant(p.keep), min_confidence = p.min_confidence,
      keep_undetermined = p.keep_undetermined, annotation = p.annotation, metric = "confidence",
      other = "other_language", low = "low_confidence", undetermined = "undetermined",
    }
  end,
}
