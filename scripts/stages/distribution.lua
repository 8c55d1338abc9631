--- distribution: are the training rows like what the model will be asked, and like what it is measured by? Topic
-- shares, a classifier that tries to tell the sets apart, lengths, and the queries that no training row is near.
-- It removes nothing. The gold set is only looked at.

local beside = require "run.beside"
local compare = require "distribution.compare"
local json = require "json"
local sources = require "embed.sources"
local told = require "distribution.told"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

return {
  name    = "distribution",
  scope   = "corpus",
  doc     = "hold the training rows against production queries and the gold set: topics, words, lengths, and what is "
            .. "asked that no row is near; removes nothing",
  params  = {
    production = { type = { "string", "table" },
                   words = 'a file, or { "production.jsonl", fields = { input = "query" } }',
                   doc = "a sample of production queries" },
    gold       = { type = "boolean", default = true, doc = "hold the rows against the gold set too, if there is one" },
    production_vectors = { type = "string",
                   doc = "vectors of the production rows, where those of the embed stage come from a file" },
    gold_vectors = { type = "string", doc = "the same of the gold rows" },
    embedding  = sources.param,
    fields     = { type = "list", least = 1, of = { type = "enum", values = FIELDS }, default = { "input" },
                   doc = "the text that is compared; vectors of other fields are made anew" },
    by         = { type = "string", default = "topic", doc = "annotation or path whose shares are compared" },
    near       = { type = "number", min = -1, max = 1,
                   doc = "a query is covered if a training row has this cosine to it or above; if absent, what all "
                     .. "but near_share of the training rows have to another one" },
    near_share = { type = "number", default = 0.05, min = 0, max = 1, doc = "see near" },
    top        = { type = "integer", default = 20, min = 0, max = 10000, doc = "farthest queries that are listed" },
    sample     = { type = "integer", default = 2000, min = 20, max = 100000,
                   doc = "texts of each set for the classifier; training rows whose own nearness is measured" },
    folds      = { type = "integer", default = 5, min = 2, max = 20, doc = "parts of its cross-validation" },
    max_js     = { type = "number", default = 0.05, min = 0, max = 1,
                   doc = "warn at a larger Jensen-Shannon divergence of the topic shares, in bits" },
    max_auc    = { type = "number", default = 0.75, min = 0.5, max = 1,
                   doc = "warn where the classifier tells the sets apart better (0.5: not at all; 1: always)" },
    max_far    = { type = "number", default = 0.1, min = 0, max = 1,
                   doc = "warn where a larger share of the queries is near no training row" },
    max_length_ratio = { type = "number", default = 2, min = 1, max = 1000,
                   doc = "warn where median lengths are so many times apart" },
  },
  example = [[s.distribution { production = "production.jsonl" }]],
  reasons = {},
  metrics = {},

  check = function(p)
    if p.production_vectors and not p.production then return "production_vectors goes with production" end
    return beside.fault(p.production, "production")
  end,

  ready = function(p, ctx)
    local named = { type(p.production) == "table" and p.production[1] or p.production }
    named[#named + 1] = p.production_vectors
    named[#named + 1] = p.gold_vectors
    for _, name in ipairs(named) do
      local path, err = ctx.find(name)
      if not path then return nil, err end
    end
    local given = p.production_vectors and "production_vectors" or p.gold_vectors and "gold_vectors"
    local entry, err = sources.entry(p, ctx)
    if not entry and p.embedding == "" and not given then return true end   -- without vectors the rest is told
    if entry and given and not entry.params.file then
      return nil, ("%s goes with an embed stage that reads a file: %s embeds those rows itself"):format(given,
        entry.name)
    end
    return entry and true or nil, err
  end,

  --- @return  the view as it is, and { figures, notes }; or nil and a message
  run = function(view, p, ctx)
    local f, notes, lines = { by = p.by, fields = p.fields, sets = {} }, {}, json.array {}
    for _, what in ipairs { "production", "gold" } do
      local other, err
      if what == "production" and p.production then
        other, err = ctx.beside(p.production)
        if not other then return nil, err end
        lines[1] = "production is " .. err
      elseif what == "gold" and p.gold then other = ctx.gold end
      if other then
        local set
        set, err = compare.with(view, other, what, p, ctx)
        if not set then return nil, err end
        f.sets[#f.sets + 1] = set
        told.add(set, p, ctx.name, notes)
      end
    end
    if #f.sets == 0 then
      local note = '%s: nothing to compare with: give production = "FILE", or the recipe a gold set'
      return view, { notes = { note:format(ctx.name) } }
    end
    return view, { figures = { distribution = f, told = lines }, notes = notes }
  end,
}
