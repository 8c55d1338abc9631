--- strata: how many rows of each group a sample of n takes.

local strata = {}

--- Shares of n in proportion to size, at least one of each group where n allows it, none more than it has;
-- by largest remainder, ties to the larger group, then to the first.
-- @param sizes  a list of counts
-- @return       a list of whole numbers
function strata.quotas(sizes, n)
  local total, order, out = 0, {}, {}
  for i, size in ipairs(sizes) do total, order[i], out[i] = total + size, i, 0 end
  n = math.min(n, total)
  table.sort(order, function(a, b)
    if sizes[a] ~= sizes[b] then return sizes[a] > sizes[b] end
    return a < b
  end)
  local left = n
  for _, i in ipairs(order) do
    if left > 0 and sizes[i] > 0 then out[i], left = 1, left - 1 end
  end
  if left == 0 then return out end
  local rest, due = left, {}
  for i, size in ipairs(sizes) do
    local room = size - out[i]
    local exact = rest * size / total
    local take = math.min(room, math.floor(exact))
    out[i], left, due[i] = out[i] + take, left - take, exact - math.floor(exact)
  end
  table.sort(order, function(a, b)
    if due[a] ~= due[b] then return due[a] > due[b] end
    if sizes[a] ~= sizes[b] then return sizes[a] > sizes[b] end
    return a < b
  end)
  while left > 0 do
    for _, i in ipairs(order) do
      if left > 0 and out[i] < sizes[i] then out[i], left = out[i] + 1, left - 1 end
    end
  end
  return out
end

return strata
