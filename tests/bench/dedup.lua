-- tests/bench/dedup.lua - near_dedup alone: `--set near_dedup.method=exact` for the join.
local s = require "tamis"

return s.recipe {
  name    = "bench_dedup",
  sources = { "rows.jsonl" },
  s.near_dedup {},
}
