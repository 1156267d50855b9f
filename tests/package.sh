#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the Debian packages of what is committed, has lintian look at them, installs them in a bare Debian, uses them
# there as the documents say, and removes them again.
#
#   tests/package.sh BUILD       the packages are left in BUILD/package; a quarter of an hour
#
# Needs root for the bare system, which is the one that tests/elsewhere.sh uses; without it, that part is skipped.
set -eu
limit_seconds=1800
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib/tap.sh
. "$here/lib/tap.sh"
packages=${1:?usage: tests/package.sh BUILD}/package
mkdir -p "$packages" "$1/elsewhere"
packages=$(cd "$packages" && pwd)
folder=$(cd "$1/elsewhere" && pwd)
root=$folder/package # where make does not look for dependencies of objects
trap 'rm -rf "$packages/source" "$root" "$folder"/*.part' EXIT
trap 'exit 130' INT TERM
# shellcheck source-path=SCRIPTDIR source=lib/bare_debian.sh
. "$here/lib/bare_debian.sh"

rm -rf "$packages/source" "$packages"/*.deb
mkdir -p "$packages/source"
git -C "$here/.." archive HEAD | tar -x -C "$packages/source"
if (cd "$packages/source" && timeout "$limit_seconds" dpkg-buildpackage -us -uc -b -j2) >"$packages/build.log" 2>&1; then
  pass 'dpkg-buildpackage'
else
  tail -n 30 "$packages/build.log" >"$packages/seen"
  fail 'dpkg-buildpackage' "$packages/seen"
  finish
  exit 1
fi
if timeout 600 lintian --allow-root --fail-on error "$packages"/*.changes >"$packages/seen" 2>&1; then pass 'lintian'; else
  fail 'lintian' "$packages/seen"
fi

if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null 2>&1; then
  skip 'used in a bare Debian' 'that needs root and debootstrap'
  finish
  exit
fi
make_bare
rm -rf "$root"
cp -a "$folder/bare" "$root"
mkdir "$root/packages"
cp "$packages"/*.deb "$root/packages/"
rm "$root"/packages/*-dbgsym_*.deb
cat >"$root/packages/use.sh" <<'END'
set -eux
apt-get update -q
apt-get install -q -y --no-install-recommends /packages/*.deb gcc libc6-dev pkg-config libuv1-dev
cd /tmp
nomem --version
# An example by the line in its head, and one by pkg-config.
cp /usr/share/doc/nomem/examples/*.c .
cc check_names.c -lnomem -o check_names
./check_names
cc pool_libuv.c -lmempool -luv -pthread -o pool_libuv
./pool_libuv 65536
cc -static check_names.c $(pkg-config --static --libs --cflags nomem) -o check_static
./check_static
# A bug is found, with its line; mended, it is gone.
cat >store.c <<'C'
#include <stdlib.h>
#include <string.h>
int main(void) {
  char *name = malloc(5);
#ifdef MENDED
  if (name == NULL) return 1;
#endif
  strcpy(name, "name");
  free(name);
  return 0;
}
C
cc -g -fno-builtin store.c -o store
status=0
nomem explore --no-store -- ./store >found || status=$?
cat found
[ $status = 1 ]
grep -q '^crash in main (store.c:8)' found
cc -g -fno-builtin -DMENDED store.c -o store
nomem explore --no-store -- ./store
# Names that cannot be preloaded into: what is linked instead.
cc -static -fno-builtin store.c /usr/lib/x86_64-linux-gnu/nomem-link.o -Wl,-z,muldefs -o linked
status=0
nomem run --fail nth=1 -- ./linked || status=$?
[ $status = 139 ] # of SIGSEGV, as a shell has it
for page in man1/nomem.1 man1/nomem-suite.1 man3/nomem.3 man3/nomem_begin.3 man5/nomem-plan.5 man5/nomem-suppressions.5; do
  zcat "/usr/share/man/$page.gz" >/dev/null
done
apt-get purge -q -y nomem libnomem-dev libnomem0 libmempool0
[ -z "$(find / -xdev \( -path /proc -o -path /tmp -o -path /packages -o -path /var \) -prune -o -name '*nomem*' -print)" ]
END
# shellcheck disable=SC2046 # words
if enter "$root" chroot $(as_is /root) sh /packages/use.sh >"$packages/use.log" 2>&1; then
  pass 'installed, used and removed in a bare Debian'
else
  tail -n 40 "$packages/use.log" >"$packages/seen"
  fail 'installed, used and removed in a bare Debian' "$packages/seen"
fi
finish
