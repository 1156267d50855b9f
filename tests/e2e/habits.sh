#!/bin/sh
# SPDX-License-Identifier: MIT
# --hostile: a program that counts on what no allocator has to do is found by the way that breaks it, and by no other,
# and the report names the call; its mended twin has nothing to find. By each engine, in a suite, linked in, and in
# every report.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh disable=SC2016 # of jq
. "$(dirname "$0")/lib/suite.sh"

source=$here/programs/habits.c

# build WAY [OPTION...]: makes ./WAY.
build() {
  build_way=$1
  shift
  "$cc" -std=gnu11 -g -O0 -w "-D$(echo "$build_way" | tr '[:lower:]' '[:upper:]')" "$@" -o "$build_way" "$source"
}

# finds NAME STATUS PATTERN [OPTION...] -- PROGRAM: explores it into the file found, which has the pattern in it.
finds() {
  finds_name=$1 finds_wanted=$2 finds_pattern=$3 finds_status=0
  shift 3
  nomem explore "$@" >found 2>&1 </dev/null || finds_status=$?
  if [ "$finds_status" = "$finds_wanted" ] && grep -Eq -e "$finds_pattern" found; then pass "$finds_name"; else
    echo "(exit status $finds_status)" >>found
    fail "$finds_name" found
  fi
}

# check NAME COMMAND...: passes when the command does; what it printed is shown when not.
check() {
  check_name=$1
  shift
  if "$@" >seen 2>&1; then pass "$check_name"; else fail "$check_name" seen; fi
}

# meaning WAY: what the report calls it.
meaning() {
  case $1 in
    moves) echo 'realloc moves the block' ;;
    fresh) echo 'fresh memory is not zero' ;;
    freed) echo 'freed memory is overwritten' ;;
    zero) echo 'a block of 0 bytes is NULL' ;;
    errno) echo 'a call that succeeds changes errno' ;;
    align) echo 'blocks are aligned to 16 bytes and no more' ;;
  esac
}

# The line of the call that the report names.
line_of() { grep -n 'the call' "$source" | cut -d: -f1; }

for way in moves fresh freed zero errno align; do
  rm -f "$way"
  build "$way"
  finds "$way: found" 1 "^hostile in planted \(.*habits.c:[0-9]*\): hostile allocator: $(meaning "$way"), 1 run$" \
    --hostile -- "./$way"
  check "$way: one finding, and by that way only" sh -c '
    [ "$(grep -c "^  reproduce: " found)" = 1 ] && grep -q "; otherwise than ever with '"$way"'; as ever with" found'
  reproduce=$(sed -n 's/^  reproduce: //p' found)
  status=0
  sh -c "$reproduce" >again 2>&1 || status=$?
  if [ $status = 1 ] && grep -q "^nomem: [0-9]* calls* w[a-z]* served by a hostile allocator" again; then
    pass "$way: the line to reproduce it does"
  else
    fail "$way: to reproduce it" again
  fi
  case $way in
    align) check 'align: narrowed down to two calls at most' grep -Eq "fail 'nth=[0-9]+(\.\.[0-9]+)? hostile=align'" found ;;
    *)
      check "$way: narrowed down to one call" grep -Eq -e "--fail 'nth=[0-9]+ hostile=$way'" found
      check "$way: which is where it is planted" sh -c "
        here=\$(sed -n 's/^hostile in planted (.*habits.c:\([0-9]*\)).*/\1/p' found)
        sed -n \"\${here}p\" '$source' | grep -q 'the call'" ;;
  esac
  finds "$way: not where it was not asked for" 0 '' -- "./$way"
  build "$way" -DMENDED
  finds "$way: nothing in the mended twin" 0 '; 0 findings' --hostile --strict -- "./$way"
done

build moves
for engine in exec fork snapshot; do
  if [ "$engine" != exec ] && [ -n "$no_ptrace" ]; then
    skip "by --engine $engine" "$no_ptrace"
    continue
  fi
  finds "by --engine $engine" 1 '^hostile in planted ' --engine "$engine" --hostile=moves -- ./moves
done
finds 'without ptrace' 1 '^hostile in planted ' --no-trace --hostile -- ./moves
finds 'only the ways that are named' 0 'runs under a hostile allocator; as ever with fresh, errno' \
  --hostile=fresh,errno -- ./moves
finds 'not a way' 2 "^nomem: explore: --hostile 'mvoes': unknown way 'mvoes': one of moves fresh freed " \
  --hostile=mvoes -- ./moves
finds 'nothing' 2 "^nomem: explore: --hostile '': no value: write it like " --hostile= -- ./moves
finds 'no second condition' 2 "^nomem: explore: --hostile 'moves nth=1': give names joined by single commas" \
  '--hostile=moves nth=1' -- ./moves

# One run, and the plan language in the environment.
runs() {
  runs_name=$1 runs_wanted=$2 runs_pattern=$3 runs_status=0
  shift 3
  "$@" >ran 2>&1 || runs_status=$?
  if [ "$runs_status" = "$runs_wanted" ] && grep -Eq -e "$runs_pattern" ran; then pass "$runs_name"; else
    echo "(exit status $runs_status)" >>ran
    fail "$runs_name" ran
  fi
}
runs 'run: one run' 1 '^nomem: realloc of 80 bytes moved the block \(allocation 3\)$' nomem run --hostile=moves -- ./moves
runs 'run: with all ways, where none is named' 1 '^nomem: [0-9]+ calls were served' nomem run --hostile -- ./moves
runs 'run: no call to serve' 2 "^nomem: no call was served so: the plan 'hostile=zero' matches none" \
  nomem run --hostile=zero -- ./moves
runs 'run: not beside a plan' 2 '^nomem: run: --fail and --hostile: write hostile= in the plan' \
  nomem run --hostile --fail nth=1 -- ./moves
runs 'run: in a plan with failures' 2 '^nomem: 1 of 3 allocations failed$' \
  nomem run --fail 'nth=3;hostile=fresh' -- ./moves
status=0
env LD_PRELOAD="$build/libnomem-preload.so" NOMEM_PLAN=hostile=all ./moves || status=$?
check 'NOMEM_PLAN' test "$status" = 1
runs 'minimise: it fails no call' 2 '^nomem: minimise: hostile= fails no call' \
  nomem minimise --fail hostile=moves -- ./moves

# Blocks that are watched closely, or guarded, are served so as well, and nothing of that passes for misuse.
for way in moves fresh freed zero errno align; do
  build $way -DMENDED
  cannot_trace "$way: with a block table" && continue
  for options in '--leaks all' '--guard 1'; do
    # shellcheck disable=SC2086 # two words
    nomem run --hostile $options -- ./$way >ran 2>&1 || echo "(exit status $?)" >>ran
    check "$way: the mended twin with $options" sh -c '! grep -E "exit status|a block was|leaked|SIG" ran'
  done
done
build moves

# Programs that people use write the same, whatever their allocator does.
printf '<r><a id="1"><b>t</b></a></r>\n' >small.xml
same() {
  command -v "$1" >/dev/null || { skip "as ever: $1" "there is no $1 here" && return; }
  "$@" >usual 2>&1 || :
  for way in moves fresh freed zero errno align all; do
    # Of some ways there may be no call, which is said.
    nomem run --quiet "--hostile=$way" --image "$1*" -- "$@" 2>&1 | grep -v '^nomem: no call was served so' >hostile || :
    cmp -s usual hostile || { diff usual hostile | sed "s/^/$way: /" >>differs; }
  done
  if [ -s differs ]; then fail "as ever: $1" differs; else pass "as ever: $1"; fi
  rm -f differs
}
same lua5.4 -e 'local t = {} for i = 1, 500 do t[i] = tostring(i) end print(#t, table.concat(t))'
same xmllint --format small.xml
same jq -n '[1, 2, {"a": 3}] | length'
same sqlite3 :memory: 'create table t(a); insert into t values(1),(2),(3); select sum(a) from t'
same git --version
same sort "$source"
same python3 -S -c 'print(sorted({str(i): i for i in range(999)}.items())[-1])'

# Every report tells it from the findings of a fault.
nomem explore --quiet --hostile --json r.json --junit r.xml --sarif r.sarif --tap r.tap --html r.html --markdown r.md \
  -- ./moves >text 2>&1 || :
check 'json' jq -e '(.findings | length) == 1 and (.findings[0]
  | .verdict == "hostile" and .hostile == "moves" and .fault.effect == "moved the block" and .fault.calls == 1
  and .fault.function == "realloc" and (.fault.plan | test("^nth=[0-9]+ hostile=moves$")))' r.json
check 'sarif' jq -e '.runs[0].results[0] | .ruleId == "nomem/hostile"
  and (.message.text | test("when realloc of 80 bytes moved the block in planted"))' r.sarif
check 'junit' grep -q '<failure type="hostile" message="hostile in planted .*realloc of 80 bytes moved the block' r.xml
check 'tap' grep -q '^not ok 1 - hostile in planted ' r.tap
check 'markdown' grep -q '^| hostile | ' r.md
check 'html' grep -q '"hostile":"moves"' r.html
nomem explore --store s.db --hostile -- ./moves >found 2>&1 || :
check 'a store that is resumed has it once' sh -c '
  nomem explore --store s.db --hostile -- ./moves >found 2>&1; [ "$(grep -c "^hostile in planted" found)" = 1 ]'
check 'and replays it' sh -c 'nomem replay --store s.db 1 2>&1 | grep -q "^nomem: realloc of 80 bytes moved the block"'

# In a suite, in which each test has its own runs.
build fresh
printf '#!/bin/sh\n./moves && ./fresh && ./moves\n' >check.sh
chmod +x check.sh
if cannot_trace 'suite: both tests'; then :; else
  status=0
  nomem suite --hostile -- ./check.sh >found 2>&1 </dev/null || status=$?
  check 'suite: both tests' sh -c '[ '"$status"' = 1 ] &&
    grep -q "hostile allocator: realloc moves the block" found && grep -q "hostile allocator: fresh memory" found'
fi

# What test code allocates itself does not count.
mkdir -p tests
{ sed 's/int result = planted();/int result = library() == 0 \&\& planted();/; 1i int library(void);' "$source"; } >tests/test_fresh.c
cat >library.c <<'END'
#include <stdlib.h>
int library(void);
int library(void) {
  void *block = malloc(33);
  free(block);
  return block != NULL ? 0 : -1;
}
END
"$cc" -std=gnu11 -g -O0 -w -DFRESH -o test_fresh tests/test_fresh.c library.c
finds 'a habit of test code is its own' 0 \
  "^not counted: hostile in planted \\(tests/test_fresh.c:[0-9]*\\), 1 run: the call is the test's own$" --hostile -- ./test_fresh

# Other output counts where blocks lie as ever; where they lie elsewhere, it is an advisory.
cat >shows.c <<'END'
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  unsigned char *block = malloc(20000), *moved;
  if (block == NULL) return 2;
  int set = argv[1][0] == 'f' ? block[12000] : 0;
  if (argv[1][0] == 'e') errno = 0, free(malloc(8)), set = errno;
  moved = realloc(block, 10000);
  if (moved == NULL) return free(block), 2;
  if (argv[1][0] == 'm') set = moved != block;
  printf("%d of them\n", set);
  free(moved);
  return 0;
}
END
"$cc" -std=gnu11 -g -O0 -w -o shows shows.c
finds 'other output, of fresh memory' 1 "what came of it: line 1 of its output is '205 of them'" --hostile -- ./shows fresh
finds 'other output, by errno' 1 "what came of it: line 1 of its output is '12 of them'" --hostile -- ./shows errno
finds 'other output, where blocks move' 0 "^advisory: varied in main .*hostile allocator: realloc moves the block" \
  --hostile -- ./shows moves
finds 'which counts with --strict' 1 '^varied in main ' --hostile --strict -- ./shows moves

# What is lost, though the program ends as ever.
if ! cannot_trace 'a leak'; then
  cat >loses.c <<'END'
#include <errno.h>
#include <stdlib.h>
static void *volatile kept;
static void work(void) {
  errno = 0;
  void *block = malloc(10);
  if (block != NULL && errno != 0) kept = malloc(50), kept = NULL;
  free(block);
}
int main(void) {
  work();
  return 0;
}
END
  "$cc" -std=gnu11 -g -O0 -w -o loses loses.c
  finds 'a leak' 1 'what came of it: leaked 50 bytes in 1 block$' --hostile -- ./loses
fi

# Linked in, without a library in front.
"$cc" -std=gnu11 -g -O0 -w -static -DMOVES -o linked "$source" "$build/nomem-link.o" -Wl,-z,muldefs 2>linking
if [ -x linked ]; then
  finds 'linked into a static program' 1 '^hostile in planted ' --hostile -- ./linked
else
  skip 'linked into a static program' 'no static C library here'
fi
finish
