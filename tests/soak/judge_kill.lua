--- judge_kill: a run with a judge, killed (SIGKILL) at KILLS (100) random moments and started again each time. Its
-- results must be those of an unbroken run, byte for byte, and the server must have been asked little more than once a
-- row: a kill loses at most what was in flight. ROWS (5000), SEED (1). `make soak`.
local check = require "check"
local fixture = require "e2e.fixture_judge"

local function number(name, otherwise) return math.tointeger(tonumber(os.getenv(name))) or otherwise end
local ROWS, KILLS, SEED = number("ROWS", 5000), number("KILLS", 100), number("SEED", 1)
local FLIGHT, CANARIES = 8, 5
local LATENCY = { ms = 10, jitter = 0.3 }
-- Each start may live so long: short of what a share of the rows takes, so that no run ends before its kills.
local LONGEST = 2 * ROWS / KILLS * LATENCY.ms / 1000 / FLIGHT + 0.2

check.test(("%d rows, %d kills: the bytes of an unbroken run, and nothing but what was in flight paid twice"):format(
  ROWS, KILLS), function()
  local j <close> = fixture.new({ latency = LATENCY })
  local rows = {}
  for i = 1, ROWS do rows[i] = i % 50 == 0 and "[[fault refusal]]" or ("[[score %d]]"):format(i % 5 + 1) end
  local o = { rows = rows, judge = ("%s, canaries = %d, concurrency = %d"):format(fixture.MODEL, CANARIES, FLIGHT) }
  local whole = j:run(o)
  check.eq(whole.status, 0, whole.err)
  local alone = j.server:stats().requests
  check.eq(alone, ROWS + CANARIES)
  j.server:reset()
  j.server:control { latency = LATENCY }
  local got = j:killed(j:recipe(o), o, KILLS, LONGEST, SEED)
  check.eq(got.status, 0, got.err)
  check.eq(fixture.difference(got.run, whole), nil)
  local sent = j.server:stats().requests
  print(("%d rows and %d canaries: killed %d times, %d requests sent (at most %d), results the same"):format(ROWS,
    CANARIES, got.kills, sent, alone + got.kills * FLIGHT))
  check.eq(got.kills, KILLS)
  check.ok(sent >= alone and sent <= alone + KILLS * FLIGHT, sent)
end)
check.done()
