--- presets.code: figures for instructions with programs as answers.
-- Programs repeat themselves by nature, tables and tests most of all, and name hosts and versions;
-- what is not prose says nothing of a language. E-mail addresses, cards and social security numbers
-- are redacted, and so are keys and passwords; phone numbers and IP addresses are too often constants.
-- perplexity stands in no preset, since it needs a model of your own good text (tamis fit lm):
--   s.perplexity { model = "good.lm", max_percentile = 0.99, percentile_of = "fit" }
--   local code = require "tamis.presets.code"
--   s.length(code.length)                  -- one stage
--   code                                   -- all of them, in order: a preset is also a list of stages

return {
  doc         = "figures for instructions with programs as answers",
  order       = { "exact_dedup", "length", "repetition", "text_rules", "near_empty",
                  "chat_structure", "encoding", "schema", "language", "pii", "secrets", "near_dedup" },

  exact_dedup = {},
  length      = { min_input_tokens = 2, max_input_tokens = 8192, min_output_tokens = 1, max_output_tokens = 8192 },
  repetition  = { max_repetition_ratio = 0.6, min_words = 50 },
  text_rules  = {},
  near_empty  = {},
  chat_structure = {},
  encoding    = {},
  schema      = {},
  language    = { keep = { "en" }, min_confidence = 0.6, fields = { "input" } },
  pii         = { action = "redact", types = { "SSN", "CREDIT_CARD", "EMAIL" } },
  secrets     = { action = "redact" },
  near_dedup  = { threshold = 0.9, max_shingle_share = 0.1 },
}
