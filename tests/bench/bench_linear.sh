# tests/bench/bench_linear.sh - what twice the text costs, on texts made to be slow (linear.lua)
set -eu
"$(dirname "${TAMIS:?}")/tamis-test" tests/bench/linear.lua
