#!/bin/sh
# SPDX-License-Identifier: MIT
# The main job, on real input: a few seconds of every fuzz target, then every allocation failure of a program with the
# distribution's own libuv linked in.
#
#   tools/demo.sh BUILD       FUZZ_SECONDS: of each target (default 3)
#
# Exit status: 0 when the targets found nothing and the exploration found libuv's abort.
set -u
# Every run is to be made, none taken from the store of an earlier one.
export NOMEM_STORE=
build=$1
seconds=${FUZZ_SECONDS:-3}
failed=0

echo "Fuzz targets, $seconds s each:"
for target in "$build"/fuzz/bin/*; do
  case $target in *.*) continue ;; esac
  FUZZ_SEED=1 "$(dirname "$0")/fuzz.sh" run "$(basename "$target")" "$build/fuzz" "$seconds" || failed=1
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
