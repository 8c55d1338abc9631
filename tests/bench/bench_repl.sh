# tests/bench/bench_repl.sh - the REPL: a session from start to end, and how long completion takes on a file of
# ROWS rows (200,000 if not given) of about 1 KB: the first time, and the median of nine more. Wall time.
set -eu
tamis=${TAMIS:?}
rows=${ROWS:-200000}
bin=$(dirname "$tamis")/bench
data=build/bench/rows_$((rows / 1000))k.jsonl
mkdir -p build/bench
[ -s "$data" ] || "$bin/make_rows" "$rows" 950 > "$data"

for i in 1 2 3 4 5 6 7 8 9; do
  start=$(date +%s%N)
  "$tamis" repl < /dev/null
  echo $((($(date +%s%N) - start) / 1000))
done | sort -n | sed -n 5p | awk '{ printf "a session without commands: %.1f ms from start to end\n", $1 / 1000 }'

cat > build/bench/repl.lua <<LUA
start = fs.clock(); c = open "$data"; print(("open: %.2f s"):format(fs.clock() - start))
d = c:length{ min_input_tokens = 30 }
complete = require "repl.complete"
function took(line)
  local times = {}
  for i = 1, 10 do
    local t = fs.clock()
    complete.words(line, _G, "")
    times[i] = (fs.clock() - t) * 1000
  end
  local first = table.remove(times, 1)
  table.sort(times)
  print(("%-36s first %.2f ms, then %.2f ms"):format(line, first, times[5]))
end
for _, line in ipairs { 'c:ne', 'c:near_dedup{thr', 'c:near_dedup{unit = "', 'd:rejected "in', 'd:metric "', 'c:groups "',
  'd:crosstab("', 'c:sweep("near_dedup", "', 'help "near', 'open "build/', 'stri' } do took(line) end
LUA
"$tamis" repl < build/bench/repl.lua
