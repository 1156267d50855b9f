# SPDX-License-Identifier: MIT
# Builds source packages of the distribution below BUILD/downstream; sourced. $build is BUILD, $here a folder beside this
# one unless $downstream names this one; $top gets the folder. $release may name another suite of the distribution,
# $targets what of a project is built.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what is set here is used there, and the other way round
top=$build/downstream
downstream=${downstream:-$here/../downstream}

# build_in COMMAND...: makes in $built, unless that has been done, what the command sets up there.
build_in() {
  [ -f "$built/nomem-built" ] && return
  mkdir -p "$built"
  # shellcheck disable=SC2086 # a list
  (cd "$built" && "$@" && timeout 1200 make ${targets:-}) >"$built/log" 2>&1 || {
    echo "nomem: $package does not build: see $built/log" >&2
    return 1
  }
  : >"$built/nomem-built"
}

# unpack PACKAGE: leaves the folder of the sources in $source, and in $built.
unpack() {
  # shellcheck disable=SC2086 # none or one
  source=$("$downstream/fetch.sh" "$top" "$1" ${release:-}) || return 1
  built=$source
}

# build_configure PACKAGE OPTION...: among the sources, by the configure that they come with.
build_configure() {
  package=$1
  shift
  unpack "$package" && build_in env CFLAGS='-g -O0' ./configure "$@"
}

# build_program PROGRAM FILE...: one that takes no more than the compiler, in $built.
build_program() {
  program=$1
  shift
  (cd "$source" && ${CC:-cc} -g -O0 -I. -Isrc -o "$built/$program" "$@") >"$built/log" 2>&1 || {
    echo "nomem: $program does not build: see $built/log" >&2
    return 1
  }
}

# build_cmake PACKAGE SUBFOLDER OPTION...: leaves the build folder in $built; fails when it cannot be had.
build_cmake() {
  package=$1
  folder=$2
  shift 2
  command -v cmake >/dev/null 2>&1 || {
    echo "nomem: cmake is missing: $package is left out (Debian: apt-get install cmake)" >&2
    return 1
  }
  unpack "$package" || return
  built=$source/nomem-build
  build_in cmake -DCMAKE_BUILD_TYPE=Debug -DCMAKE_POLICY_VERSION_MINIMUM=3.5 "$@" "$source/$folder"
}
