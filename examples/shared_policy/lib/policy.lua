--- The house policy on text: what every dataset of this team must pass, written once.
-- A recipe puts `policy.clean(options)` anywhere in its list: the nested list is flattened.

local s = require "tamis"

local policy = {}

--- Phrases that answer nothing, lower case. The second dataset adds its own.
policy.non_answers = { "as an ai language model", "i don't have access to", "please contact support" }

local function says_nothing(phrases)
  return function(ex)
    local answer = ex.output:lower()
    for _, phrase in ipairs(phrases) do
      if answer:find(phrase, 1, true) then return "non_answer", phrase end
    end
  end
end

--- The stages that every recipe shares, as a list.
-- @param o  optional { min_output = tokens, non_answers = more phrases }
function policy.clean(o)
  o = o or {}
  local phrases = { table.unpack(policy.non_answers) }
  for _, phrase in ipairs(o.non_answers or {}) do phrases[#phrases + 1] = phrase end
  return {
    s.exact_dedup {},
    s.length      { min_input_tokens = 2, min_output_tokens = o.min_output or 5 },
    s.pii         { action = "redact", strict = true },   -- strict: addresses reserved for examples count too
    s.filter      { name = "non_answers", fn = says_nothing(phrases) },
    s.near_dedup  { threshold = 0.8 },
  }
end

return policy
