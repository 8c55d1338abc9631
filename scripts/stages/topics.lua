--- topics: tag each row with the first topic whose words it holds.
-- Rules are tried in order; a phrase stands alone (word boundaries), case and white space do not
-- matter, and a star at an end of a phrase lifts the boundary there: "refund*" finds "refunds".

local screen = require "report.screen"
local text = require "text"

local UNKNOWN = "unknown"
local LOW_COVERAGE = 0.7   -- below this share of rows with a topic the report warns

--- Counts of rows with and without a topic among those that still stand.
local function coverage(view, annotation)
  local all, unknown = 0, 0
  for topic, count in pairs(view:group_counts(annotation, "standing")) do
    all = all + count
    if topic == UNKNOWN then unknown = unknown + count end
  end
  return all - unknown, all
end

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

return {
  name    = "topics",
  scope   = "row",
  doc     = "tag each row with a topic, by keyword rules; the first rule that matches wins",
  params  = {
    rules      = { type = "list", required = true, of = { type = "list", of = { type = "string" } },
                   doc = "rules in order, each a topic and the words and phrases that tell it" },
    field      = { type = "enum", default = "input", values = FIELDS,
                   doc = "the text to look at" },
    annotation = { type = "string", default = "topic", doc = "name of the annotation that is set" },
  },
  example = [[s.topics { rules = { { "password", "password", "log in" }, { "billing", "invoice*", "refund*" } } }]],
  reasons = {},
  metrics = {},

  check = function(p)
    if #p.rules == 0 then return "rules is empty: it needs a topic and its words" end
    for i, rule in ipairs(p.rules) do
      if #rule < 2 then
        return ("rules[%d] has %d strings: it needs a topic and one word or phrase or more"):format(i, #rule)
      end
      if rule[1] == "" then return ("rules[%d] has an empty topic"):format(i) end
    end
  end,

  op = function(p)
    return text.topics { field = p.field, annotation = p.annotation, unknown = UNKNOWN, rules = p.rules }
  end,

  finish = function(view, p)
    local known, all = coverage(view, p.annotation)
    if all == 0 or known >= LOW_COVERAGE * all then return { notes = {} } end
    return { notes = {
      ("topics: the rules name a %s for %s of %s (%.0f%%, under %.0f%%); the others are %s, and balance"
        .. " leaves those alone unless its max names them: { unknown = …, [\"*\"] = … }"):format(
        p.annotation, screen.number(known), screen.count(all, "row"), 100 * known / all, 100 * LOW_COVERAGE,
        UNKNOWN) } }
  end,
}
