--- messages: OpenAI chats, {"messages": [{"role": …, "content": …}, …]}, with tools if there are any.

local turns = require "formats.turns"

return {
  name  = "messages",
  doc   = "a chat as OpenAI writes it, with content parts and tool calls",
  turn  = turns.openai,
  slots = {
    { field = "chat", path = "messages", shape = "turns" },
  },
}
