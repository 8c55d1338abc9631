--- Providers' tables: the requests they write and the answers, of whatever shape, that they read; what each means.

local check = require "check"
local json = require "json"
local retry = require "judge.server.retry"
local rubric = require "judge.rubric"
local wire = require "judge.server.wire"

local anthropic = require "judge.providers.anthropic"
local openai = require "judge.providers.openai"

local NAMES = { "anthropic", "openai", "compatible", "vllm", "llamacpp", "ollama", "tgi" }
local SCHEMA = rubric.schema(rubric.check(nil))
local ASK = { model = "m-1", system = "the rubric\n\"é\"", user = "<example>\n{}\t</example>", schema = SCHEMA,
              max_tokens = 512, sampling = {}, extra = {} }

local function provider(name) return require("judge.providers." .. name) end

-- ---- requests ----

check.test("every provider's request is JSON, holds the texts unchanged and the schema in its own order", function()
  for _, name in ipairs(NAMES) do
    local r = provider(name).request(ASK)
    local t = json.decode(r.body)
    check.eq(t.model, "m-1", name)
    local user = t.messages[#t.messages]
    check.eq({ user.role, user.content }, { "user", ASK.user }, name)
    check.ok(r.body:find(SCHEMA, 1, true), name)
    check.eq(r.path:sub(1, 1), "/")
    check.eq(t.temperature, nil)      -- nothing is sent that was not asked for
  end
end)

check.test("the rubric is Anthropic's cached block, its limit max_tokens, its version a header", function()
  local r = anthropic.request(ASK)
  local t = json.decode(r.body)
  check.eq(r.headers["anthropic-version"], "2023-06-01")
  check.eq({ t.system[1].text, t.system[1].cache_control.type }, { ASK.system, "ephemeral" })
  check.eq({ t.max_tokens, t.output_config.format.type }, { 512, "json_schema" })
end)

check.test("each server gets the schema where it looks for it", function()
  local function format(name) return json.decode(provider(name).request(ASK).body).response_format end
  check.eq({ format "openai".json_schema.strict, format "openai".type }, { true, "json_schema" })
  check.eq(format "vllm".json_schema.schema.type, "object")
  check.eq(format "llamacpp".schema.type, "object")
  check.eq({ format "tgi".type, format "tgi".value.type }, { "json", "object" })
  check.eq(json.decode(openai.request(ASK).body).max_completion_tokens, 512)
  check.eq(json.decode(provider "vllm".request(ASK).body).max_tokens, 512)
end)

check.test("sampling parameters and extra members are sent only when given, in a fixed order", function()
  local ask = setmetatable({ sampling = { top_p = 0.5, temperature = 0 }, extra = { seed = 7 } }, { __index = ASK })
  local body = openai.request(ask).body
  check.ok(body:find('"temperature":0,"top_p":0.5,"seed":7}', 1, true), body)
  check.eq(openai.request(ask).body, body)
end)

-- ---- answers ----

local MESSAGE = [[{"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[
  {"type":"thinking","thinking":"hm","signature":"x"},{"type":"text","text":"{\"a\":"},{"type":"text","text":"1}"}],
  "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":310,"cache_creation_input_tokens":5,
  "cache_read_input_tokens":7,"output_tokens":42,"service_tier":"standard"}}]]
local CHAT = [[{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-x","choices":[{"index":0,
  "message":{"role":"assistant","content":"{}","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,
  "completion_tokens":9,"total_tokens":109,"prompt_tokens_details":{"cached_tokens":60}}}]]

check.test("an answer is its text blocks, its end, its usage in all three kinds of input", function()
  local r = anthropic.reply(200, MESSAGE)
  check.eq({ r.text, r.stop, r.request_id }, { '{"a":1}', "end", "msg_1" })
  check.eq(r.usage, { input = 310, output = 42, cache_read = 7, cache_write = 5 })
  r = openai.reply(200, CHAT)
  check.eq({ r.text, r.stop, r.model }, { "{}", "end", "gpt-x" })
  check.eq(r.usage, { input = 40, output = 9, cache_read = 60, cache_write = 0 })
end)

check.test("a refusal and a reply cut off are told as such", function()
  check.eq(anthropic.reply(200, (MESSAGE:gsub("end_turn", "refusal"))).stop, "refusal")
  check.eq(anthropic.reply(200, (MESSAGE:gsub("end_turn", "max_tokens"))).stop, "length")
  check.eq(openai.reply(200, (CHAT:gsub('"refusal":null', '"refusal":"no"'))).stop, "refusal")
  check.eq(openai.reply(200, (CHAT:gsub('"stop"', '"content_filter"'))).stop, "refusal")
  check.eq(openai.reply(200, (CHAT:gsub('"stop"', '"length"'))).stop, "length")
end)

check.test("a server that counts nothing leaves the usage open", function()
  check.eq(openai.reply(200, '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}').usage, nil)
end)

-- ---- what it means ----

local E = '{"type":"error","error":{"type":"%s","message":"%s"%s},"request_id":"req_1"}'
local O = '{"error":{"message":"%s","type":"%s","param":null,"code":%s}}'

local CASES = {
  -- provider, status, body, class
  { "anthropic", 529, E:format("overloaded_error", "Overloaded", ""), "transient" },
  { "anthropic", 500, E:format("api_error", "x", ""), "transient" },
  { "anthropic", 504, E:format("timeout_error", "x", ""), "transient" },
  { "anthropic", 429, E:format("rate_limit_error", "slow down", ""), "rate" },
  { "anthropic", 429, E:format("rate_limit_error", "x", ',"details":{"error_code":"enforced_spend_limit_reached"}'), "money" },
  { "anthropic", 400, E:format("invalid_request_error", "You have reached your specified API usage limits.", ""), "money" },
  { "anthropic", 402, E:format("billing_error", "x", ""), "money" },
  { "anthropic", 401, E:format("authentication_error", "invalid x-api-key", ""), "config" },
  { "anthropic", 403, E:format("permission_error", "x", ""), "config" },
  { "anthropic", 404, E:format("not_found_error", "model: x", ""), "config" },
  { "anthropic", 400, E:format("invalid_request_error", "temperature: not supported", ""), "config" },
  { "anthropic", 400, E:format("invalid_request_error", "prompt is too long: 200001 tokens", ""), "too_long" },
  { "anthropic", 413, "<html><body>413 Request Entity Too Large</body></html>", "too_long" },
  { "anthropic", 200, MESSAGE, "ok" },
  { "anthropic", 200, E:format("overloaded_error", "Overloaded", ""), "transient" },   -- an error behind a 200
  { "openai", 429, O:format("Rate limit reached", "tokens", '"rate_limit_exceeded"'), "rate" },
  { "openai", 429, O:format("You exceeded your current quota", "insufficient_quota", '"insufficient_quota"'), "money" },
  { "openai", 401, O:format("Incorrect API key provided: sk-ab***cd.", "invalid_request_error", '"invalid_api_key"'), "config" },
  { "openai", 404, O:format("The model `x` does not exist", "invalid_request_error", '"model_not_found"'), "config" },
  { "openai", 400, O:format("x", "invalid_request_error", '"context_length_exceeded"'), "too_long" },
  { "openai", 400, O:format("could not parse: unexpected end of data", "invalid_request_error", "null"), "transient" },
  { "openai", 503, O:format("x", "server_error", '"slow_down"'), "transient" },
  { "openai", 409, "{}", "transient" }, { "openai", 408, "", "transient" },
  { "openai", 301, "", "config" }, { "openai", 307, "", "config" },
  { "openai", 200, CHAT, "ok" },
  { "vllm", 400, '{"object":"error","message":"maximum context length is 4096","type":"BadRequestError","param":null,"code":400}', "too_long" },
  { "vllm", 400, '{"object":"error","message":"unknown field","type":"BadRequestError","param":null,"code":400}', "config" },
  { "ollama", 503, '{"error":"server busy"}', "transient" }, { "ollama", 499, '{"error":"cancelled"}', "transient" },
  { "tgi", 429, '{"error":"Model is overloaded","error_type":"overloaded"}', "rate" },
  { "tgi", 422, '{"error":"inputs too long: too many tokens","error_type":"validation"}', "too_long" },
  { "tgi", 424, '{"error":"generation failed","error_type":"generation"}', "row" },
}

check.test("each answer of the tables of errors has its class", function()
  for _, c in ipairs(CASES) do
    local r = provider(c[1]).reply(c[2], c[3])
    check.eq(retry.classify { status = c[2], body_error = r.error }, c[4], ("%s %d %s"):format(c[1], c[2], c[3]))
  end
end)

check.test("a header that says what to do is followed, but not into an empty purse", function()
  local e = { type = "x" }
  check.eq(retry.classify { status = 400, body_error = e, should_retry = true }, "transient")
  check.eq(retry.classify { status = 429, body_error = { code = "insufficient_quota" }, should_retry = true }, "money")
end)

check.test("what a connection suffers: a bad certificate stops the run, all else is asked again", function()
  check.eq({ retry.classify { error = "certificate" }, retry.classify { error = "forbidden" } }, { "config", "config" })
  for _, e in ipairs { "connect", "timeout", "reset", "partial", "tls", "resolve" } do check.eq(retry.classify { error = e }, "transient") end
end)

check.test("pauses double up to a limit, named waits are kept, and too long a wait is none", function()
  check.near(retry.delay(1, nil, 1), 0.5)
  check.near(retry.delay(3, nil, 1), 2)
  check.near(retry.delay(3, nil, 0), 1)
  check.near(retry.delay(1, 20, 0), 20)
  check.eq(retry.delay(1, 86400, 0), nil)
  check.eq(retry.delay(retry.pace.attempts, nil, 0), nil)
end)

check.test("no body makes a provider's table throw", function()
  local bodies = { "", "null", "[]", "7", '"x"', "{", "{}", '{"error":null}', '{"error":[1]}', '{"error":{"message":7}}',
                   '{"content":7}', '{"content":[7,{"type":"text"}]}', '{"choices":{}}', '{"choices":[7]}',
                   '{"choices":[{"message":"x"}]}', '{"choices":[{"message":{"content":[{"text":1}]}}]}',
                   '{"usage":{"input_tokens":-1,"output_tokens":1e99}}', '{"usage":[]}', ("["):rep(3000), "\xff\xfe",
                   '{"content":[{"type":"text","text":"x"}],"usage":{"input_tokens":"many"}}' }
  for _, name in ipairs(NAMES) do
    for _, body in ipairs(bodies) do
      for _, status in ipairs { 200, 204, 400, 429, 500 } do
        local r = provider(name).reply(status, body)
        check.ok(r.error or type(r.text) == "string")
        check.ok(retry.classify { status = status, body_error = r.error })
      end
    end
  end
end)
-- ---- batches ----

check.test("a line of a batch's results is an answer with its status, or a row that was not worked on", function()
  local cases = {
    { anthropic, '{"custom_id":"a","result":{"type":"succeeded","message":' .. MESSAGE .. "}}", "answer", 200, '{"a":1}' },
    { anthropic, '{"custom_id":"a","result":{"type":"errored","error":{"type":"error","error":{"type":'
      .. '"invalid_request_error","message":"prompt is too long"},"request_id":"r"}}}', "answer", 400 },
    { anthropic, '{"custom_id":"a","result":{"type":"errored"}}', "answer", 500 },
    { anthropic, '{"custom_id":"a","result":{"type":"expired"}}', "expired" },
    { anthropic, '{"custom_id":"a","result":{"type":"canceled"}}', "canceled" },
    { openai, '{"custom_id":"a","response":{"status_code":200,"body":' .. CHAT .. '},"error":null}', "answer", 200, "{}" },
    { openai, '{"custom_id":"a","response":{"status_code":429,"body":{"error":{"code":"x"}}}}', "answer", 429 },
    { openai, '{"custom_id":"a","response":{"status_code":502,"body":"<html>"}}', "answer", 502 },
    { openai, '{"custom_id":"a","response":null,"error":{"code":"batch_expired","message":"m"}}', "expired" },
    { openai, '{"custom_id":"a","response":null,"error":{"code":"batch_cancelled","message":"m"}}', "canceled" },
    { openai, '{"custom_id":"a","response":null,"error":{"code":"odd","message":"m"}}', "answer", 500 },
  }
  for _, c in ipairs(cases) do
    local custom, kind, status, answer = c[1].batch.line(json.decode(c[2]))
    check.eq({ custom, kind, status, answer and answer.text }, { "a", c[3], c[4], c[5] }, c[2])
    check.eq(answer ~= nil and answer.text == nil and answer.error == nil, false)
  end
  for _, junk in ipairs { "{}", '{"custom_id":7,"result":[],"response":[],"error":3}', '{"result":{"type":"succeeded"}}' } do
    check.eq(anthropic.batch.line(json.decode(junk)), nil)
    check.eq(openai.batch.line(json.decode(junk)), nil)
  end
end)

check.test("a time of RFC 3339 is seconds since 1970", function()
  local cases = { ["1970-01-01T00:00:00Z"] = 0, ["2000-02-29T12:00:00Z"] = 951825600,
                  ["2024-08-20T18:37:24.100435Z"] = 1724179044, ["2024-08-20T20:37:24+02:00"] = 1724179044,
                  ["2038-01-19T03:14:08Z"] = 2147483648, ["yesterday"] = 0 }
  for text, seconds in pairs(cases) do check.eq(wire.seconds(text), seconds, text) end
  check.eq({ wire.id "msgbatch_01-x", wire.id "a/../b", wire.id "", wire.id(7) }, { "msgbatch_01-x" })
end)

check.done()
