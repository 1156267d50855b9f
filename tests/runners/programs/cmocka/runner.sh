# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='make'
framework='cmocka'
header='cmocka.h'
explored=1
in_check=yes

build() { make -s build/checks; }

results() { sed -nE 's/^\[ *(OK|FAILED|ERROR) *\] ([a-z]+)$/\2 \1/p' out; }
