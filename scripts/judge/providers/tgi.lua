--- tgi: Text Generation Inference: the schema is the value of response_format.

local compatible = require "judge.providers.compatible"

return compatible.variant {
  name   = "tgi",
  doc    = "Text Generation Inference: the schema is the value of response_format",
  format = compatible.bare_format("json", "value"),
}
