-- tests/bench/filter.lua - one Lua row function on every row: what bench_pipeline.sh times.
local s = require "tamis"

return s.recipe {
  name = "filter",
  s.filter { fn = function(ex) if #ex.output < 3 then return "short" end end },
}
