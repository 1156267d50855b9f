# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='make'
framework='Criterion'
header='criterion/criterion.h'
explored=1
apart='^crash in libcriterion'
splits=5

build() { make -s build/checks; }

results() { sed -nE 's/.*\[(PASS|FAIL)\] basket::([a-z]+).*/\2 \1/p' out err; }
