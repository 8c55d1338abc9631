--- labels: what people gave rows by hand, to be held against a judge: files of `tamis label`, or any JSONL that names
-- rows by identity, id, or source and line, with marks under `scores` or beside (judge/file.lua). Skipped rows, and
-- dimensions that were left out, are no marks. Of two lines on one row the later counts.

local fs = require "fs"
local json = require "json"

local labels = {}

local function present(v) return v ~= nil and v ~= json.null end

local function base_name(path) return path:match "([^/]*)$" end

-- The row that a line means, in the order in which names are trusted: { kind, name }, …
local function names_of(t)
  local out = {}
  local function add(kind, name) if name then out[#out + 1] = { kind, name } end end
  local source = present(t.source) and t.source or t.file
  local line = math.tointeger(t.line)
  add("identity", type(t.identity) == "string" and t.identity:lower() or nil)
  add("id", present(t.id) and tostring(t.id) or nil)
  add("place", type(source) == "string" and line and base_name(source) .. ":" .. line or nil)
  return out
end

--- Marks of the rubric's dimensions; nil and a sentence where one is none.
local function marks_of(t, rubric)
  local from, out = type(t.scores) == "table" and t.scores or t, {}
  for _, d in ipairs(rubric) do
    local v = from[d.name]
    if present(v) then
      local n = type(v) == "number" and math.tointeger(v)
      if not n or n < d.min or n > d.max then
        return nil, ("%s is %s: expected a whole number from %d to %d"):format(d.name, tostring(v), d.min, d.max)
      end
      out[d.name] = n
    end
  end
  return out
end

local function label_of(line, rubric)
  local t, why = json.decode(line)
  if type(t) ~= "table" then return nil, why or "expected an object" end
  local names = names_of(t)
  if #names == 0 then return nil, "it names no row: expected identity, id, or source and line" end
  local scores, err = marks_of(t, rubric)
  if not scores then return nil, err end
  return { names = names, scores = scores, skipped = t.skipped == true,
           annotator = type(t.annotator) == "string" and t.annotator or nil }
end

--- Reads a file of labels.
-- @return  { identity = { [name] = label }, id = …, place = …, count, annotators = sorted list }; or nil and a sentence
--   with file and line. A last line that a crash cut off is no label
function labels.read(path, rubric)
  local text, err = fs.read(path)
  if not text then return nil, err end
  local self = { identity = {}, id = {}, place = {}, count = 0, annotators = {}, text = text }
  local n, who = 0, {}
  for line, ending in text:gmatch "([^\n]*)(\n?)" do
    n = n + 1
    if line:find "%S" then
      local label, why = label_of(line, rubric)
      if not label and ending ~= "" then return nil, ("%s:%d: %s"):format(path, n, why) end
      if label then
        local before = self[label.names[1][1]][label.names[1][2]]
        if not before then self.count = self.count + 1 end
        for _, name in ipairs(label.names) do self[name[1]][name[2]] = label end
        if label.annotator then who[label.annotator] = true end
      end
    end
  end
  for name in pairs(who) do self.annotators[#self.annotators + 1] = name end
  table.sort(self.annotators)
  return self
end

--- The label of a row; nil where nobody gave it marks.
-- @param row  { identity = hex, id, source = path, line }
function labels.of(self, row)
  local label = self.identity[row.identity] or row.id ~= nil and self.id[tostring(row.id)]
    or self.place[base_name(row.source) .. ":" .. row.line]
  if not label or label.skipped or next(label.scores) == nil then return nil end
  return label
end

return labels
