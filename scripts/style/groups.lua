--- groups: what the stage style finds of each group of rows, and what of it is worth a warning.

local health = require "report.health"
local json = require "json"
local stats = require "stats"

local groups = {}

groups.FORMS = { "plain", "list", "header", "code", "json", "table" }
groups.BINS = 24       -- of a length histogram, in which humps are looked for
groups.MOST = 50       -- groups that are told of

-- ---- names ----

local function name_of(item, sources)
  local parts = {}
  for k = 1, 4 do
    if item.values[k] ~= nil then parts[#parts + 1] = tostring(item.values[k]) end
  end
  if #parts > 0 then return table.concat(parts, " / ") end
  local source = sources[item.source]
  return source and source.path:match "[^/]*$" or "unknown"
end

--- Which of the groups are synthetic: a value of theirs says so, or the kind of their source.
local function is_synthetic(item, sources, word)
  for k = 1, 4 do if item.values[k] == word then return true end end
  local source = sources[item.source]
  return source ~= nil and source.kind == word
end

-- ---- figures ----

local function shares(counts)
  local out = {}
  for _, form in ipairs(groups.FORMS) do out[form] = counts.rows > 0 and counts[form] / counts.rows or 0 end
  return out
end

local function lengths_of(found, set)
  local numbers = stats.packed(found:tokens(set))
  if numbers:count() == 0 then return nil end
  local histogram = numbers:histogram(groups.BINS, "all", true)
  local out = { mean = numbers:mean(), median = numbers:median(), p10 = numbers:quantile(0.1),
                p90 = numbers:quantile(0.9), p99 = numbers:quantile(0.99), min = numbers:min(), max = numbers:max(),
                histogram = histogram }
  out.spread = out.p90 / math.max(out.p10, 1)
  out.humps = health.two_humps(histogram, numbers:count())
  return out
end

local function openings_of(found, set, p, place)
  local o = found:openings(set, p.top)
  local out = { rows = o.rows, distinct = o.distinct, top_rows = o.top_rows, top = json.array {},
                top_share = o.rows > 0 and o.top_rows / o.rows or 0, first_share = 0 }
  for i, t in ipairs(o.top) do
    out.top[i] = { text = t.text, rows = t.rows, share = t.rows / o.rows, first = place(t.row) }
  end
  if out.top[1] then out.first_share = out.top[1].share end
  return out
end

-- The form that most rows have, plain text apart.
local function fullest(forms)
  local best
  for _, form in ipairs(groups.FORMS) do
    if form ~= "plain" and (not best or forms[form] > forms[best]) then best = form end
  end
  return best, forms[best]
end

--- What is too much of one kind, by name.
local function signs_of(g, p)
  local out = json.array {}
  if g.rows < p.min_rows then return out end
  local o = g.openings
  if o.rows >= p.min_rows and (o.first_share > p.max_opening or o.top_share > p.max_openings) then
    out[#out + 1] = "openings"
  end
  if g.lengths and g.lengths.humps then out[#out + 1] = "humps" end
  if select(2, fullest(g.forms)) > p.max_form then out[#out + 1] = "form" end
  return out
end

local function one(found, set, p, place)
  local counts = found:forms(set)
  local g = { rows = counts.rows, forms = shares(counts), lengths = lengths_of(found, set),
              openings = openings_of(found, set, p, place) }
  g.form, g.form_share = fullest(g.forms)
  g.signs = signs_of(g, p)
  return g
end

--- The groups of a view, most rows first; behind them all synthetic ones together, where they are several.
-- @param found  style.measure's
-- @param place  function(row) -> { source, line }
-- @return       a list; how many groups there were
function groups.of(view, found, p, place)
  local sources, list, synthetic = view:sources(), {}, {}
  for i, item in ipairs(found:groups()) do
    list[i] = { set = { i }, name = name_of(item, sources), rows = item.rows,
                synthetic = is_synthetic(item, sources, p.synthetic) }
    if list[i].synthetic then synthetic[#synthetic + 1] = i end
  end
  table.sort(list, function(a, b)
    if a.rows ~= b.rows then return a.rows > b.rows end
    if a.name ~= b.name then return a.name < b.name end
    return a.set[1] < b.set[1]
  end)
  local many = #list
  while #list > groups.MOST do list[#list] = nil end
  if #synthetic > 1 then
    list[#list + 1] = { set = synthetic, name = p.synthetic .. ", all", synthetic = true, several = true }
  end
  local out = json.array {}
  for i, item in ipairs(list) do
    out[i] = one(found, item.set, p, place)
    out[i].name, out[i].synthetic, out[i].several = item.name, item.synthetic or nil, item.several
  end
  return out, many
end

return groups
