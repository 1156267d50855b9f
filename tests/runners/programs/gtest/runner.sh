# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='make'
framework='GoogleTest'
header='gtest/gtest.h'
explored=1
apart=' in _GLOBAL__sub_I_' # what registers the tests before main() cannot do without memory
splits=5

build() { make -s build/checks; }

results() { sed -nE 's/^\[ +(OK|FAILED) +\] Basket\.([A-Z][a-z]+).*/\2 \1/p' out; }
