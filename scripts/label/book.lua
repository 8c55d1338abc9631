--- book: an annotator's file of labels: one JSON object a line, the last of a row counts. A line is on
-- disk before the next row is shown.
--   {"annotator":"ana","at":"…","id":"T-17","identity":"0a96…","line":12,"rubric":"default",
--    "scores":{"correctness":4,…},"source":"raw.jsonl","stratum":"billing","comment":"…"}

local fs = require "fs"
local json = require "json"

local book = {}
book.__index = book

local FILE_MODE = 384   -- octal 0600

local function without_null(v) return v ~= json.null and v or nil end

--- One line as a label; nil if it is none.
local function label_of(line)
  local t = json.decode(line)
  if type(t) ~= "table" or type(t.identity) ~= "string" or type(t.scores) ~= "table" then return nil end
  for k, v in pairs(t) do t[k] = without_null(v) end
  for name, score in pairs(t.scores) do
    if type(name) ~= "string" or type(score) ~= "number" then t.scores[name] = nil end
  end
  t.comment = type(t.comment) == "string" and t.comment or nil
  t.source = type(t.source) == "string" and t.source or nil
  t.line = math.tointeger(t.line)
  return t
end

--- Reads a file of labels.
-- @return  { [identity] = label }, the labels in the order of their first line, and what the file ought to hold
--   where its last line was cut off by a crash; or nil and a sentence
function book.read(path)
  local text, err = fs.read(path)
  if not text then return nil, err end
  local of, list, n = {}, {}, 0
  for line, ending in text:gmatch "([^\n]*)(\n?)" do
    n = n + 1
    if line:find "%S" then
      local label = label_of(line)
      if not label and ending ~= "" then
        return nil, ("%s:%d: expected a label, a JSON object with identity and scores"):format(path, n)
      end
      if label then
        if of[label.identity] then list[of[label.identity].at_index] = label
        else list[#list + 1] = label end
        label.at_index = of[label.identity] and of[label.identity].at_index or #list
        of[label.identity] = label
      end
    end
  end
  for _, label in ipairs(list) do label.at_index = nil end
  if text == "" or text:sub(-1) == "\n" then return of, list end
  local whole, last = text:match "^(.-)([^\n]*)$"
  return of, list, label_of(last) and text .. "\n" or whole
end

--- Opens a file of labels to add to it; made where there is none.
-- @return  nil and a sentence; the book has `of`, the labels by identity
function book.open(path, annotator)
  local of, mended = {}, nil
  if fs.exists(path) then
    local list
    of, list, mended = book.read(path)
    if not of then return nil, list end
    for _, label in ipairs(list) do
      if label.annotator and label.annotator ~= annotator then
        return nil, ("%s holds labels of %s, not of %s: give another --file or --annotator"):format(path,
          tostring(label.annotator), annotator)
      end
    end
  else
    local folder = path:match "^(.*)/[^/]*$"
    local ok, err = true, nil
    if folder then ok, err = fs.mkdirs(folder) end
    if ok then ok, err = fs.write(path, "", FILE_MODE) end
    if not ok then return nil, err end
  end
  if mended then
    local ok, err = fs.write(path, mended, FILE_MODE)
    if not ok then return nil, err end
  end
  local lock, why = fs.lock(path)
  if not lock then return nil, why end
  local f, err = io.open(path, "ab")
  if not f then return nil, "cannot write " .. err end
  return setmetatable({ path = path, annotator = annotator, of = of, file = f, lock = lock }, book)
end

--- Adds a label; on return it is on disk.
-- @return  true; or nil and a sentence
function book:add(label)
  local line = json.encode(label) .. "\n"
  local ok, err = self.file:write(line)
  if ok then ok, err = self.file:flush() end
  if not ok then return nil, ("cannot write %s: %s"):format(self.path, tostring(err)) end
  ok, err = fs.sync(self.path)
  if not ok then return nil, err end
  self.of[label.identity] = label
  return true
end

function book:close()
  if self.file then self.file:close() end
  if self.lock then self.lock:close() end
  self.file, self.lock = nil, nil
end
book.__close = book.close

return book
