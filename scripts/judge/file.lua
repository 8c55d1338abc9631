--- file: scores that are there already, one JSON object a line: what people gave by hand (tamis label), or another
-- tool. A line names its row by identity, by id, or by file and line; its marks stand under `scores` or beside them:
--   {"identity":"0a96…","scores":{"correctness":4,…},"reasoning":"…"}
--   {"id":"T-17","correctness":4,"helpfulness":5,…}
--   {"source":"raw.jsonl","line":12,"correctness":4,…}
-- Of two lines on one row the later counts.

local json = require "json"

local file = {}

local function where(path, n, message) return nil, ("%s:%d: %s"):format(path, n, message) end

local function present(v) return v ~= nil and v ~= json.null end

local function marks_of(t, rubric)
  local from, out = type(t.scores) == "table" and t.scores or t, {}
  for _, d in ipairs(rubric) do
    local v = from[d.name]
    local n = type(v) == "number" and math.tointeger(v)
    if not n or n < d.min or n > d.max then
      local shown = present(v) and tostring(v) or "missing"
      return nil, ("%s is %s: expected a whole number from %d to %d"):format(d.name, shown, d.min, d.max)
    end
    out[d.name] = n
  end
  return out
end

local function base_name(path) return path:match "([^/]*)$" end

local function names_of(t)
  local source = present(t.source) and t.source or t.file
  local line = math.tointeger(t.line)
  local place = type(source) == "string" and line and base_name(source) .. ":" .. line or nil
  local id = present(t.id) and tostring(t.id) or nil
  return { identity = type(t.identity) == "string" and t.identity:lower() or nil, id = id, place = place }
end

local function read_line(self, path, n, line, rubric)
  local t, why = json.decode(line)
  if type(t) ~= "table" then return where(path, n, why or "expected an object") end
  local names = names_of(t)
  if not (names.identity or names.id or names.place) then
    return where(path, n, "it names no row: expected identity, id, or source and line")
  end
  local scores, err = marks_of(t, rubric)
  if not scores then return where(path, n, err) end
  local entry = { scores = scores, overall = type(t.overall) == "number" and t.overall or nil,
                  exclude = type(t.exclude) == "boolean" and t.exclude or nil,
                  reasoning = type(t.reasoning) == "string" and t.reasoning or nil, n = n,
                  annotator = type(t.annotator) == "string" and t.annotator or nil }
  for kind, name in pairs(names) do self[kind][name] = entry end
  self.entries[#self.entries + 1] = entry
  return true
end

--- Reads the scores.
-- @param text  the file's bytes
-- @return  the scores, for `of`; or nil and a sentence with file and line
function file.read(path, text, rubric)
  local self = { identity = {}, id = {}, place = {}, entries = {} }
  local n = 0
  for line in text:gmatch "([^\n]*)\n?" do
    n = n + 1
    if line:find "%S" then
      local ok, err = read_line(self, path, n, line, rubric)
      if not ok then return nil, err end
    end
  end
  return self
end

--- The scores of a row; nil where the file does not name it.
-- @param row  as view:row gives it: identity, id, source, line
function file.of(self, row)
  local entry = self.identity[row.identity] or row.id and self.id[row.id]
    or self.place[base_name(row.source) .. ":" .. row.line]
  if entry then entry.used = true end
  return entry
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
