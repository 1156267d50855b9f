#!/bin/sh
# SPDX-License-Identifier: MIT
# Plants every one-line bug that tools/mutate.awk can make of the sources, one at a time, and runs the fuzz targets whose
# code it is in: the committed seeds first, then SECONDS from them, shared among the targets.
#
#   tools/mutants-all.sh OUT "COMPILER FLAGS"      OUT: where the fuzz targets were built; results go beside it
#   FILES="lib/uv_alloc.c faults/plan.c:45"        these only, or one line of them (default: lib/, faults/plan*.c,
#                                                  faults/inject/)
#   SAMPLE=20 SEED=1                               so many of each file, chosen by that number; 0: all
#   SECONDS_EACH=15 JOBS=2 LIST=yes                LIST: only print the bugs
#   EQUIVALENT=FILE                                instead of tests/mutants/equivalent
#   TESTS="test_hostile e2e_engines"               runs these suites of tests/run.sh instead of fuzz targets, in a copy
#                                                  of the project: for files that no target has; takes minutes for each
#
# Prints for each file how many bugs there are; do not compile; compile to the code that the original has, or are shown
# to be equivalent (tests/mutants/equivalent); are killed by the seeds (or the tests) and by fuzzing; survive, each of
# which is listed.
# It goes on where it was ended: a bug that was killed stays so, and one that survived is tried again when its targets or
# their seeds have changed. Remove build/mutants-all to begin anew.
#
# Exit status: 0 none survived; 1 some did; 2 could not run.
set -u
out=$1
compile=$2
work=$(dirname "$out")/mutants-all
tree=$work/tests
seconds=${SECONDS_EACH:-15}
seeds_seconds=240 # no target needs a tenth of it for its seeds
tab=$(printf '\t')
strict='-Werror=int-conversion -Werror=return-type -Werror=incompatible-pointer-types'

# That a bug was found is enough: to name the functions on the stacks would take longer than all the rest.
export ASAN_OPTIONS=symbolize=0 UBSAN_OPTIONS=symbolize=0 TSAN_OPTIONS=symbolize=0

# What a bug must not get hold of: the processes outside. Not everywhere may one be shut in.
shut_in='unshare --pid --fork --kill-child --mount-proc'
$shut_in true 2>/dev/null || shut_in=

# object SOURCE TO: the code as it is shipped, of every build that there is of it.
object() {
  where="-iquote $(dirname "$3") -Ilib -Ifaults"
  # shellcheck disable=SC2086 # words, and no path here has a blank
  ${compile%% *} -std=gnu11 -O2 -fPIC -w $strict $where -c "$1" -o "$2" || return 1
  [ "$3" = lib/uv_alloc.c ] || return 0
  # shellcheck disable=SC2086
  ${compile%% *} -std=gnu11 -O2 -fPIC -w $strict $where -DUV_ALLOC_ZERO_SIZE_IS_NULL -c "$1" -o "$2.zero" &&
    cat "$2.zero" >>"$2"
}

variant_of() { case $1 in *threads) echo tsan ;; *) echo asan ;; esac; }
sanitizers() { if [ "$1" = tsan ]; then echo thread; else echo address,undefined; fi; }

# The objects that a target takes from the archive of all parts.
list_parts() {
  variant=$(variant_of "$1")
  ${compile%% *} -fsanitize=fuzzer,"$(sanitizers "$variant")" -Wl,-Map="$work/map" -o "$work/trace" \
    "$out/obj-$variant/target/$1.o" "$out/obj-$variant/parts.a" -pthread
  sed -n 's|^[^ ]*parts\.a(\([a-z_]*\)\.o)$|\1|p' "$work/map"
  rm -f "$work/trace" "$work/map"
}

# The targets that have the file's code: those that have little else come first. The target of libuv is for libuv, and
# none for this.
targets_of() {
  (cd "$work/parts" && grep -lx "$(basename "$1" .c)" -- * | xargs -r wc -l | sort -n | sed 's/.* //' |
    grep -vx total)
}

# build TARGET: links the bug in the current folder into the target.
build() {
  variant=$(variant_of "$1")
  sanitize=$(sanitizers "$variant")
  if [ ! -f "$folder/$variant.o" ]; then
    flags=-fsanitize=$sanitize
    [ "$variant" = tsan ] || flags=-fsanitize=fuzzer-no-link,$sanitize
    where="-iquote $folder/lib -iquote $(dirname "$file")"
    # shellcheck disable=SC2086
    $compile -g0 $flags $where -c "$folder/$file" -o "$folder/$variant.o" || return 1
    # shellcheck disable=SC2086
    [ "$file" != lib/uv_alloc.c ] || $compile -g0 $flags $where -c fuzz/common/subject_zero.c -o "$folder/$variant-zero.o"
  fi
  ${compile%% *} -fsanitize=fuzzer,"$sanitize" -o "$folder/$1" "$out/obj-$variant/target/$1.o" "$folder/$variant"*.o \
    "$out/obj-$variant/parts.a" -pthread
}

# run TARGET FLAG LIMIT: 0 when the target failed, which means that it found the bug. That it was slow means nothing: an
# input that hangs is found by the target itself.
run() {
  mkdir -p "$folder/new-$1"
  max_len=$(sed -n 's/^max_len *= */-max_len=/p' "fuzz/$1.options")
  # shellcheck disable=SC2086
  timeout -k 2 "$3" $shut_in "$folder/$1" "$2" -timeout=20 $max_len -artifact_prefix="$folder/" "$folder/new-$1" \
    "corpus/$1" >"$folder/log" 2>&1
  case $? in 0 | 124 | 137) return 1 ;; esac
}

# The target that killed another bug of the file comes first.
targets_in_turn() {
  first=$(cat "$work/killers/$name" 2>/dev/null)
  targets_of "$file" | grep -x -e "${first:-none}"
  targets_of "$file" | grep -vx -e "${first:-none}"
}

# Prints the verdict on the bug in the current folder.
judge() {
  targets=$(targets_in_turn)
  share=$(((seconds + $(echo "$targets" | wc -w) - 1) / $(echo "$targets" | wc -w)))
  for target in $targets; do
    build "$target" 2>"$folder/log" || { echo "broken $target"; return; }
    run "$target" -runs=0 "$seeds_seconds" && { echo "$target" >"$work/killers/$name"; echo "seeds $target"; return; }
  done
  for target in $targets; do
    run "$target" "-max_total_time=$share" $((share * 2 + 30)) && { echo "fuzzing $target"; return; }
  done
  echo "survived $(cat "$work/sums/$(echo "$file" | tr / -)")"
}

# The copy in which tests are run: what is built there is as it is here, but for the bug.
prepare_tests() {
  rm -rf "$tree"
  mkdir -p "$tree/build"
  git ls-files -z | xargs -0 cp -pP --parents -t "$tree" || return 1
  for part in "$(dirname "$out")"/*; do
    case $part in */fuzz | */asan | */mutants* | */coverage | */downstream) ;; *) cp -a "$part" "$tree/build/" ;; esac
  done
  run_tests >"$work/tests.log" 2>&1 && return 0
  cat "$work/tests.log"
  echo "mutants: a suite fails without a bug: $TESTS" >&2
  return 1
}

# Builds what the suites run and runs them: their status. A bug that hangs is found, too.
run_tests() {
  programs=$(for suite in $TESTS; do case $suite in test_*) echo "build/tests/$suite" ;; esac; done)
  # shellcheck disable=SC2086
  (cd "$tree" && MAKEFLAGS='' make -s BUILD=build WARN=-w build/nomem build/nomem-link.o build/libnomem.a build/libmempool.a build/libuvalloc.a \
    build/libnomem-preload.so $programs) || return 3
  # shellcheck disable=SC2086 # words
  (cd "$tree" && echo "$TESTS" | tr ' ' '\n' | sed 's/^e2e_/e2e /' | tr '\n' '\0' |
    timeout -k 5 600 $shut_in xargs -0 tests/run.sh build)
}

judge_by_tests() {
  cp "$folder/$file" "$tree/$file"
  run_tests >"$folder/log" 2>&1
  case $? in
    0) echo "survived tests" ;;
    3) echo "broken tests" ;;
    *) echo "seeds tests" ;;
  esac
  cp "$file" "$tree/$file"
}

# one NUMBER: judges the bug in that line of the list.
one() {
  IFS=$tab read -r file line offset length new before after <<END
$(sed -n "$1p" "$work/list")
END
  folder=$work/run/$1
  name=$(echo "$file" | tr / -)
  mkdir -p "$folder/$(dirname "$file")"
  { head -c "$offset" "$file"; printf %s "$new"; tail -c "+$((offset + length + 1))" "$file"; } >"$folder/$file"
  if ! object "$folder/$file" "$folder/plain.o" "$file" 2>"$folder/log"; then
    verdict=unbuilt
  elif cmp -s "$folder/plain.o" "$work/original/$name.o"; then
    verdict=same
  elif is_listed; then
    verdict=equivalent
  else
    known=$work/verdicts/$name-$(sha1sum <"$folder/plain.o" | cut -c1-40)${TESTS:+-$(echo "$TESTS" | tr ' ' -)}
    if [ ! -s "$known" ] || grep -qv -e '^seeds' -e '^fuzzing' -e "^survived $(cat "$work/sums/$name")$" "$known"; then
      if [ -n "${TESTS:-}" ]; then judge_by_tests >"$known.$1"; else judge >"$known.$1"; fi
      mv "$known.$1" "$known"
    fi
    verdict=$(cat "$known")
  fi
  printf '%s\t%s\t%s\t%s\t%s\n' "$file" "$line" "$verdict" "$before" "$after" >"$work/results/$1"
  rm -rf "$folder"
}

# Whether tests/mutants/equivalent has the bug, with the reason why it is none.
is_listed() {
  ABOVE=$(sed -n "$((line - 1))s/^ *//p" "$file") BEFORE=$before AFTER=$after awk -v file="$file" '
    /^@ / { in_file = $2 == file }
    /^=/ { is_above = 1 }
    /^ / { is_above = substr($0, 2) == ENVIRON["ABOVE"] }
    /^-/ { is_before = is_above && substr($0, 2) == ENVIRON["BEFORE"] }
    /^\+/ && in_file && is_before && substr($0, 2) == ENVIRON["AFTER"] { found = 1 }
    /^\+/ { is_above = 1 }
    END { exit !found }' "${EQUIVALENT:-tests/mutants/equivalent}"
}

# The list of all bugs, or of SAMPLE of each file.
list() {
  for file in $files; do
    LC_ALL=C awk -f tools/mutate.awk "${file%:*}" | LC_ALL=C awk -v file="$file" -v sample="${SAMPLE:-0}" -v seed="${SEED:-1}" '
      BEGIN { split(file, wanted, ":"); file = wanted[1] }
      wanted[2] == "" || wanted[2] == $1 { line[++n] = $0 }
      END {
        if (!sample || sample > n) sample = n
        for (i = 1; i <= n; i++) order[i] = i
        for (i = 1; i <= sample; i++) { # the first of a shuffled row; the numbers are exact in a double
          seed = (seed * 16807) % 2147483647
          j = i + seed % (n - i + 1)
          kept = order[i]; order[i] = order[j]; order[j] = kept
          chosen[order[i]] = 1
        }
        for (i = 1; i <= n; i++) if (i in chosen) print file "\t" line[i]
      }'
  done
}

# Called by xargs below for one bug.
if [ "${3:-}" = one ]; then
  one "$4"
  exit
fi

mkdir -p "$work/killers" "$work/parts" "$work/original" "$work/verdicts" "$work/sums"
rm -rf "$work/run" "$work/results"
mkdir -p "$work/run" "$work/results"
for target in "$out"/bin/*; do
  target=$(basename "$target")
  [ "$target" = libuv ] || [ -n "$(find "$work/parts/$target" -newer "$out/bin/$target" 2>/dev/null)" ] ||
    list_parts "$target" >"$work/parts/$target"
done
files=
for wanted in ${FILES:-lib/*.c faults/plan*.c faults/inject/*.c}; do
  file=${wanted%:*}
  if [ -z "$(targets_of "$file")${TESTS:-}" ]; then
    echo "$file: in no target"
    continue
  fi
  files="$files $wanted"
  name=$(echo "$file" | tr / -)
  object "$file" "$work/original/$name.o" "$file" || exit 2
  echo tests >"$work/sums/$name"
  [ -n "${TESTS:-}" ] || for target in $(targets_of "$file"); do cat "$out/bin/$target" "corpus/$target"/*; done |
    sha1sum | cut -c1-40 >"$work/sums/$name"
done
list >"$work/list"
# A target that fails by itself would kill every bug.
controls=$([ -n "${TESTS:-}${LIST:-}" ] || for file in $files; do targets_of "${file%:*}"; done | sort -u)
for target in $controls; do
  # shellcheck disable=SC2086 # words
  timeout -k 2 "$seeds_seconds" $shut_in "$out/bin/$target" -runs=0 "corpus/$target" >"$work/control.log" 2>&1 && continue
  cat "$work/control.log"
  echo "mutants: $target fails without a bug" >&2
  exit 2
done
if [ -n "${LIST:-}" ]; then
  cut -f 1,2,6,7 "$work/list"
  exit 0
fi
count=$(wc -l <"$work/list")
[ "$count" -gt 0 ] || exit 2
if [ -n "${TESTS:-}" ]; then
  JOBS=1 # there is one copy
  prepare_tests || exit 2
fi
seq "$count" | xargs -P "${JOBS:-2}" -n 1 "$0" "$out" "$compile" one
# In the order of the list.
seq "$count" | sed "s|^|$work/results/|" | xargs cat >"$work/report"
awk -F '\t' '
  { split($3, verdict, " "); name[$1]; all[$1]++; n[$1, verdict[1]]++ }
  $3 ~ /^survived|^broken/ { survivors = survivors $1 ":" $2 ": " $4 "\n    -> " $5 ($3 ~ /^broken/ ? "  (" $3 ")" : "") "\n"; lives++ }
  END {
    printf "%-34s %6s %8s %5s %6s %6s %8s %8s %7s\n", "file", "bugs", "unbuilt", "same", "equal", "seeds", "fuzzing", "survive", "killed"
    for (file in name) {
      killed = n[file, "seeds"] + n[file, "fuzzing"]
      left = n[file, "survived"] + n[file, "broken"]
      printf "%-34s %6d %8d %5d %6d %6d %8d %8d %6.1f%%\n", file, all[file], n[file, "unbuilt"], n[file, "same"],
        n[file, "equivalent"], n[file, "seeds"], n[file, "fuzzing"], left, killed + left ? 100 * killed / (killed + left) : 100 | "sort"
    }
    close("sort")
    printf "%s", survivors
    exit lives > 0
  }' "$work/report"
