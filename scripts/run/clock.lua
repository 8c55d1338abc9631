--- clock: what each step of a run took: time, processor time, rows, memory.

local fs = require "fs"

local clock = {}
clock.__index = clock

function clock.new()
  return setmetatable({ steps = {}, started = fs.clock() }, clock)
end

--- Resident memory now and at most, in bytes; nil where the system does not tell.
function clock.memory()
  local text = fs.read "/proc/self/status"
  if not text then return nil end
  local function kb(name)
    local n = text:match(name .. ":%s*(%d+) kB")
    return n and math.tointeger(tonumber(n)) * 1024
  end
  return kb "VmRSS", kb "VmHWM"
end

-- To a microsecond.
local function rounded(seconds) return math.floor(seconds * 1e6 + 0.5) / 1e6 end

--- Ends the step that runs, if one does.
-- @return  it, with its figures
function clock:stop()
  local step = self.now
  if not step then return nil end
  self.now = nil
  step.seconds, step.cpu_seconds = rounded(fs.clock() - step.begun), rounded(fs.cpu() - step.cpu_begun)
  step.begun, step.cpu_begun = nil, nil
  step.memory, step.peak_memory = clock.memory()
  step.rows_per_second = step.rows and step.seconds > 0 and math.floor(step.rows / step.seconds) or nil
  return step
end

--- A step begins, over so many rows (nil where that is not known yet); the one before ends.
function clock:step(name, rows)
  self:stop()
  self.now = { name = name, rows = rows, begun = fs.clock(), cpu_begun = fs.cpu() }
  self.steps[#self.steps + 1] = self.now
end

--- Seconds since the clock was made.
function clock:elapsed() return fs.clock() - self.started end

return clock
