#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what was built, or takes it away again: one list for both, so that neither forgets what the other knows.
#
#   tools/install.sh install|uninstall BUILD        run by make, which sets the variables
#
#   PREFIX     where everything will lie: bin, include, lib, share (default: /usr/local)
#   LIBDIR     where the libraries will lie (default: PREFIX/lib). What only the command needs stays in PREFIX/lib/nomem,
#              where it looks for it, from its own folder.
#   DESTDIR    stands before each of these while files are copied: packages are made that way
#
# Removes no folder that others share, and no file that it has not installed.
set -eu
action=$1
build=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."
prefix=$(realpath -ms "${PREFIX:-/usr/local}")
libdir=$(realpath -ms "${LIBDIR:-$prefix/lib}")
destdir=${DESTDIR:-}
version=$(sed -n 's/^.define NOMEM_VERSION_[A-Z]* \([0-9]*\)$/\1/p' faults/nomem_version.h | paste -sd.)
documents=$prefix/share/doc/nomem
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# put MODE FILE FOLDER [NAME]
put() {
  target=$destdir$3/${4:-${2##*/}}
  case $action in
    install) install -D -m "$1" "$2" "$target" ;;
    uninstall) rm -f "$target" ;;
  esac
}

# put_link TARGET FOLDER NAME
put_link() {
  case $action in
    install) ln -sf "$1" "$destdir$2/$3" ;;
    uninstall) rm -f "$destdir$2/$3" ;;
  esac
}

# put_filled FILE FOLDER NAME: with the places in it that only this script knows.
put_filled() {
  [ "$action" = uninstall ] || sed "$places" "$1" >"$work/filled"
  put 644 "$work/filled" "$2" "$3"
}

# put_document FILE: links to what is not installed become text that says where it is.
put_document() {
  [ "$action" = uninstall ] || sed -E "$links" "$1" >"$work/document"
  put 644 "$work/document" "$(dirname "$documents/$1")" "${1##*/}"
}

quoted() { printf '%s' "$1" | sed 's/[&|\]/\\&/g'; }

from_cmake=$(realpath -ms --relative-to="$libdir/cmake/nomem" "$prefix")
places="s|@PREFIX@|$(quoted "$prefix")|g; s|@LIBDIR@|$(quoted "$libdir")|g; s|@VERSION@|$version|g
s|@PREFIX_FROM_CMAKE@|$(quoted "$from_cmake")|g"
sources='architecture\.md|design\.md|CONTRIBUTING\.md|STYLE\.md|(faults|lib|fuzz|tests|tools|bench)/'
links="s#\[([^]]*)\]\((\.\./)*(docs/)?($sources)[^)]*\)#\1 (in the sources)#g
s|/usr/local/lib/nomem-link\.o|$(quoted "$libdir")/nomem-link.o|g"

# What only the command needs, and the command.
put 755 "$build/nomem" "$prefix/bin"
put 755 "$build/libnomem-preload.so" "$prefix/lib/nomem"
put 644 share/nomem/default.supp "$prefix/share/nomem"

# What is linked.
for library in libnomem libmempool; do
  put 755 "$build/$library.so.0" "$libdir"
  put_link "$library.so.0" "$libdir" "$library.so"
done
for file in libnomem.a libmempool.a libuvalloc.a libnomem-fuzz.a nomem-link.o; do put 644 "$build/$file" "$libdir"; done
for file in include/nomem/*.h; do put 644 "$file" "$prefix/include/nomem"; done
for file in share/pkgconfig/*.in; do
  name=${file##*/}
  put_filled "$file" "$libdir/pkgconfig" "${name%.in}"
done
for file in share/cmake/*.in; do
  name=${file##*/}
  put_filled "$file" "$libdir/cmake/nomem" "${name%.in}"
done

# What is read.
for page in nomem.1 nomem-suite.1 nomem.3 nomem-plan.5 nomem-suppressions.5; do
  put_filled "$build/man/$page" "$prefix/share/man/man${page##*.}" "$page"
done
echo .so man3/nomem.3 >"$work/function"
sed -n 's/^\(NOMEM_API\|static inline\) .*[ *]\(nomem_[a-z_]*\)(.*/\2.3/p' faults/nomem.h >"$work/functions"
while read -r page; do put 644 "$work/function" "$prefix/share/man/man3" "$page"; done <"$work/functions"
put 644 "$build/completion/nomem.bash" "$prefix/share/bash-completion/completions" nomem
put 644 "$build/completion/nomem.zsh" "$prefix/share/zsh/site-functions" _nomem
put 644 "$build/completion/nomem.fish" "$prefix/share/fish/vendor_completions.d"
for file in README.md CHANGELOG.md SECURITY.md LICENSE docs/*.md; do
  case $file in docs/architecture.md | docs/design.md) continue ;; esac # of the sources
  put_document "$file"
done
put 644 docs/report.schema.json "$documents/docs"
put 644 docs/page.png "$documents/docs"
find examples -type f >"$work/examples"
while read -r file; do put 644 "$file" "$documents/${file%/*}"; done <"$work/examples"

case $action in
  uninstall)
    for folder in "$prefix/lib/nomem" "$prefix/share/nomem" "$libdir/cmake/nomem" "$prefix/include/nomem" "$documents"; do
      [ ! -d "$destdir$folder" ] || find "$destdir$folder" -depth -type d -empty -delete
    done ;;
  # The run-time linker knows what is in its own folders from a table only.
  install)
    if [ -z "$destdir" ] && [ "$(id -u)" = 0 ] && ldconfig -vNX 2>/dev/null | grep -qF "$libdir:"; then
      ldconfig || :
    fi ;;
esac
