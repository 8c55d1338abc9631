--- near_dedup: reject a row that nearly repeats a kept one; the verdict rests on the exact Jaccard.
-- Partitioned MinHash proposes pairs (bands of slots that agree), the sets of shingles decide.
-- Rows are visited in the order that `keep` says, those of trusted sources first; one that a kept row matches is
-- rejected and names the kept match of highest Jaccard. A row shorter than a shingle is compared
-- exactly. method = "exact" adds the pigeonhole join (modules/neardup/join.h).
-- verify = "cosine": a match must be one of vectors, too, for data where a word changes what is said (doses, clauses).
-- With `against`, rows that an earlier run kept leave first (modules/neardup/against.h).
-- Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", ch. 3.

local neardup = require "neardup"
local bands = require "neardup_bands"
local clusters = require "neardup_clusters"
local earlier = require "neardup_index"
local keep = require "neardup_keep"
local plan = require "plan"
local screen = require "report.screen"
local sources = require "embed.sources"
local template = require "neardup_template"

local COSINE = 0.95
local LOWEST = 0.05   -- Jaccard: below it no bands would propose nearly all pairs

-- A row has a text of its own where so many code points (words) in a row are not masked.
local OWN = { char = 20, word = 4 }

local AGAINST = "near_dedup.against: its rows are compared with an earlier run's at one threshold"

local order = keep.params { "first", "longest", "newest", "best" }

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

local function masked(figures, p)
  return ("near_dedup: %d shingles stand in more than %g%% of the rows and were left out of the comparison "
    .. "(near_dedup.max_shingle_share = 0 compares them)"):format(figures.masked_shingles, 100 * p.max_shingle_share)
end

-- What goes with verify = "cosine": of the others each rests on Jaccards alone.
local LONE = { method = "sketch", cluster = "leader", evidence_floor = 0 }

local function verify_fault(p)
  if p.verify ~= "cosine" then
    if (p.cosine or COSINE) == COSINE then return nil end
    return ('cosine = %s goes with verify = "cosine"'):format(plan.show(p.cosine))
  end
  for _, key in ipairs { "cluster", "evidence_floor", "method" } do
    if p[key] ~= LONE[key] then
      return ('verify = "cosine" goes with %s = %s, not with %s'):format(key, plan.show(LONE[key]), plan.show(p[key]))
    end
  end
  if p.against then return 'verify = "cosine" does not go with against: rows of earlier runs have no vectors' end
end

-- What is wrong with the parameters together; nil if nothing is.
local function fault(p)
  if p.unit == "word" and p.shingle > 8 then
    return ('shingle = %d is out of range: 1 to 8 where unit = "word"'):format(p.shingle)
  end
  local floor = p.evidence_floor or 0
  if floor > 0 and floor < LOWEST then
    return ("evidence_floor = %s is out of range: 0, or %g to 1"):format(plan.show(floor), LOWEST)
  end
  for _, name in ipairs(type(p.against) == "table" and p.against or { p.against }) do
    if name == "" then return 'against = "" names no run' end
  end
  return verify_fault(p) or bands.fault(p) or keep.check(p)
end

-- The parameters as the kernel takes them.
local function native(p)
  local given = template.params(p)
  given.mask_rest = OWN[p.unit]
  if p.evidence_floor > 0 then given.floor = math.min(p.evidence_floor, p.threshold) end
  bands.set(given, p, given.floor or p.threshold)
  return given
end

--- The vectors that must confirm a match, into what the kernel takes.
-- @return  true; or nil and a message
local function confirm(view, p, given)
  given.vectors = nil
  if p.verify ~= "cosine" then return true end
  local found, err = sources.vectors(view, p)
  if not found then return nil, err end
  given.vectors, given.cosine = found, p.cosine
  return true
end

local UNCONFIRMED = "near_dedup: %s of a Jaccard of %g or more stay apart, as one of the two rows has no vector "
  .. "(near_dedup.verify)"

--- Rejects what an earlier run kept.
-- @return  the view without those rows, and { figures, notes }; or nil and a message
local function seen(view, p, given, ctx)
  local list, runs, notes = ctx.earlier(p)
  if not list then return nil, runs end
  local verdicts, figures = earlier.seen(view, given, list, ctx.pool)
  for _, x in ipairs(list) do x:close() end
  if not verdicts then return nil, figures end
  figures.runs = runs
  return view:apply(ctx.name, verdicts), { figures = figures, notes = notes }
end

local function without(rows, gone)
  local out = {}
  for _, row in ipairs(rows) do
    if not gone[row] then out[#out + 1] = row end
  end
  return out
end

--- Holds rows that come back from an earlier stage against the earlier runs too.
-- @return  the view without those that were seen, what is left to visit again, the verdicts on the others;
--   or nil and a message
local function seen_again(view, p, given, ctx, again)
  local list, err = ctx.earlier(p)
  if not list then return nil, err end
  local before
  before, err = earlier.seen(view, given, list, ctx.pool)
  for _, x in ipairs(list) do x:close() end
  if not before then return nil, err end
  earlier.only(before, again.rows)
  local gone = {}
  for _, row in ipairs(before:rows()) do gone[row] = true end
  local left = { rows = without(again.rows, gone), barred = without(again.barred, gone), memory = again.memory }
  return view:apply(ctx.name, before), left, before
end

return {
  name    = "near_dedup",
  scope   = "corpus",
  doc     = "reject a row that nearly repeats a kept one, by exact Jaccard",
  params  = {
    threshold  = { type = "number",  default = 0.8, min = LOWEST, max = 1,
                   doc = "match at this exact Jaccard or above" },
    shingle    = { type = "integer", default = 5,   min = 1,   max = 16,
                   doc = "code points in a shingle; of words 1 to 8" },
    unit       = { type = "enum",    default = "char", values = { "char", "word" },
                   doc = "what a shingle is made of; word: white-space words, single characters of a script "
                     .. "written without spaces" },
    turns      = { type = { "integer", "enum" }, default = "all", values = { "all", "users", "first", "last" },
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
    verify     = { type = "enum",    default = "jaccard", values = { "jaccard", "cosine" },
                   doc = "what confirms a candidate: its exact Jaccard; or cosine: that, and the cosine of the rows' "
                     .. "vectors, of an embed stage before this one, so that near copies that differ in what they say "
                     .. "stay (medical, legal)" },
    cosine     = { type = "number",  default = COSINE, min = 0.05, max = 1,
                   doc = 'with verify = "cosine": at this cosine or above; a row without a vector matches nobody' },
    embedding  = sources.param,
    cluster    = { type = "enum",    default = "leader", values = { "leader", "components" },
                   doc = "leader: a row goes if a kept row matches it, so each names a match; components: of rows "
                     .. "that matches connect, however loosely the ends, one stays" },
    max_cluster = clusters.max,
    evidence_floor = { type = "number", default = 0, min = 0, max = 1,
                       doc = "all pairs from this Jaccard on (0.05 at least) stand in the ledger, so that a sweep "
                         .. "down to it compares nothing again; above the threshold: from the threshold on; "
                         .. "0: only the pairs that the verdicts rest on" },
    evidence_pairs = { type = "integer", default = 50, min = 0, max = 1000000,
                       doc = "of a group of rows with more candidates a row than this, only the pairs that the "
                         .. "verdicts rest on stand there; a sweep compares its rows again. Candidates are the "
                         .. "pairs that the bands propose, however few reach the floor: of n rows alike up to "
                         .. "(n - 1) / 2 a row. exact: pairs in the clusters at the floor, of all rows" },
    keep = order.keep, date = order.date, by = order.by,
    fields     = { type = "list", least = 1, of = { type = "enum", values = FIELDS },
                   default = { "input", "output", "alternative" },
                   doc = "fields compared; without the system text, which would make strangers alike" },
    template_share = template.share,
    max_shingle_share = { type = "number", default = 0, min = 0, max = 1,
                          doc = "shingles that more than this share of rows has do not count, so that a form in the "
                            .. "middle of texts makes nobody twins (0.2, say); a row without a text of its own "
                            .. "beside them is compared whole; 0: all count" },
    min_shingle_rows  = { type = "integer", default = 10, min = 1, max = 1000000000,
                          doc = "a shingle that fewer rows have counts, whatever their share" },
    against    = { type = { "string", "list" }, of = { type = "string" }, words = "a run's name, or a list of such",
                   doc = "earlier runs: a row that they kept is rejected. NAME/ID or NAME under --out, an ID or "
                     .. "`latest` of this dataset, or a run's folder, of which only neardup.idx is read" },
    index      = { type = "boolean", default = false,
                   doc = "leave neardup.idx, which `against` of later runs reads; without it they read the run's "
                     .. "rows again" },
  },
  example = [[s.near_dedup { threshold = 0.8, keep = "longest" }]],
  reasons = { "near_duplicate", "seen_before" },
  metrics = { "jaccard", "rank" },
  bounds  = { { param = "threshold", metric = "jaccard", side = "similarity", reason = "near_duplicate" } },
  check = fault,

  --- Which embed stage confirms; a sentence where there is none.
  complete = function(p, before)
    if p.verify ~= "cosine" then return nil end
    local entry, err = sources.among(p, before)
    if not entry then return ('verify = "cosine": %s'):format(err) end
    p.embedding = entry.name
  end,

  --- Do its pairs tell what other thresholds would keep? Pairs that vectors must confirm do not: a pass each.
  swept = function(p) return p.verify ~= "cosine" end,

  --- @return  verdicts, and the figures of the search for the lineage (slots, bands, recall curve, pairs);
  -- or nil and a message
  run = function(view, p, ctx)
    local given = native(p)
    local left, before = view, nil
    if p.against then
      left, before = seen(view, p, given, ctx)
      if not left then return nil, before end
    end
    left, given.rank = keep.rank(left, p, ctx)
    if not left then return nil, given.rank end
    local ready, why = confirm(view, p, given)
    if not ready then return nil, why end
    local verdicts, figures = neardup.leaders(left, given, ctx.pool)
    if not verdicts then return nil, figures end
    local memory = figures.memory
    figures.slots, figures.memory = given.num_hashes, nil
    local notes = template.notes("near_dedup", figures.template)
    clusters.notes(notes, "near_dedup", view, figures, p, "a Jaccard")
    if (figures.unconfirmed_pairs or 0) > 0 then
      notes[#notes + 1] = UNCONFIRMED:format(screen.count(figures.unconfirmed_pairs, "pair"), p.threshold)
    end
    if figures.masked_shingles > 0 then notes[#notes + 1] = masked(figures, p) end
    if before then
      figures.against = before.figures
      table.move(before.notes, 1, #before.notes, #notes + 1, notes)
    end
    local info = { figures = figures, memory = memory, notes = notes }
    return left == view and verdicts or left:apply(ctx.name, verdicts), info
  end,

  --- Rows whose twin a later stage rejected, held against those that stand (run/revival.lua).
  revisit = function(view, p, ctx, again)
    local given, before = native(p), nil
    if p.against then
      view, again, before = seen_again(view, p, given, ctx, again)
      if not view then return nil, again end
    end
    local ranked, rank = keep.rank(view, p, ctx, again.rows)
    if not ranked then return nil, rank end
    given.rank = rank
    local ready, why = confirm(ranked, p, given)
    if not ready then return nil, why end
    local verdicts, err = neardup.leaders(ranked, given, ctx.pool, again)
    if verdicts and before then earlier.join(verdicts, before) end
    return verdicts, err
  end,

  --- What other thresholds would keep, from the pairs of a run with these parameters; rows of clusters that
  -- it left incomplete are compared again. None may lie below the evidence floor (without one: the threshold).
  -- @param view        the rows that reached the stage stand in it
  -- @param evidence    the stage's verdict list, or a view with its verdicts under ctx.name
  -- @param thresholds  an array of numbers
  -- @return            a table a threshold: threshold, kept, removed, compared, clusters, taken and spared (at the
  --                    margin: { row, twin, jaccard }); or nil and a message
  sweep = function(view, evidence, p, thresholds, ctx)
    if p.against then return nil, AGAINST end
    local given, ranked, rank = native(p), keep.rank(view, p, ctx)
    if not ranked then return nil, rank end
    given.rank = rank
    given.thresholds, given.margin, given.stage = thresholds, ctx.margin or 3, ctx.name
    return neardup.sweep(ranked, given, evidence, ctx.pool)
  end,

  --- The same of a finished run, whose rows are not at hand.
  -- @param states  a character a row (modules/stats/passing.h)
  -- @param rank    what keep.column names, a column of stats; nil: row order
  -- @return        as sweep; false where texts are needed
  sweep_rows = function(states, evidence, p, thresholds, margin, rank)
    if p.against then return nil, AGAINST end
    local given = native(p)
    given.thresholds, given.margin = thresholds, margin
    return neardup.sweep_rows(states, given, evidence, rank)
  end,

  --- The chance that a pair is proposed, for the help page.
  -- @return  points of the curve, bands, slots a band
  curve = function(p)
    local floor = p.evidence_floor or 0
    local _, count, rows = bands.solve(p, floor > 0 and math.min(floor, p.threshold) or p.threshold)
    return neardup.recall_curve(count, rows), count, rows
  end,
}
