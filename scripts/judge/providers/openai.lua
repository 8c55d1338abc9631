--- openai: OpenAI's Chat Completions, one at a time and in batches, and what all servers that speak them share.

local packed = require "packed"
local wire = require "judge.server.wire"

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

local function answer_of(status, t, body)
  local choice = t and wire.table(t.choices) and wire.table(t.choices[1])
  if not choice or status ~= 200 then return { error = error_of(t, body) } end
  local message = wire.table(choice.message) or {}
  local refusal = wire.text(message.refusal)
  return { text = text_of(message.content), stop = refusal and "refusal" or STOPS[choice.finish_reason] or "other",
           refusal = refusal, usage = usage_of(t.usage), request_id = wire.text(t.id), model = wire.text(t.model) }
end

--- The answer in the words all providers share. `usage` is nil where the server counts nothing.
function openai.reply(status, body) return answer_of(status, wire.decode(body), body) end

-- ---- embeddings: types/embedding_create_params.py of OpenAI's SDK ----

local embed = { serves = function(model) return model:find "^text%-embedding%-" ~= nil end }
openai.embed = embed

--- @param ask  { model, texts = list, dimensions = number or nil, extra = further members or nil }
function embed.request(ask)
  local body = wire.object { { "model", ask.model }, { "input", ask.texts }, { "encoding_format", "base64" },
                             ask.dimensions and { "dimensions", ask.dimensions }, wire.members(ask.extra) }
  return { path = "/embeddings", headers = {}, body = body }
end

--- Servers that do not know base64 send numbers.
-- @return  bytes, 4 a number; or nil and what is wrong
local function vector_of(entry)
  local v = wire.table(entry) and entry.embedding
  if type(v) == "table" then return packed.numbers(v) end
  local bytes, why = packed.base64(wire.text(v) or "?")
  if not bytes then return nil, type(v) == "string" and why or "it has no vector" end
  if #bytes % 4 ~= 0 then return nil, ("its base64 has %d bytes, no multiple of 4"):format(#bytes) end
  return bytes
end

-- By their own index, whatever their order.
local function vectors_of(data)
  local out = {}
  for i, entry in ipairs(data) do
    local at = wire.table(entry) and (math.tointeger(entry.index) or entry.index == nil and i - 1)
    if not at or at < 0 or at >= #data or out[at + 1] then
      return nil, ("entry %d of the reply has index %s"):format(i, tostring(wire.table(entry) and entry.index))
    end
    local bytes, why = vector_of(entry)
    if not bytes then return nil, ("entry %d of the reply: %s"):format(i, why) end
    out[at + 1] = bytes
  end
  return out
end

--- The answer as of a judge's request, but `vectors`, as bytes, for a text; `fault` where the reply cannot be read.
function embed.reply(status, body)
  local t = wire.decode(body)
  local data = t and wire.table(t.data)
  if not data or status ~= 200 then return { error = error_of(t, body) } end
  local vectors, fault = vectors_of(data)
  return { text = "", vectors = vectors, fault = fault, stop = "end", usage = usage_of(t.usage),
           request_id = wire.text(t.id), model = wire.text(t.model) }
end

-- ---- Batches (judge/batch/send.lua says what each function gives) ----

local ENDED = { completed = true, failed = true, expired = true, cancelled = true }
local FATES = { batch_expired = "expired", batch_cancelled = "canceled" }

local batch = { rows = 50000, marks = true }   -- and a file of 200 MB
openai.batch = batch

function batch.entry(custom, body)
  return ('{"custom_id":"%s","method":"POST","url":"/v1/chat/completions","body":%s}'):format(custom, body)
end

--- The entries go up as a file, which the batch then names; a file alone costs nothing.
function batch.upload(entries, mark)
  return { path = "/files", multipart = {
    { name = "purpose", value = "batch" },
    { name = "file", value = table.concat(entries, "\n") .. "\n", filename = "tamis-" .. mark .. ".jsonl",
      content_type = "application/jsonl" } } }
end

function batch.create(_, mark, file)
  local body = wire.object { { "input_file_id", file }, { "endpoint", "/v1/chat/completions" },
                             { "completion_window", "24h" }, { "metadata", { tamis = mark } } }
  return { path = "/batches", body = body }
end

function batch.state(id) return { path = "/batches/" .. id } end

function batch.cancel(id) return { method = "POST", path = "/batches/" .. id .. "/cancel", body = "" } end

function batch.list(after) return { path = "/batches?limit=100" .. (after and "&after=" .. after or "") } end

--- What was answered lies in one file, the rest in another; either may be missing.
function batch.results(b)
  local out = {}
  for _, file in ipairs { b.output or false, b.errors or false } do
    if file then out[#out + 1] = { path = "/files/" .. file .. "/content" } end
  end
  return out
end

-- Why a batch was not taken, behind its upload.
local function fault_of(t)
  local list = wire.table((wire.table(t.errors) or {}).data) or {}
  local first = wire.table(list[1])
  return first and (wire.text(first.message) or wire.text(first.code))
end

function batch.read(t)
  return { id = wire.text(t.id), state = wire.text(t.status) or "?", ended = ENDED[t.status] == true,
           created = wire.count(t.created_at), rows = wire.count((wire.table(t.request_counts) or {}).total),
           mark = wire.text((wire.table(t.metadata) or {}).tamis), fault = fault_of(t),
           output = wire.id(t.output_file_id), errors = wire.id(t.error_file_id) }
end

function batch.line(t)
  local custom, response, e = wire.text(t.custom_id), wire.table(t.response), wire.table(t.error) or {}
  if FATES[e.code] then return custom, FATES[e.code] end
  if not response then return custom, "answer", 500, { error = error_of(e) } end
  local status, body = wire.count(response.status_code), response.body
  return custom, "answer", status, answer_of(status, wire.table(body), wire.text(body))
end

return openai
