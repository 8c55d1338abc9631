--- near_dedup: reject a row that nearly repeats a kept one; the verdict rests on the exact Jaccard.
-- Partitioned MinHash proposes pairs (bands of slots that agree), the sets of shingles decide.
-- Rows are visited in order, those of trusted sources first; one that a kept row matches is
-- rejected and names the kept match of highest Jaccard. A row shorter than a shingle is compared
-- exactly. method = "exact" adds the pigeonhole join (modules/neardup/join.h).
-- Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", ch. 3.

local neardup = require "neardup"
local bands = require "neardup_bands"
local template = require "neardup_template"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

return {
  name    = "near_dedup",
  scope   = "corpus",
  doc     = "reject a row that nearly repeats a kept one, by exact Jaccard",
  params  = {
    threshold  = { type = "number",  default = 0.8, min = 0.05, max = 1,
                   doc = "match at this exact Jaccard or above" },
    shingle    = { type = "integer", default = 5,   min = 1,   max = 16,
                   doc = "code points in a shingle; of words 1 to 8" },
    unit       = { type = "enum",    default = "char", values = { "char", "word" },
                   doc = "what a shingle is made of; word: white-space words, single characters of a script "
                     .. "written without spaces" },
    turns      = { type = { "enum", "integer" }, default = "all", values = { "all", "users", "first", "last" },
                   min = 1, max = 65535, words = '"all", "users", "first", "last" or a whole number from 1 to 65535',
                   doc = "the turns of a chat that are its input: all before the answer; those of users; the "
                     .. "user's first or last; or so many at the end. Other rows are compared whole" },
    method     = { type = "enum",    default = "sketch", values = { "sketch", "exact" },
                   doc = "sketch: bands propose the pairs; exact: a join that misses none, by proof, "
                     .. "at about five times the cost" },
    recall     = { type = "number", default = 0.999, min = 0.5, max = 0.999999,
                   doc = "share of pairs at the threshold that must be proposed: solves slots and bands" },
    num_hashes = { type = "integer", default = 0, min = 0,   max = 1024,
                   doc = "MinHash slots a row (classic: 128); 0: 64 to 512, solved from threshold and recall" },
    num_bands  = { type = "integer", default = 0, min = 0,   max = 512,
                   doc = "bands of num_hashes / num_bands slots propose pairs (classic: 16); 0: solved" },
    keep       = { type = "enum",    default = "first", values = { "first", "longest" },
                   doc = "which row of a group stays" },
    fields     = { type = "list", of = { type = "enum", values = FIELDS },
                   default = { "input", "output", "alternative" },
                   doc = "fields compared; without the system text, which would make strangers alike" },
    template_share = template.share,
  },
  example = [[s.near_dedup { threshold = 0.8, keep = "longest" }]],
  reasons = { "near_duplicate" },
  metrics = { "jaccard" },
  check = function(p)
    if p.unit == "word" and p.shingle > 8 then
      return ('shingle = %d is out of range: 1 to 8 where unit = "word"'):format(p.shingle)
    end
  end,

  --- @return  verdicts, and the figures of the search for the lineage (slots, bands, recall curve, pairs);
  -- or nil and a message
  run = function(view, p, ctx)
    local given = template.params(p)
    bands.set(given, p, p.threshold)
    local verdicts, figures = neardup.leaders(view, given, ctx.pool)
    if not verdicts then return nil, figures end
    figures.slots = given.num_hashes
    return verdicts, { figures = figures, notes = template.notes("near_dedup", figures.template) }
  end,

  --- The chance that a pair is proposed, for the help page.
  -- @return  points of the curve, bands, slots a band
  curve = function(p)
    local _, count, rows = bands.solve(p, p.threshold)
    return neardup.recall_curve(count, rows), count, rows
  end,
}
