--- choice: which rows of a group stay: by chance, the best first, or the most diverse first.

local score = require "balance.score"
local sources = require "embed.sources"
local screen = require "report.screen"

local choice = {}

--- What is wrong with the parameters together; nil if nothing is.
function choice.fault(p)
  if p.score ~= nil and p.keep ~= "best" then return 'score goes with keep = "best"' end
  if p.embedding ~= "" and p.keep ~= "diverse" then return 'embedding goes with keep = "diverse"' end
end

--- A sentence where no embed stage stands before one that needs it.
function choice.complete(p, before)
  if p.keep ~= "diverse" then return nil end
  local entry, err = sources.among(p, before)
  return not entry and err or nil
end

--- Is there what the rule needs? true; or nil and a sentence.
function choice.ready(p, ctx)
  if p.keep == "best" and p.score == nil and not score.of_judge(ctx) then
    return nil, 'keep = "best" needs a judge stage before it, or score = the name of an annotation, a metric or a path '
      .. "of numbers"
  end
  return true
end

--- How rows are ranked where a group has more than may stay.
-- @return  the view (scores of a function are a metric of it), what groups:choose takes for it: number or vectors;
--   notes; or nil and a message
function choice.rank(view, p, ctx)
  if p.keep == "best" then
    local child, column, name = score.column(view, p.score, ctx)
    if not child then return nil, column end
    return child, { number = column }, { score.note(child, column, name, ctx) }
  end
  if p.keep ~= "diverse" then return view, {}, {} end
  local vectors, err = sources.vectors(view, p)
  if not vectors then return nil, err end
  local standing, bare = (view:counts()), 0
  for _, row in ipairs(view:standing_rows()) do bare = bare + (vectors:has(row) and 0 or 1) end
  if bare == 0 then return view, { vectors = vectors }, {} end
  return view, { vectors = vectors }, { ("%s: %s of %s without a vector: they rank last"):format(ctx.name,
    screen.number(bare), screen.count(standing, "row")) }
end

return choice
