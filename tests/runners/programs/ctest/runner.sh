# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='CTest'
needs='cmake ctest'
logs='/Testing/'

build() {
  [ -d build ] || cmake -S . -B build -DCMAKE_BUILD_TYPE=RelWithDebInfo
  cmake --build build
}

results() {
  sed -nE 's/^ *[0-9]+\/[0-9]+ (Test|MemCheck) +#[0-9]+: ([a-z]+) \.+[ *]*([A-Za-z]+).*/\2 \3/p' out
}
