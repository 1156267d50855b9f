# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='bats'
needs='bats'

build() { make -s; }

results() { sed -nE 's/^(ok|not ok) [0-9]+ ([a-z]+).*/\2 \1/p' out; }
