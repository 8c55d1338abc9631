--- told: what a person is told of a queue: what is left to label, and how many rows were found wrong.

local labels = require "spot.labels"
local queue = require "spot.queue"
local screen = require "report.screen"

local told = {}

local number, percent = screen.number, screen.percent

--- "4.0% are wrong (1.8% to 8.5%)".
function told.rate(c)
  return ("%s of %s were found wrong: %s (%s to %s with 95%% confidence)"):format(number(c.wrong),
    screen.count(c.labelled, "labelled row"), percent(c.rate), percent(c.low), percent(c.high))
end

--- What the export warns of: of one spot_check stage, over the rows that are left.
-- @param entry  the stage in the plan
function told.at_export(view, entry, ctx)
  local rows = queue.rows(view, entry.name)
  for i, row in ipairs(rows) do rows[i] = { row = row, stratum = "" } end
  if #rows == 0 then return {} end
  local c, err = labels.check(view, rows, entry.params, ctx)
  if not c then return { err } end
  local left, notes = c.queued - c.labelled - c.skipped, {}
  if left > 0 then
    notes[1] = ("export: %s of the %s that %s queued %s no label yet: tamis label RUN --queue %s"):format(number(left),
      screen.count(c.queued, "synthetic row"), entry.name, left == 1 and "has" or "have", entry.name)
  end
  if c.rate and c.rate > entry.params.max_error then
    notes[#notes + 1] = ("export: %s: %s; at most %s is asked for"):format(entry.name, told.rate(c),
      percent(entry.params.max_error))
  end
  return notes
end

return told
