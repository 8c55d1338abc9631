--- judge: rows a second of a run with a judge, and what a row costs on either side, at 256 requests in flight; memory
-- a request in flight. The server shares the machine's processors. ROWS (20000).
local check = require "check"
local fixture = require "e2e.fixture_judge"
local fs = require "fs"

local ROWS, FLIGHT, HELD = math.tointeger(tonumber(os.getenv "ROWS")) or 20000, 256, 1000
local FEW = 32
local TICKS = 100   -- of /proc/PID/stat, a second

--- User and system time that a process has used so far, seconds.
local function cpu(pid)
  local fields = check.read(("/proc/%d/stat"):format(pid)):match "%) (.*)"
  local user, system = fields:match(("%S+ "):rep(11) .. "(%S+) (%S+)")
  return (tonumber(user) + tonumber(system)) / TICKS
end

local function rows_of(n) return fixture.times(n, "[[score 4]]") end
local function judge_at(flight) return ("%s, canaries = 0, concurrency = %d"):format(fixture.MODEL, flight) end

local function speed(j)
  local before = cpu(j.server.pid)
  local run = j:run { rows = rows_of(ROWS), judge = judge_at(FLIGHT) }
  assert(run.status == 0, run.err)
  local stats = run:lineage().stats
  local stage
  for _, s in ipairs(stats.stage_counts) do stage = s.stage == "judge" and s or stage end
  print(("judge  %d rows, %d in flight  %6.0f rows/s by the clock  %5.1f us of CPU a row (the server %5.1f)"):format(ROWS,
    FLIGHT, ROWS / stage.seconds, stats.cpu_seconds * 1e6 / ROWS, (cpu(j.server.pid) - before) * 1e6 / ROWS))
end

--- Most memory that a run held, bytes, with so many requests in flight at a server that takes its time.
local function peak(j, flight)
  local o = { rows = rows_of(HELD), judge = judge_at(flight) }
  local folder = j:recipe(o)
  local file = j.dir .. "/peak"
  local status, _, err = check.run(("( %s ) & p=$!; while kill -0 $p 2>/dev/null; do grep VmHWM /proc/$p/status > %s.now "
    .. "2>/dev/null && mv %s.now %s; sleep 0.02; done; wait $p"):format(j:command(folder, o), file, file, file))
  assert(status == 0, err)
  return tonumber(check.read(file):match "(%d+) kB") * 1024
end

local from = fs.clock()
local j <close> = fixture.new()
speed(j)
j.server:control { latency = { ms = 150 } }
local few, many = peak(j, FEW), peak(j, FLIGHT)
print(("memory %d in flight %.1f MB, %d %.1f MB: %.1f KB for each more"):format(FLIGHT, many / 1e6, FEW, few / 1e6,
  (many - few) / (FLIGHT - FEW) / 1024))
print(("in %.0f s"):format(fs.clock() - from))
