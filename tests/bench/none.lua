-- tests/bench/none.lua - no stage but the export: what a filter's run is compared with.
local s = require "tamis"

return s.recipe { name = "none" }
