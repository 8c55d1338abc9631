# tests/bench/bench_judge.sh - a run with a judge against tests/judge_server on the same machine (judge.lua);
# ROWS (20000; the target is set for 100000)
set -eu
tamis=${TAMIS:?}
build=$(dirname "$tamis")
JUDGE_SERVER=${JUDGE_SERVER:-$PWD/$build/judge_server}
case $build in /*) JUDGE_SERVER=$build/judge_server ;; esac
[ -x "$JUDGE_SERVER" ] || { echo "no judge_server: skipped"; exit 0; }
export JUDGE_SERVER
"$build/tamis-test" tests/bench/judge.lua
