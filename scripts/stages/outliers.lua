--- outliers: rows far from everything else, by the vectors of an embed stage: another language, noise, a question that
-- strayed in; or the one row of a topic that deserves more. The figure is the mean distance (1 - cosine) to a row's k
-- nearest. It removes nothing unless `max_distance` says from where on: read the farthest rows first. Rows of trusted
-- sources are tagged (`flagged`) and stay.

local coverage = require "coverage"
local json = require "json"
local screen = require "report.screen"
local sources = require "embed.sources"
local trusted = require "judge.trusted"

local SHOWN = 160   -- bytes of a row's text that the report shows
local NOTED = 60

local number = screen.number

local function place_of(view, n)
  local row = view:row(n)
  return { source = row.source, line = row.line }
end

local function cut(text, most)
  text = text:gsub("%s+", " ")
  if #text <= most then return text end
  return text:sub(1, (utf8.offset(text, 0, most + 1) or most + 1) - 1) .. "…"
end

--- The view with the verdicts, and a tag on the rows that are too far and trusted.
local function tagged(view, verdicts, rows, name)
  local flags = {}
  for _, row in ipairs(rows) do flags[row] = "outlier" end
  local flagged, err = trusted.tag(view, name, flags)
  if not flagged then return nil, err end
  return flagged:apply(name, verdicts)
end

local function figures_of(view, info, made, p)
  local out = { rows = info.rows, base = info.base, exact = info.exact, k = p.k, p50 = info.p50, p90 = info.p90,
                p99 = info.p99, embedding = made:name(), max_distance = p.max_distance, top = json.array {} }
  for i, t in ipairs(info.top) do
    out.top[i] = { distance = t.distance, at = place_of(view, t.row),
                   nearest = t.nearest and place_of(view, t.nearest) or nil,
                   text = cut(view:field(t.row, "input") or view:field(t.row, "output") or "", SHOWN) }
  end
  return out
end

local function notes_of(f, p, name)
  local notes = {}
  local first = f.top[1]
  if first and not p.max_distance then
    local line = "%s: farthest from everything: %s:%d, mean distance %s to its %d nearest (99%% of the rows: at most "
      .. "%s): %s"
    notes[1] = line:format(name, first.at.source, first.at.line, number(first.distance, 3), p.k, number(f.p99, 3),
      cut(first.text, NOTED))
  end
  if f.base < f.rows then
    local line = "%s: %s were held against a sample of %s, and the %s farthest of them against all; the distances of "
      .. "the others are, if anything, too large"
    notes[#notes + 1] = line:format(name, screen.count(f.rows, "row"), number(f.base), number(f.exact))
  end
  return notes
end

return {
  name    = "outliers",
  scope   = "corpus",
  doc     = "measure how far each row is from its nearest ones, list the farthest, and reject those past a bound",
  params  = {
    embedding    = sources.param,
    k            = { type = "integer", default = 10, min = 1, max = 1000, doc = "nearest rows that count" },
    max_distance = { type = "number", min = 0, max = 2,
                     doc = "reject rows of a larger mean distance (1 - cosine) to their k nearest, or tag those of "
                       .. "trusted sources; none if absent" },
    top          = { type = "integer", default = 20, min = 0, max = 10000, doc = "farthest rows that are listed" },
    sample       = { type = "integer", default = 10000, min = 100, max = 1000000000,
                     doc = "of more rows than this, each is first held against so many of them, drawn by the seed; "
                       .. "those that then stand out, against all" },
  },
  example = [[s.outliers { k = 10 }]],
  reasons = { "outlier" },
  metrics = { "distance" },
  bounds  = { { param = "max_distance", metric = "distance", side = "max", reason = "outlier" } },

  ready = function(p, ctx)
    local entry, err = sources.entry(p, ctx)
    return entry and true or nil, err
  end,

  --- @return  verdicts with the metric, or the view with them where trusted rows were tagged, and
  --          { figures, notes }; or nil and a message
  run = function(view, p, ctx)
    local made, err = sources.vectors(view, p)
    if not made then return nil, err end
    local verdicts, info = coverage.outliers(view, made, { k = p.k, sample = p.sample, top = p.top,
      bound = p.max_distance, seed = ctx.seed }, "outlier", ctx.pool)
    if not verdicts then return nil, info end
    local f = figures_of(view, info, made, p)
    local result = verdicts
    if #info.trusted > 0 then
      result, err = tagged(view, verdicts, info.trusted, ctx.name)
      if not result then return nil, err end
    end
    return result, { figures = { outliers = f }, notes = notes_of(f, p, ctx.name) }
  end,
}
