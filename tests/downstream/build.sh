# Builds source packages of the distribution below BUILD/downstream; sourced. $build is BUILD, $here a folder beside this
# one unless $downstream names this one; $top gets the folder. $release may name another suite of the distribution,
# $targets what of a project is built.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what is set here is used there, and the other way round
top=$build/downstream
downstream=${downstream:-$here/../downstream}

# build_cmake PACKAGE SUBFOLDER OPTION...: leaves the build folder in $built; fails when it cannot be had.
build_cmake() {
  package=$1
  folder=$2
  shift 2
  command -v cmake >/dev/null 2>&1 || {
    echo "nomem: cmake is missing: $package is left out (Debian: apt-get install cmake)" >&2
    return 1
  }
  # shellcheck disable=SC2086 # none or one
  source=$("$downstream/fetch.sh" "$top" "$package" ${release:-}) || return 1
  built=$source/nomem-build
  [ -f "$built/nomem-built" ] && return
  mkdir -p "$built"
  # shellcheck disable=SC2086 # a list
  (cd "$built" && cmake -DCMAKE_BUILD_TYPE=Debug -DCMAKE_POLICY_VERSION_MINIMUM=3.5 "$@" "$source/$folder" &&
    timeout 1200 make ${targets:-}) >"$built/log" 2>&1 || {
    echo "nomem: $package does not build: see $built/log" >&2
    return 1
  }
  : >"$built/nomem-built"
}
