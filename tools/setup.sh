#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the packages that a group of make targets needs and that are missing, from the distribution only.
#
#   tools/setup.sh GROUP      build, demo, check, runners, fuzz, bench, lint, install, adapters, package, html or equivalence
#   NOMEM_NO_INSTALL=1        never install: say what is missing and stop
#
# Prints nothing when nothing is missing. Where there are no Debian packages it cannot know: with NOMEM_NO_INSTALL it
# then leaves it to the compiler to say so. Exit status: 0 all there, 2 something is missing.
set -eu

# Compilers (the command has C++'s demangler linked in), libuv (the command's loop), elfutils (symbols and stacks),
# jansson (reports), SQLite (the store).
build='gcc g++ make libc6-dev libuv1-dev libdw-dev libelf-dev libjansson-dev libsqlite3-dev'
# libFuzzer and the sanitizers; llvm names the functions in their reports, and measures coverage.
fuzz='clang libclang-rt-14-dev llvm'
# Libraries that let their user replace the allocator, for examples/adapters/.
adapters="pkg-config libexpat1-dev libcjson-dev libxml2-dev libgit2-dev libnghttp2-dev libc-ares-dev libevent-dev
  libssl-dev libcurl4-openssl-dev liblua5.4-dev"
case ${1:-build} in
  build) packages=$build ;;
  demo) packages="$build $fuzz libc6-dbg" ;;
  # cmocka, a debugger and real programs to explore.
  check)
    packages="$build $fuzz gdb libcmocka-dev afl++ lua5.4 libxml2-utils jq sqlite3 python3 procps iproute2"
    packages="$packages valgrind libc6-dbg" # tests that run under it; it needs the symbols of the C library
    packages="$packages python3-dev liblua5.4-dev" # headers, to build modules of theirs
    packages="$packages python3-jsonschema" # checks reports against docs/report.schema.json
    ;;
  # Runners and frameworks of tests, and what has Unity's sources fetched.
  runners)
    packages="$build jq sqlite3 meson ninja-build cmake autoconf automake libtool perl bats cargo python3-dev python3-pytest dpkg-dev"
    packages="$packages libcmocka-dev check libcriterion-dev libgtest-dev catch2 doctest-dev libcpputest-dev libboost-test-dev"
    packages="$packages bazel-bootstrap bazel-rules-java golang-go"
    ;;
  fuzz) packages="$build $fuzz afl++ zip unzip" ;; # AFL++, and what OSS-Fuzz's images have
  bench) packages="$build libunwind-dev fiu-utils lua5.4 libxml2-utils jq sqlite3 expat git bc cmake dpkg-dev" ;;
  lint) packages="$build $fuzz clang-format clang-tidy cppcheck shellcheck libcmocka-dev $adapters" ;;
  # What finds, completes and shows what is installed.
  install) packages="$build pkg-config jq python3-yaml cmake meson ninja-build bash zsh fish man-db groff-base mandoc" ;;
  adapters) packages="$build $adapters" ;;
  # What makes Debian's packages, looks at them, and makes a system to install them in.
  package) packages="$build debhelper dpkg-dev lintian debootstrap git" ;;
  # A browser for the page that --html writes.
  html) packages="$build chromium jq python3" ;;
  # Real programs, and what fetches and builds others.
  equivalence) packages="$build cmake dpkg-dev lua5.4 libxml2-utils jq sqlite3 python3 git bc curl expat iproute2" ;;
  *) echo "nomem: setup: no group '$1': one of build, demo, check, runners, fuzz, bench, lint, install, adapters, package, html, equivalence" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
  [ -z "${NOMEM_NO_INSTALL:-}" ] || exit 0
  echo "nomem: cannot install packages here: install (by Debian's names) $packages, then run with NOMEM_NO_INSTALL=1" >&2
  exit 2
fi
# It fails when it does not know one of them.
# shellcheck disable=SC2086 # a list of words
installed=$(dpkg-query -W -f='${Package} ${Status}\n' $packages 2>/dev/null |
  sed -n 's/ install ok installed$//p' | tr '\n' ' ' || :)
missing=
for package in $packages; do
  case " $installed" in
    *" $package "*) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  become=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  become=sudo
else
  become=none
fi
line="apt-get install -y --no-install-recommends$missing"
if [ -n "${NOMEM_NO_INSTALL:-}" ] || [ "$become" = none ]; then
  echo "nomem: missing packages: run 'sudo apt-get update && sudo $line'" >&2
  exit 2
fi

echo "nomem: installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # $become and $line are lists of words
apt() {
  $become env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1
}
# An index that was never fetched, or is too old to name what is still on the server, is fetched and asked again.
# shellcheck disable=SC2086
if ! apt $line; then
  apt apt-get update || echo "nomem: 'apt-get update' failed: going on with the index there is" >&2
  if ! apt $line; then
    cat "$log" >&2
    echo "nomem: could not install:$missing: mend the package set-up, or run '$line' by hand" >&2
    exit 2
  fi
fi
