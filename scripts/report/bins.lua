--- bins: the bars of a histogram with their labels. Bins of whole numbers have whole edges and are
-- labelled by the numbers they hold, "3" or "4-6"; others by their edges, to two decimals or as many as it
-- takes to tell them apart.

local screen = require "report.screen"

local number = screen.number

local MOST_DIGITS = 15   -- of a double

local function digits_of(edges)
  for digits = 2, MOST_DIGITS - 1 do
    local apart = true
    for i = 2, #edges do
      apart = apart and (edges[i] == edges[i - 1] or number(edges[i], digits) ~= number(edges[i - 1], digits))
    end
    if apart then return digits end
  end
  return MOST_DIGITS
end

--- @param h  { edges = { n + 1 numbers }, counts = { n } }
-- @return  list of { label, count }
return function(h)
  local rows, last = {}, #h.counts
  local whole = true
  for _, edge in ipairs(h.edges) do whole = whole and math.type(edge) == "integer" end
  local digits = not whole and digits_of(h.edges)
  for i, count in ipairs(h.counts) do
    local lo, hi = h.edges[i], h.edges[i + 1]
    if whole then
      if i < last then hi = hi - 1 end
      rows[i] = { label = lo >= hi and number(lo) or number(lo) .. "-" .. number(hi), count = count }
    else
      rows[i] = { label = number(lo, digits) .. "-" .. number(hi, digits), count = count }
    end
  end
  return rows
end
