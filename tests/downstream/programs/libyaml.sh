#!/bin/sh
# SPDX-License-Identifier: MIT
# libyaml's own tests, and its test programs on its examples: programs/libyaml.sh BUILT SOURCE
built=$1
for example in anchors mapping tags; do
  file=$2/examples/$example.yaml
  for program in run-scanner run-parser run-loader run-emitter run-dumper run-parser-test-suite; do
    "$built/$program" "$file"
  done
  "$built/example-reformatter" <"$file"
  "$built/example-deconstructor" <"$file"
done
ctest --test-dir "$built"
