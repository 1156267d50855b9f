# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='Meson'
needs='meson ninja'
header='gtest/gtest.h'
logs='/meson-logs/|/copy\.xml$|/\.ninja_(log|deps)$'

build() {
  [ -d build ] || meson setup build
  ninja -C build
}

results() { sed -nE 's/^ *[0-9]+\/[0-9]+ +([a-z]+) +([A-Z]+) .*/\1 \2/p' out; }
