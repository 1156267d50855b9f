#!/bin/sh
# SPDX-License-Identifier: MIT
# Second faults: allocations that a program makes only after a failure are failed, too, by every engine, once; they are
# kept, resumed, joined, reported and replayed like all others.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

"$cc" -std=gnu11 -g -O0 -o program "$tests/victims/crash_recovery.c"

# status_of FILE COMMAND...: prints the exit status; the output is in FILE.
status_of() {
  status_file=$1
  shift
  status_came=0
  "$@" >"$status_file" 2>&1 || status_came=$?
  echo "$status_came"
}

# check NAME FILE CONDITION...
check() {
  check_name=$1 check_file=$2
  shift 2
  if "$@"; then pass "$check_name"; else fail "$check_name" "$check_file"; fi
}

for engine in exec fork snapshot; do
  status=$(status_of "$engine" nomem explore --engine $engine --no-store -v -- ./program)
  grep -q "4 runs by $engine" "$engine" || status="$status, another engine"
  check "found by $engine" "$engine" [ "$status" = 1 ]
  sed -n 's/^nomem: \(\(site\|from\)=.*\): \([a-z]*\) (.*/\1 \3/p' "$engine" | sort >"$engine.points"
done
cmp -s exec.points fork.points && cmp -s exec.points snapshot.points && same=yes || same=no
check 'all engines make the same runs' exec.points [ "$same" = yes ]
status=$(status_of seen nomem explore --no-store --faults both -- ./program)
check 'not by --faults both' seen [ "$status" = 0 ]
status=$(status_of seen nomem explore --no-store --max-points 2 -- ./program)
check '--max-points counts second faults' seen [ "$status" = 0 ]

# Both stacks, in every report.
nomem explore --no-store --json r.json --junit r.xml --sarif r.sarif --tap r.tap --html r.html -- ./program >seen 2>&1 || :
second="crash_recovery.c:$(grep -n '/\* second fault \*/' "$tests/victims/crash_recovery.c" | cut -d: -f1)"
grep -q "$second" seen && grep -q 'on the recovery path: malloc of 100 bytes' seen && said=yes || said=no
check 'text has the second stack' seen [ "$said" = yes ]
jq -e '.findings[0].second_fault | .function == "malloc" and .bytes == 100 and .allocation == 3 and
  (.stack[0].function == "planted")' r.json >seen 2>&1 && said=yes || said=no
check 'JSON has it' seen [ "$said" = yes ]
jq -e '.coverage | .second_faults == 2 and .second_faults_exercised == 2' r.json >seen 2>&1 && said=yes || said=no
check 'JSON counts them' seen [ "$said" = yes ]
jq -e '.runs[0].results[0].stacks | length == 3' r.sarif >seen 2>&1 && said=yes || said=no
check 'SARIF has three stacks' seen [ "$said" = yes ]
for report in r.xml r.tap; do check "$report has it" $report grep -q "$second" $report; done

# However many times points are tried, each run counts once: of the verdicts, and of the findings. What snapshots have
# come to stays when the second faults are tried.
"$cc" -std=gnu11 -g -O0 -w -o counted "$tests/kill/programs/program.c"
for store in '--no-store -v' '--store counted.db' '--store counted.db -q'; do
  # shellcheck disable=SC2086 # a list of options
  status=$(status_of seen nomem explore --all --heap off -j 1 --timeout 20 --json counted.json $store -- ./counted seconds)
  jq -e '([.findings[].runs] | add) == ([.verdicts[] | select(.is_finding) | .runs] | add)' counted.json >jq.log 2>&1 ||
    status="$status, $(cat jq.log)"
  [ "$store" != '--no-store -v' ] || grep -q '^engines: [0-9]* runs by snapshot$' seen || status="$status, another engine"
  check "each run counts once, $store" seen [ "$status" = 1 ]
done

# The store: a second time nothing is run; an interrupted one is taken up; shards have all of it together.
status=$(status_of seen nomem explore --store s.db -- ./program)
check 'kept' seen [ "$status" = 1 ]
status=$(status_of seen nomem explore --store s.db -v -- ./program)
grep -q 'resumed: 4 of 4 points were known' seen || status="$status, not resumed"
check 'resumed, and still found' seen [ "$status" = 1 ]
status=$(status_of seen nomem explore --store part.db --max-points 3 -- ./program)
status=$status,$(status_of seen nomem explore --store part.db -- ./program)
grep -q 'resumed: 3 of' seen || status="$status, not resumed"
check 'taken up after the first second fault' seen [ "${status#*,}" = 1 ]
for shard in 1 2; do nomem explore --store $shard.db --shard $shard/2 -- ./program >>shards 2>&1 || :; done
nomem merge all.db 1.db 2.db >seen 2>&1
status=$(status_of seen nomem explore --store all.db -- ./program)
grep -q 'resumed: 4 of 4 points were known' seen || status="$status, not resumed"
check 'shards, joined' seen [ "$status" = 1 ]
status=$(status_of seen nomem diff all.db s.db)
check 'the same findings as without shards' seen [ "$status" = 0 ]
status=$(status_of seen nomem replay --store s.db 1)
grep -q '^nomem: malloc of 100 bytes returned NULL (allocation 3' seen || status="$status, no second fault"
check 'replayed' seen [ "$status" = 139 ]

# What another process does because one of them failed is recovery, too; what comes after many more calls is not looked
# for.
cat >late.c <<'EOF'
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void trusting(void) { *(volatile char *)malloc(20) = 'x'; }
int main(int argc, char **argv) {
  int status = 0;
  if (argc > 2) {
    if (fork() == 0) _exit(malloc(10) == NULL ? 3 : 0);
    wait(&status);
  } else {
    status = malloc(10) == NULL;
    for (int i = 0; i < atoi(argv[1]); i++) free(malloc(1));
  }
  if (status != 0) trusting();
  return 0;
}
EOF
"$cc" -g -O0 -o late late.c
for engine in exec auto; do
  for words in '1' '1 child'; do
    # shellcheck disable=SC2086 # words
    nomem explore --no-store --engine $engine -- ./late $words >seen 2>&1 || :
    grep -q '1 of 1 second fault' seen && said=yes || said=no
    check "recovery after ./late $words ($engine)" seen [ "$said" = yes ]
  done
done
nomem explore --no-store -- ./late 20000 >seen 2>&1 || :
grep -q 'second fault' seen && said=yes || said=no
check 'not after twenty thousand calls' seen [ "$said" = no ]
finish
