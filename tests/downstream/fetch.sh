#!/bin/sh
# Fetches and unpacks a source package of the distribution this machine runs.
#
#   tests/downstream/fetch.sh FOLDER PACKAGE         unpacks below FOLDER, prints the path of the source tree
#   tests/downstream/fetch.sh FOLDER PACKAGE sid     the same of another suite, below FOLDER/sid
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

# One line for each suite and component of this distribution: others seldom have sources. Another suite is asked for where
# the main one of this machine comes from: its updates lie elsewhere, or nowhere.
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
      [ -z "$suite" ] || [ "$release" = "$main" ] || continue
      echo "deb-src$(signed_by "$entry") $site ${suite:-$release} $component"
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

mkdir -p "$folder/$package"
cd "$folder/$package"
# The newest, or, where a mirror does not carry that one's files, the next.
# shellcheck disable=SC2086
versions=$(apt-cache $private showsrc --only-source "$package" 2>/dev/null | sed -n 's/^Version: //p' | sort -ruV)
[ -n "$versions" ] || die "this distribution has no source package $package: check the name"
for version in $versions; do
  # shellcheck disable=SC2086
  apt-get -q $private source --only-source "$package=$version" >"$folder/apt/log" 2>&1 && break
done
for tree in */; do
  [ -d "$tree/debian" ] && echo "$folder/$package/${tree%/}" >"$folder/$package.path"
done
[ -f "$folder/$package.path" ] || die "$package: no source tree was unpacked: see $folder/apt/log"
cat "$folder/$package.path"
