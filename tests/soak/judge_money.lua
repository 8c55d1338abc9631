--- judge_money: seeded runs against a server that fails in every way it knows, each under a cap. By the server's own
-- books no run may cost more than its cap, whatever was lost on the way. SEEDS (50). `make soak`.
-- (tests/test_judge_ask.lua does the same 10,000 times without a network.)
local check = require "check"
local fixture = require "e2e.fixture_judge"
local prices = require "judge.money.prices"

local SEEDS = math.tointeger(tonumber(os.getenv "SEEDS")) or 50
local ROWS = 40
local PRICE = prices.of "claude-haiku-4-5"
-- What is drawn; those that cost seconds of waiting are few.
local FAULTS = { "overloaded", "server_error", "bad_gateway", "reset", "reset_head", "reset_body", "cut_body", "cut_chunk",
                 "garbage", "empty", "half_json", "html", "nan_usage", "max_tokens", "empty_content", "no_usage",
                 "not_json", "wrong_id", "refusal", "context_length", "half_object", "two_objects", "rate_limit_ms",
                 "close_silent", "until_close", "prose", "refuse_reset", "error_empty", "no_content", "bad_utf8" }

local function cost(billed)
  return prices.cost(PRICE, { input = billed.input_tokens, output = billed.output_tokens,
    cache_read = billed.cache_read_input_tokens, cache_write = billed.cache_creation_input_tokens })
end

check.test(("%d seeded runs: what the server billed is at most the cap"):format(SEEDS), function()
  local j <close> = fixture.new()
  local capped, most, lost = 0, 0, 0
  for seed = 1, SEEDS do
    local random = seed
    local function draw(n)
      random = (random * 6364136223846793005 + 1442695040888963407) & 0x7fffffffffffffff
      return (random >> 33) % n
    end
    local rates = {}
    for _ = 1, 1 + draw(6) do rates[FAULTS[1 + draw(#FAULTS)]] = (1 + draw(12)) / 100 end
    local dollars = (3 + draw(200)) / 1000
    j.server:reset()
    j.server:control { seed = seed, rates = rates }
    local run = j:run { rows = fixture.times(ROWS, "[[score 4]]"), options = "",
                        judge = ("%s, max_failed = 1, max_cost = %g"):format(fixture.MODEL, dollars) }
    local billed = j.server:stats().billed
    local nano = cost(billed)
    check.ok(nano <= dollars * prices.DOLLAR, ("seed %d: billed %d of %g dollars"):format(seed, nano, dollars))
    if run.status == 0 then
      local n = run:count "curated" + run:count "rejected" + run:count "quarantined"
      check.eq(n, ROWS, "seed " .. seed)
      if run:count "quarantined" > 0 then capped = capped + 1 end
    else check.ok(not run:wrote(), "seed " .. seed) end
    most, lost = math.max(most, nano / (dollars * prices.DOLLAR)), lost + billed.lost
  end
  print(("%d runs, %d with rows left out, %d paid replies lost; the dearest reached %.1f%% of its cap"):format(SEEDS,
    capped, lost, most * 100))
end)
check.done()
