--- meaning_blocks: what spot_check, diversity, outliers and distribution found, as blocks of a document.

local screen = require "report.screen"

local meaning_blocks = {}

meaning_blocks.STRATA = 50     -- in a table

local number, percent = screen.number, screen.percent

local function text(blocks, line) blocks[#blocks + 1] = { kind = "text", text = line } end

local function heading(blocks, list, x, name, line)
  if #list > 1 then name = ("%s: %s"):format(name, x.stage) end
  blocks[#blocks + 1] = { kind = "heading", text = line, name = name }
end

-- ---- spot_check ----

local function strata_of(x)
  local rows = {}
  for i, s in ipairs(x.strata) do
    if i <= meaning_blocks.STRATA then
      rows[i] = { s.name, number(s.rows), number(s.queued), number(s.labelled), number(s.wrong) }
    end
  end
  return rows
end

local function spot_check(list, blocks)
  for _, x in ipairs(list or {}) do
    heading(blocks, list, x, "Spot check", ("Synthetic rows for people to check (%s): %s of %s labelled"):format(
      x.stage, number(x.labelled), number(x.queued)))
    if x.rate then
      text(blocks, ("%s of %s were found wrong (%s under %g): %s, with 95%% confidence %s to %s."):format(
        number(x.wrong), screen.count(x.labelled, "row"), x.dimension, x.wrong_below, percent(x.rate), percent(x.low),
        percent(x.high)))
    else
      text(blocks, ("Nobody has labelled one: tamis label RUN --queue %s"):format(x.stage))
    end
    blocks[#blocks + 1] = { kind = "table", rows = strata_of(x), columns = { { x.by, flex = true }, { "rows", "right" },
      { "queued", "right" }, { "labelled", "right" }, { "wrong", "right" } } }
    if #x.strata > meaning_blocks.STRATA then
      text(blocks, ("and %s more"):format(number(#x.strata - meaning_blocks.STRATA)))
    end
  end
end

-- ---- diversity ----

-- A line of the table: a figure of each set.
local function line(rows, x, name, of)
  local cells, any = { name }, false
  for i, set in ipairs { "read", "kept", "random" } do
    local value = x[set] and of(x[set])
    cells[i + 1], any = value or "", any or value ~= nil
  end
  if any then rows[#rows + 1] = cells end
end

local function diversity(list, blocks)
  for _, x in ipairs(list or {}) do
    heading(blocks, list, x, "Diversity", "How varied the rows are")
    local rows = {}
    line(rows, x, "rows", function(s) return number(s.rows) end)
    line(rows, x, x.k == 1 and "mean distance to the nearest row" or ("mean distance to the %d nearest"):format(x.k),
      function(s) return s.distance and number(s.distance, 4) end)
    line(rows, x, ("runs of %d words of the %s that differ"):format(x.ngram, x.field), function(s)
      return s.novelty and percent(s.novelty)
    end)
    if x.topics then
      local covered = ("topics covered (%s)"):format(x.topics.by)
      rows[#rows + 1] = { covered, number(x.topics.read), number(x.topics.kept), "" }
    end
    blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "figure", flex = true }, { "read", "right" },
      { "kept", "right" }, { "as many at random", "right" } } }
    if x.embedding and x.kept.queries then
      text(blocks, ("Distances are 1 - cosine of the vectors of %s, from %s of each set."):format(x.embedding,
        screen.count(x.kept.queries, "row")))
    end
  end
end

-- ---- outliers ----

local function place(at) return at and ("%s:%d"):format(at.source:match "[^/]*$", at.line) or "" end

local function outliers(list, blocks)
  for _, x in ipairs(list or {}) do
    heading(blocks, list, x, "Outliers", ("Rows far from everything, by %s"):format(x.stage))
    local rows = {}
    for i, t in ipairs(x.top) do rows[i] = { number(t.distance, 3), place(t.at), place(t.nearest), t.text } end
    text(blocks, ("Mean distance (1 - cosine, %s) to the %d nearest rows: median %s, 90%% at most %s, 99%% at most %s.")
      :format(x.embedding, x.k, number(x.p50, 3), number(x.p90, 3), number(x.p99, 3)))
    blocks[#blocks + 1] = { kind = "table", rows = rows, wide = true, columns = { { "distance", "right" }, { "row" },
      { "nearest" }, { "text", flex = true } } }
  end
end

--- The blocks of all such stages of a report.
function meaning_blocks.add(f, blocks)
  spot_check(f.spot_check, blocks)
  diversity(f.diversity, blocks)
  outliers(f.outliers, blocks)
end

return meaning_blocks
