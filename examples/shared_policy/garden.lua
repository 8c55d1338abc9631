--- A second dataset under the same policy, a little stricter, and with a stage of its own after it.
local s      = require "tamis"
local policy = require "policy"

return s.recipe {
  name    = "garden_v1",
  sources = { "garden.jsonl" },

  policy.clean { min_output = 8, non_answers = { "just google it" } },
  s.topics { rules = { { "vegetables", "tomato*", "beans", "courgette*", "potato*", "lettuce" },
                       { "lawn", "lawn", "grass", "moss" },
                       { "trees", "tree", "roses", "prune" },
                       { "pests", "slug*", "aphid*", "vole*" } } },
  s.export { format = "alpaca" },
}
