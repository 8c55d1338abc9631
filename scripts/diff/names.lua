--- names: by which path rows of two sides are named, if by any.
-- What the user says holds; then what a recipe's `id` says; then a key that looks like a name, that both sides
-- have on all rows, no two rows alike. A key found so is given up where it only numbers the rows.

local neardup = require "neardup"
local rowdiff = require "rowdiff"

local names = {}

names.UNIQUE = 0.999      -- of the rows have a value of their own
names.TRIED = 4           -- keys looked at
names.LIKE = 0.2          -- so many of the pairs by a key must be alike, or it numbers the rows
names.LOOKED_AT = 200     -- pairs, for that

local WORDS = { "id", "_id", "uuid", "guid", "key", "row_id", "example_id", "record_id", "metadata.id" }

local function rank(name)
  for i, w in ipairs(WORDS) do if name == w then return i end end
  local last = name:lower():match "[^.]*$"
  return (last == "id" or last:find "[_-]id$" or last:find "uuid$") and #WORDS + 1 or nil
end

-- Keys that look like names and stand in both sides, likeliest first.
local function candidates(a, b)
  local mine, out = {}, {}
  for _, k in ipairs(a.keys) do mine[k.name] = k.share or 1 end
  for _, k in ipairs(b.keys) do
    if rank(k.name) and (mine[k.name] or 0) >= 0.95 and (k.share or 1) >= 0.95 then out[#out + 1] = k.name end
  end
  table.sort(out, function(x, y)
    if rank(x) ~= rank(y) then return rank(x) < rank(y) end
    return x < y
  end)
  return out
end

local function check(value, err)
  if not value then error(err, 0) end
  return value
end

local function unique(side, key, pool)
  local found = check(side.side:ids(key, pool))
  return found.with >= names.UNIQUE * side.rows and found.distinct >= names.UNIQUE * found.with
end

local function text_of(side, row)
  local f = side:fields(row)
  return (f.input or "") .. "\31" .. (f.output or "") .. "\31" .. (f.alternative or "")
end

-- Does the key only number the rows, or name them anew? Then rows of equal content have other names, or those
-- of equal names nothing else in common, or no two rows have the same.
local function numbers_rows(a, b, threshold, pool)
  local by_id = check(rowdiff.match(a.side, b.side, { ids = true }, pool))
  local counts, by_content = by_id:counts(), check(rowdiff.match(a.side, b.side, {}, pool)):counts()
  if 2 * counts.same_id < by_content.same then return true end
  if counts.same_id > 0 then return false end
  if counts.edited_id == 0 then return true end
  local pairs_of, alike = by_id:rows("edited_id", names.LOOKED_AT), 0
  for _, p in ipairs(pairs_of) do
    if neardup.jaccard(text_of(a, p.a), text_of(b, p.b)) >= threshold then alike = alike + 1 end
  end
  return alike < names.LIKE * #pairs_of
end

-- By a name that was asked for: some row of each side must have it.
local function asked(a, b, key, pool)
  for _, side in ipairs { a, b } do
    if check(side.side:ids(key, pool)).with == 0 then
      return nil, ("no row of %s has the id %q"):format(side.title, key)
    end
  end
  return { key = key, how = "asked" }
end

-- By the `id` of recipes: where both have one, the same; rows of the other side must have it too.
local function of_recipes(a, b, pool)
  local key
  for _, side in ipairs { a, b } do
    local mine = side.lineage and (side.lineage.config or {}).id
    if mine and key and mine ~= key then return nil end
    key = key or mine
  end
  if type(key) ~= "string" then return nil end
  if check(a.side:ids(key, pool)).with == 0 or check(b.side:ids(key, pool)).with == 0 then return nil end
  return { key = key, how = "recipe" }
end

--- @param o  id = a path, or false for none; threshold of near rows, pool
-- @return   { key =, how = "asked" | "recipe" | "found" }, or {} where rows have no name, with `numbers` = a key
--           that was given up; nil and a message if what was asked for is not there
function names.find(a, b, o)
  if o.id == false then return {} end
  if o.id then return asked(a, b, o.id, o.pool) end
  local recipe = of_recipes(a, b, o.pool)
  if recipe then return recipe end
  local out = {}
  for i, key in ipairs(candidates(a, b)) do
    if i > names.TRIED then break end
    if unique(a, key, o.pool) and unique(b, key, o.pool) then
      if not numbers_rows(a, b, o.threshold, o.pool) then return { key = key, how = "found" } end
      out.numbers = out.numbers or key
    end
  end
  return out
end

return names
