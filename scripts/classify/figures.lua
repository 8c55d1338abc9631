--- figures: how well scores tell one label from the other.

local figures = {}

local function order(list)
  local out = table.move(list, 1, #list, 1, {})
  table.sort(out, function(a, b)
    if a.score ~= b.score then return a.score > b.score end
    return a.at < b.at
  end)
  return out
end

--- Precision, recall and F1 of calling toxic what scores above a threshold.
function figures.at(list, threshold)
  local tp, fp, fn, tn = 0, 0, 0, 0
  for _, e in ipairs(list) do
    local called = e.score > threshold
    if called and e.toxic then tp = tp + 1
    elseif called then fp = fp + 1
    elseif e.toxic then fn = fn + 1
    else tn = tn + 1 end
  end
  return { threshold = threshold, tp = tp, fp = fp, fn = fn, tn = tn,
           precision = tp + fp > 0 and tp / (tp + fp) or 0, recall = tp + fn > 0 and tp / (tp + fn) or 0,
           f1 = tp > 0 and 2 * tp / (2 * tp + fp + fn) or 0 }
end

--- The area under the ROC curve, ties counted half; nil where all have one label.
local function auc(sorted, toxic, clean)
  if toxic == 0 or clean == 0 then return nil end
  local sum, above, i = 0, 0, 1
  while i <= #sorted do
    local t, c, j = 0, 0, i
    while j <= #sorted and sorted[j].score == sorted[i].score do
      if sorted[j].toxic then t = t + 1 else c = c + 1 end
      j = j + 1
    end
    sum = sum + c * (above + t / 2)
    above, i = above + t, j
  end
  return sum / (toxic * clean)
end

--- Where F1 is best, the highest such threshold.
local function best(sorted, toxic)
  local tp, f1, threshold = 0, 0, 1
  for i, e in ipairs(sorted) do
    if e.toxic then tp = tp + 1 end
    local last = i == #sorted or sorted[i + 1].score < e.score
    local f = 2 * tp / (i + toxic)
    if last and f > f1 then f1, threshold = f, i < #sorted and (e.score + sorted[i + 1].score) / 2 or 0 end
  end
  return threshold
end

--- @param list       { { score, toxic }, … }
-- @param threshold  above it a text is called toxic
-- @return  { texts, toxic, auc or nil, at = …, best = … (figures.at), majority = F1 of calling all toxic }
function figures.of(list, threshold)
  local toxic = 0
  for i, e in ipairs(list) do
    e.at = i
    if e.toxic then toxic = toxic + 1 end
  end
  local sorted = order(list)
  return { texts = #list, toxic = toxic, auc = auc(sorted, toxic, #list - toxic), at = figures.at(list, threshold),
           best = figures.at(list, best(sorted, toxic)), majority = #list > 0 and 2 * toxic / (#list + toxic) or 0 }
end

return figures
