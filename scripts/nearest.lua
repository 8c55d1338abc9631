--- nearest: the right name for a misspelt one.

--- Damerau-Levenshtein distance (optimal string alignment) of two short names.
local function distance(a, b)
  local last, before
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    last, before, row = before, row, { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local d = math.min(before[j] + 1, row[j - 1] + 1, before[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        d = math.min(d, last[j - 2] + 1)
      end
      row[j] = d
    end
  end
  return row[#b]
end

--- The only name that goes on where the one given ends.
local function longer(name, names)
  local found
  for _, n in ipairs(names) do
    if #name > 2 and n:sub(1, #name):lower() == name:lower() then
      if found then return nil end
      found = n
    end
  end
  return found
end

--- The name of the list that is most like the one given, or goes on where it ends.
-- @return  nil if none is near: more than a third of the letters differ
return function(name, names)
  local best, least
  if type(name) ~= "string" or #name > 60 then return nil end
  for _, n in ipairs(names) do
    local d = distance(name:lower(), n:lower())
    if least == nil or d < least then best, least = n, d end
  end
  if least and least <= math.max(1, (#name + 1) // 3) then return best end
  return longer(name, names)
end
