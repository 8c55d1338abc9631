--- boilerplate: reject a row whose answer refuses or hands the matter on instead of answering.
-- The table is yours to edit: `phrases` adds reasons of your own, or replaces the two that are built in. A phrase
-- counts where it stands in the first `within` words: an answer may well quote one later on. A safe answer to
-- a harmful request is a refusal too: keep those by another recipe, or list them in a source that is trusted.

local rules = require "rules"

local PHRASES = {
  refusal = {
    "as an AI language model", "as a large language model", "as an AI assistant", "as an artificial intelligence",
    "as a language model", "I'm sorry, but I can't", "I'm sorry, but I cannot", "I am sorry, but I cannot",
    "I’m sorry, but I can’t", "I’m sorry, but I cannot", "I'm sorry, I can't assist", "I cannot assist with",
    "I can't assist with", "I'm unable to assist", "I am unable to assist", "I cannot fulfill", "I can't fulfill",
    "I'm not able to help with that", "I cannot provide assistance", "I can't help with that",
    "I do not have access to real-time", "I don't have access to real-time", "my knowledge cutoff", "my training data",
  },
  deflection = {
    "I'll escalate this", "I will escalate this", "I'm escalating this", "I have escalated", "I've escalated",
    "I'll forward your", "I will forward your", "I'll pass this on", "I have forwarded your",
    "please contact our support team", "please contact customer support", "please reach out to our support",
    "a member of our team will", "one of our agents will", "someone from our team will", "we will get back to you",
    "we'll get back to you", "your ticket has been created", "this is an automated",
  },
}

--- Reasons in order of their names: each with its phrases.
local function table_of(p)
  local names, out = {}, {}
  local all = {}
  for name, list in pairs(PHRASES) do all[name] = list end
  for name, list in pairs(p.phrases) do all[name] = list end
  for name in pairs(all) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then
      return nil, ("phrases: \"%s\" is no reason: letters, digits and underscores"):format(tostring(name))
    end
    local rule = { name }
    for _, phrase in ipairs(all[name]) do rule[#rule + 1] = phrase end
    if #rule > 1 then out[#out + 1] = rule end
  end
  return out
end

return {
  name    = "boilerplate",
  scope   = "row",
  doc     = "reject a row whose answer refuses or hands the matter on, by a table of phrases",
  params  = {
    field   = { type = "enum", default = "output", values = { "output", "alternative", "assistant" },
                doc = "the text to look at" },
    within  = { type = "integer", default = 40, min = 0, doc = "words from the beginning that are read; 0: all" },
    phrases = { type = "table", of = { type = "list", of = { type = "string" } }, default = {},
                doc = "reasons and their phrases: { waiting = { \"please hold\" } }; deflection = {} turns one off" },
  },
  example = [[s.boilerplate { phrases = { thanks_only = { "thank you for contacting us" }, deflection = {} } }]],
  reasons = { "refusal", "deflection" },   -- and those of `phrases`
  metrics = { "phrases" },

  op = function(p)
    local list, err = table_of(p)
    if not list then return nil, err end
    return rules.phrases { field = p.field, metric = "phrases", within = p.within, rules = list }
  end,
}
