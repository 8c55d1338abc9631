--- builtin: the recipe for data files alone. The document's defaults, no judge, no row functions.
local s = require "tamis"

return s.recipe {
  s.exact_dedup {},
  s.length {},
  s.repetition {},
  s.pii { action = "tag" },
  s.near_dedup {},
}
