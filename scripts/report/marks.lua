--- marks: a judge's verdict on one row in words, and what would have kept the row: a lowest mark excludes it, a
-- total under exclude_below excludes it, and one under min_overall is too low; each holds whatever the others say
-- (judge/score.lua). Works on the evidence that the ledger keeps and on the stage's parameters.

local screen = require "report.screen"

local marks = {}

local function figure(v) return v == math.floor(v) and screen.number(v) or ("%.4g"):format(v) end

-- Four digits, rounded down: the row passes at it.
local function at_most(v) return figure(math.floor(v * 10000 + 1e-9) / 10000) end

--- Is the fault one that marks decided, as evidence tells?
function marks.decided(stage, fault)
  local e = fault.evidence or {}
  return stage ~= nil and stage.stage == "judge" and type(e.scores) == "table" and type(e.value) == "number"
    and (fault.reason == "excluded" or fault.reason == "low_score")
end

local function named(params) return params.overall == "model" and "the model's own overall" or "total" end

--- "helpfulness has its lowest mark, 1 (total 3.8)"
function marks.why(stage, fault)
  local e, p = fault.evidence, stage.params or {}
  local what, value = named(p), figure(e.value)
  if e.dimension then
    return ("%s has its lowest mark, %s (%s %s)"):format(e.dimension, figure(e.scores[e.dimension] or 0), what, value)
  end
  if fault.reason == "low_score" then
    return ("%s is %s, at least %s is asked"):format(what, value, figure(p.min_overall or e.threshold))
  end
  if e.value < (p.exclude_below or e.value) then
    return ("%s is %s, and a row under %s is excluded"):format(what, value, figure(p.exclude_below))
  end
  return ("the model itself excluded it (its overall is %s)"):format(value)
end

--- "judge: excluded, helpfulness has its lowest mark, 1 (total 3.8)"
function marks.words(stage, fault)
  return ("%s: %s, %s"):format(fault.stage, fault.reason, marks.why(stage, fault))
end

--- What excludes rows, where no one bound does: "a lowest mark (exclude_lowest), or total under
-- judge.exclude_below = 3".
function marks.rule(stage)
  local p = stage.params or {}
  local under = ("%s under %s.exclude_below = %s"):format(named(p), stage.name, figure(p.exclude_below or 0))
  return p.exclude_lowest and "a lowest mark (exclude_lowest), or " .. under or under
end

-- The bounds that a value is under.
local function lowered(name, p, value, out)
  for _, param in ipairs { "exclude_below", "min_overall" } do
    if value < (p[param] or value) then out[#out + 1] = ("%s.%s at most %s"):format(name, param, at_most(value)) end
  end
end

--- All that would have to change for the row to pass: "judge.exclude_lowest = false (helpfulness has its lowest
-- mark, 1) and judge.min_overall at most 3.4".
-- @param total  the row's weighted total, where it is known
function marks.would_keep(stage, fault, total)
  local e, p, name, out = fault.evidence, stage.params or {}, fault.stage, {}
  local by_marks = e.dimension or e.value < math.max(p.exclude_below or e.value, p.min_overall or e.value)
  if e.dimension then
    out[1] = ("%s.exclude_lowest = false (%s has its lowest mark, %s)"):format(name, e.dimension,
      figure(e.scores[e.dimension] or 0))
  end
  if by_marks then lowered(name, p, e.value, out)
  else   -- the model said so, which only counts where its own overall does
    out[1] = ('%s.overall = "weighted"'):format(name)
    if total then lowered(name, p, total, out) end
  end
  return table.concat(out, " and ")
end

--- The marks in one line, by name: "correctness 4, helpfulness 2".
function marks.line(evidence)
  local names = {}
  for name, v in pairs(evidence.scores or {}) do
    if type(v) == "number" then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = name .. " " .. figure(evidence.scores[name]) end
  return table.concat(names, ", ")
end

return marks
