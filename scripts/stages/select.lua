--- select: so many rows, the best first, none of which says nearly what a better one says.
-- Rows are visited by falling score, those of trusted sources first; one stays if no row that stays already is as near
-- to it as `max`. Liu et al., "What makes good data for alignment?" (DEITA), 2024. An embed stage before it gives the
-- vectors; what decides is the cosine in double over a fixed order, so the same rows stay on every machine.

local balanced = require "report.balanced"
local json = require "json"
local objective = require "balance.objective"
local pick = require "pick"
local score = require "balance.score"
local screen = require "report.screen"
local sources = require "embed.sources"

local number, count = screen.number, screen.count

--- What a person should know of how the rows were found.
local function notes_of(c, standing, name, p, ctx)
  local out = {}
  local function add(...) out[#out + 1] = ctx.name .. ": " .. string.format(...) end
  if not name then add "no judge before it and no score: rows are visited in the order of the seed" end
  if standing <= p.n then add("it saw %s, %s are asked for", count(standing, "row"), number(p.n)) end
  local far = c.kept
  if c.filled > 0 then
    add("only %s farther apart than a cosine of %g; %s taken by score (fill = false leaves them out)",
      count(far, "row is", "rows are"), p.max, count(c.filled, "more was", "more were"))
  elseif c.near > 0 and far < p.n then
    add("%s of %s asked for: no other row is farther than a cosine of %g from all that stay (fill = true takes others "
      .. "by score)", number(far), number(p.n), p.max)
  end
  if c.bare > 0 then
    add("%s without a vector, compared with nobody", count(c.bare, "row that stays is", "rows that stay are"))
  end
  return out
end

return {
  name    = "select",
  scope   = "corpus",
  doc     = "keep so many rows: the highest scores first, but none that is near to one kept already",
  params  = {
    n     = { type = "integer", required = true, min = 1, doc = "rows to keep" },
    max   = { type = "number", default = 0.9, min = 0, max = 1,
              doc = "a row as near as this cosine to one kept already is passed over" },
    score = score.param "what rows are visited by",
    fill  = { type = "boolean", default = true,
              doc = "where too few rows are far enough: the best of those passed over, up to n; false: fewer" },
    embedding = sources.param,
  },
  example = [[s.embed { model = "lexical" }, s.select { n = 5000, score = "quality" }]],
  reasons = { "too_near", "not_selected" },
  metrics = { "nearest", "rank" },
  blames  = { too_near = false, not_selected = false },

  complete = function(p, before)
    local entry, err = sources.among(p, before)
    if not entry then return err end
  end,
  blocks  = balanced.said,

  run = function(view, p, ctx)
    local vectors, err = sources.vectors(view, p)
    if not vectors then return nil, err end
    local ranked, column, name = score.column(view, p.score, ctx)
    if not ranked then return nil, column end
    local field = table.concat(sources.fields(p, ctx), "+")
    local verdicts, c = pick.choose(ranked, vectors, { n = p.n, max = p.max, fill = p.fill, seed = ctx.seed,
      number = column, field = field }, ctx.pool)
    if not verdicts then return nil, c end
    local child
    child, err = ranked:apply(ctx.name, verdicts)
    if not child then return nil, err end
    local o
    o, err = objective.of(ranked, child, vectors, column, ctx)
    if not o then return nil, err end
    c.score, c.objective, c.embedding = name, o, vectors:name()
    c.sees_paraphrases = vectors:meaning()
    c.told = json.array { objective.line(o) }
    local notes = notes_of(c, (view:counts()), column and name, p, ctx)
    notes[#notes + 1] = score.note(ranked, column, name, ctx)
    return child, { figures = c, notes = notes }
  end,
}
