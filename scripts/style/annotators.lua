--- annotators: how long the texts of each are, by month, and who drifts.

local json = require "json"

local annotators = {}

annotators.MOST = 30      -- annotators that are told of
annotators.MONTHS = 36    -- of each: the latest
annotators.SURE = 3       -- a slope counts from so many standard errors on

local MONTH_DAYS = 30.44

--- How many times as long the texts became over the annotator's months, by the line fitted to the logarithms.
local function change_of(a)
  local first, last = a.months[1], a.months[#a.months]
  if not a.slope or #a.months < 2 then return nil end
  local function number(m) return tonumber(m.month:match "^(%-?%d+)") * 12 + tonumber(m.month:match "(%d+)$") end
  return 2 ^ (a.slope * (number(last) - number(first)) * MONTH_DAYS / 30)
end

local function drifts(a, p)
  if not a.change or a.timed < p.min_rows or not a.error then return false end
  return math.abs(a.slope) > annotators.SURE * a.error and math.max(a.change, 1 / a.change) >= p.max_drift
end

--- @param found  style.measure's
-- @return  { list, rows = with an annotator, count, timed = of these with a time, drifting = names }
function annotators.of(found, p)
  local out = { list = json.array {}, rows = 0, count = 0, timed = 0, drifting = json.array {} }
  for i, a in ipairs(found:annotators()) do
    out.rows, out.count, out.timed = out.rows + a.rows, i, out.timed + a.timed
    a.name, a.change = tostring(a.name), change_of(a)
    a.drifts = drifts(a, p) or nil
    if a.drifts then out.drifting[#out.drifting + 1] = a.name end
    if i <= annotators.MOST or a.drifts then
      local months = json.array {}
      for k = math.max(1, #a.months - annotators.MONTHS + 1), #a.months do months[#months + 1] = a.months[k] end
      a.months = months
      out.list[#out.list + 1] = a
    end
  end
  return out
end

return annotators
