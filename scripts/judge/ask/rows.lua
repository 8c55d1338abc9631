--- rows: a row as the judge is shown it, and its key.

local hash = require "hash"
local json = require "json"
local prompt = require "judge.ask.prompt"
local turns = require "report.turns"

local rows = {}

-- A chat of several turns: each with who speaks. Texts are those that stages have edited.
local function chat(view, row)
  if view:nstrings(row, "input") < 2 then return nil end
  local object = json.decode(view:row(row).bytes)
  return turns.of(object, function(path) return view:key(row, path) end)
end

local function of_chat(list)
  local out, last = {}, nil
  for i, turn in ipairs(list) do
    if turn.field == "output" then last = i end
  end
  for i = 1, last or #list do
    local label = i == last and "output" or list[i].field == "system" and "system" or "input, " .. list[i].role
    out[#out + 1] = { label, list[i].text }
  end
  return out
end

--- A row's parts, in the order in which they are read: { label, text }.
function rows.parts(view, row)
  local list = chat(view, row)
  if list then return of_chat(list) end
  local out = {}
  for _, field in ipairs { "system", "input", "output" } do
    local text = view:field(row, field)
    if text and text ~= "" or field ~= "system" then out[#out + 1] = { field, text or "" } end
  end
  return out
end

--- The text between the fences. Only where the recipe says so a long row loses the middle of its longest part.
-- @param most  bytes; nil for any length
-- @return  the text, and whether a middle is gone
function rows.data(view, row, most)
  local parts = rows.parts(view, row)
  local text = prompt.data(parts)
  if not most or #text <= most then return text, false end
  local longest = parts[1]
  for _, part in ipairs(parts) do
    if #part[2] > #longest[2] then longest = part end
  end
  longest[2] = prompt.middle_out(longest[2], math.max(most - (#text - #longest[2]), 200))
  return prompt.data(parts), true
end

--- What makes keys of one run: everything that is sent with each row. Two runs that send the same share answers.
function rows.base(o)
  local sampling, extra = json.encode(o.sampling), json.encode(o.extra)
  return hash.sha256(table.concat({ "judge 1", o.provider, o.url, o.model, o.system, o.schema, tostring(o.max_tokens),
                                    sampling, extra, prompt.key_text("", false), prompt.key_text("", true) }, "\0"))
end

--- A row's key: SHA-256 of all that is sent for it but the fence, the id and the time.
-- What stands around the data is in `base`.
function rows.key(base, data, cut) return hash.sha256(base .. (cut and "cut\n" or "whole\n") .. data) end

return rows
