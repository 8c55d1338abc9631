--- llamacpp: llama.cpp's server: the schema stands beside the type, not inside json_schema.

local compatible = require "judge.providers.compatible"

return compatible.variant {
  name   = "llamacpp",
  doc    = "llama.cpp's server: the schema stands beside the type, not inside json_schema",
  format = compatible.bare_format("json_schema", "schema"),
}
