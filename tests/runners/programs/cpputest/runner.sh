# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='make'
framework='CppUTest'
header='CppUTest/TestHarness.h'
explored=1
apart='^crash in TestMemoryAllocator::alloc_memory'

build() { make -s build/checks; }

results() { sed -nE 's/^(TEST|IGNORE_TEST)\(basket, ([a-z]+)\).*/\2/p' out; }
