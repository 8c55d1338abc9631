--- vllm: vLLM.

local compatible = require "judge.providers.compatible"

return compatible.variant {
  name   = "vllm",
  doc    = "vLLM",
}
