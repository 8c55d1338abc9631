--- The shortest useful recipe: one file in, the doubtful rows out, chat format for the trainer.
local s = require "tamis"

return s.recipe {
  name    = "faq_v1",
  sources = { "faq.jsonl" },

  s.exact_dedup {},
  s.length      { min_input_tokens = 3, min_output_tokens = 5 },
  s.near_dedup  { threshold = 0.8 },
  s.export      { format = "messages" },
}
