#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make install` leaves can be used as the documents say: each example compiles with the line in its own head, the
# headers by every language that they are for, pkg-config, CMake and Meson find the libraries, the command works where
# it lies now, what documents name is there; and `make uninstall` leaves nothing of it.
#
#   tests/install/run.sh BUILD
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
cc=${CC:-gcc} cxx=${CXX:-g++}
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. "$root/tests/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
seen=$work/seen
export NOMEM_STORE='' NO_COLOR=1 LC_ALL=C
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX LIBDIR LD_LIBRARY_PATH CPATH LIBRARY_PATH

# check NAME COMMAND...: it must end with status 0. tests/run.sh bounds the whole.
check() {
  name=$1
  shift
  if "$@" >"$seen" 2>&1 </dev/null; then pass "$name"; else
    echo "(exit status $?)" >>"$seen"
    fail "$name" "$seen"
  fi
}

# same NAME FILE FILE
same() {
  if diff "$2" "$3" >"$seen" 2>&1; then pass "$1"; else fail "$1" "$seen"; fi
}

install_by() { timeout 600 make -C "$root" BUILD="${build#"$root"/}" "$@"; }

# As a user installs, and as a package is made.
here=$work/here
package=$work/package
multiarch=/usr/lib/x86_64-linux-gnu
check 'installed' install_by install PREFIX="$here"
[ "$failed" = 0 ] || { finish; exit 1; }
check 'installed for a package' install_by install DESTDIR="$package" PREFIX=/usr LIBDIR=$multiarch
check 'below a folder with a blank in its name' env DESTDIR="$work/a blank" "$root/tools/install.sh" install "$build"
check 'and there it is' test -x "$work/a blank/usr/local/bin/nomem"

# What a compiler and the run-time linker must know of a folder that is not theirs.
export CPATH="$here/include" LIBRARY_PATH="$here/lib" LD_LIBRARY_PATH="$here/lib" PATH="$here/bin:$PATH"

# Examples: the line in the head, in a folder with nothing else in it.
for path in "$here"/share/doc/nomem/examples/*.c; do
  example=${path##*/}
  line=$(sed -n "s/^.*\(cc $example .*\)\$/\1/p" "$path" | sed 's/ \*\/$//' | head -n 1)
  mkdir -p "$work/examples/${example%.c}"
  cp "$path" "$work/examples/${example%.c}"
  if [ -z "$line" ]; then
    echo 'no line in its head says how it is compiled' >"$seen"
    fail "$example compiles as it says" "$seen"
    continue
  fi
  check "$example compiles as it says: $line" sh -c "cd '$work/examples/${example%.c}' && $line -o example"
  check "$example works" "$work/examples/${example%.c}/example"
done

# Headers: each alone, by each language, without a warning; what they declare has C's names in C++, too.
warnings='-Wall -Wextra -pedantic -Werror -Wshadow -Wstrict-prototypes -Wundef'
for header in nomem mempool uv_alloc; do
  for weak in '' '#define NOMEM_WEAK'; do
    printf '%s\n#include <nomem/%s.h>\n' "$weak" $header >"$work/$header.c"
    for language in c99 c11; do
      # shellcheck disable=SC2086 # a list
      $cc -std=$language $warnings -fsyntax-only "$work/$header.c" || echo "$header.h, $language, '$weak'"
    done
    # shellcheck disable=SC2086
    $cxx -x c++ -std=c++11 ${warnings%-Wshadow*} -fsyntax-only "$work/$header.c" || echo "$header.h, c++11, '$weak'"
  done
done >"$work/headers" 2>&1
if [ ! -s "$work/headers" ]; then pass 'headers: C99, C11, C++11'; else fail 'headers: C99, C11, C++11' "$work/headers"; fi

cat >"$work/all.cc" <<'END'
#include <nomem/mempool.h>
#include <nomem/nomem.h>
#include <nomem/uv_alloc.h>

int main() {
  nomem_counters counters;
  if (nomem_install(uv_replace_allocator) != 0 || nomem_begin("nth=2", nullptr) != 0) return 1;
  void *first = uv__malloc(1), *second = uv__malloc(1);
  nomem_end(&counters);
  uv__free(first);
  mempool_free(mempool_malloc(1));
  return first != nullptr && second == nullptr && counters.faults == 1 && mempool_destroy() == 0 ? 0 : 2;
}
END
for kind in shared static; do
  libraries='-lnomem -lmempool -luvalloc'
  [ $kind = shared ] || libraries='-l:libnomem.a -l:libmempool.a -luvalloc'
  # shellcheck disable=SC2016,SC2086
  check "all three from C++, $kind" sh -c '
    out=$1 source=$2 && shift 2
    "$@" -o "$out" && "$out"' sh "$work/all" "$work/all.cc" \
    "$cxx" -std=c++11 -Wall -Wextra -pedantic -Werror "$work/all.cc" $libraries
done

# Symbols: what the header declares, with a version, and nothing else.
# exported LIBRARY HEADER VERSION
exported() {
  nm -D --defined-only "$here/lib/$1.so.0" | awk '$2 ~ /^[TVWBDR]$/ { print $3 }' | sort >"$work/exported"
  sed -n -e '/^static /d' -e '/^extern /d' -e '/^typedef /d' \
    -e 's/^[A-Za-z].*[ *]\('"$2"'_[a-z_]*\)(.*/\1@@'"$3"'/p' "$here/include/nomem/$2.h" | sort -u >"$work/declared"
  same "$1.so.0 exports what $2.h declares" "$work/declared" "$work/exported"
  objdump -p "$here/lib/$1.so.0" >"$seen"
  if grep -q "SONAME *$1\.so\.0$" "$seen"; then pass "$1.so.0 has that name"; else fail "$1.so.0 has that name" "$seen"; fi
}
exported libnomem nomem NOMEM_0.1
cp "$work/declared" "$work/functions"
exported libmempool mempool MEMPOOL_0.1

# Build systems.
names=$here/share/doc/nomem/examples/check_names.c
if command -v pkg-config >/dev/null 2>&1; then
  export PKG_CONFIG_PATH="$here/lib/pkgconfig"
  # shellcheck disable=SC2016 # expanded by the inner shell
  for static in '' --static; do
    check "pkg-config $static" env -u CPATH -u LIBRARY_PATH sh -c '
      "$1" "$2" -o "$3" $(pkg-config $4 --cflags --libs nomem nomem-mempool nomem-uvalloc) && "$3"' \
      sh "$cc" "$names" "$work/names" "$static"
  done
  version=$("$here/bin/nomem" --version)
  check 'its version' test "nomem $(pkg-config --modversion nomem)" = "$version"
  check 'files that it names are there' ls "$(pkg-config --variable=command nomem)" \
    "$(pkg-config --variable=preload nomem)" "$(pkg-config --variable=link_object nomem)"
else
  skip 'pkg-config' 'pkg-config is not installed'
fi
# Found in the package, whose libraries lie deeper, and which is not where it was made to be.
if command -v cmake >/dev/null 2>&1 && command -v ctest >/dev/null 2>&1; then
  # shellcheck disable=SC2016 # expanded by the inner shell
  check 'CMake' env -u CPATH -u LIBRARY_PATH -u LD_LIBRARY_PATH sh -c '
    cmake -S "$1" -B "$2" -DCMAKE_PREFIX_PATH="$3" && cmake --build "$2" && ctest --test-dir "$2" --output-on-failure &&
    [ "$(ctest --test-dir "$2" -N | sed -n "s/^Total Tests: //p")" = 2 ]' \
    sh "$here/share/doc/nomem/examples/cmake" "$work/cmake" "$package/usr"
else
  skip 'CMake' 'cmake is not installed'
fi
if command -v meson >/dev/null 2>&1 && command -v ninja >/dev/null 2>&1; then
  cp -a "$here/share/doc/nomem/examples" "$work/with-meson"
  check 'Meson: set up' meson setup "$work/meson" "$work/with-meson/meson"
  check 'Meson: tested' meson test -C "$work/meson"
else
  skip 'Meson' 'meson or ninja is not installed'
fi

# The command, from where it lies, with what belongs to it.
mkdir "$work/run"
cd "$work/run" || exit 1
cp "$build/victims/crash_write" .
nomem explore --no-store -- ./crash_write >"$work/found" 2>&1
status=$?
"$build/nomem" explore --no-store -- ./crash_write >"$work/expected" 2>&1
sed -i -E 's/, [0-9.]+ m?s a run$//; s/ \([0-9.]+ m?s\)$//' "$work/found" "$work/expected"
if [ $status = 1 ] && diff "$work/expected" "$work/found" >"$seen"; then pass 'the command works where it is installed'; else
  cat "$work/found" >>"$seen"
  fail 'the command works where it is installed' "$seen"
fi
cat >own.c <<'END'
#include <stdlib.h>
int main(void) { free(malloc(1)); return 0; }
END
if "$cc" -static -o own own.c "$here/lib/nomem-link.o" -Wl,-z,muldefs >"$seen" 2>&1; then
  check 'nomem-link.o' nomem run --fail nth=1 -- ./own
else
  fail 'nomem-link.o' "$seen"
fi
cat >paused.c <<'END'
#include <stdlib.h>
#define NOMEM_WEAK
#include <nomem/nomem.h>
int main(void) {
  if (nomem_pause) nomem_pause();
  void *spared = malloc(1);
  if (nomem_pause) nomem_resume();
  void *failed = malloc(1);
  return nomem_pause == NULL ? 5 : spared == NULL ? 6 : failed == NULL ? 7 : 8;
}
END
"$cc" -O0 -fno-builtin -o paused paused.c
nomem run --fail nth=1 -- ./paused >"$seen" 2>&1
status=$?
./paused
alone=$?
if [ $status = 7 ] && [ $alone = 5 ]; then pass 'a program that links nothing pauses faults'; else
  echo "(exit status $status, alone $alone)" >>"$seen"
  fail 'a program that links nothing pauses faults' "$seen"
fi
# Known faults of the C library, which only its file of suppressions takes out.
if getconf GNU_LIBC_VERSION | grep -q ' 2\.36$'; then
  printf '#include <pwd.h>\nint main(void) { return getpwuid(0) == 0; }\n' >look_up.c
  "$cc" -g -o look_up look_up.c
  nomem explore --no-store -- ./look_up >"$seen" 2>&1
  if grep -q 'suppressed by default.supp' "$seen"; then pass 'its suppressions'; else fail 'its suppressions' "$seen"; fi
else
  skip 'its suppressions' 'this is no glibc 2.36'
fi

# Documents: links and paths that they name. Those of the sources are said to be there.
# missing FOLDER: what its documents name and that is not below it, a line each.
missing() {
  (
    cd "$1" || exit
    for document in *.md docs/*.md; do
      grep -oE '\]\([^)#:]+' "$document" | sed 's/^](//' | while read -r link; do
        [ -e "$(dirname "$document")/$link" ] || echo "$document: no such file: $link"
      done
    done
    grep -rhoE '(^|[^a-z_/])(docs|examples)/[a-z_./-]*[a-z]\b' ./*.md docs "$here/include" "$here/share/man" |
      sed -e 's/^[^de]*//' -e '/^docs\/src\//d' | sort -u |
      while read -r path; do [ -e "$path" ] || echo "no such file: $path"; done
  )
}
missing "$here/share/doc/nomem" | grep -v -e docs/architecture.md -e docs/design.md >"$seen"
if [ -s "$seen" ]; then fail 'documents name what is there' "$seen"; else pass 'documents name what is there'; fi
cp -a "$here/share/doc/nomem" "$work/documents"
rm "$work/documents/docs/plan.md" "$work/documents/examples/check_names.c"
missing "$work/documents" >"$seen"
if grep -q 'README.md: no such file: docs/plan.md' "$seen" && grep -q '^no such file: examples/check_names.c' "$seen"; then
  pass 'what is missing is seen'
else
  fail 'what is missing is seen' "$seen"
fi
# What was filled in when it was installed: no placeholder is left, and paths are those of the folders that were given.
if grep -rIl '@[A-Z_][A-Z_]*@' "$here/share" "$here/lib/pkgconfig" "$here/lib/cmake" >"$seen"; then
  fail 'everything is filled in' "$seen"
else
  pass 'everything is filled in'
fi
if grep -qF 'LD_PRELOAD=/usr/lib/nomem/libnomem\-preload.so' "$package/usr/share/man/man1/nomem.1" &&
  grep -qx "libdir=$multiarch" "$package$multiarch/pkgconfig/nomem.pc" && ! grep -rIlF "$package" "$package" >"$seen"; then
  pass 'DESTDIR is in no file'
else
  fail 'DESTDIR is in no file' "$seen"
fi

# Manual pages: without a mistake, and about what there is.
pages=$here/share/man
# each_page COMMAND...: prints what it says of each page that is no link to another.
each_page() { grep -rLE '^\.so ' "$pages" | sort | while read -r page; do "$@" "$page" 2>&1; done; }
man_warnings() { { MANROFFSEQ='' MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$1" >/dev/null; } 2>&1; }
lint() { mandoc -T lint "$1"; }
printf '.TH BAD 1\n.SH NAME\nbad \\- bad\n.XX\n' >"$work/bad.1"
for checker in man_warnings lint; do
  name="manual pages: $checker"
  if [ $checker = lint ] && ! command -v mandoc >/dev/null 2>&1; then skip "$name" 'mandoc is not installed'
  elif [ $checker = man_warnings ] && ! { man --version && command -v groff; } >/dev/null 2>&1; then
    skip "$name" 'man is not installed'
  elif [ -z "$($checker "$work/bad.1" 2>&1)" ]; then
    skip "$name" 'it has nothing against a page with a mistake'
  else
    each_page $checker >"$seen"
    if [ -s "$seen" ]; then fail "$name" "$seen"; else pass "$name"; fi
  fi
done
# named PAGE: the names on standard input that the page does not have as words, a line each.
named() {
  sed 's/\\f[BRI]//g; s/\\-/-/g' "$pages/$1" >"$work/page"
  while read -r name; do grep -qF -e "$name" "$work/page" || echo "$1: $name is missing"; done
}
{
  nomem --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/nomem \1/p' | named man1/nomem.1
  for command in $(nomem --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    [ "$command" = help ] || nomem help "$command" | sed -n 's/^  .... *\(--[a-z-]*\).*/\1/p' | named man1/nomem.1
  done
  nomem run --fail x=1 -- true 2>&1 | sed 's/.*one of //; s/ (try.*//' | tr ' ' '\n' | grep -v '^$' | sed 's/$/=/' |
    named man5/nomem-plan.5
  printf 'function=\nfile=\nmodule=\nsite=\n' | named man5/nomem-suppressions.5
  sed 's/@.*//' "$work/functions" | named man3/nomem.3
  while read -r function; do [ -e "$pages/man3/${function%%@*}.3" ] || echo "no page ${function%%@*}.3"; done <"$work/functions"
} >"$seen"
if [ -s "$seen" ]; then fail 'manual pages have what there is' "$seen"; else pass 'manual pages have what there is'; fi

# Taken away again: nothing is left but what others put there.
for folder in bin lib/nomem share/doc/nomem include/nomem; do echo 'not ours' >"$here/$folder/foreign"; done
check 'uninstalled' install_by uninstall PREFIX="$here"
check 'the package, too' install_by uninstall DESTDIR="$package" PREFIX=/usr LIBDIR=$multiarch
(cd "$here" && find . ! -type d | sort) >"$work/left"
printf './%s/foreign\n' bin include/nomem lib/nomem share/doc/nomem >"$work/foreign"
same 'what others put there is left, and nothing else' "$work/foreign" "$work/left"
find "$package" ! -type d >"$work/left"
find "$package" -name nomem >>"$work/left"
same 'no file and no folder of its own is left' /dev/null "$work/left"
finish
