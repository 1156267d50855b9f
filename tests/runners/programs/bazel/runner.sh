# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='Bazel'
needs='bazel java'

# Debian's package has no folder of Bazel's own to fetch the rules of C and Java from.
fetch() {
  [ -d /usr/share/bazel/rules/java ] || { echo "no bazel-rules-java"; return 1; }
}

build() { bazel build //...; }

tidy() { (cd project && bazel shutdown); }

results() {
  sed -nE 's/^\/\/:([a-z]+) +(\(cached\) )?([A-Z]+) .*/\1 \3/p' out
}
