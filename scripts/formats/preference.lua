--- preference: {"prompt": …, "chosen": …, "rejected": …}, each a text or a list of turns. Without a
-- prompt, whole chats in chosen and rejected; also OpenAI's preferred_output and ShareGPT's conversations.

local turns = require "formats.turns"

return {
  name  = "preference",
  doc   = "a prompt, the answer that was chosen, and the one that was rejected",
  turn  = turns.sharegpt,
  slots = {
    { field = "system", path = { "system", "system_prompt" }, optional = true },
    { field = "input",  path = { "prompt", "question", "instruction", "conversations", "input.messages", "input" },
      shape = { "text", "turns" }, optional = true },
    { field = "output",      path = { "chosen", "preferred_output" }, shape = { "text", "turns" } },
    { field = "alternative", path = { "rejected", "non_preferred_output" }, shape = { "text", "turns" } },
  },
}
