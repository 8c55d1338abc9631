--- text_rules: the document rules of Gopher, C4 and FineWeb, by name, and what of them fits a chat.
-- The published rules were made for web pages: 50 words at least and no `{` would delete most questions,
-- every program and every table. So the preset decides which rules are on, and `chat`, the default,
-- has those that hold for answers too, on lines of prose: fenced code, data, tables and lists are
-- passed over, and a text with little prose has no shares. A threshold that is given turns its rule on;
-- `skip` turns rules off by name.

local rules = require "rules"

local STOP_WORDS = { "the", "be", "to", "of", "and", "that", "have", "with" }
local POLICY = { "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies" }

-- Rule, measure, side, published threshold, type, family, what the measure is.
local RULES = {
  { "min_words", "words", "min", 50, "integer", "Gopher", "fewest words" },
  { "max_words", "words", "max", 100000, "integer", "Gopher", "most words" },
  { "min_mean_word_length", "mean_word_length", "min", 3, "number", "Gopher", "smallest mean length of a word" },
  { "max_mean_word_length", "mean_word_length", "max", 10, "number", "Gopher", "largest mean length of a word" },
  { "max_hash_ratio", "hash_ratio", "max", 0.1, "number", "Gopher", "most # a word" },
  { "max_ellipsis_ratio", "ellipsis_ratio", "max", 0.1, "number", "Gopher", "most ellipses a word" },
  { "max_bullet_lines", "bullet_lines", "max", 0.9, "share", "Gopher", "largest share of lines that are bullets" },
  { "max_ellipsis_lines", "ellipsis_lines", "max", 0.3, "share", "Gopher", "largest share of lines that trail off" },
  { "min_alpha_words", "alpha_words", "min", 0.8, "share", "Gopher", "smallest share of words with a letter" },
  { "min_stop_words", "stop_words", "min", 2, "integer", "Gopher", "fewest different stop words" },
  { "min_sentences", "sentences", "min", 5, "integer", "C4", "fewest sentences in lines that end like one" },
  { "max_word_chars", "longest_word", "max", 1000, "integer", "C4", "most characters in a word" },
  { "max_lorem_ipsum", "lorem_ipsum", "max", 0, "integer", "C4", "how often \"lorem ipsum\" may stand" },
  { "max_curly_brackets", "curly_brackets", "max", 0, "integer", "C4", "how often { may stand" },
  { "max_javascript", "javascript", "max", 0, "integer", "C4", "how often \"javascript\" may stand" },
  { "max_policy_phrases", "policy_phrases", "max", 0, "integer", "C4", "how often one of policy_phrases may stand" },
  { "min_terminal_lines", "terminal_lines", "min", 0.12, "share", "FineWeb",
    "smallest share of lines with a full stop" },
  { "max_short_lines", "short_lines", "max", 0.67, "share", "FineWeb", "largest share of short lines" },
  { "max_dup_line_chars", "dup_line_chars", "max", 0.01, "share", "FineWeb",
    "largest share of characters in repeated lines" },
  { "max_newline_ratio", "newline_ratio", "max", 0.3, "number", "FineWeb", "most line feeds a word" },
}

-- Thresholds of the presets; `published` has every rule at its figure, a family those of its own.
local PRESETS = {
  chat = { max_words = 100000, max_mean_word_length = 20, max_hash_ratio = 0.1, max_ellipsis_ratio = 0.1,
           max_ellipsis_lines = 0.3, min_alpha_words = 0.25, max_word_chars = 1000, max_lorem_ipsum = 0 },
  gopher = {}, c4 = {}, fineweb = {}, published = {},
}

local params = {
  field     = { type = "enum", default = "output", doc = "the text to look at",
                values = { "system", "input", "output", "alternative", "assistant" } },
  preset    = { type = "enum", default = "chat", values = { "chat", "gopher", "c4", "fineweb", "published" },
                doc = "which rules are on: those that fit answers, one family's, or all" },
  skip      = { type = "list", of = { type = "string" }, default = {},
                doc = "rules to leave out, by their names: { \"max_words\" }" },
  prose     = { type = "boolean",
                doc = "shares are those of prose, not of code, data, tables, lists; true in the preset chat" },
  min_prose_words = { type = "integer", min = 0,
                doc = "texts of fewer words have no shares; 30 in the preset chat, else 0" },
  short_line_chars = { type = "integer", default = 30, min = 0, doc = "a line of no more characters is short" },
  min_line_words = { type = "integer", default = 3, min = 0, doc = "words that a line of sentences has at least" },
  stop_words = { type = "list", of = { type = "string" }, default = STOP_WORDS, doc = "what min_stop_words counts" },
  policy_phrases = { type = "list", of = { type = "string" }, default = POLICY,
                doc = "what max_policy_phrases counts" },
}
local reasons, metrics, bounds = {}, {}, {}

local function reason_of(rule) return (rule:gsub("^min_", "low_"):gsub("^max_", "high_")) end

for _, r in ipairs(RULES) do
  local rule, measure, side, published, kind, family, doc = table.unpack(r)
  local on = PRESETS.chat[rule]
  params[rule] = { type = kind == "integer" and kind or "number", min = 0, max = kind == "share" and 1 or nil,
    doc = ("%s; %s: %s%s"):format(doc, family, published, on and on ~= published and (", chat: %s"):format(on)
                                  or on and ", chat too" or "") }
  reasons[#reasons + 1] = reason_of(rule)
  if metrics[#metrics] ~= measure then metrics[#metrics + 1] = measure end
  bounds[#bounds + 1] = { param = rule, metric = measure, side = side, reason = reason_of(rule) }
  PRESETS.published[rule] = published
  PRESETS[family:lower()][rule] = published
end

local function is_rule(name) return PRESETS.published[name] ~= nil end

--- The bounds that are on: one a measure, with a minimum, a maximum or both.
local function bounds_of(p)
  local skip, out, by = {}, {}, {}
  for _, name in ipairs(p.skip) do
    if not is_rule(name) then return nil, ("skip: there is no rule \"%s\""):format(name) end
    skip[name] = true
  end
  for _, r in ipairs(RULES) do
    local rule, measure, side = r[1], r[2], r[3]
    local threshold = p[rule] or PRESETS[p.preset][rule]
    if threshold and not skip[rule] then
      local b = by[measure] or { measure = measure }
      if not by[measure] then out[#out + 1], by[measure] = b, b end
      b[side], b[side == "min" and "below" or "above"] = threshold, reason_of(rule)
    end
  end
  return out
end

--- The parameters with the thresholds that hold: the preset's where none is given, none of a rule that is skipped.
local function effective(p)
  local out, preset = {}, PRESETS[p.preset or params.preset.default] or {}
  for k, v in pairs(p) do out[k] = v end
  for rule, threshold in pairs(preset) do
    if type(out[rule]) ~= "number" then out[rule] = threshold end
  end
  for _, rule in ipairs(type(p.skip) == "table" and p.skip or {}) do out[rule] = nil end
  return out
end

local function words_of(p)
  local out = {}
  for _, list in ipairs { p.stop_words, p.policy_phrases } do
    for _, w in ipairs(list) do out[#out + 1] = w:lower() end
  end
  return out
end

return {
  name    = "text_rules",
  scope   = "row",
  doc     = "reject a row by the document rules of Gopher, C4 and FineWeb; by default those that fit answers",
  params  = params,
  example = [[s.text_rules { preset = "gopher", skip = { "min_words" }, max_short_lines = 0.9 }]],
  reasons = reasons,
  metrics = metrics,
  bounds  = bounds,
  effective = effective,

  op = function(p)
    local on, err = bounds_of(p)
    if not on then return nil, err end
    local words, chat = words_of(p), p.preset == "chat"
    if #words > 64 then
      return nil, ("stop_words and policy_phrases have %d entries, at most 64 are allowed"):format(#words)
    end
    local prose = p.prose
    if prose == nil then prose = chat end
    return rules.check { kernel = "quality", field = p.field, words = words, bounds = on, numbers = {
      short_line_chars = p.short_line_chars, min_line_words = p.min_line_words, prose_only = prose and 1 or 0,
      min_words = p.min_prose_words or (chat and 30 or 0), stop_words = #p.stop_words } }
  end,
}
