--- own: keys that belong to a format beside those that hold its texts. `extra = "drop"` leaves them,
-- and a conversion to another format leaves them behind.

return {
  messages          = { "messages", "tools", "parallel_tool_calls", "functions", "function_call", "weight" },
  sharegpt          = { "conversations", "conversation", "system", "tools" },
  alpaca            = { "instruction", "input", "output", "system", "history" },
  pairs             = { "system", "input", "output" },
  prompt_completion = { "system", "prompt", "completion", "history" },
  preference        = { "system", "prompt", "chosen", "rejected", "preferred_output", "non_preferred_output" },
  text              = { "text" },
}
