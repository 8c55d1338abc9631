--- presets.chat: figures for chats, tickets and short questions.
-- A question of one word and an answer of one word ("yes") are data. What repeats itself is told
-- from lists and steps by a higher ratio; personal data and keys are redacted, not a reason to lose the row.
-- Figures are chosen so that of clean sets no rule removes what a reader would keep (make eval, README):
-- an answer may say the question again, a tool's description stands in every row, a text is English if half of it is.
-- perplexity stands in no preset, since it needs a model of your own good text (tamis fit lm):
--   s.perplexity { model = "good.lm", max_percentile = 0.99, percentile_of = "fit" }
--   local chat = require "tamis.presets.chat"
--   s.length(chat.length)                  -- one stage
--   chat                                   -- all of them, in order: a preset is also a list of stages

return {
  doc         = "figures for chats, tickets and short questions",
  order       = { "exact_dedup", "length", "repetition", "text_rules", "leakage", "truncated", "near_empty",
                  "identity", "chat_structure", "encoding", "markup", "url_quality", "dates", "schema", "language",
                  "toxicity", "pii", "secrets", "boilerplate", "conflict", "near_dedup" },

  exact_dedup = {},
  length      = { min_input_tokens = 1, max_input_tokens = 8192, min_output_tokens = 1, max_output_tokens = 4096 },
  repetition  = { max_repetition_ratio = 0.5, min_words = 20 },
  text_rules  = {},
  leakage     = { max_lcs_ratio = 0.95, max_substring_ratio = 0.9, min_tokens = 16, marker_action = "strip" },
  truncated   = {},
  near_empty  = {},
  identity    = {},
  chat_structure = {},
  encoding    = {},
  markup      = {},
  url_quality = { max_url_ratio = 0.5 },
  dates       = { slack_days = 366 },   -- a plan of the next twelve months is none that looks ahead
  schema      = {},
  language    = { keep = { "en" }, min_confidence = 0.5 },
  toxicity    = { max_toxicity = 0.5 },   -- at 0.1 nearly all that the shipped weights take of clean sets is harmless
  pii         = { action = "redact" },
  secrets     = { action = "redact" },
  boilerplate = {},
  conflict    = {},
  near_dedup  = { threshold = 0.9, max_shingle_share = 0.1 },
}
