-- tests/bench/load.lua - no stage at all: what bench_pipeline.sh subtracts.
local s = require "tamis"

return s.recipe { name = "load" }
