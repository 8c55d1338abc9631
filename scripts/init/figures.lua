--- figures: thresholds from a set's own percentiles, and numbers that a person would choose.

local stats = require "stats"

local figures = {}

figures.LOW, figures.HIGH = 0.01, 0.99   -- the percentiles that bound a length

local STEPS = { 1, 1.5, 2, 3, 4, 5, 6, 8, 10 }

-- v on the grid 1, 1.5, 2, 3, … times a power of ten.
local function on_grid(v, up)
  if v <= 0 then return 0 end
  local power = 10 ^ math.floor(math.log(v, 10) + 1e-12)
  local found
  for _, s in ipairs(STEPS) do
    local x = s * power
    if up and x >= v - 1e-9 then return x end
    if not up and x <= v + 1e-9 then found = x end
  end
  return found or power
end

--- The largest number a person would choose that is not above v: 37 gives 30.
function figures.down(v) return math.floor(on_grid(v, false)) end
--- The smallest not below v: 37 gives 40.
function figures.up(v) return math.ceil(on_grid(v, true)) end
--- A share rounded up to a twentieth.
function figures.share_up(v) return math.min(1, math.ceil(v * 20 - 1e-9) / 20) end

--- Bounds for a field's tokens; nil if no row has the field.
function figures.bounds(view, field, pool)
  local n, err = stats.field_tokens(view, field, pool)
  if not n then return nil, err end
  if n:count "standing" == 0 then return nil end
  local low, high = n:quantile(figures.LOW, "standing"), n:quantile(figures.HIGH, "standing")
  return { min = math.max(1, figures.down(low)), max = math.max(1, figures.up(high)), low = low, high = high,
           median = n:median "standing", least = n:min "standing", most = n:max "standing" }
end

return figures
