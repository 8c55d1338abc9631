--- presets.document: the figures of the design document that Tamis grew from.
-- They suit long questions with full answers: the floor of 20 tokens for an input rejects most of
-- what people type into a chat. For those see presets.chat.
--   local document = require "tamis.presets.document"
--   s.length(document.length)              -- one stage
--   document.stages(s)                     -- all of them, in the order below

local document = {
  exact_dedup = {},
  length      = { min_input_tokens = 20, max_input_tokens = 2048, min_output_tokens = 10, max_output_tokens = 1024 },
  repetition  = { max_repetition_ratio = 0.15 },
  language    = { keep = { "en" }, min_confidence = 0.95 },
  pii         = { action = "reject" },
  near_dedup  = { threshold = 0.8 },
}

--- The stages of this preset, for a recipe's array part.
-- @param s  the module "tamis"
function document.stages(s)
  return { s.exact_dedup(document.exact_dedup), s.length(document.length), s.repetition(document.repetition),
           s.language(document.language), s.pii(document.pii), s.near_dedup(document.near_dedup) }
end

return document
