--- What does production ask, and what have we for it? The tickets of this folder held against production.jsonl, the
-- questions of one month. Vectors are lexical ones: no model, no network.
-- Run it from anywhere:  tamis run examples/helpdesk/coverage.lua

local s = require "tamis"

return s.recipe {
  name    = "helpdesk_coverage",
  seed    = 7,
  id      = "ticket_id",
  sources = {
    { "raw_2023.jsonl", kind = "product_log" },
    { "raw_2024.jsonl", kind = "product_log" },
    { "expert.jsonl",   kind = "expert", trusted = true },
  },

  s.exact_dedup    {},
  s.length         { min_input_tokens = 3, min_output_tokens = 10 },
  s.near_dedup     { threshold = 0.8 },
  s.embed          { model = "lexical" },
  s.semantic_dedup { threshold = 0.75, keep = "longest" },   -- tamis sweep shows what other thresholds take
  s.topics         { rules = require "helpdesk_topics" },
  s.distribution   { production = "production.jsonl", near = 0.25 },   -- what is asked that no row is near
  s.balance        { by = "topic", match = "production.jsonl", n = 600 },
  s.diversity      {},
  s.style          {},
  s.export         { format = "messages", include = { "topic" } },
}
