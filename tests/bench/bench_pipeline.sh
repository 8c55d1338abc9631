# tests/bench/bench_pipeline.sh - whole runs on 200,000 rows of about 1 KB. CPU seconds are user and
# system of all threads; what is compared runs in turn, and medians of five are printed.
set -eu
tamis=${TAMIS:?}
bin=$(dirname "$tamis")/bench
data=build/bench/rows_200k.jsonl
mkdir -p build/bench
[ -s "$data" ] || "$bin/make_rows" 200000 950 > "$data"
out=build/bench/out
rows=$(wc -l < "$data")
bytes=$(wc -c < "$data")
echo "input $rows rows, $bytes bytes"

# The CPU seconds of one command: `times` of a shell of its own counts its children.
cpu() { sh -c '"$@" >/dev/null 2>build/bench/stderr || { cat build/bench/stderr >&2; exit 1; }; times' cpu "$@" | tail -n 1 |
  awk '{ split($1, u, "[ms]"); split($2, s, "[ms]"); print u[1]*60 + u[2] + s[1]*60 + s[2] }'; }
run() { # recipe, options…
  recipe=$1; shift
  cpu "$tamis" run "tests/bench/$recipe.lua" "$data" --out "$out" --run-id bench --replace --quiet "$@"
}
median() { sort -n "$1" | sed -n 3p; }

t=build/bench/times
rm -f "$t".*
for i in 1 2 3 4 5; do
  cpu wc -l "$data" >> "$t.wc"
  run pipeline >> "$t.pipeline"
  run pipeline --no-ledger >> "$t.bare"
  run pipeline --threads 1 >> "$t.one"
  run near >> "$t.near"
  run near --threads 1 >> "$t.near_one"
  run near --no-ledger >> "$t.near_bare"
  run none --threads 1 >> "$t.none"
  run filter --threads 1 >> "$t.filter"
done
echo "wc -l of the same file, for scale: $(median $t.wc) CPU s"
echo "pipeline: $(median $t.pipeline) CPU s; on one thread $(median $t.one)"
echo "pipeline without ledger.db: $(median $t.bare) CPU s"
awk -v a="$(median $t.pipeline)" -v b="$(median $t.bare)" 'BEGIN { printf "the ledger adds %.0f%%\n", 100 * (a - b) / b }'
awk -v a="$(median $t.pipeline)" -v n="$bytes" 'BEGIN { printf "pipeline, file to files: %.0f MB per CPU s\n", n / a / 1e6 }'
echo "no stage, load to files: $(median $t.none) CPU s"
echo "near_dedup and export: $(median $t.near) CPU s; on one thread $(median $t.near_one), without ledger.db $(median $t.near_bare)"
awk -v a="$(median $t.near)" -v o="$(median $t.near_one)" -v n="$bytes" \
  'BEGIN { printf "near_dedup, file to file: %.0f MB per CPU s; on one thread %.0f\n", n / a / 1e6, n / o / 1e6 }'
awk -v a="$(median $t.filter)" -v b="$(median $t.none)" -v n="$rows" \
  'BEGIN { printf "a Lua filter on #ex.output: %.2f million rows per CPU s\n", n / (a - b) / 1e6 }'
rm -rf "$out" "$t".*
