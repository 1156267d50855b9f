#!/bin/sh
# SPDX-License-Identifier: MIT
# iniparser's examples, on its examples: programs/iniparser.sh BUILT SOURCE
"$1/iniexample"
for file in "$2"/example/*.ini; do
  "$1/parse" "$file"
done
