--- progress: what runs now, on stderr. A live bar on a terminal, a plain line every few seconds
-- elsewhere, nothing when it is to be quiet. Workers never print: the pool's tick does.

local fs = require "fs"
local screen = require "report.screen"

local progress = {}
progress.__index = progress

local LINE_SECONDS = 5      -- between two plain lines
local BAR_SECONDS = 0.2
local STDERR = 2

--- @param options  pool, quiet
function progress.new(options)
  local self = setmetatable({ pool = options.pool, quiet = options.quiet, live = fs.isatty(STDERR) }, progress)
  self.screen = screen.new { fd = STDERR }
  if not self.quiet then
    self.pool:progress(function(done, n) self:tick(done, n) end)
  end
  return self
end

local function rate(rows, seconds)
  if seconds <= 0 then return "" end
  return screen.number(math.floor(rows / seconds)) .. " rows/s"
end

function progress:clear()
  if self.live and self.shown then io.stderr:write "\r\27[K" end
  self.shown = false
end

--- A new step begins, over so many rows (nil where that is not known yet).
function progress:step(name, rows)
  self:clear()
  self.name, self.rows, self.started = name, rows, fs.clock()
  self.next = self.started + (self.live and BAR_SECONDS or LINE_SECONDS)
  if self.live and not self.quiet then self:draw(0, 1) end
end

function progress:draw(done, n)
  local width = math.max(40, math.min(fs.width(STDERR) or 80, 120))
  local elapsed = fs.clock() - self.started
  local share = n > 0 and done / n or 0
  local parts = { ("%3.0f%%"):format(share * 100) }
  if self.rows and elapsed > 0.5 then
    parts[#parts + 1] = rate(self.rows * share, elapsed)
    if share > 0.02 and share < 1 then parts[#parts + 1] = ("%.0f s left"):format(elapsed / share - elapsed) end
  end
  local name = self.screen:cut(self.name or "", 30)
  local tail = table.concat(parts, "  ")
  local room = width - screen.width_of(name) - #tail - 6
  local full = math.max(0, math.min(room, math.floor(room * share + 0.5)))
  local bar = room > 5 and "[" .. ("="):rep(full) .. (" "):rep(room - full) .. "] " or ""
  io.stderr:write("\r\27[K", name, " ", bar, tail)
  self.shown = true
end

function progress:tick(done, n)
  local now = fs.clock()
  if self.name == nil or now < self.next then return end
  if self.live then
    self.next = now + BAR_SECONDS
    self:draw(done, n)
    return
  end
  self.next = now + LINE_SECONDS
  local share = n > 0 and done / n or 0
  local more = self.rows and ", " .. rate(self.rows * share, now - self.started) or ""
  io.stderr:write(("%s: %.0f%%%s\n"):format(self.name, share * 100, more))
end

--- Says something in between.
function progress:say(line)
  self:clear()
  if not self.quiet then io.stderr:write(line, "\n") end
end

--- Ends: nothing is drawn from here on.
function progress:close()
  self:clear()
  if not self.quiet then self.pool:progress(nil) end
  self.name = nil
end

return progress
