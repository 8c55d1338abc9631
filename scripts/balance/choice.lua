--- choice: which rows of a group stay: by chance, the best first, or the most diverse first.

local score = require "balance.score"
local screen = require "report.screen"

local choice = {}

--- What is wrong with the parameters together; nil if nothing is.
function choice.fault(p)
  if p.score ~= nil and p.keep ~= "best" then return 'score goes with keep = "best"' end
  if p.embedding ~= "" and p.keep ~= "diverse" then return 'embedding goes with keep = "diverse"' end
end

--- Is there what the rule needs? true; or nil and a sentence.
function choice.ready(p, ctx)
  if p.keep == "best" and p.score == nil and not score.of_judge(ctx) then
    return nil, 'keep = "best" needs a judge stage before it, or score = the name of an annotation, a metric or a path '
      .. "of numbers"
  end
  return true
end

local function unscored(view, column, name, ctx)
  local standing = view:counts()
  local without = standing - column:count "standing"
  if without == 0 then return {} end
  return { ("%s: %s of %s without a number by %s: they rank last"):format(ctx.name, screen.number(without),
    screen.count(standing, "row"), name) }
end

--- Ranks the rows as p.keep asks.
-- @param q  bins and most, as groups:choose takes them
-- @return  the view, a column (nil: by chance), notes; or nil and a message
function choice.rank(view, _, _, p, ctx)
  if p.keep == "best" then
    local child, column, name = score.column(view, p.score, ctx)
    if not child then return nil, column end
    return child, column, column and unscored(child, column, name, ctx) or {}
  end
  return view, nil, {}
end

return choice
