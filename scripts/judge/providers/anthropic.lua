--- anthropic: Anthropic's Messages, one at a time and in batches.

local wire = require "judge.server.wire"

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

--- An answer or an error, from a body that was read.
-- @param body  the same as text, for a message; nil where it is part of something larger
local function answer_of(status, t, body)
  local e = t and wire.table(t.error)
  if not t or e or status ~= 200 then
    e = e or {}
    return { error = { type = wire.text(e.type), message = wire.text(e.message) or wire.glimpse(body),
                       code = wire.text((wire.table(e.details) or {}).error_code) } }
  end
  return { text = text_of(t.content), stop = STOPS[t.stop_reason] or "other", usage = usage_of(t.usage),
           request_id = wire.text(t.id), model = wire.text(t.model) }
end

-- ---- Message Batches (judge/batch/send.lua says what each function gives) ----

local HEADERS = { ["anthropic-version"] = VERSION }
local ROOT = "/v1/messages/batches"

-- The statuses of errors that come without one, in a line of results.
local STATUS = { invalid_request_error = 400, authentication_error = 401, billing_error = 402, permission_error = 403,
                 not_found_error = 404, request_too_large = 413, rate_limit_error = 429, timeout_error = 504,
                 overloaded_error = 529 }

local batch = { rows = 100000 }   -- and 256 MB

function batch.entry(custom, body) return ('{"custom_id":"%s","params":%s}'):format(custom, body) end

function batch.create(entries)
  return { path = ROOT, headers = HEADERS, body = '{"requests":[' .. table.concat(entries, ",") .. "]}" }
end

function batch.state(id) return { path = ROOT .. "/" .. id, headers = HEADERS } end

function batch.cancel(id)
  return { method = "POST", path = ROOT .. "/" .. id .. "/cancel", headers = HEADERS, body = "" }
end

function batch.list(after)
  return { path = ROOT .. "?limit=100" .. (after and "&after_id=" .. after or ""), headers = HEADERS }
end

function batch.results(b) return { { path = ROOT .. "/" .. b.id .. "/results", headers = HEADERS } } end

function batch.read(t)
  local rows = 0
  for _, n in pairs(wire.table(t.request_counts) or {}) do rows = rows + wire.count(n) end
  return { id = wire.text(t.id), state = wire.text(t.processing_status) or "?", ended = t.processing_status == "ended",
           created = wire.seconds(t.created_at), rows = rows }
end

function batch.line(t)
  local result = wire.table(t.result) or {}
  local custom, kind = wire.text(t.custom_id), result.type
  if kind == "succeeded" then return custom, "answer", 200, answer_of(200, wire.table(result.message)) end
  if kind == "expired" or kind == "canceled" then return custom, kind end
  local answer = answer_of(400, wire.table(result.error) or result)
  return custom, "answer", STATUS[answer.error.type] or 500, answer
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
  batch  = batch,

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
  reply = function(status, body) return answer_of(status, wire.decode(body), body) end,
}
