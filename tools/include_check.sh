#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks which folder includes which: the order of the folders of faults/explore/ and the wall between what runs inside
# the program under test (faults/inject/) and the command (faults/explore/). docs/architecture.md explains both.
#
#   tools/include_check.sh [FOLDER]     a copy of the sources (default: the project's own)
#
# Prints each include that breaks a rule as FILE:LINE: what and why. Exit status: 0 none, 1 some, 2 no sources there.
set -eu
cd "${1:-$(dirname "$0")/..}"

# From the ground up. A folder includes its own files and those of the folders before it; those joined by a comma do not
# include one another.
order='text code stack,target,options,isolation process residue run judge profile store campaign report suite command'
# What the command shares with the program under test.
shared='channel.h plan.h block_table_format.h program_kinds.h nomem_version.h'

if ! [ -d lib ] || ! [ -d faults/explore ] || ! [ -d fuzz ]; then
  echo "nomem: include check: no lib, faults/explore and fuzz in '$PWD'" >&2
  exit 2
fi
files=$(find lib faults fuzz -name '*.[ch]' -o -name '*.cc' | sort)

# No name in the project has a blank in it.
# shellcheck disable=SC2086
awk -v order="$order" -v shared="$shared" -v files="$files" '
  BEGIN {
    levels = split(order, level, " ")
    for (i = 1; i <= levels; i++) { n = split(level[i], names, ","); for (j = 1; j <= n; j++) rank[names[j]] = i }
    n = split(shared, names, " ")
    for (i = 1; i <= n; i++) is_shared["faults/" names[i]] = 1
    n = split(files, names, "\n")
    for (i = 1; i <= n; i++) exists[names[i]] = 1
  }

  # The part of the project that a file belongs to: lib, faults, inject, explore/FOLDER, engine or fuzz.
  function part(path) {
    if (path ~ /^lib\//) return "lib"
    if (path ~ /^faults\/inject\//) return "inject"
    if (path ~ /^faults\/explore\//) { sub(/^faults\//, "", path); sub(/\/[^\/]*$/, "", path); return path }
    if (path ~ /^faults\//) return "faults"
    return path ~ /^fuzz\/engine\// ? "engine" : "fuzz"
  }

  # The file that an include names: beside the one that includes it, or below a folder that fuzz/ is compiled with.
  function target(from, name,   path) {
    path = from
    sub(/[^\/]*$/, name, path)
    while (sub(/[^\/]+\/\.\.\//, "", path)) {}
    if (path in exists) return path
    if (from ~ /^fuzz\//) {
      if ("lib/" name in exists) return "lib/" name
      if ("faults/" name in exists) return "faults/" name
      if ("fuzz/" name in exists) return "fuzz/" name
    }
    return ""
  }

  # Why a file of one part may not include a file of another, or nothing.
  function reason(from, to, path,   a, b) {
    if (from == to) return ""
    if (from == "lib") return "lib/ includes its own files only"
    if (from == "faults") return "faults/*.[ch] are below all other folders"
    if (from == "inject") return to == "faults" ? "" : "faults/inject/ includes its own files and faults/*.h only"
    if (from == "engine") return to == "faults" || to == "inject" ? "" : "fuzz/engine/ includes faults/inject/ and faults/*.h only"
    if (from == "fuzz") return to ~ /^explore/ ? "fuzz targets include nothing of the command" : ""
    if (to == "faults") return path in is_shared ? "" : "the command shares only " shared " with the program under test"
    if (to !~ /^explore\//) return "faults/explore/ includes nothing of what runs in the program under test"
    a = substr(from, 9)
    b = substr(to, 9)
    if (!(b in rank)) return "folder " to " has no place in the order"
    if (rank[b] == rank[a]) return a " and " b " stand side by side"
    return rank[b] > rank[a] ? b "/ is above " a "/" : ""
  }

  FNR == 1 && part(FILENAME) ~ /^explore/ && !(substr(part(FILENAME), 9) in rank) {
    printf "%s:1: lies in a folder that has no place in the order\n", FILENAME
    bad = 1
  }

  /^[ \t]*#[ \t]*include[ \t]*"/ {
    name = $0
    sub(/^[^"]*"/, "", name)
    sub(/".*/, "", name)
    path = target(FILENAME, name)
    why = path == "" ? "no such file" : reason(part(FILENAME), part(path), path)
    if (why == "") next
    printf "%s:%d: includes %s: %s\n", FILENAME, FNR, name, why
    bad = 1
  }
  END { exit bad }' $files
