--- ollama: Ollama, whose context of 4,096 tokens cuts long rows silently: give it a larger num_ctx.

local compatible = require "judge.providers.compatible"

return compatible.variant {
  name   = "ollama",
  doc    = "Ollama, whose context of 4,096 tokens cuts long rows silently: give it a larger num_ctx",
}
