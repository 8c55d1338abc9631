--- timing: where a run's time and memory went, as a table: a line a step, and where the run was
-- profiled, a line an operator or row function of a fused step.

local screen = require "report.screen"

local timing = {}

timing.LONG = 2      -- seconds from which a run prints its table unasked

local number, percent, bytes = screen.number, screen.percent, screen.bytes

local function seconds(s)
  if s >= 100 then return ("%.0f s"):format(s) end
  if s >= 0.1 then return ("%.2f s"):format(s) end
  return ("%.1f ms"):format(s * 1000)
end

--- What each operator of a fused step took of its time.
-- @param times  { { seconds, calls }, … }, the last one of the rows themselves (view:run_group)
-- @param total  the step's seconds
-- @return       { { name, seconds, share, row_us }, … }; empty where nothing was sampled
function timing.operators(names, times, total)
  local sum, out = 0, {}
  for _, t in ipairs(times) do sum = sum + t.seconds end
  if sum <= 0 then return out end
  for i, t in ipairs(times) do
    out[i] = { name = names[i] or "(the rows)", seconds = total * t.seconds / sum,
               share = t.seconds / sum, sampled = t.calls, row_us = t.calls > 0 and t.seconds / t.calls * 1e6 or nil }
  end
  return out
end

local function cells(step, total)
  return { seconds(step.seconds), percent(total > 0 and step.seconds / total or 0),
           step.seconds > 0 and ("%.1f"):format(step.cpu_seconds / step.seconds) or "-",
           step.rows and step.seconds > 0 and number(math.floor(step.rows / step.seconds)) or "",
           step.memory and bytes(step.memory) or "", step.peak_memory and bytes(step.peak_memory) or "" }
end

local HEADS = { "time", "share", "CPUs", "rows/s", "memory", "peak" }
local WIDE = { 9, 7, 5, 11, 9, 9 }

local function line(s, name, list, room)
  local text = "  " .. screen.pad(s:cut(name, room), room)
  for i, cell in ipairs(list) do text = text .. " " .. screen.pad(cell, WIDE[i], "right") end
  return (text:gsub(" +$", ""))
end

--- Prints the table.
-- @param steps  of run/clock; a step's `operators` as above
function timing.print(steps, s, out)
  local total, room = 0, 0
  for _, w in ipairs(WIDE) do room = room + w + 1 end
  room = math.max(8, math.min(40, s.width - room - 2))
  for _, step in ipairs(steps) do total = total + step.seconds end
  out(s:paint("bold", line(s, "step", HEADS, room)))
  for _, step in ipairs(steps) do
    out(line(s, step.name, cells(step, total), room))
    for _, op in ipairs(step.operators or {}) do
      local each = op.row_us and ("%.2f us a row"):format(op.row_us) or ""
      local list = { seconds(op.seconds), percent(total > 0 and op.seconds / total or 0) }
      out(s:paint("dim", line(s, "  " .. op.name, list, room) .. "  " .. each))
    end
  end
  out(line(s, "all", { seconds(total) }, room))
end

return timing
