#!/bin/sh
# SPDX-License-Identifier: MIT
# A test that is started by a name that is not its file's, through PATH, or by naming it to the dynamic loader, is called
# and explored as the runner has called it.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
# shellcheck source-path=SCRIPTDIR source=lib/whole_suite.sh
. "$here/lib/whole_suite.sh"
needs_ptrace

programs='names clean add'
project bad
project good -DMENDED
found_add='crash in shelf_add (shelf.c:'
for folder in bad good; do
  ln -s names $folder/adder
  ln $folder/names $folder/cleaner
done

links() {
  suite bad 1 -- sh -c './adder; ./cleaner' && says "$found_add" 'shown by: adder' '2 tests explored, 1 finding' && reproduces
}
check 'one program by several names' links
links_mended() {
  suite good 0 -- sh -c './adder; ./cleaner' && says '2 tests explored, 0 findings' && grep -q '"name": "cleaner"' seen.json
}
check 'one program by several names, mended' links_mended

# shellcheck disable=SC2016 # expanded by the runner
by_path='PATH=$PWD:$PATH; adder; cleaner'
path() { suite bad 1 -- sh -c "$by_path" && says "$found_add" '2 tests explored, 1 finding' && reproduces; }
check 'names that PATH leads to' path
path_mended() { suite good 0 -- sh -c "$by_path" && says '2 tests explored, 0 findings'; }
check 'names that PATH leads to, mended' path_mended

# A name that leads to no file cannot be kept, and the report says so.
if command -v bash >/dev/null; then
  lost() {
    suite good 0 -- bash -c '(exec -a nobody ./clean)' && says '1 test explored' \
      "nobody: the runner calls it 'nobody', by which its file is not found: it was explored as 'clean'"
  }
  check 'a name that leads nowhere is told' lost
else
  skip 'a name that leads nowhere is told' 'there is no bash'
fi

loader=$(awk '/\/ld-linux/ { print $6; exit }' /proc/self/maps)
if [ -x "$loader" ]; then
  mkdir -p bad/own good/own
  for folder in bad good; do
    mended=
    [ $folder = bad ] || mended=-DMENDED
    # shellcheck disable=SC2086 # no word, or one
    "$cc" -g -shared -fPIC -Wl,-soname,libshelf.so -o $folder/own/libshelf.so $mended $folder/shelf.c
    "$cc" -g -o $folder/shared $folder/tests/add.c -L$folder/own -lshelf
  done
  loaded() {
    suite bad 1 -- sh -c "$loader ./add; $loader --library-path own ./shared" &&
      says "$found_add" 'shown by: add, shared' '2 tests explored, 1 finding' && reproduces
  }
  check 'tests that the loader is told to run' loaded
  loaded_mended() {
    suite good 0 -- sh -c "$loader ./add; $loader --library-path own ./shared" && says '2 tests explored, 0 findings'
  }
  check 'tests that the loader is told to run, mended' loaded_mended
  # What only lists libraries runs nothing.
  listed() {
    suite good 0 -- sh -c "$loader --list ./clean; $loader --verify ./clean; ldd ./clean; ./add" &&
      says '1 test explored, 0 findings' && grep -q '"complete": true' seen.json && ! grep -q 'clean:' seen
  }
  check 'ldd, and a loader that only lists libraries' listed
else
  for test in 'tests that the loader is told to run' 'those, mended' 'ldd'; do skip "$test" 'the loader is not known'; done
fi
finish
