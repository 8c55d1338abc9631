# tests/bench/bench_growth.sh - near_dedup alone on files of 1 KB rows, one thread: MB per CPU second from the
# file to the verdict (`tamis check`) and from file to files with the ledger (`tamis run`), the peak of
# anonymous memory, and how they grow. CPU seconds are user and system, best of three (of one from 1,000,000
# rows on). 10,000 and 100,000 rows; TAMIS_BENCH_LARGE=1 adds 1,000,000 and the exact mode at 50,000.
set -eu
tamis=${TAMIS:?}
bin=$(dirname "$tamis")/bench
folder=build/bench
mkdir -p "$folder"
sizes="10000 100000"
[ -z "${TAMIS_BENCH_LARGE:-}" ] || sizes="$sizes 1000000"

"$bin/bench_dedup" 20000 950 1 limit

# CPU seconds of a command: `times` of a shell of its own counts its children.
cpu() { sh -c '"$@" >/dev/null 2>build/bench/stderr || { cat build/bench/stderr >&2; exit 1; }; times' cpu "$@" | tail -n 1 |
  awk '{ split($1, u, "[ms]"); split($2, s, "[ms]"); print u[1]*60 + u[2] + s[1]*60 + s[2] }'; }
best() { # rounds, command…
  rounds=$1; shift
  for i in $(seq "$rounds"); do cpu "$@"; done | sort -n | head -n 1
}
# The peak of anonymous memory of a command in MB, looked at twenty times a second.
peak() {
  "$@" >/dev/null 2>&1 & pid=$!
  most=0
  while kill -0 "$pid" 2>/dev/null; do
    now=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status" 2>/dev/null || true)
    [ -z "$now" ] || [ "$now" -le "$most" ] || most=$now
    sleep 0.05
  done
  wait "$pid"
  echo $((most / 1024))
}
rows() { # n: the file with so many rows
  [ -s "$folder/rows_$1.jsonl" ] || "$bin/make_rows" "$1" 950 > "$folder/rows_$1.jsonl"
  echo "$folder/rows_$1.jsonl"
}

before=
for n in $sizes; do
  data=$(rows "$n")
  bytes=$(wc -c < "$data")
  rounds=3; [ "$n" -lt 1000000 ] || rounds=1
  verdict=$(best "$rounds" "$tamis" check tests/bench/dedup.lua "$data" --threads 1)
  files=$(best "$rounds" "$tamis" run tests/bench/dedup.lua "$data" --out "$folder/out" --run-id bench --replace --quiet --threads 1)
  held=$(peak "$tamis" run tests/bench/dedup.lua "$data" --out "$folder/out" --run-id bench --replace --quiet --threads 1 --memory 64M)
  awk -v n="$n" -v b="$bytes" -v v="$verdict" -v f="$files" -v m="$held" -v p="$before" 'BEGIN {
    printf "%8d rows: file to verdict %.0f MB/s (%.2f CPU s), file to files %.0f MB/s (%.2f CPU s)", n, b/v/1e6, v, b/f/1e6, f
    printf "; with --memory 64M %d MB anonymous", m
    if (p != "") printf "; %.1f times the CPU time of a tenth", f / p
    print "" }'
  before=$files
done

n=10000; [ -z "${TAMIS_BENCH_LARGE:-}" ] || n=50000
data=$(rows "$n")
exact=$(best 1 "$tamis" check tests/bench/dedup.lua "$data" --threads 1 --set near_dedup.method=exact)
awk -v n="$n" -v b="$(wc -c < "$data")" -v v="$exact" 'BEGIN { printf "%8d rows, exact mode: file to verdict %.0f MB/s (%.2f CPU s)\n", n, b/v/1e6, v }'
rm -rf "$folder/out"
