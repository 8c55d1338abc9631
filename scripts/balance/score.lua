--- score: the number of each row by which stages prefer one to another: an annotation, a metric, a path of numbers,
-- a function of the recipe, or, where nothing is given, what the last judge before them gave.

local neardup = require "neardup"
local plan = require "plan"
local screen = require "report.screen"
local stats = require "stats"

local score = {}

--- The parameter of a stage.
function score.param(what)
  return { type = { "string", "function" }, words = "a name or function(ex)",
           doc = ("%s: an annotation, a metric (perplexity.mean) or a path of numbers, or function(ex) -> number, the "
             .. "highest first; the total of the last judge before it if absent"):format(what) }
end

--- The metric of the last judge before this stage; nil: there is none.
function score.of_judge(ctx)
  local found
  for _, e in ipairs(ctx.before and ctx.before() or {}) do
    if e.stage == "judge" then found = e.name .. (e.params.overall == "model" and ".overall" or ".total") end
  end
  return found
end

local function is_metric(view, name)
  for _, metric in ipairs(view:metric_names()) do
    if metric == name then return true end
  end
end

local function ranked(view, given, ctx)
  local op, err
  if type(given) == "string" then op, err = neardup.rank_op(given, false)
  else op, err = ctx.row_function(given, "rank") end
  if not op then return nil, err end
  return view:run_group { ops = { op }, stages = { ctx.name }, pool = ctx.pool }
end

--- The scores of a view's rows.
-- @param given  the parameter; nil: the judge's
-- @return  the view (a function's numbers are a metric of it, NAME.rank), the column, its name; column nil: there is
--   no judge to ask; or nil and a message
function score.column(view, given, ctx)
  local name = given or score.of_judge(ctx)
  if name == nil or view:counts() == 0 then return view, nil, name end
  if type(name) == "string" and is_metric(view, name) then return view, stats.metric(view, name), name end
  local child, err = ranked(view, name, ctx)
  if not child then return nil, err end
  local column = stats.metric(child, ctx.name .. ".rank")
  if column and column:count "standing" > 0 then
    return child, column, type(name) == "string" and name or "the function of the recipe"
  end
  if type(name) ~= "string" then return nil, "score: the function gave no row a number" end
  return nil, ("score = %s: no row has such an annotation, metric or path of numbers"):format(plan.show(name))
end

--- That rows have no score; nil where all have one.
function score.note(view, column, name, ctx)
  local standing = view:counts()
  local without = column and standing - column:count "standing" or 0
  if without == 0 then return nil end
  return ("%s: %s of %s without a number by %s: they rank last"):format(ctx.name, screen.number(without),
    screen.count(standing, "row"), name)
end

return score
