#!/bin/sh
# Installs what the build, the tests and the demo need, from the distribution's packages only.
#
#   tools/setup.sh            install what is missing
#   NOMEM_NO_INSTALL=1        never install: say what is missing and stop
#
# Prints nothing when nothing is missing. Exit status: 0 all there, 2 something is missing.
set -eu

# Build and command: a compiler, libuv (the explorer's loop), elfutils (symbols).
# Checks: cmocka, both compilers and their sanitizer run-times, debug symbols of libc, programs to explore.
packages='gcc g++ make libc6-dev libuv1-dev libdw-dev libelf-dev libcmocka-dev
clang libclang-rt-14-dev lua5.4 libxml2-utils libjansson-dev jq'

missing=
for package in $packages; do
  case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || :) in
    'install ok installed') ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

line="apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null 2>&1; then
  echo "nomem: missing packages (Debian names):$missing: install them, then run this again" >&2
  exit 2
fi
if [ "$(id -u)" = 0 ]; then
  become=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  become=sudo
else
  become=none
fi
if [ -n "${NOMEM_NO_INSTALL:-}" ] || [ "$become" = none ]; then
  echo "nomem: missing packages: run 'sudo apt-get update && sudo $line'" >&2
  exit 2
fi

echo "nomem: installing:$missing"
quietly() { # the log is shown only when the command fails
  log=$(mktemp)
  if DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1; then rm -f "$log"; return 0; fi
  cat "$log" >&2
  rm -f "$log"
  return 1
}
# An index that was never fetched, or is too old to name what is still on the server, is fetched and asked again.
# shellcheck disable=SC2086 # $become and $line are lists of words
if ! quietly $become env DEBIAN_FRONTEND=noninteractive $line 2>/dev/null; then
  quietly $become apt-get update || echo "nomem: 'apt-get update' failed: going on with the index there is" >&2
  quietly $become env DEBIAN_FRONTEND=noninteractive $line || {
    echo "nomem: could not install:$missing: mend the package set-up, or run '$line' by hand" >&2
    exit 2
  }
fi
