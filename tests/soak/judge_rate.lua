--- judge_rate: the pace that the client finds where the server lets R requests a second through, in real time: from the
-- 31st second on at least 95% of R, and under 1% of the requests answered 429. LIMITS ("50 200"), SECONDS (70) each; the
-- server keeps its limit to itself (SAYS=1: its headers tell). `make soak`.
local check = require "check"
local fixture = require "e2e.fixture_judge"

local SECONDS = math.tointeger(tonumber(os.getenv "SECONDS")) or 70
local SETTLED = 30

for limit in (os.getenv "LIMITS" or "50 200"):gmatch "%d+" do
  local rate = math.tointeger(tonumber(limit))
  check.test(("%d a second: 95%% of it is used, and less than 1%% refused"):format(rate), function()
    local j <close> = fixture.new { latency = { ms = 100, jitter = 0.3 },
      limits = { requests_per_second = rate, silent = os.getenv "SAYS" == nil } }
    local run = j:run { rows = fixture.times(rate * SECONDS, "[[score 4]]"),
                        judge = fixture.MODEL .. ", concurrency = 256" }
    check.eq(run.status, 0, run.err)
    local seconds, asked, good, refused, n = j.server:stats().seconds, 0, 0, 0, 0
    local last = #seconds
    while last > 0 and seconds[last][2] == 0 do last = last - 1 end
    local first = 1
    while seconds[first][1] == 0 do first = first + 1 end
    for i = first + SETTLED, last - 2 do
      asked, good, refused, n = asked + seconds[i][1], good + seconds[i][2], refused + seconds[i][3], n + 1
    end
    print(("limit %d/s: %.1f/s answered (%.1f%%), %.2f%% of %d requests answered 429, seconds %d to %d; %d of %d before"):
      format(rate, good / n, 100 * good / n / rate, 100 * refused / asked, asked, SETTLED + 1, last - 2 - first,
      j.server:stats().rate_429 - refused, j.server:stats().requests - asked))
    check.ok(good / n >= 0.95 * rate, good / n)
    check.ok(refused < 0.01 * asked, refused / asked)
  end)
end
check.done()
