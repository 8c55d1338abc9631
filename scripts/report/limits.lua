--- limits: which parameter of a stage bounds which of its figures, and on which side. A stage's table says so in
-- `bounds`, the one place that sweeps, explanations and the report's sliders read:
--   { param = "min_input_tokens", metric = "input_tokens", side = "min", reason = "input_too_short" }
-- side: "min", "max"; "similarity" (a row goes at it or above); "kinds" (a list; reason is a function).
-- loose: what the figure of a row is depends on which rows are kept, so that it tells only of this run.
-- only: the bound decides where the parameters have these values ({ action = "reject" }).
-- Where thresholds hold that the parameters leave out (a preset's), its function `effective` makes them whole.
-- A stage of a recipe's own is told by names: min_x and max_x bound a figure x.

local plan = require "plan"

local limits = {}

local SIMILARITY = { jaccard = true, cosine = true }

local function by_name(stage, metrics)
  local out = {}
  for _, metric in ipairs(metrics) do
    for param, value in pairs(stage.params or {}) do
      local side, bare = param:match "^(m[ia][nx])_(.+)$"
      local fits = bare and (bare == metric or bare:sub(-#metric - 1) == "_" .. metric)
      if type(value) == "number" and fits then out[#out + 1] = { param = param, metric = metric, side = side }
      elseif type(value) == "number" and param == "threshold" and SIMILARITY[metric] then
        out[#out + 1] = { param = param, metric = metric, side = "similarity" }
      end
    end
  end
  return out
end

--- Does the bound decide about rows, with these parameters?
function limits.holds(b, params)
  for name, value in pairs(b.only or {}) do
    if (params or {})[name] ~= value then return false end
  end
  return true
end

--- The parameters that hold in a stage: as given, with those that a preset adds.
function limits.params(stage)
  local def, own = stage.stage and plan.stage(stage.stage), stage.params or {}
  return def and def.effective and def.effective(own) or own
end

--- The bounds of a stage of a run whose values are numbers, in order of parameters.
-- @param stage    { stage, name, params }
-- @param metrics  names of its figures, without the stage's, for a stage that declares none
function limits.of(stage, metrics)
  local def = stage.stage and plan.stage(stage.stage)
  local out, params = {}, limits.params(stage)
  for _, b in ipairs(def and def.bounds or not def and by_name(stage, metrics or {}) or {}) do
    local now = params[b.param]
    if type(now) == "number" and b.side ~= "kinds" and limits.holds(b, stage.params) then out[#out + 1] = b end
  end
  table.sort(out, function(a, b)
    if a.param ~= b.param then return a.param < b.param end
    return tostring(a.reason) < tostring(b.reason)
  end)
  return out
end

--- The bound behind a reason; nil if the stage declares none.
function limits.behind(stage, reason)
  for _, b in ipairs(limits.of(stage)) do
    if b.reason == reason then return b end
  end
end

--- The parameter that a stage says is behind a reason: false where no bound is; nil: it does not say.
function limits.blamed(stage, reason)
  local def = stage.stage and plan.stage(stage.stage)
  return def and def.blames and def.blames[reason]
end

return limits
