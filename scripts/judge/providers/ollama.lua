--- ollama: Ollama, whose context of 4,096 tokens cuts long rows silently: give it a larger num_ctx.

local compatible = require "judge.providers.compatible"

return compatible.variant {
  cuts_silently = true,
  name   = "ollama",
  doc    = "Ollama, whose context of 4,096 tokens cuts long rows silently: give it a larger num_ctx",
}
