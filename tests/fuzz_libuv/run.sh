#!/bin/sh
# SPDX-License-Identifier: MIT
# The fuzz target libuv: which sources a libuv consists of, for which versions a suppression counts, and that a campaign
# finds the call behind a finding and goes on.
#
#   tests/fuzz_libuv/run.sh BUILD
set -eu
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. tests/lib/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target=$build/fuzz/bin/libuv
[ -x "$target" ] || skip_suite "the target is not built: make fuzz-build"
mkdir -p "$work/bin" "$work/libuv/include"
ln -s "$target" "$work/bin/libuv"
export TMPDIR="$work"

# Only what is built on Linux, whatever the conditions are nested in.
: >"$work/libuv/include/uv.h"
cat >"$work/libuv/Makefile.am" <<'END'
libuv_la_SOURCES = src/common.c \
                   src/common.h
if WINNT
libuv_la_SOURCES += src/win/core.c
else  # WINNT
libuv_la_SOURCES += src/unix/core.c
endif
if LINUX
libuv_la_SOURCES += src/unix/linux.c
endif
if DARWIN
libuv_la_SOURCES += src/unix/darwin.c
endif
END
name="the sources of a libuv are those of Linux"
if [ "$(tools/libuv.sh sources "$work/libuv" | paste -sd' ')" = "src/common.c src/unix/core.c src/unix/linux.c" ]; then
  pass "$name"
else
  fail "$name"
fi
name="a folder without libuv's sources is refused"
if tools/libuv.sh sources "$work/bin" >"$work/log" 2>&1; then fail "$name"; else pass "$name"; fi

# replay FILE LINE: 0 when the input passes with that suppression, and no other.
replay() {
  printf '%s\n' "$2" >"$work/suppressions"
  NOMEM_LIBUV_SUPPRESSIONS=$work/suppressions timeout 60 "$target" -artifact_prefix="$work/" "$1" >"$work/log" 2>&1
}

# counts NAME yes|no VERSIONS: whether a line for these versions counts
counts() {
  verdict=no
  replay corpus/libuv/known-environ "$3in=uv_os_environ in=uv__strdup - leaks" && verdict=yes
  if [ "$verdict" = "$2" ]; then pass "$1"; else fail "$1" "$work/log"; fi
}

if replay corpus/libuv/known-environ '#'; then
  skip "a suppression counts for its versions" "this libuv has the defect no more"
else
  counts "a suppression without versions counts for all" yes ""
  counts "the last version that a suppression names has the defect" yes "..$(pkg-config --modversion libuv 2>/dev/null || echo 1.51) "
  counts "the same, without its last part" yes "1.0..1.51 "
  counts "a suppression without an end counts" yes "1.0.. "
  counts "a suppression for older versions does not count" no "..1.0 "
  counts "a suppression for newer versions does not count" no "9.0.. "
  counts "a suppression for one other version does not count" no "1.0 "
fi
name="a line that is no suppression is refused with its place"
status=0
replay corpus/libuv/empty "..1.9 at=uv_run - reason" || status=$?
if [ "$status" = 2 ] && grep -q 'suppressions:1: not a suppression' "$work/log"; then
  pass "$name"
else
  fail "$name" "$work/log"
fi

# campaign SUPPRESSIONS SECONDS
campaign() {
  NOMEM_LIBUV_SUPPRESSIONS=$1 timeout 300 tools/libuv.sh fuzz "" "$work" "$2" >"$work/said" 2>&1
}

name="without suppressions a campaign finds the call behind a finding, and goes on without it"
if campaign /dev/null 10; then
  fail "$name" "$work/said"
elif grep -q 'when this call fails: in=' "$work/said" && grep -q '^in=.* - .' "$work/libuv.known"; then
  pass "$name"
else
  fail "$name" "$work/said"
fi
name="an input passes when its cause is spared, and fails when it is not"
input=$(sed -n 's|^ *reproduce: [^ ]* ||p' "$work/said" | head -n 1)
if [ -n "$input" ] && NOMEM_LIBUV_SUPPRESSIONS=/dev/null NOMEM_LIBUV_KNOWN=$work/libuv.known timeout 60 "$target" \
  -artifact_prefix="$work/" "$input" >"$work/log" 2>&1 && ! replay "$input" '#'; then
  pass "$name"
else
  fail "$name" "$work/log"
fi
rm -f "$work/libuv.known"
name="with the suppressions of this project nothing is found"
if campaign fuzz/libuv.suppressions 4; then pass "$name"; else fail "$name" "$work/said"; fi
finish
