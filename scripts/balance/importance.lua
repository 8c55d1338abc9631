--- importance: the rows whose words are those of a sample of production queries, drawn in proportion to how much
-- likelier the sample makes them than the rows at hand (DSIR: modules/select/importance.h). Words and pairs of
-- words count.

local importance = require "importance"
local screen = require "report.screen"

local resampling = {}

local FEATURES = { "word", "bigram" }
local SMOOTHING = 1    -- added to each bucket's count, so that none has no share
local SHARPNESS = 1    -- rows are drawn in proportion to their weights
local BITS = 1 / math.log(2)

local function notes_of(target, p, ctx)
  if target:features() >= p.buckets then return {} end
  return { ("%s: %s of production have %s and pairs of words, fewer than buckets (%s): what they say of the others is "
    .. "mostly chance"):format(ctx.name, screen.count(target:texts(), "row"), screen.count(target:features(), "word"),
    screen.number(p.buckets)) }
end

--- Keeps p.n rows.
-- @return  the view with the verdicts; what is told; notes; or nil and a message
function resampling.choose(view, p, ctx)
  local shape = { fields = p.fields, features = FEATURES, buckets = p.buckets }
  local sample, err = ctx.beside(p.match)
  if not sample then return nil, err end
  local target, raw, after, child, weighed
  target, err = importance.counts(sample, shape, ctx.pool)
  if not target then return nil, err end
  if target:features() == 0 then
    return nil, ("%s has no word in its %s"):format(sample:sources()[1].path, table.concat(p.fields, " and "))
  end
  raw, err = importance.counts(view, shape, ctx.pool)
  if not raw then return nil, err end
  weighed, err = importance.weights(view, target, raw, { smoothing = SMOOTHING }, ctx.pool)
  if not weighed then return nil, err end
  child, err = view:apply(ctx.name, weighed:choose(p.n, SHARPNESS, ctx.seed, "row", "off_target"))
  if not child then return nil, err end
  after, err = importance.counts(child, shape, ctx.pool)
  if not after then return nil, err end
  local t = { from = ("production, by words and pairs of words in %s buckets"):format(screen.number(p.buckets)),
              kl = { before = target:kl(raw, SMOOTHING) * BITS, after = target:kl(after, SMOOTHING) * BITS },
              sample = { rows = target:texts(), words = target:features(), sha256 = sample:sources()[1].sha256 } }
  return child, t, notes_of(target, p, ctx)
end

return resampling
