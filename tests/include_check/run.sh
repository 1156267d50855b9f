#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/include_check.sh sees each kind of include that breaks the order of the folders or the wall, and no other. Each is
# planted in a copy of the sources.
#
#   tests/include_check/run.sh [BUILD]
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. tests/lib/tap.sh
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 130' INT TERM
cp -R lib faults fuzz "$copy"
if tools/include_check.sh "$copy" >"$copy/before"; then pass 'the sources keep to the order'; else
  fail 'the sources keep to the order' "$copy/before"
fi

# judge NAME EXPECTED: compares what the check says of the copy now and did not say before, without the line numbers.
judge() {
  status=0
  tools/include_check.sh "$copy" >"$copy/after" || status=$?
  said=$(diff "$copy/before" "$copy/after" | sed -n 's/^> //p' | sed 's/:[0-9]*:/:/')
  if [ "$said" = "$2" ] && { [ -z "$2" ] || [ "$status" -eq 1 ]; }; then
    pass "$1"
  else
    printf '%s\n' "$said" "(exit status $status)" >"$copy/seen"
    fail "$1" "$copy/seen"
  fi
}

# plant NAME FILE INCLUDED REASON: the check's line when FILE includes INCLUDED; no REASON: it may.
plant() {
  cp "$copy/$2" "$copy/original"
  echo "#include \"$3\"" >>"$copy/$2"
  judge "$1" "${4:+$2: includes $3: $4}"
  cp "$copy/original" "$copy/$2"
}

explore=faults/explore
plant 'a folder above' $explore/process/spawn.c ../judge/finding.h 'judge/ is above process/'
plant 'a folder above the ground' $explore/text/quote.h ../options/options.h 'options/ is above text/'
plant 'a folder beside' $explore/options/options.c ../stack/symbols.h 'options and stack stand side by side'
plant 'a folder below' $explore/judge/finding.c ../stack/symbols.h
plant 'the command includes the injector' $explore/run/worker.c ../../inject/injector.h \
  'faults/explore/ includes nothing of what runs in the program under test'
plant 'the command includes the public interface' $explore/run/worker.c ../../nomem.h \
  'the command shares only channel.h plan.h block_table_format.h program_kinds.h nomem_version.h with the program under test'
plant 'the injector includes the command' faults/inject/injector.c ../explore/text/quote.h \
  'faults/inject/ includes its own files and faults/*.h only'
plant 'what both share includes the injector' faults/plan.h inject/injector.h 'faults/*.[ch] are below all other folders'
plant 'the allocator includes the injector' lib/mempool.c ../faults/nomem.h 'lib/ includes its own files only'
plant 'the fuzz engine includes the injector' fuzz/engine/report.c ../../faults/inject/injector.h
plant 'the fuzz engine includes the allocator' fuzz/engine/report.c ../../lib/mempool.h \
  'fuzz/engine/ includes faults/inject/ and faults/*.h only'
plant 'a fuzz target includes the command' fuzz/plan.c explore/text/quote.h \
  'fuzz targets include nothing of the command'
plant 'a file that is not there' $explore/run/worker.c ../judge/nothing.h 'no such file'

mkdir "$copy/$explore/misc"
echo >"$copy/$explore/misc/misc.c"
judge 'a folder without a place' "$explore/misc/misc.c: lies in a folder that has no place in the order"
finish
