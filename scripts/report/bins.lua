--- bins: the bars of a histogram with their labels. Bins of whole numbers have whole edges and are
-- labelled by the numbers they hold, "3" or "4-6"; others by their edges.

local screen = require "report.screen"

local number = screen.number

--- @param h  { edges = { n + 1 numbers }, counts = { n } }
-- @return  list of { label, count }
return function(h)
  local rows, last = {}, #h.counts
  local whole = true
  for _, edge in ipairs(h.edges) do whole = whole and math.type(edge) == "integer" end
  for i, count in ipairs(h.counts) do
    local lo, hi = h.edges[i], h.edges[i + 1]
    if whole then
      if i < last then hi = hi - 1 end
      rows[i] = { label = lo >= hi and number(lo) or number(lo) .. "-" .. number(hi), count = count }
    else
      rows[i] = { label = number(lo, 2) .. "-" .. number(hi, 2), count = count }
    end
  end
  return rows
end
