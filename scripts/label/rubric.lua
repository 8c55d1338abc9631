--- rubric: what an annotator scores: a name, and dimensions with a scale each.
-- A rubric's file is a Lua table or JSON:
--   return { name = "helpdesk", min = 1, max = 5,
--            { name = "correctness", doc = "is it true?" }, "completeness", { name = "safe", min = 0, max = 1 } }
-- It is somebody else's file: it is read as a value, with nothing to call and a limit on what it may do.

local fs = require "fs"
local json = require "json"

local rubric = {}

local MOST_BYTES, MOST_STEPS, MOST_KB = 1 << 20, 100000, 64 << 10
local MOST_DIMENSIONS, MOST_SCORES = 9, 10

--- The rubric where none is given: five dimensions, 1 to 5.
rubric.default = {
  name = "default",
  { name = "correctness",           doc = "is what the answer says true?", min = 1, max = 5 },
  { name = "helpfulness",           doc = "does it help whoever asked?", min = 1, max = 5 },
  { name = "instruction_following", doc = "does it do what was asked, as it was asked?", min = 1, max = 5 },
  { name = "completeness",          doc = "is nothing missing?", min = 1, max = 5 },
  { name = "quality",               doc = "would you train on it?", min = 1, max = 5 },
}

-- Runs a chunk that can only build a value: no globals, no methods of strings, few steps, little memory. A
-- coroutine has a hook of its own, so that the one of interrupts stays.
local function value_of(chunk)
  local base, steps, strings = collectgarbage "count", 0, debug.getmetatable ""
  local co = coroutine.create(chunk)
  debug.sethook(co, function()
    steps = steps + 1
    if steps > MOST_STEPS then error("it does too much: a rubric is a table", 0) end
    if collectgarbage "count" - base > MOST_KB then error("it takes too much memory", 0) end
  end, "", 1)
  debug.setmetatable("", nil)
  local ok, value = coroutine.resume(co)
  debug.setmetatable("", strings)
  return ok, value
end

local function whole(v) return math.type(v) == "integer" and v >= 0 and v <= 9 end

local function dimension(d, all, i)
  if type(d) == "string" then d = { name = d } end
  if type(d) ~= "table" then return nil, ("dimension %d is a %s: expected a name or a table"):format(i, type(d)) end
  local name = d.name or d[1]
  if type(name) ~= "string" or not name:find "^[%a_][%w_%-]*$" then
    return nil, ("dimension %d has no name of letters, digits and _"):format(i)
  end
  local low, high = d.min or all.min or 1, d.max or all.max or 5
  if not whole(low) or not whole(high) or low >= high or high - low >= MOST_SCORES then
    return nil, ("%s: min and max are %s and %s: expected whole numbers from 0 to 9, min below max"):format(name,
      tostring(low), tostring(high))
  end
  return { name = name, doc = type(d.doc) == "string" and d.doc or nil, min = low, max = high }
end

--- A rubric from a table as a person writes it.
-- @return  { name, { name, doc, min, max }, … }; or nil and a sentence
function rubric.check(t)
  if type(t) ~= "table" then return nil, "expected a table of dimensions, got a " .. type(t) end
  local list = type(t.dimensions) == "table" and t.dimensions or t
  local out, seen = { name = type(t.name) == "string" and t.name or "own" }, {}
  for i, d in ipairs(list) do
    local made, err = dimension(d, t, i)
    if not made then return nil, err end
    if seen[made.name] then return nil, ("the dimension %s stands twice"):format(made.name) end
    seen[made.name], out[i] = true, made
  end
  if #out == 0 then return nil, 'no dimension: expected { "correctness", { name = "tone", min = 1, max = 5 }, … }' end
  if #out > MOST_DIMENSIONS then return nil, ("%d dimensions: at most %d fit"):format(#out, MOST_DIMENSIONS) end
  return out
end

--- A rubric from its file; the default one where path is nil.
-- @return  nil and a sentence that names the file
function rubric.load(path)
  if not path then return rubric.default end
  local text, err = fs.read(path, MOST_BYTES)
  if not text then return nil, err end
  local value
  if text:find "^%s*{" then
    value, err = json.decode(text)
  else
    local chunk
    chunk, err = load(text, "=" .. path, "t", {})
    local ok
    if chunk then
      ok, value = value_of(chunk)
      if not ok then value, err = nil, tostring(value) end
    end
  end
  if value == nil then
    err = err or "it returns nothing"
    return nil, err:sub(1, #path + 1) == path .. ":" and err or ("%s: %s"):format(path, err)
  end
  local out
  out, err = rubric.check(value)
  if not out then return nil, ("%s: %s"):format(path, err) end
  return out
end

return rubric
