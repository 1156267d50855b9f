# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='automake'
needs='automake libtoolize'
logs='/test-suite\.log|\.(log|trs)$'

build() {
  [ -f configure ] || autoreconf -i
  [ -f Makefile ] || ./configure -q
  make -s && make -s check TESTS=
}

# The last line of a test counts.
results() {
  sed -nE 's/^(PASS|FAIL|ERROR|SKIP|XFAIL|XPASS): ([a-z]+).*/\2 \1/p' out |
    awk '{ last[$1] = $2 } END { for (test in last) print test, last[test] }'
}
