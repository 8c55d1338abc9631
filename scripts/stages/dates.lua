--- dates: reject a row whose text speaks of a day after the row was written.
-- An answer that knows the future was written later than its row says, or was made up. A plan does so by right
-- ("your parcel arrives on March 5, 2026"), so that `slack_days` must fit the data: a day for time zones, a
-- year where answers make appointments. A row without a date of its own says nothing, and is kept.

local rules = require "rules"
local screen = require "report.screen"
local stats = require "stats"

local PATH = "created_at"

--- How many rows have that sign, by its metric, and of how many; 0 where no row was looked at.
local function rows_with(view, name, sign)
  local numbers = stats.metric(view, name .. "." .. sign)
  if not numbers then return 0, 0 end
  return math.tointeger(numbers:sum() or 0), numbers:count()
end

local function order_of(day_first, otherwise)
  if day_first == nil then return otherwise end
  return day_first and "day_first" or "month_first"
end

return {
  name    = "dates",
  scope   = "row",
  doc     = "reject a row whose text has a date after the row's own",
  params  = {
    path       = { type = "string", default = PATH, doc = "path of the row's date: ISO 8601, RFC 2822, an "
                   .. "epoch in seconds or milliseconds, or a date as texts write it" },
    field      = { type = "enum", default = "output", doc = "the text to look at",
                   values = { "system", "input", "output", "alternative", "assistant" } },
    slack_days = { type = "number", default = 1, min = 0, doc = "days after the row's own that a date may lie" },
    day_first  = { type = "boolean", doc = "03/05/2026 is the third of May; false: the fifth of March; not set: what "
                   .. "speaks for the row" },
    bare_years = { type = "boolean", default = false, doc = "a year alone is its first of January" },
    on_missing = { type = "enum", default = "keep", values = { "keep", "reject" },
                   doc = "rows without a date at the path" },
    on_unreadable = { type = "enum", default = "keep", values = { "keep", "reject" },
                   doc = "rows whose date is none that is known" },
  },
  example = [[s.dates { path = "metadata.closed_at", slack_days = 30, day_first = true }]],
  reasons = { "future_date", "no_row_date", "bad_row_date" },
  metrics = { "days_after", "undated", "unreadable" },
  bounds  = { { param = "slack_days", metric = "days_after", side = "max", reason = "future_date" } },

  op = function(p)
    return rules.dates { field = p.field, path = p.path, slack = p.slack_days, bare_years = p.bare_years,
      order = order_of(p.day_first, "earlier"), row_order = order_of(p.day_first, "later"),
      reject_missing = p.on_missing == "reject", reject_unreadable = p.on_unreadable == "reject" }
  end,
  finish = function(view, p, ctx)
    local name, notes = ctx.name or "dates", {}
    local undated, all = rows_with(view, name, "undated")
    local unreadable = rows_with(view, name, "unreadable")
    local not_meant = undated == all and p.path == PATH   -- data without dates, and a stage that a preset put there
    if undated > 0 and not not_meant then
      notes[1] = ("%s: %s without a date at %s"):format(name, screen.count(undated, "row"), p.path)
    end
    if unreadable > 0 then
      notes[#notes + 1] = ("%s: %s with a date at %s that is none this stage knows"):format(name,
        screen.count(unreadable, "row"), p.path)
    end
    return { notes = notes }
  end,
}
