--- turns: how the turns of a chat are written, for the formats that hold some.
--   role   keys that may name who speaks, the first that is there counts
--   text   keys that may hold what is said: a string, or a list of parts
--   part   types of a part that is text: { "type": "text", "text": "…" }
--   call   keys that may stand instead of a text: a turn without one is fine then
--   roles  what each role means: system, user, assistant, tool, or call (an assistant turn whose
--          text is a call, and so belongs to no field)

local turns = {}

turns.openai = {
  role  = { "role" },
  text  = { "content" },
  part  = { "text", "input_text", "output_text" },
  call  = { "tool_calls", "function_call", "refusal" },
  roles = { system = "system", developer = "system", user = "user", assistant = "assistant",
            tool = "tool", ["function"] = "tool" },
}

turns.sharegpt = {
  role  = { "from", "role" },
  text  = { "value", "content" },
  part  = turns.openai.part,
  call  = turns.openai.call,
  roles = { system = "system", developer = "system", human = "user", user = "user",
            gpt = "assistant", assistant = "assistant", chatgpt = "assistant", bard = "assistant", bing = "assistant",
            model = "assistant", bot = "assistant", ai = "assistant", function_call = "call", tool_call = "call",
            observation = "tool", tool = "tool", ["function"] = "tool", function_response = "tool",
            tool_response = "tool" },
}

return turns
