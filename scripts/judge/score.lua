--- score: what a reply's numbers decide. It is computed here, from the dimensions, so that another threshold costs
-- nothing; the model's own `overall` and `exclude` are kept beside it.

local score = {}

--- Weighted mean of the dimensions.
function score.total(scores, rubric)
  local sum, weights = 0, 0
  for _, d in ipairs(rubric) do
    local v = scores[d.name]
    if v then sum, weights = sum + d.weight * v, weights + d.weight end
  end
  return weights > 0 and sum / weights or nil
end

--- The dimension whose mark is the lowest of its scale, if one is; the first of them.
local function lowest(scores, rubric)
  for _, d in ipairs(rubric) do
    if scores[d.name] == d.min then return d.name end
  end
end

-- One reading: by the total, or by the model's own overall.
local function read(value, scores, rubric, p)
  local floor = lowest(scores, rubric)
  if floor and p.exclude_lowest then return false, "excluded", floor end
  if value < p.exclude_below then return false, "excluded" end
  if value < p.min_overall then return false, "low_score" end
  return true
end

--- Would the row be kept by another total than that of its marks?
function score.keeps(total, scores, rubric, p) return (read(total, scores, rubric, p)) end

--- Both readings of one reply.
-- @param reply  { scores, overall, exclude } as judge.reply gives it
-- @param p      min_overall, exclude_below, exclude_lowest, overall = "weighted"|"model"
-- @return  { keep, reason = "low_score"|"excluded"|nil, dimension = the one at the lowest mark, value = what was
--   held against the threshold, total, model = the model's overall, disagree = the readings differ }
function score.decide(reply, rubric, p)
  local total = score.total(reply.scores, rubric)
  local model = reply.overall or total
  local keep, reason, dimension = read(total, reply.scores, rubric, p)
  local theirs, why, which = read(model, reply.scores, rubric, p)
  if reply.exclude and theirs then theirs, why = false, "excluded" end
  local out = { total = total, model = reply.overall, disagree = reply.overall ~= nil and keep ~= theirs }
  if p.overall == "model" then out.keep, out.reason, out.dimension, out.value = theirs, why, which, model
  else out.keep, out.reason, out.dimension, out.value = keep, reason, dimension, total end
  return out
end

return score
