--- matches: the spans that a verdict rests on, in the text that they are of.
-- A span names its string by a path of the row, "messages[0].content", and lies there from `start` to `end`, in
-- code points from 0.

local matches = {}

local AROUND = 30   -- characters before and behind a match

--- The string at a path; a key may hold dots and blanks, so keys are tried longest first.
local function at(value, path)
  if path == "" then return value end
  if type(value) ~= "table" then return nil end
  local index, rest = path:match "^%[(%d+)%]%.?(.*)$"
  if index then return at(value[math.tointeger(tonumber(index)) + 1], rest) end
  for cut = #path, 1, -1 do
    local behind = path:sub(cut + 1, cut + 1)
    if behind == "" or behind == "." or behind == "[" then
      local inner = value[path:sub(1, cut)]
      if inner ~= nil then return at(inner, (path:sub(cut + 1):gsub("^%.", "", 1))) end
    end
  end
end

--- The bytes of characters first (from 0) to last - 1; nil if the text has not so many.
local function slice(text, first, last)
  local from = utf8.offset(text, first + 1)
  local to = from and utf8.offset(text, last - first + 1, from)
  return to and text:sub(from, to - 1), from, to
end

local function around(text, first, last)
  local length = utf8.len(text)
  local low, high = math.max(0, first - AROUND), math.min(length, last + AROUND)
  return (low > 0 and "…" or "") .. slice(text, low, first), slice(text, last, high) .. (high < length and "…" or "")
end

--- The spans of a row's faults.
-- @param object  the row, decoded; nil: there are none to show
-- @param faults  list of { stage, reason, evidence }
-- @return        list of { stage, reason, type, field, path, start, end, text, before, behind }
function matches.of(object, faults)
  local out = {}
  for _, fault in ipairs(type(object) == "table" and faults or {}) do
    for _, span in ipairs((fault.evidence or {}).spans or {}) do
      local text = type(span.path) == "string" and at(object, span.path)
      local first, last = math.tointeger(span.start), math.tointeger(span["end"])
      local length = type(text) == "string" and utf8.len(text)
      if length and first and last and 0 <= first and first < last and last <= length then
        local before, behind = around(text, first, last)
        out[#out + 1] = { stage = fault.stage, reason = fault.reason, type = span.type, field = span.field,
                          path = span.path, start = first, ["end"] = last, text = slice(text, first, last),
                          before = before, behind = behind }
      end
    end
  end
  return out
end

--- A function that sets signs around the matches in a text that holds their strings whole.
-- @param list  as matches.of gives it
function matches.marker(object, list, open, close)
  local by, strings = {}, {}
  for _, m in ipairs(list) do
    local text = at(object, m.path)
    if not by[text] then by[text], strings[#strings + 1] = {}, text end
    table.insert(by[text], m)
  end
  for _, text in ipairs(strings) do
    table.sort(by[text], function(a, b) return a.start > b.start end)
    local marked, edge = text, utf8.len(text) + 1
    for _, m in ipairs(by[text]) do
      local _, from, to = slice(text, m.start, m["end"])
      if m["end"] <= edge then   -- of two that overlap the later one is marked
        marked = marked:sub(1, from - 1) .. open .. marked:sub(from, to - 1) .. close .. marked:sub(to)
        edge = m.start
      end
    end
    by[text].marked = marked
  end
  return function(text)
    for _, whole in ipairs(strings) do
      local from, to = text:find(whole, 1, true)
      if from then text = text:sub(1, from - 1) .. by[whole].marked .. text:sub(to + 1) end
    end
    return text
  end
end

return matches
