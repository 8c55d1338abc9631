--- cells: the groups that a balance stage works on, and what a recipe's table or function says of each.
-- A cell is { values = { "billing", "2024-06" }, count = rows that stand, name = "billing, 2024-06", known }; a value
-- that the rows have not is nil, and then the cell is not known: rows of no group.

local host = require "host"
local select = require "select"

local cells = {}

cells.UNKNOWN = "unknown"
cells.REST = "*"

local function is_function(v) return type(v) == "function" or host.is_function(v) end
cells.is_function = is_function

--- A parameter that is a table of the recipe, not a function.
function cells.is_table(v) return type(v) == "table" and not is_function(v) end

--- The keys of a stage, as a list.
function cells.keys(by) return type(by) == "table" and by or { by } end

--- "topic and created_at:month"
function cells.label(by) return table.concat(cells.keys(by), " and ") end

local function name_of(values, n)
  local out = {}
  for k = 1, n do out[k] = values[k] == nil and cells.UNKNOWN or tostring(values[k]) end
  return table.concat(out, ", ")
end
cells.name = name_of

--- The cells of groups (modules/select), in their order.
function cells.of(groups, nkeys)
  local out = {}
  for i = 1, #groups do
    local given = table.pack(groups:at(i))
    local values, known = {}, true
    for k = 1, nkeys do
      values[k] = given[k]
      known = known and values[k] ~= nil
    end
    out[i] = { values = values, n = nkeys, count = given[nkeys + 1], name = name_of(values, nkeys), known = known }
  end
  return out
end

--- The standing rows of a view by the keys.
-- @return  the groups, their cells; or nil and a message
function cells.make(view, by, pool)
  local keys = cells.keys(by)
  local groups, err = select.groups(view, keys, pool)
  if not groups then return nil, err end
  return groups, cells.of(groups, #keys)
end

local function finished(values, from, n)
  for k = from, n do
    if values[k] == nil then return false end
  end
  return true
end

--- What a table says of a cell: a value of the first key names a number, or a table by the second. A number that
-- stands higher up is that of each cell below it; "*" is for values that are not named, "unknown" for rows without
-- one, which nothing else reaches.
-- @return  the value, the place where it stands ("billing.*"); nil where the table says nothing
function cells.look(t, cell)
  local path = {}
  for k = 1, cell.n do
    local value = cell.values[k]
    local key = value
    if value == nil then key = cells.UNKNOWN end
    if t[key] == nil then
      if value == nil or t[cells.REST] == nil then return nil end
      key = cells.REST
    end
    t, path[k] = t[key], tostring(key)
    if not cells.is_table(t) then
      if not finished(cell.values, k + 1, cell.n) then return nil end
      return t, table.concat(path, ", ")
    end
  end
  return nil
end

--- What is wrong with a table by group: each leaf must be good, and none may lie deeper than the keys go.
-- @param good   function(leaf): nil, or what was expected
function cells.fault(t, nkeys, name, good, depth)
  depth = depth or 1
  if next(t) == nil then return ("%s is an empty table"):format(name) end
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do
    local leaf, place = t[key], ("%s[%q]"):format(name, tostring(key))
    if cells.is_table(leaf) then
      if depth >= nkeys then
        return ("%s is a table: %s"):format(place, nkeys == 1 and "`by` is one key" or "`by` has no key more")
      end
      local fault = cells.fault(leaf, nkeys, place, good, depth + 1)
      if fault then return fault end
    else
      local expected = good(leaf)
      if expected then return ("%s = %s: expected %s"):format(place, tostring(leaf), expected) end
    end
  end
end

--- What a parameter says of a cell: a number for each known one, a table, or a function(value, …, count).
-- @return  a value or nil; false and a message where the function failed
function cells.ask(given, cell, ctx)
  if cells.is_table(given) then return (cells.look(given, cell)) end
  if not cell.known then return nil end
  if not is_function(given) then return given end
  local args = { table.unpack(cell.values, 1, cell.n) }
  args[cell.n + 1] = cell.count
  return (ctx.call(given, table.unpack(args, 1, cell.n + 1)))
end

return cells
