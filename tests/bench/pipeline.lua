-- tests/bench/pipeline.lua - the whole pipeline on made-up rows: what bench_pipeline.sh times.
local s = require "tamis"

return s.recipe {
  name = "pipeline",
  s.exact_dedup {},
  s.length { min_input_tokens = 3, max_output_tokens = 1024 },
  s.repetition {},
  s.pii { action = "reject" },
  s.near_dedup {},
  s.balance { by = "topic", max = 5000 },
  s.export {},
}
