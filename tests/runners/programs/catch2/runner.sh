# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='make'
framework='Catch2'
header='catch2/catch.hpp'
explored=1
splits=5

build() { make -s build/checks; }

results() { sed -nE 's|^[0-9.]+ s: ([a-z]+)$|\1 ran|p' out; }
