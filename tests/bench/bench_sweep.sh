# tests/bench/bench_sweep.sh - other values on 200,000 rows of about 1 KB (SWEEP_ROWS for another number): a sweep
# over a finished run's figures and pairs, the rows at the margin with it, and one row explained. CPU seconds are
# user and system of all threads, medians of five; the run itself is printed for scale.
set -eu
tamis=${TAMIS:?}
bin=$(dirname "$tamis")/bench
n=${SWEEP_ROWS:-200000}
data=build/bench/rows_sweep_$n.jsonl
mkdir -p build/bench
[ -s "$data" ] || "$bin/make_rows" "$n" 950 > "$data"
out=build/bench/out_sweep
recipe=build/bench/sweep.lua
cat > "$recipe" <<'LUA'
local s = require "tamis"
return s.recipe { name = "sweep", sources = { "none" }, s.exact_dedup {}, s.length { min_input_tokens = 3 },
  s.repetition {}, s.pii { action = "reject" }, s.near_dedup { threshold = 0.8 } }
LUA

cpu() { sh -c '"$@" >/dev/null 2>build/bench/stderr || { cat build/bench/stderr >&2; exit 1; }; times' cpu "$@" | tail -n 1 |
  awk '{ split($1, u, "[ms]"); split($2, s, "[ms]"); print u[1]*60 + u[2] + s[1]*60 + s[2] }'; }
median() { sort -n "$1" | sed -n 3p; }

echo "the run: $(cpu "$tamis" run "$recipe" "$data" --out "$out" --run-id bench --replace --quiet) CPU s for $n rows"
run=$out/sweep/bench
last=$(wc -l < "$run/curated.jsonl")
t=build/bench/times_sweep
rm -f "$t".*
for i in 1 2 3 4 5; do
  cpu "$tamis" sweep "$run" length.min_input_tokens=3:30:3 --quiet >> "$t.length"
  cpu "$tamis" sweep "$run" length.min_input_tokens=3:30:3 length.min_output_tokens=10:100:10 --quiet >> "$t.grid"
  cpu "$tamis" sweep "$run" pii.types=EMAIL,PHONE,EMAIL+PHONE --quiet >> "$t.pii"
  cpu "$tamis" explain "$run" "curated.jsonl:$last" >> "$t.explain"
  cpu "$tamis" explain "$run" "$data:$n" >> "$t.line"
  cpu "$tamis" ablate "$run" >> "$t.ablate"
done
echo "sweep of the run, length.min_input_tokens at ten values, with margins: $(median $t.length) CPU s"
echo "sweep of the run, a grid of ten by ten: $(median $t.grid) CPU s"
echo "sweep of the run, pii.types at three values: $(median $t.pii) CPU s"
echo "sweep of the run, near_dedup.threshold at ten values:" \
  "$(cpu "$tamis" sweep "$run" near_dedup.threshold=0.8:0.98:0.02 --quiet) CPU s"
echo "explain: the last row of curated.jsonl $(median $t.explain) CPU s, of the source $(median $t.line) CPU s"
echo "ablate: $(median $t.ablate) CPU s"
rm -rf "$out" "$t".* "$recipe"
