# tests/bench/bench_pipeline.sh - whole runs on 200,000 rows of about 1 KB, CPU seconds (user and
# system, all threads) from the shell's own clock; the median of three.
set -eu
tamis=${TAMIS:?}
bin=$(dirname "$tamis")/bench
data=build/bench/rows_200k.jsonl
mkdir -p build/bench
[ -s "$data" ] || "$bin/make_rows" 200000 950 > "$data"
out=build/bench/out
echo "input $(wc -l < "$data") rows, $(wc -c < "$data") bytes"

# The CPU seconds of one command: `times` of a subshell of its own counts its children.
cpu() { sh -c '"$@" >/dev/null 2>build/bench/stderr || { cat build/bench/stderr >&2; exit 1; }; times' cpu "$@" | tail -n 1 |
  awk '{ split($1, u, "[ms]"); split($2, s, "[ms]"); print u[1]*60 + u[2] + s[1]*60 + s[2] }'; }
median() { # name, command…
  name=$1; shift
  for i in 1 2 3; do cpu "$@"; done | sort -n | sed -n 2p | sed "s/^/$name /; s/\$/ CPU s/"
}
median "read and check the same bytes (wc -l, for scale)" wc -l "$data"
median "load only" "$tamis" check tests/bench/load.lua "$data" --quiet
median "pipeline" "$tamis" run tests/bench/pipeline.lua "$data" --out "$out" --run-id bench --replace --quiet
median "pipeline, one thread" "$tamis" run tests/bench/pipeline.lua "$data" --out "$out" --run-id bench --replace --quiet --threads 1
median "pipeline without ledger" "$tamis" run tests/bench/pipeline.lua "$data" --out "$out" --run-id bench --replace --quiet --no-ledger
median "Lua filter (run)" "$tamis" run tests/bench/filter.lua "$data" --out "$out" --run-id bench --replace --quiet
rm -rf "$out"
