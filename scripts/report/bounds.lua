--- bounds: thresholds of a run's stages over the metrics that it stored, and what another value would
-- keep. For a value v of one bound, all else as it is: of the rows now kept those past it go (trusted
-- ones stay); of the rows that this bound alone rejected those within it come back. Both are exact counts of the stored
-- figures. The stages behind are not run again, so where rows come back the sum is the most that
-- would be kept; of a similarity only the pairs at or above the run's threshold are stored.

local json = require "json"
local limits = require "report.limits"
local plan = require "plan"
local remedy = require "report.remedy"

local bounds = {}

bounds.STEPS = 60     -- values a bound is told for, and the run's own
bounds.TRIM = 0.001   -- the values reach from this quantile to its counterpart

-- Did a bound reject a row with this evidence? A language that is not wanted may be told with its confidence.
local function crossed(evidence, side)
  if side == "similarity" then return evidence.twin ~= nil and not evidence.twin.run end
  local v, threshold = evidence.value, evidence.threshold
  if type(v) ~= "number" or type(threshold) ~= "number" then return false end
  if side == "min" then return v < threshold end
  return v > threshold
end

-- The reason behind a bound: as declared, else as an example of it tells: its evidence names the bound's value.
local function reason_of(facts, stage, b, reasons)
  for _, r in ipairs(reasons) do
    if r.stage == stage.name and b.reason then
      if r.reason == b.reason then return r.reason end
    elseif r.stage == stage.name and r.rows[1] then
      local row = facts:row(r.rows[1])
      if remedy.parameter(facts, row) == b.param and crossed(row.evidence or {}, b.side) then return r.reason end
    end
  end
end

-- Are a bound and all that it bounds whole numbers, as far as the ends and the middle tell?
local function is_whole(now, kept, alone)
  if math.type(now) ~= "integer" then return false end
  local most = 0
  for _, c in ipairs { kept or false, alone or false } do
    if c and c:count() > 0 then
      for _, v in ipairs { c:min(), c:median(), c:max() } do
        if v ~= math.floor(v) then return false end
        most = math.max(most, v)
      end
    end
  end
  return most > 1
end

-- What a parameter may be, as its stage declares it; nil for a stage of a recipe's own.
local function spec_of(stage, param)
  local def = stage.stage and plan.stage(stage.stage)
  return def and (def.params or {})[param]
end

-- Past the nearest pair nothing is near, where the parameter goes so far.
local function add_past(values, high, spec)
  local past = math.min(math.ceil(high * 1e4 + 1) / 1e4, spec and spec.max or math.huge)
  if past > values[#values] then values[#values + 1] = past end
end

-- Ten to the digits behind the point that tell values apart which lie so far from each other, four at most.
local function scale_of(step)
  local scale = 1
  while scale < 1e4 and scale * step < 1 do scale = scale * 10 end
  return scale
end

-- Values from low to high and the run's own: whole ones, growing by a factor where they reach far.
local function grid(low, high, now, whole, scale)
  local set, out = { [now] = true }, {}
  local function add(v)
    if whole then v = math.tointeger(math.floor(v + 0.5)) else v = math.floor(v * scale + 0.5) / scale end
    set[v] = true
  end
  local ratio = low > 0 and high / low or 0
  for i = 0, bounds.STEPS - 1 do
    local share = i / (bounds.STEPS - 1)
    add(whole and ratio > 20 and low * ratio ^ share or low + share * (high - low))
  end
  for v in pairs(set) do out[#out + 1] = v end
  table.sort(out)
  return out
end

local function place_of(list, v)
  for i, x in ipairs(list) do if x == v then return i end end
end

-- Least and greatest of what two columns hold but for a few outliers.
local function range(kept, alone, now)
  local low, high = now, now
  for _, c in ipairs { kept or false, alone or false } do
    local which = c == kept and "standing" or "all"
    if c and c:count(which) > 0 then
      low = math.min(low, c:quantile(bounds.TRIM, which))
      high = math.max(high, c:quantile(1 - bounds.TRIM, which))
    end
  end
  return low, high
end

local function count(column, values, which, how)
  return column and column:counts(values, which, how) or nil
end

-- go and back for each value; a row passes at >= v of a minimum, <= v of a maximum, < v of a similarity.
local function moved(values, side, kept, alone)
  local how = side == "max" and "upto" or "below"
  local inside, won = count(kept, values, "standing", how), count(alone, values, "all", how)
  local nkept, nalone = kept and kept:count "standing" or 0, alone and alone:count() or 0
  local go, back = json.array {}, json.array {}
  for i in ipairs(values) do
    local k, a = inside and inside[i] or 0, won and won[i] or 0
    if side == "min" then go[i], back[i] = k, nalone - a
    else go[i], back[i] = nkept - k, a end
  end
  return go, back
end

local function one(facts, stage, b, reasons)
  local param, side = b.param, b.side
  local name, now = stage.name .. "." .. b.metric, limits.params(stage)[param]
  local similar = side == "similarity"
  local reason = reason_of(facts, stage, b, reasons)
  local kept = not similar and facts:metric(name, "untrusted") or nil
  local alone = reason and facts:alone(name, stage.name, reason) or nil
  if not reason and (similar or not kept or kept:count "standing" == 0) then return nil end
  local low, high = range(kept, alone, now)
  if low >= high then return nil end
  local spec = spec_of(stage, param)
  local whole = spec and spec.type == "integer" or is_whole(now, kept, alone)
  local scale = similar and 1e4 or scale_of((high - low) / bounds.STEPS)   -- the nearest pair is told to four digits
  local values = grid(low, high, now, whole, scale)
  if similar then add_past(values, high, spec) end
  local go, back = moved(values, side, kept, alone)
  return { name = stage.name .. "." .. param, metric = name, reason = reason, side = side, now = now,
           values = json.array(values), go = go, back = back, at = place_of(values, now) }
end

-- The stage's bounds over figures that the run has, in order of parameters.
local function bounds_of(stage, metrics)
  local own, there, out = {}, {}, {}
  if (stage.params or {}).cluster == "components" then return out end   -- the figure with the kept row bounds nothing
  for _, metric in ipairs(metrics) do
    if metric:sub(1, #stage.name + 1) == stage.name .. "." then
      local name = metric:sub(#stage.name + 2)
      own[#own + 1], there[name] = name, true
    end
  end
  for _, b in ipairs(limits.of(stage, own)) do
    if there[b.metric] then out[#out + 1] = b end
  end
  return out
end

-- Is there another bound of the same parameter, for another reason?
local function shares_param(list, i)
  for k, bound in ipairs(list) do
    if k ~= i and bound.param == list[i].param then return true end
  end
  return false
end

--- All bounds of a run.
-- @param reasons  facts:reasons(): `rows` are examples
-- @return  list of { name, metric, reason, side, now, values, kept, go, back, at = place of the run's own
--   value }: kept is an upper bound where back is not 0; empty where no stage has one
function bounds.of(facts, reasons, kept, read)
  local out = json.array {}
  local metrics = facts:numbers()
  for _, stage in ipairs(facts.stages) do
    local list = bounds_of(stage, metrics)
    for i, bound in ipairs(list) do
      local b = one(facts, stage, bound, reasons)
      if b then
        if shares_param(list, i) then b.name = ("%s (%s)"):format(b.name, bound.reason) end
        b.kept, b.read = json.array {}, read
        for k in ipairs(b.values) do b.kept[k] = kept - b.go[k] + b.back[k] end
        out[#out + 1] = b
      end
    end
  end
  return out
end

return bounds
