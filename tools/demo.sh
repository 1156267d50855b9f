#!/bin/sh
# The main job, on real input: a few seconds of every fuzz target, then every allocation failure of a program that uses
# the distribution's own libuv.
#
#   tools/demo.sh BUILD       FUZZ_SECONDS: of each target (default 3)
#
# Exit status: 0 when the targets found nothing and the exploration found libuv's abort.
set -u
# Every run is to be made, none taken from the store of an earlier one.
export NOMEM_STORE=
build=$1
seconds=${FUZZ_SECONDS:-3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

echo "Fuzz targets, $seconds s each:"
for target in "$build"/fuzz/bin/*; do
  [ -x "$target" ] || continue
  name=$(basename "$target")
  mkdir "$scratch/$name"
  # New inputs go into the scratch folder, which comes first; the corpus is only read.
  if "$target" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$scratch/" "$scratch/$name" \
    "corpus/$name" >"$scratch/log" 2>&1; then
    awk -v name="$name" '/number_of_executed_units/ { n = $2 } / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") c = $(i + 1) }
      END { printf "  %-20s %9d inputs, %5d edges, nothing found\n", name, n, c }' "$scratch/log"
  else
    tail -n 30 "$scratch/log"
    echo "  $name: failed"
    failed=1
  fi
done

echo
echo "\$ nomem explore -- $build/examples/uv_loop"
"$build/nomem" explore -- "$build/examples/uv_loop"
status=$?
if [ "$status" -ne 1 ]; then
  echo "demo: expected findings (exit status 1), got exit status $status" >&2
  failed=1
fi
exit "$failed"
