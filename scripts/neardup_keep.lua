--- neardup_keep: which row of a group of copies stays, of stages that keep one. All but "first" and
-- "longest" give each row a number, the metric `rank`: rows of a higher one are visited earlier, those
-- without one last, ties in row order. Rows of trusted sources come before all others.

local neardup = require "neardup"
local plan = require "plan"
local stats = require "stats"

local keep = {}

--- The parameters of a stage.
-- @param rules  the names that `keep` takes
function keep.params(rules)
  local names = {}
  for i, rule in ipairs(rules) do names[i] = ('"%s"'):format(rule) end
  return {
    keep = { type = { "enum", "function" }, default = "first", values = rules,
             words = table.concat(names, ", ") .. " or a function",
             doc = "which row of a group stays: newest by `date`, best by `by`, or the highest number of a "
               .. "function(ex)" },
    date = { type = "string", doc = 'with keep = "newest": the path of a date, ISO 8601 or seconds; rows without '
             .. "one come last" },
    by   = { type = "string", doc = 'with keep = "best": an annotation, a metric (length.output_tokens) or a path '
             .. "of numbers, the highest wins; rows without one come last" },
  }
end

local NEEDS = { newest = "date", best = "by" }

--- What the rules need together; a sentence if that is not given.
function keep.check(p)
  for rule, key in pairs(NEEDS) do
    if p.keep == rule and not p[key] then
      return ('keep = "%s" needs %s: %s'):format(rule, key, keep.params {}[key].doc)
    end
    if p[key] and p.keep ~= rule then
      return ('%s = %s goes with keep = "%s", not with %s'):format(key, plan.show(p[key]), rule, plan.show(p.keep))
    end
  end
end

local function is_metric(view, name)
  for _, metric in ipairs(view:metric_names()) do
    if metric == name then return true end
  end
end

local function operator(p, ctx)
  local key = NEEDS[p.keep]
  if key then return neardup.rank_op(p[key], p.keep == "newest") end
  return ctx.row_function(p.keep, "rank")
end

--- Ranks the rows as p asks.
-- @param rows  only these; all that stand if nil
-- @return  the view with the ranks, the name of their metric (nil where none is needed); or nil and a message
function keep.rank(view, p, ctx, rows)
  if p.keep == nil or p.keep == "first" or p.keep == "longest" then return view end
  if p.keep == "best" and is_metric(view, p.by) then return view, p.by end
  local op, err = operator(p, ctx)
  if not op then return nil, err end
  local child
  child, err = view:run_group { ops = { op }, stages = { ctx.name }, pool = ctx.pool, rows = rows }
  if not child then return nil, err end
  local name = ctx.name .. ".rank"
  if rows or view:counts() == 0 then return child, name end
  local ranks = stats.metric(child, name)
  if ranks and ranks:count() > 0 then return child, name end
  if p.keep == "newest" then return nil, ("date = %s: no row has a date there"):format(plan.show(p.date)) end
  if p.keep == "best" then
    return nil, ("by = %s: no row has such an annotation, metric or path of numbers"):format(plan.show(p.by))
  end
  return nil, "keep: the function gave no row a number"
end

--- The metric by which a stage of that name ranked its rows; nil: in row order (or, `longest`, by length).
-- @param is_there  function(name): is there such a metric?
function keep.column(p, name, is_there)
  if p.keep == nil or p.keep == "first" or p.keep == "longest" then return nil end
  if p.keep == "best" and is_there(p.by) then return p.by end
  return name .. ".rank"
end

return keep
