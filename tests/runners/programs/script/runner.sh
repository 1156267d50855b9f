# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='a script'
in_check=yes
logs='\.log$'

build() { make -s; }

results() { sed -nE 's/^([a-z]+): (passed|failed)$/\1 \2/p' out; }
