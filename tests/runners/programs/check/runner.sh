# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='make'
framework='Check'
header='check.h'
explored=1
splits=5

build() { make -s build/checks; }

results() { sed -nE 's/.*:(P|F|E):[a-z]+:([a-z]+):.*/\2 \1/p' out; }
