--- A dataset of cooking questions under the house policy, as it stands.
local s      = require "tamis"
local policy = require "policy"

return s.recipe {
  name    = "cooking_v1",
  sources = { "cooking.jsonl" },

  policy.clean(),
  s.export { format = "messages" },
}
