#!/bin/sh
# SPDX-License-Identifier: MIT
# A library's inline functions that have become part of a test; a test that failed, and said so in words alone, or by a
# child of its own.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

mkdir -p project/src project/tests project/include
cp "$here"/programs/layers.c "$here"/programs/layers.h project/src/
cp "$here"/programs/layers_test.c project/tests/
cp "$here"/programs/cut_short_test.c project/tests/
cp "$here"/programs/cut_short_test.c project/src/pushing.c
cp "$here"/programs/bereft_test.c project/tests/
cp "$here"/programs/bereft_test.c project/src/doing.c

# gives NAME STATUS TEXT ARGUMENT...: exploring ./program ends with that status, and says that.
gives() {
  gives_name=$1 gives_status=$2 gives_text=$3
  shift 3
  status=0
  timeout 300 nomem explore --jobs 2 -- ./program "$@" >found 2>&1 || status=$?
  if [ "$status" = "$gives_status" ] && grep -qE -e "$gives_text" found && ! grep -q backend_preload found; then
    pass "$gives_name"
  else
    echo "(status $status, wanted $gives_status and: $gives_text)" >>found
    fail "$gives_name" found
  fi
}

# build OPTION...: both files in one program.
build() { "$cc" -std=gnu11 -g "$@" -Iproject/src project/src/layers.c project/tests/layers_test.c -o program; }

line=$(grep -n '/\* unchecked \*/' "$here/programs/layers.h" | cut -d: -f1)
for level in -O0 -O2; do
  build $level
  gives "the test does not look at what a layer returns ($level)" 0 '^not counted: crash in .* the test passed on NULL'
  build $level -DLAYER
  gives "the layer does not ($level)" 1 "^  not checked: layers_sync_and_listen .*layers\.h:$line\)"
  build $level -DLAYER -DMENDED
  gives "the layer does ($level)" 0 ' 0 findings'
done

# link LIBRARY TEST OPTION...: a file that is both, as the library and as its test.
link() {
  library=$1 test=$2
  shift 2
  "$cc" -std=gnu11 -g -O0 "$@" -DLIBRARY -c "project/src/$library.c" -o "$library.o"
  "$cc" -std=gnu11 -g -O0 "$@" "project/tests/$test.c" "$library.o" -o program
}

# A sanitizer that looks for leaks; and all later calls fail, those of the test as well.
push() { link pushing cut_short_test "$@"; }
push -fsanitize=address
gives 'what a test lost that failed' 0 ' 0 findings'
gives 'what the library lost' 1 '^sanitizer in library_make' library
push -DDOES_WITHOUT -DMENDED
gives 'a test that has no memory for what it says' 0 ' 0 findings' library
push -fsanitize=address -DMENDED
gives 'what the library did not lose' 0 ' 0 findings' library

# The test's allocator serves the library, which also has memory of its own.
cp "$here"/programs/brings_test.c project/tests/
cp "$here"/programs/brings_test.c project/src/opening.c
for way in -DPLANTED -DMENDED -DIGNORES; do
  link opening brings_test $way
  case $way in
    -DIGNORES) gives 'the test ignores what was told, below its own allocator' 0 '^not counted: crash in library_count .*went on after library_make_pages had returned -1' ;;
    -DPLANTED) gives "what the test's allocator does not give" 1 '^  not checked: library_open' ;;
    *) gives "what the test's allocator does not give is looked at" 0 'exercised 2 of 3 sites' ;;
  esac
done

# A child of the test's dies of its own assertion, and the test waits for it.
for way in -DASSERTS -DHANGS; do
  link doing bereft_test $way
  case $way in
    -DASSERTS) gives 'a child of the test says so' 0 ' 0 findings' ;;
    *) gives 'the library hangs in that child' 1 '^hang in library_do' ;;
  esac
done

# What a framework's library uses is its own, wherever that lies but near the tests, unless these use it, too.
# framework FOLDER OPTION...: with the helper in that folder, as ./test_copy.
framework() {
  framework_folder=$1
  shift
  framework_source=$here/programs/framework_helper.c
  rm -rf installed elsewhere near
  mkdir -p installed "$framework_folder" near/tests/a near/src
  cp "$framework_source" near/tests/test_copy.c
  cp "$framework_source" near/src/library.c
  "$cc" -shared -fPIC -DHELPER -o "$framework_folder/libhelper.so" "$framework_source"
  "$cc" -shared -fPIC -DFRAMEWORK -o installed/libmunit.so "$framework_source" -L"$framework_folder" -lhelper
  "$cc" -g -O0 "$@" -DLIBRARY -c -o library.o near/src/library.c
  "$cc" -g -O0 "$@" -o near/tests/a/test_copy near/tests/test_copy.c library.o -Linstalled -L"$framework_folder" \
    -lmunit -lhelper -Wl,--disable-new-dtags,-rpath,"$PWD/installed:$PWD/$framework_folder" -Wl,-rpath-link,"$PWD/$framework_folder"
}
# explores_framework NAME STATUS PATTERN
explores_framework() {
  nomem explore --jobs 2 -- near/tests/a/test_copy >found 2>&1 && framework_status=0 || framework_status=$?
  if [ "$framework_status" = "$2" ] && grep -Eq -e "$3" found; then pass "$1"; else fail "$1" found; fi
}
for folder in installed elsewhere; do
  framework $folder -DMENDED
  explores_framework "a framework's helper, $folder" 0 '; 0 findings'
  framework $folder
  explores_framework "and a bug of the library's, $folder" 1 '^crash in library_copy .*'
  framework $folder -DMENDED -DCALLS
  explores_framework "a helper that the test calls, too, $folder" 1 '^crash in helper_name '
done
framework near/src -DMENDED
explores_framework "a library near the test is the project's" 1 '^crash in helper_name '
finish
