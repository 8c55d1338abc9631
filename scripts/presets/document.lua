--- presets.document: figures for long questions with full answers.
-- The floor of 20 tokens for an input rejects most of what people type into a chat. For those see
-- presets.chat.
-- perplexity stands in no preset, since it needs a model of your own good text (tamis fit lm):
--   s.perplexity { model = "good.lm", max_percentile = 0.99, percentile_of = "fit" }
--   local document = require "tamis.presets.document"
--   s.length(document.length)              -- one stage
--   document                               -- all of them, in order: a preset is also a list of stages

return {
  doc         = "figures for long questions with full answers",
  order       = { "exact_dedup", "length", "repetition", "text_rules", "leakage", "truncated", "near_empty",
                  "identity", "chat_structure", "encoding", "markup", "url_quality", "dates", "schema", "language",
                  "toxicity", "pii", "secrets", "boilerplate", "conflict", "near_dedup" },

  exact_dedup = {},
  length      = { min_input_tokens = 20, max_input_tokens = 2048, min_output_tokens = 10, max_output_tokens = 1024 },
  repetition  = { max_repetition_ratio = 0.15 },
  text_rules  = {},
  leakage     = { max_lcs_ratio = 0.7, max_substring_ratio = 0.4, min_tokens = 20 },
  truncated   = { max_mid_sentence = 0 },
  near_empty  = {},
  identity    = {},
  chat_structure = {},
  encoding    = {},
  markup      = {},
  url_quality = {},
  dates       = { slack_days = 366 },
  schema      = {},
  language    = { keep = { "en" }, min_confidence = 0.95 },
  toxicity    = { max_toxicity = 0.5 },
  pii         = { action = "reject" },
  secrets     = { action = "reject" },
  boilerplate = {},
  conflict    = {},
  near_dedup  = { threshold = 0.8 },
}
