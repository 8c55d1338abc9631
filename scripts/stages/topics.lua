--- topics: tag each row with a topic: by keyword rules, by clusters of vectors, by the clusters of an earlier run, or
-- by a function of your own. (A judge may name topics too: `topics` of its rubric.)
-- Rules are tried in order; a phrase stands alone (word boundaries), case and white space do not
-- matter, and a star at an end of a phrase lifts the boundary there: "refund*" finds "refunds".

local clusters = require "topics.clusters"
local model = require "topics.model"
local screen = require "report.screen"
local sources = require "embed.sources"
local text = require "text"
local topics = require "topics"
local topics_blocks = require "report.topics_blocks"

local UNKNOWN = clusters.UNKNOWN
local LOW_COVERAGE = 0.7   -- below this share of rows with a topic the report warns

--- Counts of rows with and without a topic among those that still stand.
local function coverage(view, annotation)
  local all, unknown = 0, 0
  for topic, count in pairs(view:group_counts(annotation, "standing")) do
    all = all + count
    if topic == UNKNOWN then unknown = unknown + count end
  end
  return all - unknown, all
end

local FIELDS = { "system", "input", "output", "alternative", "assistant" }
local WAYS = { "rules", "clusters", "model", "fn" }
local LOW = "%s: %s a %s to %s of %s (%.0f%%, under %.0f%%); the others are %s, and balance leaves those alone unless "
  .. "its max names them: { unknown = …, [\"*\"] = … }"

local function check_rules(rules)
  if #rules == 0 then return "rules is empty: it needs a topic and its words" end
  for i, rule in ipairs(rules) do
    if #rule < 2 then
      return ("rules[%d] has %d strings: it needs a topic and one word or phrase or more"):format(i, #rule)
    end
    if rule[1] == "" then return ("rules[%d] has an empty topic"):format(i) end
  end
end

local function given(p)
  local out = {}
  for _, name in ipairs(WAYS) do
    if p[name] ~= nil then out[#out + 1] = name end
  end
  return out
end

-- By vectors: known once all rows are there.
local function by_vectors(p) return p.clusters ~= nil or p.model ~= nil end

return {
  name    = "topics",
  scope   = "row",
  doc     = "tag each row with a topic: by keyword rules (the first that matches wins), by clusters of its vectors, by "
    .. "those of an earlier run, or by a function",
  params  = {
    rules      = { type = "list", of = { type = "list", of = { type = "string" } },
                   doc = "rules in order, each a topic and the words and phrases that tell it" },
    clusters   = { type = { "integer", "enum" }, min = 1, max = 16384, values = { "auto" },
                   words = 'a whole number from 1 to 16384, or "auto"',
                   doc = "so many clusters of the vectors of an embed stage before it, named by their words; \"auto\": "
                     .. "the fewest of 2, 3, 4, 6, 8, 12 … 128 that tell rows they were not fitted to about as "
                     .. "clearly apart as any (of many rows from 6, 8, 12 … on)" },
    model      = { type = "string", doc = "topics of an earlier run, which left them as topics.model: that file, "
                     .. "the run's name or folder, or `latest`" },
    fn         = { type = "function", doc = "function(ex): the row's topic, or nil" },
    field      = { type = "enum", default = "input", values = FIELDS,
                   doc = "the text to look at (rules)" },
    fields     = { type = "list", least = 1, of = { type = "enum", values = FIELDS },
                   doc = "the text whose words name clusters; those that the embed stage read where none are given" },
    embedding  = sources.param,
    min_similarity = { type = "number", min = -1, max = 1,
                   doc = "rows of a lower cosine with every cluster's middle fit nowhere: unknown. Where none is given,"
                     .. " the outliers: lower than the first quartile by 1.5 times the distance of the quartiles; with "
                     .. "model: as that run had it" },
    previous   = { type = "string", doc = "an earlier run, or its topics.model: clusters that are one of its topics "
                     .. "keep that name and number. `latest`: where there is none yet, all names are new" },
    min_match  = { type = "number", default = 0.8, min = -1, max = 1,
                   doc = "with previous: cosine of two middles from which on they are the same topic" },
    annotation = { type = "string", default = "topic", doc = "name of the annotation that is set" },
    serial     = { type = "boolean", default = false, doc = "call fn row by row, in order, in one state" },
  },
  example = [[s.topics { rules = { { "password", "password", "log in" }, { "billing", "invoice*", "refund*" } } }]],
  reasons = {},
  metrics = { "similarity" },

  check = function(p)
    local ways = given(p)
    if #ways == 0 then return "it needs one of rules, clusters, model and fn: how topics are told" end
    if #ways > 1 then return ("it has both %s and %s: one of them"):format(ways[1], ways[2]) end
    if p.previous and not p.clusters then return "previous names clusters as before: it needs clusters" end
    return p.rules and check_rules(p.rules)
  end,

  --- The text that the vectors are of; a sentence where no embed stage stands before it.
  complete = function(p, before)
    if not by_vectors(p) then return nil end
    local entry, err = sources.among(p, before)
    if not entry then return err end
    p.fields = p.fields or entry.params.fields
  end,

  --- The earlier run's topics are there, before a row is read.
  ready = function(p, ctx)
    for _, name in ipairs { p.model or p.previous } do
      local old, err, missing = model.open(name, ctx)
      if not old and not (missing and p.previous) then return nil, err end
    end
    return true
  end,

  op = function(p, ctx)
    if by_vectors(p) then return topics.idle() end
    if p.fn then
      return ctx.row_function(p.fn, "topic", { serial = p.serial, reason = ctx.name, annotation = p.annotation,
                                               otherwise = UNKNOWN })
    end
    return text.topics { field = p.field, annotation = p.annotation, unknown = UNKNOWN, rules = p.rules }
  end,

  over = by_vectors,
  settle = clusters.settle,
  again = clusters.again,   -- on rows of another file, with what settle kept

  --- What the REPL draws of the figures.
  blocks = function(figures, text_of)
    local out = {}
    if figures.topic_clusters then topics_blocks.one(topics_blocks.told(figures.topic_clusters, text_of), out) end
    return out
  end,

  finish = function(view, p, ctx)
    if by_vectors(p) then return { notes = {} } end
    local known, all = coverage(view, p.annotation)
    if all == 0 or known >= LOW_COVERAGE * all then return { notes = {} } end
    return { notes = { LOW:format(ctx.name, p.fn and "the function gives" or "the rules give", p.annotation,
      screen.number(known), screen.count(all, "row"), 100 * known / all, 100 * LOW_COVERAGE, UNKNOWN) } }
  end,
}
