--- labels: what people gave rows by hand, to be held against a judge: files of `tamis label`, or any JSONL that names
-- rows by identity, id, or source and line, with marks under `scores` or beside (judge/marks/file.lua). Skipped rows,
-- and dimensions that were left out, are no marks. Of two lines on one row the later counts.

local fs = require "fs"
local json = require "json"
local marks = require "judge.marks.read"

local labels = {}

local function label_of(line, rubric)
  local t, why = json.decode(line)
  if type(t) ~= "table" then return nil, why or "expected an object" end
  local names = marks.names(t)
  if not next(names) then return nil, "it names no row: expected identity, id, or source and line" end
  local scores, err = marks.of(t, rubric)
  if not scores then return nil, err end
  return { names = names, scores = scores, skipped = t.skipped == true,
           annotator = type(t.annotator) == "string" and t.annotator or nil }
end

-- Is there a label of that row, by the name that is trusted most?
local function known(self, names)
  for _, kind in ipairs(marks.NAMES) do
    if names[kind] then return self[kind][names[kind]] ~= nil end
  end
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
        if not known(self, label.names) then self.count = self.count + 1 end
        for kind, name in pairs(label.names) do self[kind][name] = label end
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
    or self.place[marks.place(row.source, row.line)]
  if not label or label.skipped or next(label.scores) == nil then return nil end
  return label
end

return labels
