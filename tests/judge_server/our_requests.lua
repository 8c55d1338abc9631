--- our_requests: the bodies that the judge sends, for the providers' own SDKs to judge (sdk_check.mjs): a JSON array of
-- { provider, body }.
local json = require "json"
local prompt = require "judge.ask.prompt"
local rubric = require "judge.rubric"

local R = rubric.check(nil)
local out = {}

local function add(name, model, sampling)
  local data = prompt.data { { "input", "Where is my invoice?" }, { "output", "Under Billing. [[score 4]]" } }
  local fence, id = prompt.marks(data)
  local r = require("judge.providers." .. name).request {
    model = model, system = rubric.text(R), schema = rubric.schema(R), user = prompt.user(data, fence, id, false),
    max_tokens = 512, sampling = sampling, extra = {} }
  out[#out + 1] = { provider = name, body = r.body }
end

add("anthropic", "claude-haiku-4-5", {})
add("openai", "gpt-4o-mini", {})
add("openai", "gpt-4o-mini", { temperature = 0.5 })
print(json.encode(json.array(out)))
