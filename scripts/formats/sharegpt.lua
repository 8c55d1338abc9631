--- sharegpt: {"conversations": [{"from": "human", "value": …}, …]}, with "system" if there is one.

local turns = require "formats.turns"

return {
  name  = "sharegpt",
  doc   = "a chat as ShareGPT writes it",
  turn  = turns.sharegpt,
  slots = {
    { field = "system", path = { "system", "system_prompt" }, optional = true },
    { field = "chat",   path = { "conversations", "conversation" }, shape = "turns" },
  },
}
