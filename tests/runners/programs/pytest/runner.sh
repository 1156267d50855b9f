# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='pytest, of a module in C'
needs='python3-config'
module=pytest
explored=1
freeing=basket_free # among Python's blocks the one that was freed first is not followed any more

build() { make -s; }

results() { sed -nE 's/^(PASSED|FAILED|ERROR) .*::test_([a-z]+).*/\2 \1/p' out; }
