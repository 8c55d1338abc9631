-- tests/bench/near.lua - near_dedup alone, at its defaults: what bench_pipeline.sh times.
local s = require "tamis"

return s.recipe { name = "near", s.near_dedup {}, s.export {} }
