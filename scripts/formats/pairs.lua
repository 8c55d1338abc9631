--- pairs: {"input": …, "output": …}, with "system" if there is one.

return {
  name  = "pairs",
  doc   = "an input and an output",
  slots = {
    { field = "system", path = "system", optional = true },
    { field = "input",  path = "input" },
    { field = "output", path = "output" },
  },
}
