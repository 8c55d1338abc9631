--- stats: columns of numbers, asked from Lua.
local check = require "check"
local stats = require "stats"

check.test("figures of a list agree with figures done by hand", function()
  local n = stats.from { 10, 1, 3, 2, 4 }
  check.eq(n:count(), 5)
  check.eq(n:sum(), 20)
  check.eq(n:mean(), 4)
  check.eq(n:median(), 3)
  check.eq(n:min(), 1)
  check.eq(n:max(), 10)
  check.ok(math.abs(n:quantile(0.9) - 7.6) < 1e-12)
  check.eq(n:below(3), 0.4)
end)

check.test("a figure of no numbers is nil", function()
  local n = stats.from {}
  check.eq(n:count(), 0)
  check.eq(n:mean(), nil)
  check.eq(n:median(), nil)
  check.eq(n:histogram(4), nil)
  check.eq(stats.threshold_to_keep(n, 0.9, "min"), nil)
end)

check.test("joined numbers keep which rows stand", function()
  local n = stats.join({ stats.from { 1, 2 }, stats.from { 10 } }, { "standing", "rejected" })
  check.eq(n:count(), 3)
  check.eq(n:sum "standing", 3)
  check.eq(n:sum "rejected", 10)
end)

check.test("rows are marked with their status, one digit a row", function()
  local n = stats.from { 1, 2, 4 }
  check.eq(n:sum "standing", 7)
  n:mark "012"
  check.eq(n:sum "standing", 1)
  check.eq(n:sum "rejected", 6)        -- the quarantined count with the rejected
  check.raises("expected one digit a row", n.mark, n, "01")
  check.raises("expected digits 0 to 2", n.mark, n, "019")
end)

check.test("the bound that keeps nine of ten", function()
  local n = stats.from { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }
  check.eq(stats.threshold_to_keep(n, 0.9, "min"), 2)
  check.eq(stats.threshold_to_keep(n, 0.9, "max"), 9)
end)

check.test("whole figures are integers and print as such", function()
  check.eq(tostring(stats.from { 2, 4 }:mean()), "3")
  local h = stats.from { 0, 4 }:histogram(2)
  check.eq(h.counts[1] + h.counts[2], 2)
  check.eq(math.type(h.edges[2]), "integer")
end)

check.test("labels of bins have decimals enough to tell their edges apart", function()
  local bins = require "report.bins"
  local function labels(edges)
    local h, out = { edges = edges, counts = {} }, {}
    for i = 1, #edges - 1 do h.counts[i] = 0 end
    for i, b in ipairs(bins(h)) do out[i] = b.label end
    return out
  end
  check.eq(labels { 0.5, 0.75, 1.0 }, { "0.50-0.75", "0.75-1" })
  check.eq(labels { 0.99, 0.9925, 0.995 }, { "0.990-0.993", "0.993-0.995" })
  check.eq(labels { 1.0, 1.0, 1.5 }, { "1-1", "1-1.50" })   -- equal edges stay equal
  check.eq(labels { 1, 3, 5 }, { "1-2", "3-5" })
end)

check.test("misuse raises, and says what was wrong", function()
  local n = stats.from { 1 }
  check.raises("expected a share from 0 to 1", n.quantile, n, 2)
  check.raises("invalid option", n.count, n, "some")
  check.raises("expected 1 to 1000 bins", n.histogram, n, 0)
  check.raises("expected a list of numbers", stats.from, { "x" })
end)

check.done()
