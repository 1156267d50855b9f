# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='make'
in_check=yes

build() { make -s; }

results() {
  for test in put total label describe copy; do
    if grep -q "\*\*\* .*: check-$test\] Error" err; then echo "$test failed"; else echo "$test passed"; fi
  done
}
