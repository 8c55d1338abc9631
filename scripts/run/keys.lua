--- keys: the names by which rows can be grouped, for messages about one that no row has.

local json = require "json"
local nearest = require "nearest"

local keys = {}

local LOOKED_AT = 5   -- rows whose keys are looked at

local function add_object(object, prefix, depth, out)
  if type(object) ~= "table" or depth > 3 then return end
  for key, value in pairs(object) do
    if type(key) == "string" then
      out[prefix .. key] = true
      add_object(value, prefix .. key .. ".", depth + 1, out)
    end
  end
end

local function sorted(set)
  local out = {}
  for name in pairs(set) do out[#out + 1] = name end
  table.sort(out)
  return out
end

local function annotations(view)
  local set = { kind = true, generator = true, trusted = true }
  for _, name in ipairs(view:annotation_names()) do set[name] = true end
  for _, s in ipairs(view:sources()) do
    for name in pairs(s.attributes or {}) do set[name] = true end
  end
  return set
end

--- Names of a view's annotations and of its sources' attributes, sorted.
function keys.annotations(view) return sorted(annotations(view)) end

--- The paths that some rows have, as a set.
-- @param rows  their numbers
function keys.paths(view, rows)
  local set = {}
  for _, n in ipairs(rows) do
    local ok, object = pcall(json.decode, view:row(n).bytes)
    if ok then add_object(object, "", 1, set) end
  end
  return set
end

--- The names of annotations and attributes, and the paths of the first rows.
function keys.of(view)
  local set, first = annotations(view), {}
  for i = 1, math.min(LOOKED_AT, #view) do first[i] = i end
  for name in pairs(keys.paths(view, first)) do set[name] = true end
  return sorted(set)
end

local PARTS = { day = true, month = true, quarter = true, year = true }   -- of a date (modules/select/groups.h)

--- '; did you mean "topic"?', or nothing.
function keys.hint(view, name)
  local names = keys.of(view)
  local path, part = name:match "^(.+):(%w+)$"
  if path and PARTS[part] then
    local near = nearest(path, names)
    if near == path then return "; it holds no date" end
    return near and ('; did you mean "%s:%s"?'):format(near, part) or ""
  end
  for _, known in ipairs(path and names or {}) do
    if known == path then return ("; a date has a :day, :month, :quarter and :year, not a :%s"):format(part) end
  end
  local near = nearest(name, names)
  return near and ('; did you mean "%s"?'):format(near) or ""
end

return keys
