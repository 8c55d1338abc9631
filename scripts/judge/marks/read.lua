--- marks: which row a line of scores or of labels means, and the marks that it gives; file and labels read lines alike.

local json = require "json"

local marks = {}

--- The names that a row may have, in the order in which they are trusted.
marks.NAMES = { "identity", "id", "place" }

local function present(v) return v ~= nil and v ~= json.null end

--- The name of a row by its file, whatever folder that lies in, and its line.
function marks.place(source, line) return source:match "([^/]*)$" .. ":" .. line end

--- The row that a line means: { identity, id, place }, none of them where it names no row.
function marks.names(t)
  local source, line = present(t.source) and t.source or t.file, math.tointeger(t.line)
  return { identity = type(t.identity) == "string" and t.identity:lower() or nil,
           id = present(t.id) and tostring(t.id) or nil,
           place = type(source) == "string" and line and marks.place(source, line) or nil }
end

--- The marks of a line, under `scores` or beside its names.
-- @return  { [dimension] = mark }, and the first dimension that has none; or nil and a sentence where one is wrong
function marks.of(t, rubric)
  local from, out, left_out = type(t.scores) == "table" and t.scores or t, {}, nil
  for _, d in ipairs(rubric) do
    local v = from[d.name]
    local n = type(v) == "number" and math.tointeger(v)
    if not present(v) then left_out = left_out or d.name
    elseif not n or n < d.min or n > d.max then
      return nil, ("%s is %s: expected a whole number from %d to %d"):format(d.name, json.encode(v), d.min, d.max)
    else out[d.name] = n end
  end
  return out, left_out
end

return marks
