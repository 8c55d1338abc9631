--- identity: reject a row whose answer claims to be a named vendor's model.
-- A model that is trained on such answers tells your users that it is somebody else's.

local rules = require "rules"

local function claims(list)
  local out = { "identity" }
  for _, p in ipairs(list) do out[#out + 1] = p end
  return out
end

local PHRASES = {}
local NAMES = { "ChatGPT", "GPT-3", "GPT-3.5", "GPT-4", "GPT-4o", "Claude", "Gemini", "Bard", "LLaMA",
                "Llama", "Mistral", "Qwen", "DeepSeek", "Grok", "Copilot", "Vicuna", "Alpaca", "Open Assistant" }
local MAKERS = { "OpenAI", "Anthropic", "Google", "Google DeepMind", "DeepMind", "Meta AI", "Mistral AI",
                 "Alibaba Cloud", "DeepSeek", "xAI", "Microsoft" }
for _, name in ipairs(NAMES) do
  for _, lead in ipairs { "I am", "I'm", "I’m", "my name is", "call me" } do
    PHRASES[#PHRASES + 1] = lead .. " " .. name
  end
end
for _, maker in ipairs(MAKERS) do
  for _, lead in ipairs { "model trained by", "model developed by", "model created by", "model made by",
                          "assistant made by", "assistant created by", "assistant developed by", "assistant trained by",
                          "AI developed by", "I was created by", "I was developed by", "I was trained by",
                          "I was made by" } do
    PHRASES[#PHRASES + 1] = lead .. " " .. maker
  end
end

return {
  name    = "identity",
  scope   = "row",
  doc     = "reject a row whose answer claims to be a named vendor's model",
  params  = {
    field   = { type = "enum", default = "assistant", values = { "output", "alternative", "assistant" },
                doc = "the text to look at" },
    phrases = { type = "list", of = { type = "string" },
                doc = "what counts as a claim; a built-in list of vendors if absent" },
    max_claims = { type = "integer", default = 0, min = 0, doc = "most different phrases of these that are good" },
    allow   = { type = "list", of = { type = "string" }, default = {},
                doc = "phrases that hold one of these do not count: your own model's name" },
  },
  example = [[s.identity { allow = { "Qwen", "Alibaba Cloud" } }]],
  reasons = { "identity" },
  metrics = { "claims" },
  bounds  = { { param = "max_claims", metric = "claims", side = "max", reason = "identity" } },

  op = function(p)
    local list = {}
    for _, phrase in ipairs(p.phrases or PHRASES) do
      local allowed = false
      for _, name in ipairs(p.allow) do allowed = allowed or phrase:lower():find(name:lower(), 1, true) ~= nil end
      if not allowed then list[#list + 1] = phrase end
    end
    return rules.phrases { field = p.field, metric = "claims", most = p.max_claims,
                           rules = { claims(list) } }
  end,
}
