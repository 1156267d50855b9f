#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetches and unpacks a source package of the distribution this machine runs.
#
#   tests/downstream/fetch.sh FOLDER PACKAGE         unpacks below FOLDER, prints the path of the source tree
#   tests/downstream/fetch.sh FOLDER PACKAGE sid     the same of another suite, below FOLDER/sid
#   tests/downstream/fetch.sh FOLDER PACKAGE newest  the newest of sid, testing and stable, below FOLDER/newest
#
# A mirror's index may name what the mirror does not carry: then the upstream sources of that version are taken alone,
# without the distribution's changes, or else the next version. One line on standard error says so.
#
# Where the packages come from is read out of the machine's own apt configuration, which commonly names binary packages
# only: the same places are asked for sources, through a private list and index below FOLDER. The system's are not
# changed. Exit status: 0 there, 2 it could not be had.
set -eu

die() {
  echo "nomem: $*" >&2
  exit 2
}

[ $# -eq 2 ] || [ $# -eq 3 ] || die "usage: tests/downstream/fetch.sh FOLDER PACKAGE [SUITE]"
package=$2
suite=${3:-}
mkdir -p "$1${suite:+/$suite}"
folder=$(cd "$1${suite:+/$suite}" && pwd)

[ -f "$folder/$package.path" ] && [ -d "$(cat "$folder/$package.path")" ] && {
  cat "$folder/$package.path"
  exit 0
}
for tool in apt-get dpkg-source; do
  command -v "$tool" >/dev/null 2>&1 || die "$tool is missing: source packages need it (Debian: apt-get install dpkg-dev)"
done

# The key that a stanza of sources is signed with, as an option of the one-line format. FILE:LINE as apt reports it.
signed_by() {
  case $1 in
    *.sources:*)
      awk -v number="${1##*:}" '
        NF == 0 { stanza++ }
        stanza + 1 == number && tolower($1) == "signed-by:" { print " [signed-by=" $2 "]"; exit }' "${1%:*}" ;;
    *) sed -n "${1##*:}s/^deb .*\\(signed-by=[^] ]*\\).*/ [\\1]/p" "${1%:*}" ;;
  esac
}

# The suites to ask for at the place that this machine has RELEASE, one of its own, from. Another suite is asked for where
# the main one comes from: its updates lie elsewhere, or nowhere.
suites_at() {
  case $suite:$1 in
    :*) echo "$1" ;;
    newest:"$main") echo sid testing stable ;;
    newest:"$main-security") echo stable-security ;;
    newest:*) ;;
    *:"$main") echo "$suite" ;;
  esac
}

# One line for each suite and component of this distribution: others seldom have sources.
list_sources() {
  # shellcheck disable=SC1091
  id=$(. /etc/os-release && echo "$ID")
  # shellcheck disable=SC1091
  main=$(. /etc/os-release && echo "$VERSION_CODENAME")
  # shellcheck disable=SC2016 # apt's variables
  apt-get indextargets --format '$(ORIGIN) $(SITE) $(RELEASE) $(COMPONENT) $(SOURCESENTRY)' 'Created-By: Packages' |
    sort -u |
    while read -r origin site release component entry; do
      [ "$(echo "$origin" | tr '[:upper:]' '[:lower:]')" = "$id" ] || continue
      for asked in $(suites_at "$release"); do
        echo "deb-src$(signed_by "$entry") $site $asked $component"
      done
    done
}

private="-o Dir::Etc::SourceList=$folder/apt/sources.list -o Dir::Etc::SourceParts=/dev/null
  -o Dir::State::Lists=$folder/apt/lists -o Dir::Cache=$folder/apt/cache -o APT::Sandbox::User=$(id -un)"
if [ ! -f "$folder/apt/fetched" ]; then
  mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
  list_sources >"$folder/apt/sources.list"
  [ -s "$folder/apt/sources.list" ] || die "apt knows no place of this distribution: run 'apt-get update' first"
  # shellcheck disable=SC2086 # a list of words
  apt-get -q $private update >"$folder/apt/log" 2>&1 || die "cannot fetch the list of source packages: see $folder/apt/log"
  : >"$folder/apt/fetched"
fi

# fetch_source OPTION...: what apt-get source says goes to the log.
fetch_source() {
  # shellcheck disable=SC2086 # a list of words
  apt-get -q $private source --only-source "$@" >>"$folder/apt/log" 2>&1
}

upstream_of() { echo "$1" | sed 's/^[0-9]*://; s/-[^-]*$//'; }

# unpack_upstream VERSION: what its authors released, without the distribution's changes.
unpack_upstream() {
  fetch_source --tar-only "$package=$1" || return
  upstream=$(upstream_of "$1")
  mkdir "$package-$upstream"
  tar -xf "${package}_$upstream".orig.tar.*[z2] -C "$package-$upstream" --strip-components=1 --no-same-owner && return
  rm -rf "$package-$upstream"
  return 1
}

mkdir -p "$folder/$package"
cd "$folder/$package"
# shellcheck disable=SC2086
versions=$(apt-cache $private showsrc --only-source "$package" 2>/dev/null | sed -n 's/^Version: //p' | sort -ruV)
[ -n "$versions" ] || die "this distribution has no source package $package: check the name"
newest=$(echo "$versions" | head -n 1)
: >"$folder/apt/log"
had=
before=
for version in $versions ''; do
  if [ "$(upstream_of "$before")" != "$(upstream_of "$version")" ] && [ -n "$before" ]; then
    unpack_upstream "$before" && had="the upstream sources of $before" && break
  fi
  [ -n "$version" ] && fetch_source "$package=$version" && had=$version && break
  before=$version
done
[ -n "$had" ] || die "$package: the mirror has none of $(echo "$versions" | tr '\n' ' '): see $folder/apt/log"
[ "$had" = "$newest" ] || echo "nomem: $package: the index names $newest, the mirror has $had" >&2
for tree in */; do
  [ -d "$tree" ] && echo "$folder/$package/${tree%/}" >"$folder/$package.path"
done
cat "$folder/$package.path"
