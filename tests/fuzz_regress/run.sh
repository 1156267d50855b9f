#!/bin/sh
# SPDX-License-Identifier: MIT
# Replays the corpus of each fuzz target.
#
#   tests/fuzz_regress/run.sh BUILD
set -eu
build=$(cd "$1" && pwd)
exec make --no-print-directory -C "$(dirname "$0")/../.." BUILD="$build" fuzz-regress
