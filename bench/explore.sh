#!/bin/sh
# What a failure costs to try: nomem against starting the program anew with a preloaded counter (posix_spawn), both two
# at a time. Milliseconds a run; nomem's include its start, three baselines and the report.
#
#   bench/explore.sh BUILD        ROUNDS: of each comparison (default 5)
set -eu
# Every run is to be made, none taken from the store of an earlier one.
export NOMEM_STORE=
build=$(cd "$1" && pwd)
rounds=${ROUNDS:-5}
compare="$build/bench/compare -n $rounds -o ms"
${CC:-gcc} -O2 -shared -fPIC -o "$build/bench/counter.so" bench/naive/counter.c

# Prints the milliseconds of an exploration per run.
cat >"$build/bench/per-run.sh" <<'EOF'
#!/bin/sh
begin=$(date +%s%N)
out=$("$@" 2>/dev/null) || [ $? -eq 1 ] || exit 2
end=$(date +%s%N)
echo "$out" | awk -v ns=$((end - begin)) '/^[0-9]+ runs?:/ { printf "%.4f\n", ns / 1e6 / $1 }'
EOF
chmod +x "$build/bench/per-run.sh"
per_run="$build/bench/per-run.sh $build/nomem explore -j 2 --faults transient"
naive="$build/bench/naive $build/bench/counter.so 2"

one() { # NAME POINTS PROGRAM: of each, every allocation; for the counter, 200 of them evenly spread
  step=$(($2 / 200 + 1))
  echo "$1, $2 allocations:"
  $compare "nomem explore --all" "$per_run --all -- $3" \
    "nomem explore --all --engine exec" "$per_run --all --engine exec --max-points 400 -- $3" \
    "counter and posix_spawn" "$naive 1 $2 $step $3"
}

count() { # PROGRAM: its allocations
  # shellcheck disable=SC2086
  "$build/nomem" sites -- $1 | awk '/allocations? at/ { print $1 }'
}

for program in "lua5.4 -v" "xmllint --noout bench/small.xml" "jq -n 1" "sqlite3 :memory: .tables" "git --version"; do
  one "$program" "$(count "$program")" "$program"
done
one "a test that computes for 100 ms" 1000 "$build/bench/steps 1000 100"
echo "linear in the number of allocations, where the counter is quadratic (100 ms of work):"
for n in 1000 10000 60000; do
  echo " $n allocations:"
  $compare "nomem explore --all" "$per_run --all -- $build/bench/steps $n 100" \
    "counter and posix_spawn" "$naive 1 $n $((n / 40)) $build/bench/steps $n 100"
done
