--- judge: marks by a language model, or from a file of marks, and what is kept by them.

local prices = require "judge.money.prices"
local run = require "judge.run"
local states = require "judge.states"
local tell = require "judge.tell"

local NEEDS_MODEL = 'it needs a model, such as model = "claude-haiku-4-5-20251001", or provider = "file" with scores'

local function policy_fault(on)
  for state, policy in pairs(on or {}) do
    if not states.policy[state] then
      return ("on.%s: there is no such state (there are %s)"):format(tostring(state),
        table.concat(states.names, ", ", 2))
    end
    local known = false
    for _, name in ipairs(states.policies) do known = known or name == policy end
    if not known then
      return ('on.%s = "%s": expected "%s"'):format(state, tostring(policy), table.concat(states.policies, '" or "'))
    end
  end
end

-- Members of a request that parameters of their own say, or that would break the cap or the reply's form.
local NOT_EXTRA = { model = "model", messages = "rubric", system = "rubric", max_tokens = "max_tokens",
                    max_completion_tokens = "max_tokens", temperature = "temperature", response_format = "rubric",
                    output_config = "rubric", n = false, best_of = false, stream = false }

local function extra_fault(extra)
  for name in pairs(extra or {}) do
    local own = NOT_EXTRA[name]
    if type(name) ~= "string" then return "extra: expected members by name" end
    if own then return ("extra.%s is what the parameter %s says"):format(name, own) end
    if own == false then return ("extra.%s: a judge reads one whole reply a request"):format(name) end
  end
end

local function price_fault(price)
  local why = price and prices.fault(price)
  return why and "price: " .. why
end

return {
  name    = "judge",
  scope   = "corpus",
  doc     = "marks by a language model against a rubric, or from a file of marks; what is under the threshold goes",
  params  = {
    model    = { type = "string", doc = "the model that judges, by its provider's name for it" },
    provider = { type = "string",
                 doc = 'who serves it; found by the model\'s name where none is given. "file": marks from a file' },
    base_url = { type = "string",
                 doc = "a server of your own; it is asked only if the user allows it (tamis help judging)" },
    scores   = { type = "string", doc = 'with provider = "file": JSONL that names rows and their marks' },
    rubric   = { type = "table",
                 doc = "dimensions, weights, scale, task and examples; the default rubric where none is given. With "
                   .. "topics = { \"billing\", … } (or \"free\") the judge names each row's topic, too: the annotation "
                   .. "topic" },
    min_overall    = { type = "number", default = 3.5, doc = "lowest total that is kept" },
    exclude_below  = { type = "number", default = 3, doc = "a total under this is excluded, whatever the threshold" },
    exclude_lowest = { type = "boolean", default = true, doc = "a lowest mark in any dimension excludes the row" },
    overall  = { type = "enum", default = "weighted", values = { "weighted", "model" },
                 doc = "held against the threshold: the weighted total of the marks, or the model's own overall" },
    on       = { type = "table",
                 doc = "what becomes of rows without marks, by state: keep, reject or quarantine (the default; for "
                   .. "unscored: keep)" },
    max_failed = { type = "number", default = 0.2, min = 0, max = 1,
                   doc = "the stage stops when a larger share of the rows asked could not be judged" },
    mode     = { type = "enum", default = "sync", values = { "sync", "batch" },
                 doc = "batch: half the price, answers within a day (anthropic, openai). The run sends the rows and "
                   .. "ends with status 1; behind tamis judge collect the same run uses the answers" },
    max_cost = { type = "number", min = 0, doc = "dollars that this run may spend anew: a hard cap" },
    on_cap   = { type = "enum", default = "quarantine", values = { "quarantine", "stop" },
                 doc = "at the cap: quarantine the rest of the rows, or stop the run" },
    price    = { type = "table", doc = "dollars a million tokens, where no price is known: { input = 1, output = 5 }" },
    max_rows = { type = "integer", min = 0,
                 doc = "most rows that are judged, drawn by the seed; the others are skipped_budget (see on)" },
    sample   = { type = "number", min = 0, max = 1,
                 doc = "share of the rows that is judged, drawn by the seed; the others are skipped_budget (see on)" },
    truncate = { type = "integer", min = 1000,
                 doc = "bytes above which a row's longest part loses its middle; completeness is then not judged" },
    max_tokens = { type = "integer", default = 512, min = 16, max = 100000, doc = "most tokens of a reply" },
    temperature = { type = "number", min = 0, max = 2, doc = "sent only when given: newer models refuse it" },
    extra       = { type = "table", doc = "further members of the request, for a server that wants them" },
    canaries    = { type = "integer", default = 5, min = 0, max = 5,
                    doc = "most planted answers that ask for the highest marks; one a 20 rows" },
    drift       = { type = "integer", default = 50, min = 0, max = 1000,
                    doc = "rows that are pinned, and judged again when the model or the rubric changes; 0: none" },
    concurrency = { type = "integer", default = 64, min = 1, max = 1024, doc = "most requests in flight" },
    requests_per_minute      = { type = "number", min = 0.1, doc = "limit of requests" },
    input_tokens_per_minute  = { type = "number", min = 1, doc = "limit of tokens sent" },
    output_tokens_per_minute = { type = "number", min = 1, doc = "limit of tokens received" },
  },
  example = [[s.judge { provider = "file", scores = "scores.jsonl", min_overall = 3.5 }]],
  reasons = tell.reasons,
  metrics = { "total", "overall" },
  -- What is excluded has no bound of its own: a lowest mark excludes too, and min_overall may be the higher one.
  bounds  = { { param = "min_overall", metric = "total", side = "min", reason = "low_score",
                only = { overall = "weighted" } } },

  check = function(p)
    if p.provider == "file" and not p.scores then return 'provider = "file" needs scores = "FILE.jsonl"' end
    if p.provider ~= "file" and not p.model then return NEEDS_MODEL end
    return policy_fault(p.on) or price_fault(p.price) or extra_fault(p.extra)
  end,

  ready = run.ready,
  run = run.stage,
}
