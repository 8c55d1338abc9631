--- notice: what heads the report of a run: the stages that removed much of what they saw, with the value
-- that would keep most of it, from the run's facts (report/compose.lua).

local limits = require "report.limits"
local remedy = require "report.remedy"
local screen = require "report.screen"
local stats = require "stats"

local notice = {}

notice.REMOVED = 0.30   -- a stage that rejects more than this share of what it saw is a notice
notice.FEW = 20         -- of fewer rows a share says nothing
notice.KEEP = 0.90      -- … with the value that would keep this share

local percent = screen.percent

-- A threshold with the digits it needs, four at most.
local function value_of(v)
  if v == math.floor(v) then return screen.number(v) end
  return (screen.number(v, 4):gsub("%.?0+$", ""))
end

-- The metric that holds a stage's figure of a rejected row.
local function metric_of(s, row)
  local e, found = row.evidence, nil
  for metric, v in pairs(row.metrics) do
    local own = metric:sub(1, #s.name + 1) == s.name .. "." and v == e.value
    if own and (not found or metric:find(e.field or "\0", 1, true)) then found = metric end
  end
  return found
end

-- How many of the rows that a stage removed would have to stay.
local function back_of(s) return s.removed - math.floor((1 - notice.KEEP) * s.seen + 1e-9) end

-- The bound that lets so many of some rows stay: the greatest of a minimum, the smallest of a maximum.
local function bound(column, back, side)
  local all = column and column:count() or 0
  if back < 1 or back > all then return nil end
  return stats.threshold_to_keep(column, back / all, side, "all")
end

-- The sentence of a stage: with the reason that did most of the removing, its parameter, and the value that
-- would keep most rows. Only rows that this bound alone rejected can be won back.
local function sentence(facts, s, reason)
  local text = ("%s removed %s of the %s it saw"):format(s.name, percent(s.removed / s.seen),
    screen.count(s.seen, "row"))
  local row = reason and reason.rows[1] and facts:row(reason.rows[1])
  if not row then return text end
  local e = row.evidence or {}
  local name, now = remedy.parameter(facts, row)
  if limits.blamed(s, reason.reason) == false then name = nil end
  local passes = name and type(e.value) == "number" and type(e.threshold) == "number"
    and (name:find "^min" and e.value >= e.threshold or name:find "^max" and e.value <= e.threshold)
  if not name or passes then return text .. (", most of them as " .. tostring(reason.reason)) end
  local value
  if e.jaccard or e.cosine then
    local column = facts:alone(s.name .. (e.jaccard and ".jaccard" or ".cosine"), s.name, reason.reason, "stage")
    value = bound(column, back_of(s), "max")
    if not value or value >= 1 then
      return ("%s; most are copies to the letter, which no %s.%s keeps"):format(text, s.name, name)
    end
    value = "above " .. value_of(value)
  elseif type(e.value) == "number" then
    local metric = metric_of(s, row)
    local column = metric and facts:alone(metric, s.name, reason.reason, "stage")
    value = bound(column, back_of(s), e.value < e.threshold and "min" or "max")
    value = value and value_of(value)
  end
  if not value then return text end
  return ("%s; %s.%s = %s would keep 90%% (now %s)"):format(text, s.name, name, value, value_of(e.threshold or now))
end

--- The sentences for a run, in order of its stages.
-- @param reasons  facts:reasons()
function notice.of(facts, reasons)
  local out, first = {}, {}
  for _, r in ipairs(reasons) do first[r.stage] = first[r.stage] or r end
  for _, s in ipairs(facts.stages) do
    if (s.seen or 0) >= notice.FEW and s.removed / s.seen > notice.REMOVED then
      out[#out + 1] = sentence(facts, s, first[s.name])
    end
  end
  return out
end

return notice
