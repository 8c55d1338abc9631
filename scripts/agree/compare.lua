--- compare: two annotators' labels of the same rows, dimension by dimension.

local figures = require "agree.figures"

local compare = {}

local FIGURES = {
  { "exact",    function(a, b) return figures.exact(a, b) end },
  { "kappa",    function(a, b) return figures.kappa(a, b) end },
  { "weighted", function(a, b) return figures.kappa(a, b, "quadratic") end },
  { "alpha",    function(a, b) return figures.alpha({ a, b }, "ordinal") end },
}
compare.FIGURES = FIGURES

-- Labels of both, in A's order; skipped ones and those without a score left out.
local function common(a, b)
  local out = {}
  for _, label in ipairs(a.list) do
    local other = b.of[label.identity]
    if other and not label.skipped and not other.skipped then out[#out + 1] = { a = label, b = other } end
  end
  return out
end

local function dimensions(pairs_)
  local seen, out = {}, {}
  for _, p in ipairs(pairs_) do
    for _, l in ipairs { p.a, p.b } do
      for name in pairs(l.scores) do
        if not seen[name] then seen[name], out[#out + 1] = true, name end
      end
    end
  end
  table.sort(out)
  return out
end

local function disagreements(pairs_, names)
  local out = {}
  for _, p in ipairs(pairs_) do
    local sum, apart = 0, {}
    for _, name in ipairs(names) do
      local x, y = p.a.scores[name], p.b.scores[name]
      if x and y and x ~= y then
        sum = sum + math.abs(x - y)
        apart[#apart + 1] = { dimension = name, a = x, b = y }
      end
    end
    if sum > 0 then
      out[#out + 1] = { identity = p.a.identity, id = p.a.id, source = p.a.source, line = p.a.line, distance = sum,
                        scores = apart, comments = { a = p.a.comment, b = p.b.comment } }
    end
  end
  table.sort(out, function(x, y)
    if x.distance ~= y.distance then return x.distance > y.distance end
    return x.identity < y.identity
  end)
  return out
end

--- @param a, b  { of, list } as label/book reads them
-- @param o      { draws, seed }
-- @return { rows = labelled by both, only_a, only_b, dimensions = { { name, rows, exact = { value, low, high }, … } },
--           disagreements = { … } }
function compare.labels(a, b, o)
  local both = common(a, b)
  local names = dimensions(both)
  local out = { rows = #both, only_a = #a.list - #both, only_b = #b.list - #both, dimensions = {},
                disagreements = disagreements(both, names) }
  for i, name in ipairs(names) do
    local x, y = {}, {}
    for _, p in ipairs(both) do
      if p.a.scores[name] and p.b.scores[name] then x[#x + 1], y[#y + 1] = p.a.scores[name], p.b.scores[name] end
    end
    local d = { name = name, rows = #x }
    for _, f in ipairs(FIGURES) do
      local low, high = figures.interval(f[2], x, y, o)
      d[f[1]] = { value = #x > 0 and f[2](x, y) or nil, low = low, high = high }
    end
    out.dimensions[i] = d
  end
  return out
end

return compare
