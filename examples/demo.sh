#!/bin/sh
# examples/demo.sh TAMIS: runs the helpdesk example, prints its report and names what it wrote.
tamis=$1
out=build/demo
run=helpdesk_v1/demo
"$tamis" run examples/helpdesk/recipe.lua --out "$out" --run-id demo --replace || exit 1
echo
"$tamis" report "$out/$run" || exit 1
echo
echo "files in $out/$run:"
ls -l "$out/$run" | awk 'NR > 1 { printf "  %10d  %s\n", $5, $9 }'
