# tests/bench/bench_rules.sh - the rule stages on 100,000 rows of about 1 KB (rules.lua)
set -eu
tamis=${TAMIS:?}
build=$(dirname "$tamis")
data=build/bench/rows_100k.jsonl
mkdir -p build/bench
[ -s "$data" ] || "$build/bench/make_rows" 100000 950 > "$data"
"$build/tamis-test" tests/bench/rules.lua "$data"
