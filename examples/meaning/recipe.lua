--- Copies that strings do not see: the same words in another order, found by vectors.
local s = require "tamis"

return s.recipe {
  name    = "workshop_v1",
  sources = { "faq.jsonl" },

  s.near_dedup     { threshold = 0.8 },                -- removes nothing here: the characters differ too much
  s.embed          { model = "lexical" },              -- or a file of vectors, a static model, a provider
  s.semantic_dedup { threshold = 0.7 },
  s.export         { format = "messages" },
}
