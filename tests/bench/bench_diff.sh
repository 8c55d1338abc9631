#!/bin/sh
# tests/bench/bench_diff.sh: two files held against each other: one against itself, with one row in ten edited and
# one in thirty gone or new, and with a file that has nothing in common with it. CPU seconds, the least of TURNS.
#   TAMIS=build/release/tamis sh tests/bench/bench_diff.sh     ROWS=1000000 TURNS=1 for a million rows each
tamis=${TAMIS:-./tamis}
make_rows=$(dirname "$tamis")/bench/make_rows
rows=${ROWS:-200000} turns=${TURNS:-3}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

"$make_rows" "$rows" 950 1 > "$dir/a.jsonl"
"$make_rows" "$rows" 950 2 > "$dir/other.jsonl"
# every tenth row has its words "hi" and "me" changed, every thirtieth is another row
awk 'NR == FNR { if (FNR % 30 == 0) new[FNR] = $0; next }
     FNR % 30 == 0 { print new[FNR]; next }
     FNR % 10 == 1 { gsub(/ hi /, " hello "); gsub(/ me /, " myself ") } { print }' \
  "$dir/other.jsonl" "$dir/a.jsonl" > "$dir/edited.jsonl"

cpu() { # file: user and system seconds
  bash -c "TIMEFORMAT='%U %S'; time '$tamis' diff '$dir/a.jsonl' '$1' > '$dir/out'" 2>&1 | awk '{ print $1 + $2 }'
}
for other in a edited other; do
  i=0 best=
  while [ "$i" -lt "$turns" ]; do
    t=$(cpu "$dir/$other.jsonl")
    best=$(echo "$t $best" | awk '{ print $2 == "" || $1 < $2 ? $1 : $2 }')
    i=$((i + 1))
  done
  case $other in
    a) what="itself" ;;
    edited) what="1 row in 10 edited, 1 in 30 other" ;;
    other) what="nothing in common" ;;
  esac
  echo "diff $rows rows with $rows, $what: $best CPU s"
done
