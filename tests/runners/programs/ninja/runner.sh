# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # what is set here is used in ../../run.sh, and the other way round
like=meson
# shellcheck source-path=SCRIPTDIR source=../meson/runner.sh
. "$programs/meson/runner.sh"
row='Ninja'
