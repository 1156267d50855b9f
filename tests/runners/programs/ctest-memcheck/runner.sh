# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # what is set here is used in ../../run.sh, and the other way round
like=ctest
# shellcheck source-path=SCRIPTDIR source=../ctest/runner.sh
. "$programs/ctest/runner.sh"
row='CTest, as memory checker'
alone='ctest --test-dir build'
