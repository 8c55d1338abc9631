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

--- The blocks of all such stages of a report.
function meaning_blocks.add(f, blocks)
  spot_check(f.spot_check, blocks)
end

return meaning_blocks
