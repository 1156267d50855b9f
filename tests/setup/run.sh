#!/bin/sh
# SPDX-License-Identifier: MIT
# make and make install never install a package, they say which are missing; the targets that promise to set themselves
# up do install. Tested with a dpkg-query that does not find some packages, and an apt-get that notes what it is asked
# for.
#
#   tests/setup/run.sh [BUILD]
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. tests/lib/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
unset MAKEFLAGS MFLAGS MAKELEVEL NOMEM_NO_INSTALL || :
mkdir "$work/bin"

cat >"$work/bin/dpkg-query" <<'END'
#!/bin/sh
for name; do
  case $name:$MISSING in -*) ;; "$name:$name") status=1 ;; *) echo "$name install ok installed" ;; esac
done
exit "${status:-0}"
END
cat >"$work/bin/apt-get" <<'END'
#!/bin/sh
echo "apt-get $*" >>"$NOTES"
exit "${APT_STATUS:-0}"
END
cat >"$work/bin/id" <<'END'
#!/bin/sh
echo 0
END
chmod +x "$work/bin"/*
export PATH="$work/bin:$PATH" NOTES="$work/notes" MISSING=libjansson-dev APT_STATUS=0

# expect NAME STATUS WORDS NOTES COMMAND...: its exit status, what it prints contains, and what apt-get was asked for.
expect() {
  name=$1 wanted=$2 words=$3 notes=$4
  shift 4
  : >"$NOTES"
  status=0
  "$@" >"$work/said" 2>&1 || status=$?
  if [ "$status" -eq "$wanted" ] && grep -qF -e "$words" "$work/said" && [ "$(cat "$NOTES")" = "$notes" ]; then
    pass "$name"
  else
    printf '%s\n' "(exit status $status)" "apt-get was asked for: $(cat "$NOTES")" >>"$work/said"
    fail "$name" "$work/said"
  fi
}

line='apt-get install -y --no-install-recommends libjansson-dev'
say="nomem: missing packages: run 'sudo apt-get update && sudo $line'"
expect 'make says what is missing and stops' 2 "$say" '' make BUILD="$work/build"
expect 'make with jobs says so, too' 2 "$say" '' make -j2 BUILD="$work/build"
expect 'make install says what is missing' 2 "$say" '' make install BUILD="$work/build" DESTDIR="$work/root"
expect 'setup.sh is told not to install' 2 "$say" '' env NOMEM_NO_INSTALL=1 tools/setup.sh check
expect 'setup.sh installs' 0 'nomem: installing: libjansson-dev' "$line" tools/setup.sh check
expect 'setup-build installs' 0 'nomem: installing: libjansson-dev' "$line" make setup-build
# Each of these begins with its set-up, and goes no further when that fails.
export APT_STATUS=100
again="$line
apt-get update
$line"
for target in demo check bench lint equivalence check-html downstream fuzz fuzz-plan fuzz-regress mutants oss-fuzz; do
  expect "make $target installs what is missing" 2 'nomem: could not install: libjansson-dev' "$again" \
    make "$target" BUILD="$work/build"
done
expect 'make check is told not to install' 2 "$say" '' make check BUILD="$work/build" NOMEM_NO_INSTALL=1

find "$work/build" "$work/root" -type f >"$work/said" 2>/dev/null || :
if [ -s "$work/said" ]; then
  fail 'nothing is built or installed while a package is missing' "$work/said"
else
  pass 'nothing is built or installed while a package is missing'
fi

export MISSING=none
if tools/setup.sh check >"$work/said" 2>&1 && [ ! -s "$work/said" ]; then
  pass 'nothing is said when nothing is missing'
else
  fail 'nothing is said when nothing is missing' "$work/said"
fi
finish
