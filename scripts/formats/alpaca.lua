--- alpaca: {"instruction": …, "input": …, "output": …}, with earlier turns in "history".

return {
  name  = "alpaca",
  doc   = "an instruction, a text it is about, and an output",
  slots = {
    { field = "system", path = { "system", "system_prompt" }, optional = true },
    { field = "input",  path = "history", shape = "pairs", optional = true },
    { field = "input",  path = "instruction" },
    { field = "input",  path = "input", optional = true },
    { field = "output", path = { "output", "response" } },
  },
}
