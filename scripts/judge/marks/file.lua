--- file: scores that are there already, one JSON object a line: what people gave by hand (tamis label), or another
-- tool. A line names its row by identity, by id, or by file and line; its marks stand under `scores` or beside them:
--   {"identity":"0a96…","scores":{"correctness":4,…},"reasoning":"…"}
--   {"id":"T-17","correctness":4,"helpfulness":5,…}
--   {"source":"raw.jsonl","line":12,"correctness":4,…}
-- Of several lines on one row the last counts. A label that was skipped, or that leaves a dimension out, is no score:
-- its row is unscored.

local json = require "json"
local marks = require "judge.marks.read"

local file = {}

local function where(path, n, message) return nil, ("%s:%d: %s"):format(path, n, message) end

local function read_line(self, path, n, line, rubric)
  local t, why = json.decode(line)
  if type(t) ~= "table" then return where(path, n, why or "expected an object") end
  local names = marks.names(t)
  if not next(names) then
    return where(path, n, "it names no row: expected identity, id, or source and line")
  end
  local scores, left_out = marks.of(t, rubric)
  if not scores then return where(path, n, left_out) end
  local none = t.skipped == true or left_out ~= nil
  local entry = { n = n, none = none, scores = scores, overall = type(t.overall) == "number" and t.overall or nil,
                  exclude = type(t.exclude) == "boolean" and t.exclude or nil,
                  reasoning = type(t.reasoning) == "string" and t.reasoning or nil,
                  annotator = type(t.annotator) == "string" and t.annotator or nil }
  for kind, name in pairs(names) do
    local before = self[kind][name]
    if before then before.used = true end   -- it has a row, and a later line on it
    self[kind][name] = entry
  end
  self.entries[#self.entries + 1] = entry
  if none and not self.first_none then
    self.first_none = { n, left_out and left_out .. " is missing" or "it was skipped" }
  end
  self.incomplete = self.incomplete + (none and t.skipped ~= true and 1 or 0)
  self.complete = self.complete + (none and 0 or 1)
  return true
end

--- Reads the scores.
-- @param text  the file's bytes
-- @return  the scores, for `of`; or nil and a sentence with file and line
function file.read(path, text, rubric)
  local self = { identity = {}, id = {}, place = {}, entries = {}, incomplete = 0, complete = 0 }
  local n = 0
  for line in text:gmatch "([^\n]*)\n?" do
    n = n + 1
    if line:find "%S" then
      local ok, err = read_line(self, path, n, line, rubric)
      if not ok then return nil, err end
    end
  end
  if self.complete == 0 and self.first_none then
    return where(path, self.first_none[1], ("%s, and no line has marks of all dimensions"):format(self.first_none[2]))
  end
  return self
end

--- The scores of a row; nil where the file does not name it, or has no marks for it.
-- @param row  as view:row gives it: identity, id, source, line
function file.of(self, row)
  local last
  for _, entry in pairs { self.identity[row.identity], row.id and self.id[row.id] or nil,
                          self.place[marks.place(row.source, row.line)] } do
    entry.used = true
    if not last or entry.n > last.n then last = entry end
  end
  return last and not last.none and last or nil
end

--- How many entries no row was found for.
function file.unused(self)
  local n = 0
  for _, entry in ipairs(self.entries) do n = n + (entry.used and 0 or 1) end
  return n
end

--- Who gave the marks, where every line says so: people's own (tamis label writes it).
-- @return  a sorted list of names; nil where a line names nobody
function file.annotators(self)
  local seen, out = {}, {}
  for _, entry in ipairs(self.entries) do
    if not entry.annotator then return nil end
    if not seen[entry.annotator] then seen[entry.annotator], out[#out + 1] = true, entry.annotator end
  end
  table.sort(out)
  return #out > 0 and out or nil
end

return file
