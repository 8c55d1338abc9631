--- progress: what runs now, on stderr. A live bar a stage on a terminal, a plain line every few seconds
-- elsewhere, one JSON object a line where events are asked for, nothing when it is to be quiet. Workers
-- never print: the pool's tick does.

local clock = require "run.clock"
local fs = require "fs"
local json = require "json"
local screen = require "report.screen"

local progress = {}
progress.__index = progress

local LINE_SECONDS = 5      -- between two plain lines
local BAR_SECONDS = 0.2
local EVENT_SECONDS = 1
local PART_SECONDS = 0.3    -- from which on a rate means something
local LEFT_SECONDS = 1      -- a stage that took longer leaves its line on the terminal
local STDERR = 2
local NAME_COLUMNS = 30

--- @param options  pool, quiet, events = JSON lines; live = false: no bar though it is a terminal
function progress.new(options)
  local self = setmetatable({ pool = options.pool, quiet = options.quiet, events = options.events,
                              clock = clock.new() }, progress)
  self.live = not self.events and options.live ~= false and fs.isatty(STDERR)
  self.screen = screen.new { fd = STDERR }
  self.pause = self.live and BAR_SECONDS or self.events and EVENT_SECONDS or LINE_SECONDS
  if not self.quiet then
    self.pool:progress(function(done, n) self:tick(done, n) end)
  end
  return self
end

local function rate(rows, seconds)
  if seconds <= 0 then return "" end
  return screen.number(math.floor(rows / seconds)) .. " rows/s"
end

--- 65 as 1:05, 3700 as 1:01:40.
local function duration(seconds)
  local s = math.floor(seconds + 0.5)
  if s < 60 then return ("%d s"):format(s) end
  if s < 3600 then return ("%d:%02d"):format(s // 60, s % 60) end
  return ("%d:%02d:%02d"):format(s // 3600, s // 60 % 60, s % 60)
end
progress.duration = duration

--- One event as a line of JSON on stderr.
function progress:event(kind, fields)
  if not self.events or self.quiet then return end
  fields.event, fields.at = kind, math.floor(self.clock:elapsed() * 1000) / 1000
  io.stderr:write(screen.json(json.encode(fields)) .. "\n")
end

-- ---- the bar ----

-- Takes the bar away; where the terminal has become narrower, the lines too that it was broken over.
local function wiped(self)
  if not self.shown then return "" end
  local width = fs.width(STDERR) or 80
  local rows = width > 0 and (self.shown - 1) // width or 0
  self.shown = nil
  return (rows > 0 and ("\27[%dA"):format(rows) or "") .. "\r\27[J"
end

function progress:clear()
  local text = self.live and wiped(self) or ""
  if text ~= "" then io.stderr:write(text) end
end

-- What stands right of the bar. A stage may go over its rows several times: each is a part, and what is
-- left is told of the part.
local function tail_of(self, share, elapsed)
  local parts = { ("%3.0f%%"):format(share * 100) }
  if self.part > 1 then table.insert(parts, 1, ("part %d"):format(self.part)) end
  local began = fs.clock() - self.part_begun
  if self.rows and elapsed > 0.5 then
    if began > PART_SECONDS then
      parts[#parts + 1] = rate(self.rows * share, began)
      if share > 0.02 and share < 1 then parts[#parts + 1] = duration(began / share - began) .. " left" end
    end
  end
  return table.concat(parts, "  ")
end

function progress:draw(done, n)
  local columns = math.max(10, fs.width(STDERR) or 80)
  local width = math.min(columns - 1, 120)
  local share = n > 0 and done / n or 0
  local tail = tail_of(self, share, fs.clock() - self.started)
  local name = self.screen:cut(self.name or "", math.max(4, math.min(NAME_COLUMNS, width - #tail - 1)))
  local room = width - screen.width_of(name) - #tail - 4
  local full = math.max(0, math.min(room, math.floor(room * share + 0.5)))
  local bar = room > 5 and "[" .. ("="):rep(full) .. (" "):rep(room - full) .. "] " or ""
  local line = self.screen:cut(name .. " " .. bar .. tail, width)
  if line == self.line and self.shown and columns == self.columns then return end
  -- one write over what stood there: nothing is seen to vanish
  local lead = columns ~= self.columns and wiped(self) or "\r"
  io.stderr:write(lead .. line .. "\27[K")
  self.line, self.columns, self.shown = line, columns, screen.width_of(line)
end

-- The line that a long stage leaves.
local function left_line(self, step)
  local name = self.screen:cut(step.name, NAME_COLUMNS)
  local parts = { screen.pad(name, NAME_COLUMNS), duration(step.seconds) }
  if step.rows and step.rows > 0 then
    parts[#parts + 1] = screen.count(step.rows, "row")
    parts[#parts + 1] = rate(step.rows, step.seconds)
  end
  return self.screen:cut(table.concat(parts, "  "), math.max(10, (fs.width(STDERR) or 80) - 1))
end

-- ---- stages ----

--- The step that runs ends.
function progress:finish()
  local step = self.clock:stop()
  self.name = nil
  if not step or self.quiet then return end
  self:event("end", { stage = step.name, rows = step.rows, seconds = step.seconds, cpu_seconds = step.cpu_seconds,
                      rows_per_second = step.rows_per_second, memory = step.memory, peak_memory = step.peak_memory })
  self:clear()
  if self.live and step.seconds >= LEFT_SECONDS then io.stderr:write(left_line(self, step) .. "\n") end
end

--- The step that runs ends and leaves nothing: whoever ran it tells of it.
function progress:drop()
  self.clock:stop()
  self.name = nil
  self:clear()
end

--- A new step begins, over so many rows (nil where that is not known yet).
function progress:step(name, rows)
  self:finish()
  self.clock:step(name, rows)
  self.name, self.rows, self.started = name, rows, fs.clock()
  self.part, self.part_begun, self.share = 1, self.started, 0
  self.next = self.started + self.pause
  self:event("begin", { stage = name, rows = rows })
  if self.live and not self.quiet then self:draw(0, 1) end
end

--- How many rows the step that runs has, once it is known.
function progress:count(rows)
  self.rows = rows
  if self.clock.now then self.clock.now.rows = rows end
end

function progress:tick(done, n)
  local now = fs.clock()
  if self.name == nil then return end
  local share = n > 0 and done / n or 0
  if share < self.share then self.part, self.part_begun = self.part + 1, now end
  self.share = share
  if now < self.next then return end
  self.next = now + self.pause
  if self.live then
    self:draw(done, n)
    return
  end
  local took = now - self.part_begun
  if self.events then
    self:event("progress", { stage = self.name, part = self.part, share = share, rows = self.rows,
                             rows_per_second = self.rows and took > 0 and math.floor(self.rows * share / took) or nil })
    return
  end
  local known = took > PART_SECONDS   -- a part that has just begun says nothing
  local more = known and self.rows and ", " .. rate(self.rows * share, took) or ""
  if known and share > 0.02 and share < 1 then more = more .. ", " .. duration(took / share - took) .. " left" end
  io.stderr:write(("%s: %.0f%%%s\n"):format(screen.clean(self.name), share * 100, more))
end

--- Says something in between.
function progress:say(line)
  self:clear()
  if not self.quiet then io.stderr:write(line, "\n") end
end

--- Ends: nothing is drawn from here on.
function progress:close()
  self:finish()
  if not self.quiet then self.pool:progress(nil) end
end

return progress
