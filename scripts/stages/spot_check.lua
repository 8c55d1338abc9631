--- spot_check: synthetic rows of a knowledge-heavy source are put in a queue for people, since a teacher model's
-- errors of fact look like its truths. It removes nothing; `tamis label RUN --queue spot_check` shows the queue, and
-- the export warns until it is labelled, and where too many rows were found wrong.

local keys = require "run.keys"
local labels = require "spot.labels"
local queue = require "spot.queue"
local screen = require "report.screen"
local json = require "json"
local told = require "spot.told"

-- Why there is nothing to queue.
local function nothing(view, p, name)
  if p.topics then
    return ('%s: no row of kind "%s" has one of the topics (by = "%s")%s'):format(name, p.kind, p.by,
      keys.hint(view, p.by))
  end
  return ('%s: no source has kind = "%s" and %s = true: give them to it in sources, or name topics'):format(name,
    p.kind, p.knowledge)
end

local function figures_of(drawn, c, p)
  local out = { of = drawn.of, queued = c.queued, labelled = c.labelled, skipped = c.skipped, wrong = c.wrong,
                rate = c.rate, low = c.low, high = c.high, dimension = p.dimension, wrong_below = p.wrong_below,
                max_error = p.max_error, by = p.by, strata = json.array {}, files = json.array(c.files) }
  for i, s in ipairs(drawn.strata) do
    local found = c.strata[s.name] or { labelled = 0, wrong = 0 }
    out.strata[i] = { name = s.name, rows = s.rows, queued = s.queued, labelled = found.labelled, wrong = found.wrong }
  end
  return out
end

local function notes_of(drawn, c, p, name)
  local notes = { ("%s: %s of %s queued for people"):format(name, screen.count(#drawn.rows, "row"),
    screen.count(drawn.of, "synthetic row")) }
  if c.rate then notes[1] = notes[1] .. "; " .. told.rate(c) end
  if c.labelled == 0 and c.lacking > 0 then
    notes[2] = ('%s: the labels in %s have no score of "%s": dimension = "…" names another'):format(name, c.files[1],
      p.dimension)
  end
  return notes
end

return {
  name    = "spot_check",
  scope   = "corpus",
  doc     = "queue synthetic rows of knowledge-heavy sources for people; the export warns until they are labelled",
  params  = {
    kind      = { type = "string", default = "synthetic", doc = "the kind of source whose rows are checked," },
    knowledge = { type = "string", default = "knowledge",
                  doc = "if this attribute of it is true: { \"m.jsonl\", kind = \"synthetic\", knowledge = true }" },
    topics    = { type = "list", least = 1, of = { type = "string" },
                  doc = "instead: of all sources of that kind, the rows of these topics (by)" },
    by        = { type = "string", default = "topic",
                  doc = "annotation, path or attribute; rows are drawn from each of its values" },
    n         = { type = "integer", default = 200, min = 1, max = 100000, doc = "rows in the queue" },
    labels    = { type = { "string", "list" }, of = { type = "string" }, words = "a file's name, or a list of such",
                  doc = "files of labels; those that tamis label writes for this dataset if absent" },
    dimension   = { type = "string", default = "correctness", doc = "score that says whether a row is true," },
    wrong_below = { type = "number", default = 3, doc = "which a lower mean of the people's scores denies" },
    max_error   = { type = "number", default = 0.05, min = 0, max = 1,
                    doc = "warn where a larger share of the labelled rows is wrong" },
  },
  example = [[s.spot_check { n = 200, by = "topic" }]],
  reasons = {},
  metrics = {},

  --- @return  the view with the queue annotated by its strata, and { figures, notes }; or nil and a message
  run = function(view, p, ctx)
    local drawn, err = queue.draw(view, p, ctx)
    if not drawn then return nil, err end
    if drawn.of == 0 then return view, { notes = { nothing(view, p, ctx.name) } } end
    local notes = {}
    for _, item in ipairs(drawn.rows) do notes[item.row] = item.stratum end
    local child
    child, err = view:annotate(ctx.name, notes)
    if not child then return nil, err end
    local c
    c, err = labels.check(child, drawn.rows, p, ctx)
    if not c then return nil, err end
    return child, { figures = { spot_check = figures_of(drawn, c, p) }, notes = notes_of(drawn, c, p, ctx.name) }
  end,
}
