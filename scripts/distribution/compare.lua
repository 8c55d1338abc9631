--- compare: the training rows held against one other set: all that the stage distribution finds of it.

local coverage = require "coverage"
local json = require "json"
local match = require "balance.match"
local reach = require "distribution.reach"
local shares = require "distribution.shares"
local stats = require "stats"
local words = require "distribution.words"

local compare = {}

compare.WORDS = 8   -- telling words of a side

local PASSES, COST = 30, 10   -- of the classifier of vectors

-- Texts of `most` rows drawn by the seed, and the rows.
local function texts_of(view, p, most, seed)
  local out, rows = {}, {}
  for _, n in ipairs(coverage.sample(view, most, seed)) do
    local parts = {}
    for _, name in ipairs(p.fields) do parts[#parts + 1] = view:field(n, name) end
    if #parts > 0 then rows[#rows + 1], out[#out + 1] = n, table.concat(parts, "\n") end
  end
  return out, rows
end

-- Can the sets be told apart, by words and by vectors?
local function tell(set, view, other, found, p, ctx)
  local most = math.min(p.sample, (view:counts()), (other:counts()))   -- as many of each
  local mine, my_rows = texts_of(view, p, most, ctx.seed)
  local theirs, their_rows = texts_of(other, p, most, ctx.seed)
  local folds
  set.words, folds = words.tell(mine, theirs, { sample = most, folds = p.folds, seed = ctx.seed })
  if not set.words then return folds end
  set.words.telling = words.apart(mine, theirs, compare.WORDS)
  if not found then return end
  local n = set.words.texts
  my_rows, their_rows = table.move(my_rows, 1, n, 1, {}), table.move(their_rows, 1, n, 1, {})
  local told, err = coverage.tell(found.made, my_rows, found.theirs, their_rows, folds,
    { folds = p.folds, passes = PASSES, c = COST, seed = ctx.seed }, ctx.pool)
  if not told then return err end
  if told.auc then
    local error = math.max(told.error or 0, words.chance(told.first, told.second))
    set.vectors = { auc = told.auc, error = error, train = told.first, other = told.second }
  end
end

local function lengths_of(view, field, pool)
  local n = stats.field_tokens(view, field, pool)
  if not n or n:count "standing" == 0 then return nil end
  return { rows = n:count "standing", median = n:median "standing", p10 = n:quantile(0.1, "standing"),
           p90 = n:quantile(0.9, "standing") }
end

local function lengths(view, other, pool)
  local out = json.array {}
  for _, field in ipairs { "input", "output" } do
    local mine, theirs = lengths_of(view, field, pool), lengths_of(other, field, pool)
    if mine and theirs then
      local low, high = math.max(1, math.min(mine.median, theirs.median)), math.max(mine.median, theirs.median, 1)
      out[#out + 1] = { field = field, train = mine, other = theirs, ratio = high / low }
    end
  end
  return out
end

--- What is past its bound, by name.
local function signs_of(set, p)
  local out = json.array {}
  local t, w, v, r = set.topics, set.words, set.vectors, set.reach
  if t and t.js > p.max_js and t.js > 3 * t.chance then out[#out + 1] = "topics" end
  if w and w.auc > p.max_auc then out[#out + 1] = "words"
  elseif v and v.auc > p.max_auc then out[#out + 1] = "vectors" end
  if r and r.share > p.max_far then out[#out + 1] = "reach" end
  for _, l in ipairs(set.lengths) do
    if l.ratio > p.max_length_ratio then out[#out + 1] = "length_" .. l.field end
  end
  return out
end

local DEFAULT = "topic"

-- Why no shares are told; nil where nobody asked for them.
local function no_topics(known, by, what)
  if not (known.train or known.other) and by == DEFAULT then return nil end
  local who = what == "gold" and "the gold set" or what
  local rows = known.train and "no row of " .. who or known.other and "no training row"
    or ("no training row and no row of %s"):format(who)
  return ('by = "%s": %s has one, so its shares are not told'):format(by, rows)
end

--- @param what  "production" or "gold"
-- @return  the figures of this set; or nil and a message
function compare.with(view, other, what, p, ctx)
  local tagged, err = match.annotated(other, p.by, ctx)
  if not tagged then return nil, err end
  local set = { what = what, source = other:sources()[1].path, rows = (other:counts()), train_rows = (view:counts()) }
  local rows_of
  set.topics, rows_of = shares.of(view, tagged, p.by, ctx.pool)
  if not set.topics and type(rows_of) == "string" then return nil, rows_of end
  if not set.topics then set.no_topics, rows_of = no_topics(rows_of, p.by, what), nil end
  set.lengths = lengths(view, other, ctx.pool)
  local of = setmetatable({ vectors_param = what .. "_vectors" }, { __index = p })
  local found, why, note = reach.vectors(view, other, p[of.vectors_param], of, ctx)
  if not found and not note then return nil, why end
  err = tell(set, view, other, found, p, ctx)
  if err then return nil, err end
  set.no_reach = why
  if found then
    set.reach, err = reach.of(view, tagged, found, p, ctx)
    if not set.reach then return nil, err end
    if not set.reach.bound then   -- nor is there a row to be near
      set.reach, set.no_reach = nil, "fewer than two training rows have a vector"
    end
  end
  for _, t in ipairs(set.reach and rows_of and set.reach.topics or {}) do t.rows = rows_of[t.name] end
  set.signs = signs_of(set, p)
  return set
end

return compare
