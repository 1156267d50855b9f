# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='make'
framework='Boost.Test'
header='boost/test/included/unit_test.hpp'
explored=1
splits=5
apart=' in _GLOBAL__sub_I_' # the file of tests has all of the framework in it, whose variables cannot do without memory

build() { make -s build/checks; }

results() { sed -nE 's|^ *Test case "(basket/)?([a-z]+)" has ([a-z]+).*|\2 \3|p' err; }
