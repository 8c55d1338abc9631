--- turns: the turns of a chat with who speaks, from a row's object, by the formats' own tables.

local json = require "json"

local turns = {}

local function first_of(object, keys)
  for _, key in ipairs(keys or {}) do
    if object[key] ~= nil and object[key] ~= json.null then return object[key], key end
  end
end

local function listed(list, word)
  for _, w in ipairs(type(list) == "table" and list or { list }) do
    if w == word then return true end
  end
  return false
end

local function at(object, path)
  for key in path:gmatch "[^.]+" do
    if type(object) ~= "table" then return nil end
    object = object[key]
  end
  return object
end

--- What a turn says: its text, its parts one below the other, or the call that stands for a text.
-- @param edited  function(path) -> the text there, if a stage may have changed it; or nil
local function said(turn, shape, path, edited)
  local value, key = first_of(turn, shape.text)
  if type(value) == "string" then return edited and edited(path .. "." .. key) or value end
  local out = {}
  for i, part in ipairs(type(value) == "table" and value or {}) do
    if type(part) == "string" then out[i] = part
    elseif type(part) == "table" and type(part.text) == "string" and listed(shape.part, part.type) then
      out[i] = edited and edited(("%s.%s[%d].text"):format(path, key, i - 1)) or part.text
    else out[i] = ("[%s]"):format(type(part) == "table" and tostring(part.type) or "?") end
  end
  local call, name = first_of(turn, shape.call)
  if call ~= nil then out[#out + 1] = ("[%s %s]"):format(name, type(call) == "string" and call or json.encode(call)) end
  return table.concat(out, "\n")
end

--- The turns at one place, if it holds some.
local function read(list, shape, path, field, edited)
  if type(list) ~= "table" or type(list[1]) ~= "table" then return nil end
  local out, last = {}, nil
  for i, turn in ipairs(list) do
    local role = type(turn) == "table" and first_of(turn, shape.role)
    if type(role) ~= "string" then return nil end
    local meaning = shape.roles[role]
    if meaning == "assistant" then last = i end
    out[i] = { role = role, text = said(turn, shape, ("%s[%d]"):format(path, i - 1), edited),
               field = meaning == "system" and "system" or "input" }
  end
  if field == "chat" and last then out[last].field = "output" end
  return out
end

--- The turns of a row that is a chat, or whose prompt is one.
-- @param object  the decoded row
-- @return  list of { role, text, field = "system"|"input"|"output" }; nil if it has none
function turns.of(object, edited)
  if type(object) ~= "table" then return nil end
  for _, format in ipairs(require "formats.all") do
    for _, slot in ipairs(format.turn and format.slots or {}) do
      if (slot.field == "chat" or slot.field == "input") and listed(slot.shape, "turns") then
        for _, path in ipairs(type(slot.path) == "table" and slot.path or { slot.path }) do
          local found = read(at(object, path), format.turn, path, slot.field, edited)
          if found then return found end
        end
      end
    end
  end
end

return turns
