--- compatible: any server that speaks OpenAI's Chat Completions: vLLM, and what copies it. Its address is given by
-- the user (OPENAI_BASE_URL, or `base_url` in the configuration); a key only where the server asks for one.

local wire = require "judge.server.wire"
local openai = require "judge.providers.openai"

local compatible = {
  name   = "compatible",
  doc    = "any server that speaks OpenAI's Chat Completions: vLLM and its like",
  key    = "OPENAI_API_KEY",
  base   = "OPENAI_BASE_URL",
  keyless = true,
  secret = openai.secret,
  serves = function() return false end,
  family = function(model) return model:lower():match "([%a]+)[^/]*$" end,
  limits = openai.limits,
  hints  = openai.hints,
  cap    = "max_tokens",
  format = openai.format,
  reply  = openai.reply,
  embed  = openai.embed,
}

--- The same server with another way to ask for a schema; for the tables of servers that differ.
function compatible.variant(t)
  for k, v in pairs(compatible) do
    if t[k] == nil then t[k] = v end
  end
  t.request = function(ask) return { path = "/chat/completions", headers = {}, body = openai.body(t, ask) } end
  return t
end

--- A schema as a bare member of response_format.
function compatible.bare_format(kind, key)
  return function(schema)
    return { "response_format", wire.raw(('{"type":"%s","%s":%s}'):format(kind, key, schema)) }
  end
end

compatible.request = function(ask)
  return { path = "/chat/completions", headers = {}, body = openai.body(compatible, ask) }
end

return compatible
