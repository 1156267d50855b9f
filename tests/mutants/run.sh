#!/bin/sh
# SPDX-License-Identifier: MIT
# make mutants: each line to be replaced is there. make mutants-all: which bugs are made of a file, and that one is killed,
# found to be none, or said to survive. A sample of a few bugs, and one line of a file; all of them take hours.
#
#   tests/mutants/run.sh BUILD
set -u
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. tests/lib/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# expect "WHAT" COMMAND...
expect() {
  what=$1
  shift
  if "$@"; then pass "$what"; else fail "$what" "$work/out"; fi
}

# all FILES [VARIABLE=VALUE...]: prints what make mutants-all says, and its status.
all() {
  files=$1
  shift
  make --no-print-directory BUILD="$build" mutants-all FILES="$files" SECONDS_EACH=1 "$@" >"$work/out" 2>&1
}

grep '^@ ' tests/mutants/table | while read -r _ name file _; do
  tools/mutants.sh "$work/out" none plant "$name" "$file" || echo "$name: no such line in $file"
done >"$work/missing"
cp "$work/missing" "$work/out"
expect 'each bug of make mutants can be planted' [ ! -s "$work/missing" ]

cat >"$work/small.c" <<'END'
/* if (a < b) */
#define MOST 7
static int f(int a, int *b) {
  const char *text = "1 < 2"; // a > b
  while (a <= MOST) a += *b;
  return a ? -1 : 'x';
}
END
LC_ALL=C awk -f tools/mutate.awk "$work/small.c" | cut -f 1,4 | tr '\t\n' ': ' >"$work/out"
expected='2:(7+1) 2:(7-1) 5:< 5:>= 5:(MOST+1) 5:(MOST-1) 5:-= 6:&&!1? 6:||1? 6:  6:(1+1) 6:(1-1) 6:('"'x'"'+1) 6:('"'x'"'-1)'
expected="$expected 5:!(a <= MOST) 5:; 6:; 6:return 0; 6:return !(a ? -1 : 'x'); 6:return (a ? -1 : 'x')+1; "
expect 'what is code, and no text or comment, is changed in each way' [ "$(cat "$work/out")" = "$expected" ]

line=$(grep -n 'SIZE_MAX' lib/uv_alloc.c | tail -n 1 | cut -d : -f 1)
expect 'bugs are killed; one that was shown to be none does not survive' all "lib/uv_alloc.c:$line"
expect 'it is counted' grep -q '^lib/uv_alloc.c  *6  *0  *0  *1  *[0-5]  *[0-5]  *0  *100.0%$' "$work/out"
all "lib/uv_alloc.c:$line" EQUIVALENT=/dev/null
expect 'otherwise it is a survivor' [ $? -ne 0 ]
expect 'which is named' grep -q '> return uv__strndup(string, (SIZE_MAX-1));' "$work/out"

# The same line may be elsewhere in a file, too.
above=$(sed -n "$((line - 1))p" lib/uv_alloc.c)
awk -v above="$above" '/^-return uv__strndup/ { print " " above } 1' tests/mutants/equivalent >"$work/above"
expect 'what was shown to be none is known by the line before it' all "lib/uv_alloc.c:$line" EQUIVALENT="$work/above"
sed 's|^ char |&another |' "$work/above" >"$work/elsewhere"
all "lib/uv_alloc.c:$line" EQUIVALENT="$work/elsewhere"
expect 'behind another line it is a bug' [ $? -ne 0 ]

expect 'a bug is killed by a unit test' all "lib/uv_alloc.c:$line" SEED=3 SAMPLE=1 TESTS=test_uv_alloc
all "lib/uv_alloc.c:$line" SEED=3 SAMPLE=1 TESTS=test_plan
expect 'and survives where none looks at it' grep -q '^lib/uv_alloc.c  *1  *0  *0  *0  *0  *0  *1 ' "$work/out"
expect 'none of a few bugs of the plan language survives' all faults/plan_text.c SAMPLE=3
finish
