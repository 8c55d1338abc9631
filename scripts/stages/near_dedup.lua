--- near_dedup: reject a row that nearly repeats a kept one; the verdict rests on the exact Jaccard.
-- Partitioned MinHash proposes pairs (bands of slots that agree), the sets of shingles decide.
-- Rows are visited in order, those of trusted sources first; one that a kept row matches is
-- rejected and names the kept match of highest Jaccard. A row shorter than a shingle is compared
-- exactly. Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", ch. 3.

local neardup = require "neardup"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

return {
  name    = "near_dedup",
  scope   = "corpus",
  doc     = "reject a row that nearly repeats a kept one, by exact Jaccard",
  params  = {
    threshold  = { type = "number",  default = 0.8, min = 0.05, max = 1,
                   doc = "match at this exact Jaccard or above" },
    shingle    = { type = "integer", default = 5,   min = 1,   max = 16, doc = "code points in a shingle" },
    num_hashes = { type = "integer", default = 128, min = 8,   max = 1024,
                   doc = "MinHash slots a row" },
    num_bands  = { type = "integer", default = 16,  min = 0,   max = 512,
                   doc = "bands of num_hashes / num_bands slots propose pairs; 0: solved from threshold and recall" },
    recall     = { type = "number", default = 0.999, min = 0.5, max = 0.999999,
                   doc = "with num_bands = 0: share of pairs at the threshold that must be proposed" },
    keep       = { type = "enum",    default = "first", values = { "first", "longest" },
                   doc = "which row of a group stays" },
    fields     = { type = "list", of = { type = "enum", values = FIELDS },
                   default = { "input", "output", "alternative" },
                   doc = "fields compared; without the system text, which would make strangers alike" },
  },
  example = [[s.near_dedup { threshold = 0.8, keep = "longest" }]],
  reasons = { "near_duplicate" },
  metrics = { "jaccard" },

  --- @return  verdicts, and what the search did (bands, recall curve, pairs); or nil and a message
  run = function(view, p, ctx)
    return neardup.leaders(view, p, ctx.pool)
  end,

  --- The chance that a pair is proposed, for the help page.
  curve = function(p)
    local bands, rows = p.num_bands, nil
    if bands == 0 then bands, rows = neardup.bands(p.num_hashes, p.threshold, p.recall) end
    return neardup.recall_curve(bands, rows or p.num_hashes // bands), bands
  end,
}
