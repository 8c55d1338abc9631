--- shares: how much of each of two sets is of each topic, and how far the two are apart.

local cells = require "balance.cells"
local divergence = require "balance.divergence"
local json = require "json"
local match = require "balance.match"

local shares = {}

shares.MOST = 20   -- topics that are told, those that differ most

--- What chance alone makes of the divergence of two samples of one distribution: (K - 1) (1/n + 1/m) / (8 ln 2) bits,
-- the mean of the chi-square that it is near to. Menéndez et al., "The Jensen-Shannon divergence", 1997.
function shares.chance(kinds, n, m) return (kinds - 1) * (1 / n + 1 / m) / (8 * math.log(2)) end

local function sorted(list)
  table.sort(list, function(a, b)
    local x, y = math.abs(a.train - a.other), math.abs(b.train - b.other)
    if x ~= y then return x > y end
    return a.name < b.name
  end)
  return list
end

--- @param view, other  views whose rows have the annotation, or the path
-- @return  { js, chance, groups = { { name, train, other, train_rows, rows } }, count } and the other's rows by topic;
--   nil and { train =, other = }, who has the key, where one has it nowhere; nil and a message
function shares.of(view, other, by, pool)
  local groups, mine = cells.make(view, by, pool)
  if not groups then return nil, mine end
  local theirs
  groups, theirs = cells.make(other, by, pool)
  if not groups then return nil, theirs end
  local list, at, n, m, known = {}, {}, (view:counts()), (other:counts()), {}
  local function item(cell, side)
    local key = match.same(cell)
    if not at[key] then
      at[key] = { name = cell.name, train_rows = 0, rows = 0 }
      list[#list + 1] = at[key]
    end
    known[side] = known[side] or cell.known
    return at[key]
  end
  for _, cell in ipairs(mine) do item(cell, "train").train_rows = cell.count end
  for _, cell in ipairs(theirs) do item(cell, "other").rows = cell.count end
  if not (known.train and known.other) then return nil, known end
  local a, b = {}, {}
  for i, g in ipairs(list) do
    a[i], b[i] = g.train_rows, g.rows
    g.train, g.other = g.train_rows / n, g.rows / m
  end
  local out = { js = divergence.js(a, b), chance = shares.chance(#list, n, m), groups = json.array {}, count = #list }
  local rows_of = {}
  for i, g in ipairs(sorted(list)) do
    rows_of[g.name] = g.rows
    if i <= shares.MOST then out.groups[i] = g end
  end
  return out, rows_of
end

return shares
