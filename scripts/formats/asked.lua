--- asked: the known formats for rows that are queries (a sample of production): a chat may end with the user's turn,
-- a prompt needs no answer, and a lone text is the input.

local text = require "formats.text"
local turns = require "formats.turns"

local function with_slots(format, change)
  local out, slots = {}, {}
  for k, v in pairs(format) do out[k] = v end
  for i, slot in ipairs(format.slots) do
    slots[i] = {}
    for k, v in pairs(slot) do slots[i][k] = v end
    change(slots[i])
  end
  out.slots = slots
  return out
end

local asked = {}

for i, format in ipairs(require "formats.all") do
  asked[i] = with_slots(format, function(slot)
    if slot.field == "chat" then slot.field = "asked" end
    if format == text then slot.field = "input" end
  end)
end

-- Before the lone text, which may stand beside a prompt.
table.insert(asked, #asked, {
  name  = "prompt",
  turn  = turns.sharegpt,
  slots = {
    { field = "input", path = { "prompt", "question", "query", "input" }, shape = "turns" },
  },
})

return asked
