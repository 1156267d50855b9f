# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='cargo, of a library in C'
needs='cargo rustc'
explored=1
logs='^\./target/'

build() { cargo test --offline --no-run; }

results() { sed -nE 's/^test ([a-z]+) \.\.\. ([a-z]+).*/\1 \2/p' out | sort; }
