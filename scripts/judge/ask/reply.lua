--- reply: the judge's text as scores, or why it is none. Somebody else's bytes: nothing here throws, and a reply
-- that cannot be read is `unparsed`, never a score.
-- The ladder, the lowest rung that holds is told: "strict", the text is the object; "found", the last complete
-- top-level object of a text with more in it (thoughts, fences, prose); "mended", after a trailing comma, a raw line
-- break or a wrong escape was put right, or a number stood as a text.

local json = require "json"
local rubrics = require "judge.rubric"

local reply = {}

local MOST_STARTS = 16   -- braces tried that open nothing complete, in prose
local SHOWN = 40         -- bytes of a value in a message
local BOM = "\xEF\xBB\xBF"

--- Text without what a model thought before it answered.
local function without_thoughts(text)
  local close
  for _, tag in ipairs { "</think>", "</thinking>", "</reasoning>" } do
    local at, last = 1, nil
    while true do
      local from, to = text:find(tag, at, true)
      if not from then break end
      last, at = to, to + 1
    end
    if last and (not close or last > close) then close = last end
  end
  return close and text:sub(close + 1) or text
end

-- Where the string that opens at `at` ends; nil if it does not.
local function string_end(text, at)
  local i = at + 1
  while true do
    local j = text:find('["\\]', i)
    if not j then return nil end
    if text:byte(j) == 34 then return j end
    i = j + 2
  end
end

-- Where the object that opens at `at` ends; nil if it does not.
local function object_end(text, at)
  local depth, i = 0, at
  while true do
    local j = text:find('[{}"]', i)
    if not j then return nil end
    local c = text:byte(j)
    if c == 34 then
      j = string_end(text, j)
      if not j then return nil end
    elseif c == 123 then depth = depth + 1
    else
      depth = depth - 1
      if depth == 0 then return j end
    end
    i = j + 1
  end
end

--- The last complete top-level object of a text, as text. A brace that opens nothing complete is passed over; of
-- such, only so many are tried, so that no text takes long.
function reply.last_object(text)
  local found, at, starts = nil, 1, 0
  while true do
    local open = text:find("{", at, true)
    if not open then return found end
    local close = object_end(text, open)
    if close then found, at = text:sub(open, close), close + 1
    else
      starts = starts + 1
      if starts == MOST_STARTS then return found end
      at = open + 1
    end
  end
end

-- What models get wrong in JSON, put right: a comma before a closing brace, a raw control character in a string, an
-- escape that JSON does not know.
local function mended(text)
  local out, at = {}, 1
  while true do
    local open = text:find('"', at, true)
    local between = text:sub(at, (open or 0) - 1):gsub(",(%s*[}%]])", "%1")
    out[#out + 1] = between
    if not open then return table.concat(out) end
    local close = string_end(text, open)
    if not close then return text end
    local inside = text:sub(open, close)
    inside = inside:gsub("\\([^\"\\/bfnrtu])", "%1"):gsub("%c", function(c) return ("\\u%04x"):format(c:byte()) end)
    out[#out + 1] = inside
    at = close + 1
  end
end

-- May a key that counts stand twice? Quick to ask, and seldom so.
local function may_repeat(text, counts)
  if text:find("\\u", 1, true) then return true end
  for key in pairs(counts) do
    local quoted = '"' .. key .. '"'
    local _, first = text:find(quoted, 1, true)
    if first and text:find(quoted, first + 1, true) then return true end
  end
  return false
end

-- Does a key that counts stand twice at the top of the object? What a decoder keeps of two is its own affair.
local function twice(text, counts)
  if not may_repeat(text, counts) then return nil end
  local seen, depth, i = {}, 0, 1
  while true do
    local j = text:find('[{}%[%]"]', i)
    if not j then return nil end
    local c = text:byte(j)
    if c == 34 then
      local close = string_end(text, j)
      if not close then return nil end
      if depth == 1 and text:find("^%s*:", close + 1) then
        local key = json.decode(text:sub(j, close))
        if type(key) == "string" and counts[key] then
          if seen[key] then return key end
          seen[key] = true
        end
      end
      j = close
    elseif c == 123 or c == 91 then depth = depth + 1
    else depth = depth - 1 end
    i = j + 1
  end
end

local function decode(text)
  local ok, value = pcall(json.decode, text)
  return ok and type(value) == "table" and value or nil
end

--- A mark as a whole number of the scale; and whether it had to be mended.
local function mark(v, low, high)
  local from_text = type(v) == "string" and v:find "^%s*%d+%s*$"
  local n = from_text and math.tointeger(tonumber(v)) or type(v) == "number" and math.tointeger(v) or nil
  if not n or n < low or n > high then return nil end
  return n, from_text and true or false
end

local function object_of(text)
  local whole = text:match("^.*%S", (text:find "%S"))   -- linear: models have been seen to end in endless blanks
  if whole:sub(1, #BOM) == BOM then whole = whole:sub(#BOM + 1) end
  local value = whole:sub(1, 1) == "{" and decode(whole)
  if value then return value, whole, "strict" end
  local found = reply.last_object(without_thoughts(whole))
  if not found then return nil, "no complete JSON object" end
  value = decode(found)
  if value then return value, found, "found" end
  local better = mended(found)
  value = decode(better)
  if value then return value, better, "mended" end
  return nil, "the last object is no JSON"
end

local function show(v)
  if v == nil then return "nothing" end
  if v == json.null then return "null" end
  local text = type(v) == "table" and "a table" or tostring(v)
  return #text > SHOWN and text:sub(1, utf8.offset(text, 0, SHOWN + 1) - 1) .. "…" or text
end

local function read_scores(value, rubric)
  local scores, fixed = {}, false
  for _, d in ipairs(rubric) do
    local n, was_text = mark(value[d.name], d.min, d.max)
    if not n then
      return nil, ("%s is %s: expected a whole number from %d to %d"):format(d.name, show(value[d.name]), d.min, d.max)
    end
    scores[d.name], fixed = n, fixed or was_text
  end
  return scores, fixed
end

local function overall_of(value, rubric)
  local low, high = rubric[1].min, rubric[1].max
  for _, d in ipairs(rubric) do low, high = math.min(low, d.min), math.max(high, d.max) end
  local v = value.overall
  if type(v) == "string" then v = tonumber(v) end
  if type(v) ~= "number" or v ~= v or v < low or v > high then return nil end
  return v
end

--- Reads a reply.
-- @param text    the reply's text blocks, joined
-- @param rubric  as judge.rubric checks it
-- @param id      what the request asked to be given back; nil where none was asked
-- @return  { scores = { [dimension] = whole number }, overall = number or nil, exclude = boolean or nil, reasoning,
--   topic = one of the rubric's or nil, rung = "strict"|"found"|"mended" }; or nil and why not
function reply.read(text, rubric, id)
  if type(text) ~= "string" or not text:find "%S" then return nil, "an empty reply" end
  local value, source, rung = object_of(text)
  if not value then return nil, source end
  local counts = { id = true, overall = true, exclude = true, topic = rubric.topics ~= nil or nil }
  for _, d in ipairs(rubric) do counts[d.name] = true end
  local double = twice(source, counts)
  if double then return nil, ('the key "%s" stands twice'):format(double) end
  if id and value.id ~= id then return nil, ("its id is %s, not the one asked for"):format(show(value.id)) end
  local scores, fixed = read_scores(value, rubric)
  if not scores then return nil, fixed end
  local exclude
  if type(value.exclude) == "boolean" then exclude = value.exclude end
  return { scores = scores, overall = overall_of(value, rubric), exclude = exclude,
           topic = rubrics.topic(rubric, value.topic),
           reasoning = type(value.reasoning) == "string" and value.reasoning or nil,
           rung = fixed and "mended" or rung }
end

return reply
