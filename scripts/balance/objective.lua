--- objective: what a choice of rows is worth beside one by chance of as many: the mean score; how far each chosen row
-- lies from the nearest other; how well those chosen stand for all (facility location: the mean cosine of a row with
-- the nearest that was chosen).

local pick = require "pick"
local screen = require "report.screen"
local select = require "select"

local objective = {}

objective.LOOKED_AT = 2000   -- rows at most that the means of cosines are over, drawn by the seed

local function first(rows, n) return table.move(rows, 1, math.min(n, #rows), 1, {}) end

local function mean_score(column, rows)
  local sum, n = 0, 0
  for _, row in ipairs(rows) do
    local value = column:get(row)
    if value then sum, n = sum + value, n + 1 end
  end
  return n > 0 and sum / n or nil
end

--- The figures of one choice.
-- @param rows  the chosen, in the order of their places
-- @param all   rows of the whole, that they are to stand for
local function figures_of(rows, all, vectors, column, ctx)
  local near, err = pick.mean(vectors, first(rows, objective.LOOKED_AT), rows, false, ctx.pool)
  if not near and err then return nil, err end
  local covered
  covered, err = pick.mean(vectors, all, rows, true, ctx.pool)
  if not covered and err then return nil, err end
  return { score = column and mean_score(column, rows), distance = near and 1 - near, coverage = covered }
end

--- @param view   the rows that the choice was made of
-- @param child  the view in which those chosen stand
-- @param column the scores; nil: none
-- @return  { chosen, chance, rows, looked_at }; or nil and a message
function objective.of(view, child, vectors, column, ctx)
  local drawn = select.order(view, ctx.seed + 1)   -- another order than that in which rows of one score are visited
  local all = first(select.order(view, ctx.seed + 2), objective.LOOKED_AT)   -- … and than that of chance
  local chosen, err = figures_of(select.order(child, ctx.seed + 1), all, vectors, column, ctx)
  if not chosen then return nil, err end
  local chance
  chance, err = figures_of(first(drawn, (child:counts())), all, vectors, column, ctx)
  if not chance then return nil, err end
  return { chosen = chosen, chance = chance, looked_at = #all }
end

local PARTS = {
  { "score", "mean score %.3g, by chance %.3g" },
  { "distance", "nearest other chosen row at a mean distance of %.3f, by chance %.3f" },
  { "coverage", "a row's nearest chosen one at a mean cosine of %.3f, by chance %.3f" },
}

--- The same in a sentence.
function objective.line(o)
  local out = {}
  for _, part in ipairs(PARTS) do
    local a, b = o.chosen[part[1]], o.chance[part[1]]
    if a and b then out[#out + 1] = part[2]:format(a, b) end
  end
  if #out == 0 then return nil end
  return ("%s (%s looked at)"):format(table.concat(out, "; "), screen.count(o.looked_at, "row"))
end

return objective
