# tests/bench/bench_fused.sh - ten row stages fused against the sum of their kernels (fused.c), 20,000 rows of 1 KB
set -eu
tamis=${TAMIS:?}
build=$(dirname "$tamis")
data=build/bench/rows_20k.jsonl
mkdir -p build/bench
[ -s "$data" ] || "$build/bench/make_rows" 20000 950 > "$data"
"$build/bench/fused" "$data"
