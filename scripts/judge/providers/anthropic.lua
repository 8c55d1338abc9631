--- anthropic: Anthropic's Messages.

local wire = require "judge.wire"

local VERSION = "2023-06-01"

-- How generation ended, in the words all providers share.
local STOPS = { end_turn = "end", stop_sequence = "end", max_tokens = "length",
                model_context_window_exceeded = "length", refusal = "refusal" }

local function usage_of(u)
  if type(u) ~= "table" then return nil end
  return { input = wire.count(u.input_tokens), output = wire.count(u.output_tokens),
           cache_read = wire.count(u.cache_read_input_tokens),
           cache_write = wire.count(u.cache_creation_input_tokens) }
end

local function text_of(content)
  local out = {}
  for _, block in ipairs(type(content) == "table" and content or {}) do
    if type(block) == "table" and block.type == "text" and type(block.text) == "string" then
      out[#out + 1] = block.text
    end
  end
  return table.concat(out)
end

return {
  name   = "anthropic",
  doc    = "Anthropic's Messages",
  key    = "ANTHROPIC_API_KEY",
  base   = "ANTHROPIC_BASE_URL",
  url    = "https://api.anthropic.com",
  secret = { header = "x-api-key", prefix = "" },
  serves = function(model) return model:find "^claude" ~= nil end,
  family = function() return "claude" end,
  limits = {
    requests      = { limit = "anthropic-ratelimit-requests-limit",
                      remaining = "anthropic-ratelimit-requests-remaining" },
    input_tokens  = { limit = "anthropic-ratelimit-input-tokens-limit",
                      remaining = "anthropic-ratelimit-input-tokens-remaining" },
    output_tokens = { limit = "anthropic-ratelimit-output-tokens-limit",
                      remaining = "anthropic-ratelimit-output-tokens-remaining" },
  },
  hints  = { "anthropic-ratelimit-requests-reset", "anthropic-ratelimit-input-tokens-reset",
             "anthropic-ratelimit-output-tokens-reset" },
  batch  = "messages",

  --- @param ask  { model, system, user, schema, max_tokens, sampling, extra }
  request = function(ask)
    local body = wire.object {
      { "model", ask.model }, { "max_tokens", ask.max_tokens },
      { "system", wire.array { { { "type", "text" }, { "text", wire.shared(ask.system) },
                                 { "cache_control", wire.raw '{"type":"ephemeral"}' } } } },
      { "messages", wire.array { { { "role", "user" }, { "content", ask.user } } } },
      ask.schema and { "output_config", wire.raw('{"format":{"type":"json_schema","schema":' .. ask.schema .. "}}") },
      wire.sampling(ask.sampling), wire.members(ask.extra),
    }
    return { path = "/v1/messages", headers = { ["anthropic-version"] = VERSION }, body = body }
  end,

  --- @return  { text, stop, usage, request_id, model }, or { error = { type, code, detail, message } }
  reply = function(status, body)
    local t = wire.decode(body)
    local e = t and wire.table(t.error)
    if not t or e or status ~= 200 then
      e = e or {}
      return { error = { type = wire.text(e.type), message = wire.text(e.message) or wire.glimpse(body),
                         code = wire.text((wire.table(e.details) or {}).error_code) } }
    end
    return { text = text_of(t.content), stop = STOPS[t.stop_reason] or "other", usage = usage_of(t.usage),
             request_id = wire.text(t.id), model = wire.text(t.model) }
  end,
}
