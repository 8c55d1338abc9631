--- semantic_dedup: reject a row that says what a kept one says, by the cosine of their vectors.
-- An embed stage before it gives each row a vector. Every row is held against every row: float products only
-- propose, the cosine in double over a fixed order decides (modules/cosine/search.h). Rows are visited in the order
-- that `keep` says, those of trusted sources first; one that a kept row matches is rejected and names the kept match
-- of highest cosine. What vectors of words alone call the same need not mean the same: read some before you trust it.

local clusters = require "neardup_clusters"
local keep = require "neardup_keep"
local plan = require "plan"
local screen = require "report.screen"
local semantic = require "semantic"
local sources = require "embed.sources"
local thresholds = require "embed.thresholds"

local LOWEST = 0.05   -- cosine: below it nearly all pairs would be listed

local order = keep.params { "first", "longest", "newest", "best" }

--- The parameters as the kernel takes them.
local function native(p)
  local given = {}
  for k, v in pairs(p) do given[k] = v end
  if p.evidence_floor > 0 then given.floor = math.min(p.evidence_floor, p.threshold) end
  return given
end

local WITHOUT = "%s: %s, compared with nobody"
local MANY = "%s: so many rows are alike that not all pairs were listed: the ledger holds those that the verdicts rest "
  .. "on, and a sweep compares the rows again"

local RECALL = "%s: approximate search found %.1f%% of the %s that %s have by exact search"
local NO_RECALL = "%s: approximate search; its recall is unknown, as %s have no pair by exact search"

local function notes_of(view, p, ctx, figures)
  local notes = {}
  clusters.notes(notes, ctx.name, view, figures, p, "a cosine")
  if figures.without > 0 then
    notes[#notes + 1] = WITHOUT:format(ctx.name, screen.count(figures.without, "row") .. " without a vector")
  end
  if p.search == "approximate" then
    notes[#notes + 1] = figures.recall
      and RECALL:format(ctx.name, 100 * figures.recall, screen.count(figures.recall_pairs, "pair"),
        screen.count(figures.recall_rows, "row"))
      or NO_RECALL:format(ctx.name, screen.count(figures.recall_rows, "row"))
  end
  if figures.unverified_rows > 0 then notes[#notes + 1] = MANY:format(ctx.name) end
  return notes
end

return {
  name    = "semantic_dedup",
  scope   = "corpus",
  doc     = "reject a row that says what a kept one says, by the cosine of their vectors",
  params  = {
    threshold  = { type = "number", min = LOWEST, max = 1,
                   doc = ("match at this cosine or above; none given: %g for vectors of a file or an endpoint, %g for "
                     .. "those of a static model, %g for lexical ones"):format(thresholds.file, thresholds.static,
                     thresholds.lexical) },
    embedding  = sources.param,
    cluster    = { type = "enum",    default = "leader", values = { "leader", "components" },
                   doc = "leader: a row goes if a kept row matches it, so each names a match; components: of rows "
                     .. "that matches connect, however loosely the ends, one stays" },
    search     = { type = "enum", default = "exact", values = { "exact", "approximate" },
                   doc = "exact: every row against every row; approximate: against rows in the nearest lists of an "
                     .. "index (FAISS, libfaiss-dev), with the share of pairs that it found measured on 1,000 rows and "
                     .. "told; try exact first, which was sooner wherever both were measured" },
    max_cluster = clusters.max,
    evidence_floor = { type = "number", default = 0, min = 0, max = 1,
                       doc = "all pairs from this cosine on (0.05 at least) stand in the ledger, so that a sweep "
                         .. "down to it compares nothing again; above the threshold: from the threshold on; "
                         .. "0: those at the threshold" },
    evidence_pairs = { type = "integer", default = 50, min = 0, max = 1000000,
                       doc = "with evidence_floor: where there are more pairs a row than this, only those that the "
                         .. "verdicts rest on stand there; a sweep compares the rows again" },
    keep = order.keep, date = order.date, by = order.by,
  },
  example = [[s.embed { model = "lexical" }, s.semantic_dedup { keep = "longest" }]],
  reasons = { "semantic_duplicate" },
  metrics = { "cosine", "rank" },
  bounds  = { { param = "threshold", metric = "cosine", side = "similarity", reason = "semantic_duplicate" } },

  check = function(p)
    local floor = p.evidence_floor or 0
    if floor > 0 and floor < LOWEST then
      return ("evidence_floor = %s is out of range: 0, or %g to 1"):format(plan.show(floor), LOWEST)
    end
    return keep.check(p)
  end,

  --- The threshold that fits the embedding; a sentence where no embed stage stands before it.
  complete = function(p, before)
    local entry, err = sources.among(p, before)
    if not entry then return err end
    p.embedding = entry.name   -- one behind this stage is not the last for rows that come back
    if p.search == "approximate" and not semantic.has_approximate() then
      return 'search = "approximate" needs FAISS (libfaiss-dev), which was not there when this program was built; '
        .. '"exact" needs nothing'
    end
    p.threshold = p.threshold or thresholds[sources.kind(entry.params)]
  end,

  --- @return  verdicts, and the figures of the search for the lineage; or nil and a message
  run = function(view, p, ctx)
    local vectors, err = sources.vectors(view, p)
    if not vectors then return nil, err end
    local given = native(p)
    given.fields = sources.fields(p, ctx)
    view, given.rank = keep.rank(view, p, ctx)
    if not view then return nil, given.rank end
    local verdicts, figures = semantic.dedup(view, given, vectors, ctx.pool)
    if not verdicts then return nil, figures end
    figures.embedding, figures.sees_paraphrases = vectors:name(), vectors:meaning()
    local info = { figures = figures, memory = vectors, notes = notes_of(view, p, ctx, figures) }
    return given.rank and view:apply(ctx.name, verdicts) or verdicts, info
  end,

  --- Rows whose twin a later stage rejected, held against those that stand (run/revival.lua).
  revisit = function(view, p, ctx, again)
    local ranked, rank = keep.rank(view, p, ctx, again.rows)
    if not ranked then return nil, rank end
    local given = native(p)
    given.fields, given.rank = sources.fields(p, ctx), rank
    return semantic.dedup(ranked, given, again.memory, ctx.pool, again)
  end,

  --- What other thresholds would keep: as near_dedup.
  sweep = function(view, evidence, p, values, ctx)
    local vectors, err = sources.vectors(view, p)
    if not vectors then return nil, err end
    local ranked, rank = keep.rank(view, p, ctx)
    if not ranked then return nil, rank end
    local given = native(p)
    given.rank, given.thresholds, given.margin, given.stage = rank, values, ctx.margin or 3, ctx.name
    return semantic.sweep(ranked, given, vectors, evidence, ctx.pool)
  end,

  --- The same of a finished run, whose vectors are not at hand.
  sweep_rows = function(states, evidence, p, values, margin, rank)
    local given = native(p)
    given.thresholds, given.margin = values, margin
    return semantic.sweep_rows(states, given, evidence, rank)
  end,
}
