--- diversity: how varied the rows are that are left, beside those that were read, and beside as many rows drawn at
-- random from these: what a choice kept more, or less, than chance would. Put it last. It removes nothing.
-- Figures of sets of different size do not compare (fewer rows lie farther apart and repeat less), which is why the
-- third column is there.
-- Distinct n-grams: Li et al., "A diversity-promoting objective function for neural conversation models", 2016.

local coverage = require "coverage"
local screen = require "report.screen"
local sources = require "embed.sources"
local vectors = require "vectors"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }
local UNKNOWN = "unknown"
local SETS = { "read", "standing", "random" }
local NAMES = { read = "read", standing = "kept", random = "random" }
local LESS = 0.98   -- of the random choice's figure: below it a note says so,
local SURE = 3      -- and past so many standard errors of both

local function topics_of(view, by)
  local known = false
  for _, name in ipairs(view:annotation_names()) do known = known or name == by end
  if not known then return nil end
  local out = { standing = 0, all = 0 }
  for _, which in ipairs { "standing", "all" } do
    local n = 0
    for topic, count in pairs(view:group_counts(by, which)) do
      if topic ~= UNKNOWN and count > 0 then n = n + 1 end
    end
    out[which] = n
  end
  return out.all > 0 and { by = by, read = out.all, kept = out.standing } or nil
end

--- The figures of one set.
local function set_of(view, made, which, p, ctx)
  local ask = { field = p.field, words = p.ngram, seed = ctx.seed, n = (view:counts()) }
  local grams, err = coverage.ngrams(view, which, ask, ctx.pool)
  if not grams then return nil, err end
  local out = { rows = grams.rows, ngrams = grams.all, distinct = grams.distinct, exact = grams.exact,
                novelty = grams.all > 0 and grams.distinct / grams.all or nil }
  if not made then return out end
  local apart
  ask = { k = p.k, queries = p.sample, seed = ctx.seed, n = (view:counts()) }
  apart, err = coverage.apart(view, made, which, ask, ctx.pool)
  if not apart then return nil, err end
  out.distance, out.error, out.queries, out.with_vector = apart.mean, apart.error, apart.queries, apart.rows
  return out
end

local function notes_of(f, p, name)
  local notes = {}
  local kept, random = f.kept, f.random
  if not random then return notes end
  local function less(what, a, b, error)
    if a and b and a < LESS * b and b - a > error then
      local line = "%s: the rows kept are less varied than as many drawn at random: %s %s, at random %s"
      notes[#notes + 1] = line:format(name, what, screen.number(a, 4), screen.number(b, 4))
    end
  end
  less("mean distance to the nearest", kept.distance, random.distance,
    SURE * math.sqrt((kept.error or 0) ^ 2 + (random.error or 0) ^ 2))
  less(("share of different runs of %d words"):format(p.ngram), kept.novelty, random.novelty, 0)
  return notes
end

return {
  name    = "diversity",
  scope   = "corpus",
  doc     = "measure how varied the kept rows are, beside those read and a random choice of as many; removes nothing",
  params  = {
    embedding = sources.param,
    field     = { type = "enum", default = "output", values = FIELDS, doc = "text whose runs of words are counted" },
    ngram     = { type = "integer", default = 3, min = 1, max = 16, doc = "words of a run" },
    k         = { type = "integer", default = 1, min = 1, max = 100, doc = "nearest rows whose mean distance counts" },
    by        = { type = "string", default = "topic", doc = "annotation whose values are counted: topics covered" },
    sample    = { type = "integer", default = 2000, min = 1, max = 1000000000,
                  doc = "distances are taken from so many rows of each set, drawn by the seed, to all of it" },
  },
  example = [[s.diversity {}]],
  reasons = {},
  metrics = {},

  ready = function(p, ctx)
    if p.embedding == "" then return true end   -- without vectors it counts words and topics
    local entry, err = sources.entry(p, ctx)
    return entry and true or nil, err
  end,

  --- @return  the view as it is, and { figures, notes }; or nil and a message
  run = function(view, p, ctx)
    local made = vectors.of(view, p.embedding)
    if p.embedding ~= "" and not made then return sources.vectors(view, p) end
    local f = { ngram = p.ngram, field = p.field, k = p.k, embedding = made and made:name() or nil,
                topics = topics_of(view, p.by) }
    for _, which in ipairs(SETS) do
      local set, err = set_of(view, made, which, p, ctx)
      if not set then return nil, err end
      f[NAMES[which]] = set
      if which == "standing" and set.rows == f.read.rows then break end   -- nothing was chosen
    end
    return view, { figures = { diversity = f }, notes = notes_of(f, p, ctx.name) }
  end,
}
