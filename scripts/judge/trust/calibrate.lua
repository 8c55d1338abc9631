--- calibrate: how far a judge agrees with people on the rows that both marked, and which threshold matches them best.
-- Figures are those of agree/figures.lua; one that is not defined (nothing varies) is nil, never 0.
-- The share that people would keep is estimated from the judge's own by Rogan, Gladen, "Estimating prevalence from the
-- results of a screening test", 1978; its interval by the delta method.

local figures = require "agree.figures"
local score = require "judge.score"

local calibrate = {}

calibrate.LEAST = 100            -- labels that a calibration needs
calibrate.UNINFORMATIVE = 1.05   -- sensitivity + specificity of a judge that says next to nothing
local Z = 1.959964               -- of a 95% interval

calibrate.FIGURES = {
  { "exact",    figures.exact },
  { "kappa",    function(a, b) return figures.kappa(a, b) end },
  { "weighted", function(a, b) return figures.kappa(a, b, "quadratic") end },
  { "alpha",    function(a, b) return figures.alpha({ a, b }, "ordinal") end },
  { "spearman", figures.spearman },
}

local function with_interval(fn, a, b, o)
  local low, high = figures.interval(fn, a, b, o)
  return { value = #a > 0 and fn(a, b) or nil, low = low, high = high }
end

local function matrix(a, b)
  local counts, scores = figures.confusion(a, b)
  local rows = {}
  for i, x in ipairs(scores) do
    rows[i] = {}
    for k, y in ipairs(scores) do rows[i][k] = (counts[x] or {})[y] or 0 end
  end
  return { scores = scores, rows = rows }
end

-- All figures of two columns of marks; ranks may be taken of finer ones.
local function agreement(name, people, judge, o, fine)
  local out = { name = name, n = #people, confusion = matrix(people, judge) }
  for _, f in ipairs(calibrate.FIGURES) do
    local a, b = people, judge
    if fine and f[1] == "spearman" then a, b = fine.people, fine.judge end
    out[f[1]] = with_interval(f[2], a, b, o)
  end
  return out
end

-- ---- decisions ----

--- The value that is held against a threshold: one below all of them where the row is excluded whatever it is.
local function value_of(reply, rubric, p)
  local open = { min_overall = -math.huge, exclude_below = p.exclude_below, exclude_lowest = p.exclude_lowest,
                 overall = p.overall }
  local d = score.decide(reply, rubric, open)
  return d.keep and d.value or -math.huge
end

--- Counts of decisions: people's against the judge's at a threshold.
local function decisions(values, kept, threshold)
  local n = { both = 0, judge_only = 0, people_only = 0, neither = 0 }
  for i, v in ipairs(values) do
    local judge = v >= threshold
    local cell = judge and (kept[i] and "both" or "judge_only") or (kept[i] and "people_only" or "neither")
    n[cell] = n[cell] + 1
  end
  return n
end

local function share(n, of) return of > 0 and n / of or nil end

--- Sensitivity: of the rows that people keep, how many the judge keeps; specificity: of those they drop, how many it
-- drops. nil where there is none.
local function rates(n)
  return { sensitivity = share(n.both, n.both + n.people_only),
           specificity = share(n.neither, n.neither + n.judge_only) }
end

-- Cohen's kappa of keep and drop; nil where one side never varies.
local function kappa_of(n)
  local all = n.both + n.judge_only + n.people_only + n.neither
  local judge, people = n.both + n.judge_only, n.both + n.people_only
  local chance = judge * people + (all - judge) * (all - people)
  if all == 0 or chance == all * all then return nil end
  return ((n.both + n.neither) * all - chance) / (all * all - chance)
end

local function distinct(values)
  local seen, out = {}, {}
  for _, v in ipairs(values) do
    if v > -math.huge and not seen[v] then seen[v], out[#out + 1] = true, v end
  end
  table.sort(out)
  return out
end

--- The threshold whose decisions agree best with people's, beyond chance (Cohen's kappa); of equal ones the nearest to
-- `now`, then the lower. nil where people keep all or none.
local function best(values, kept, now)
  local found, top
  for _, t in ipairs(distinct(values)) do
    local k = kappa_of(decisions(values, kept, t))
    local nearer = k and found and k == top and math.abs(t - now) < math.abs(found - now)
    if k and (not found or k > top or nearer) then found, top = t, k end
  end
  return found, top
end

--- The share of rows that people would keep, by what the judge keeps and how often it errs.
-- @param p, n      share that the judge keeps, and of how many rows
-- @param se, n_se  sensitivity, and of how many rows people keep; sp, n_sp  specificity, and of how many they drop
-- @return  { value, low, high }, within 0 and 1; nil where the judge says next to nothing
function calibrate.corrected(p, n, se, n_se, sp, n_sp)
  local j = se + sp - 1
  if se + sp <= calibrate.UNINFORMATIVE then return nil end
  local theta = (p + sp - 1) / j
  local variance = (p * (1 - p) / n + theta ^ 2 * se * (1 - se) / n_se + (1 - theta) ^ 2 * sp * (1 - sp) / n_sp) / j ^ 2
  local half = Z * math.sqrt(variance)
  local function within(v) return math.max(0, math.min(1, v)) end
  return { value = within(theta), low = within(theta - half), high = within(theta + half) }
end

local function with_corrected(out, n, run)
  local se, sp = out.sensitivity.value, out.specificity.value
  if not se or not sp then return end
  out.informative = se + sp > calibrate.UNINFORMATIVE
  if run.n > 0 and out.informative then
    out.pass_rate = run.kept / run.n
    out.corrected = calibrate.corrected(out.pass_rate, run.n, se, n.both + n.people_only, sp,
      n.neither + n.judge_only)
  end
end

--- Decisions at a threshold, each figure with its interval.
local function at(values, kept, threshold, run, o)
  local n = decisions(values, kept, threshold)
  local function of(name)
    return with_interval(function(v, k) return rates(decisions(v, k, threshold))[name] end, values, kept, o)
  end
  local out = { threshold = threshold, counts = n, exact = share(n.both + n.neither, #values),
                kappa = with_interval(function(v, k) return kappa_of(decisions(v, k, threshold)) end, values, kept, o),
                sensitivity = of "sensitivity", specificity = of "specificity" }
  with_corrected(out, n, run)
  return out
end

-- ---- all of it ----

local function columns(list, pick)
  local a, b = {}, {}
  for _, x in ipairs(list) do
    local people, judge = pick(x)
    if people and judge then a[#a + 1], b[#b + 1] = people, judge end
  end
  return a, b
end

local function complete(scores, rubric)
  for _, d in ipairs(rubric) do
    if not scores[d.name] then return false end
  end
  return true
end

local function rounded(list)
  local out = {}
  for i, v in ipairs(list) do out[i] = math.floor(v + 0.5) end
  return out
end

local function deciding(list, rubric, p, run, o)
  local values, kept = {}, {}
  local theirs = { min_overall = p.min_overall, exclude_below = p.exclude_below, exclude_lowest = p.exclude_lowest,
                   overall = "weighted" }
  for i, x in ipairs(list) do
    values[i] = value_of({ scores = x.judge, overall = x.overall }, rubric, p)
    kept[i] = score.decide({ scores = x.people }, rubric, theirs).keep
  end
  local out = { now = at(values, kept, p.min_overall, run(p.min_overall), o) }
  local threshold, kappa = best(values, kept, p.min_overall)
  if threshold then
    local low, high = figures.interval(function(v, k) return (best(v, k, p.min_overall)) end, values, kept, o)
    out.best = at(values, kept, threshold, run(threshold), o)
    out.best.low, out.best.high, out.best.kappa_best = low, high, kappa
  end
  return out
end

--- What the judge keeps of all rows that it marked, at any threshold.
-- @param all  { scores, overall } of each
-- @return  function(threshold) -> { n, kept }
function calibrate.rates_of(all, rubric, p)
  local values = {}
  for i, reply in ipairs(all) do values[i] = value_of(reply, rubric, p) end
  return function(threshold)
    local kept = 0
    for _, v in ipairs(values) do kept = kept + (v >= threshold and 1 or 0) end
    return { n = #values, kept = kept }
  end
end

--- @param list    rows that both marked: { people = { [dimension] = mark }, judge = the same, overall = the model's }
-- @param rubric  as judge.rubric checks it
-- @param p       the stage's min_overall, exclude_below, exclude_lowest, overall
-- @param run     function(threshold) -> { n = rows that the judge marked, kept = those it keeps at that threshold }
-- @param o       { draws, seed } of the intervals
-- @return  { n = rows that count for the total, dimensions = { … }, overall = …, decisions = { now, best } }
function calibrate.figures(list, rubric, p, run, o)
  local out = { dimensions = {}, draws = o.draws, seed = o.seed }
  for i, d in ipairs(rubric) do
    local people, judge = columns(list, function(x) return x.people[d.name], x.judge[d.name] end)
    out.dimensions[i] = agreement(d.name, people, judge, o)
  end
  local whole = {}
  for _, x in ipairs(list) do
    if complete(x.people, rubric) then whole[#whole + 1] = x end
  end
  local people, judge = columns(whole, function(x)
    return score.total(x.people, rubric), score.total(x.judge, rubric)
  end)
  out.n = #people
  out.overall = agreement("total", rounded(people), rounded(judge), o, { people = people, judge = judge })
  out.decisions = deciding(whole, rubric, p, run, o)
  return out
end

return calibrate
