--- openai: OpenAI's Chat Completions, and what all servers that speak them share.

local wire = require "judge.wire"

local STOPS = { stop = "end", length = "length", content_filter = "refusal", tool_calls = "other" }

local function usage_of(u)
  if type(u) ~= "table" then return nil end
  local cached = wire.count((wire.table(u.prompt_tokens_details) or {}).cached_tokens)
  return { input = math.max(wire.count(u.prompt_tokens) - cached, 0), output = wire.count(u.completion_tokens),
           cache_read = cached, cache_write = 0 }
end

-- A text, or the text parts of a list.
local function text_of(content)
  if type(content) == "string" then return content end
  local out = {}
  for _, part in ipairs(type(content) == "table" and content or {}) do
    if type(part) == "table" and type(part.text) == "string" then out[#out + 1] = part.text end
  end
  return table.concat(out)
end

--- An error in any of its shapes: an object under `error`, a text there, or flat.
local function error_of(t, body)
  local e = t and t.error
  if type(e) == "string" then return { type = wire.text(t.error_type), message = e } end
  e = wire.table(e) or t or {}
  local code = e.code
  return { type = wire.text(e.type), message = wire.text(e.message) or wire.glimpse(body),
           code = type(code) == "number" and tostring(code) or wire.text(code), param = wire.text(e.param) }
end

local openai = {
  name   = "openai",
  doc    = "OpenAI's Chat Completions",
  key    = "OPENAI_API_KEY",
  base   = "OPENAI_BASE_URL",
  url    = "https://api.openai.com/v1",
  secret = { header = "authorization", prefix = "Bearer " },
  serves = function(model) return (model:find "^gpt%-" or model:find "^o%d" or model:find "^chatgpt") ~= nil end,
  family = function() return "gpt" end,
  limits = {
    requests     = { limit = "x-ratelimit-limit-requests", remaining = "x-ratelimit-remaining-requests" },
    input_tokens = { limit = "x-ratelimit-limit-tokens", remaining = "x-ratelimit-remaining-tokens" },
  },
  hints  = { "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens" },
  batch  = "files",
  cap    = "max_completion_tokens",
}

--- The member that asks for a reply of this schema.
function openai.format(schema)
  return { "response_format", wire.raw('{"type":"json_schema","json_schema":{"name":"rating","strict":true,"schema":'
    .. schema .. "}}") }
end

--- A request's body by a provider's own table: its `cap` and `format`.
function openai.body(provider, ask)
  return wire.object {
    { "model", ask.model }, { provider.cap, ask.max_tokens },
    { "messages", wire.array { { { "role", "system" }, { "content", wire.shared(ask.system) } },
                               { { "role", "user" }, { "content", ask.user } } } },
    ask.schema and provider.format(ask.schema), wire.sampling(ask.sampling), wire.members(ask.extra),
  }
end

function openai.request(ask)
  return { path = "/chat/completions", headers = {}, body = openai.body(openai, ask) }
end

--- The answer in the words all providers share. `usage` is nil where the server counts nothing.
function openai.reply(status, body)
  local t = wire.decode(body)
  local choice = t and wire.table(t.choices) and wire.table(t.choices[1])
  if not choice or status ~= 200 then return { error = error_of(t, body) } end
  local message = wire.table(choice.message) or {}
  local refusal = wire.text(message.refusal)
  return { text = text_of(message.content), stop = refusal and "refusal" or STOPS[choice.finish_reason] or "other",
           refusal = refusal, usage = usage_of(t.usage), request_id = wire.text(t.id), model = wire.text(t.model) }
end

return openai
