# tests/bench/bench_scan.sh - the scanner of pii and secrets on 20,000 rows of about 1 KB (scan.lua)
set -eu
tamis=${TAMIS:?}
build=$(dirname "$tamis")
data=build/bench/rows_20k.jsonl
mkdir -p build/bench
[ -s "$data" ] || "$build/bench/make_rows" 20000 950 > "$data"
"$build/tamis-test" tests/bench/scan.lua "$data"
