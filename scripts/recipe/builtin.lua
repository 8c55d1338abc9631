--- builtin: the recipe for data files alone: what is surely of no use goes. The figures
-- are those of the preset for chats, which lose no short question; `tamis init` writes a recipe
-- whose figures come from the data.
local s = require "tamis"
local chat = require "tamis.presets.chat"

return s.recipe {
  s.exact_dedup {},
  s.length(chat.length),
  s.repetition(chat.repetition),
  s.pii { action = "tag" },
  s.near_dedup(chat.near_dedup),
}
