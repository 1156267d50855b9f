# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='prove'
needs='prove'
in_check=yes

build() { make -s; }

results() { sed -nE 's/^t\/([a-z]+)\.t \.+ *(ok|Dubious|Failed).*/\1 \2/p' out; }
