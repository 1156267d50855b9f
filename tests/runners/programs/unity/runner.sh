# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # what is set here is used in ../../run.sh, and the other way round
row='make'
framework='Unity'
needs='apt-get dpkg-source'
explored=1

# No package has it, but cJSON's sources do.
fetch() {
  sources=$("$tests/downstream/fetch.sh" "$build/downstream" cjson) && cp -r "$sources/tests/unity/src" project/unity &&
    cp -r "$sources/tests/unity/examples" project/
}

build() { make -s build/checks; }

results() { sed -nE 's/^[^:]*:[0-9]+:([a-z]+):(PASS|FAIL).*/\1 \2/p' out; }
