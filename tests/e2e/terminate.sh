#!/bin/sh
# SPDX-License-Identifier: MIT
# Exceptions that nobody catches, by two compilers at two levels: called C++ terminate and blamed, once, on the function
# that let them escape. In their mended twins nothing is found.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

victims=$tests/victims
cxx=${CXX:-g++}
line() { grep -n '/\* blow-up \*/' "$1" | cut -d: -f1; }

# explore STATUS [OPTION...]: explores ./program into the file found.
explore() {
  explored=0
  explore_wanted=$1
  shift
  nomem explore --jobs 2 "$@" -- ./program >found 2>&1 || explored=$?
  [ "$explored" = "$explore_wanted" ]
}

# case of VICTIM FUNCTION: who is to blame.
for case in abort_terminate:main abort_noexcept:planted; do
  source=$victims/${case%:*}.cc
  for build in "$cxx -O0" "$cxx -O2 -static-libstdc++" "$clang --driver-mode=g++ -O0" "$clang --driver-mode=g++ -O2"; do
    # shellcheck disable=SC2086 # a compiler and its options
    $build -std=c++17 -g -o program "$source"
    if explore 1 --under-test '*' && grep -q ' 1 finding ' found && grep -q 'SIGABRT, C++ terminate, its last words: ' found &&
      grep -q "^abort in ${case#*:}[( ].*$(basename "$source"):$(line "$source"))" found; then
      pass "${case%:*} ($build)"
    else
      fail "${case%:*} ($build)" found
    fi
    # shellcheck disable=SC2086
    $build -std=c++17 -g -DMENDED -o program "$source"
    if explore 0 --under-test '*' && grep -q ' 0 findings' found; then pass "${case%:*}, mended ($build)"; else
      fail "${case%:*}, mended ($build)" found
    fi
  done
done

# What a library throws is its report of the failure: that its test does not catch it is no bug of the library's.
"$cxx" -g -shared -fPIC -DLIBRARY -o libthrows.so "$here/programs/throws.cc"
"$cxx" -g -o program "$here/programs/throws.cc" -L. -lthrows -Wl,-rpath,"$work"
if explore 0 && grep -q ' reported.* 0 findings' found; then pass "a library's exception is a report"; else
  fail "a library's exception" found
fi

finish
