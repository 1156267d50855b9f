#!/bin/sh
# SPDX-License-Identifier: MIT
# The store of a campaign that is killed and resumed, sharded and merged, compared between builds, damaged, not
# writable, or shared.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh disable=SC2238 # of jq and awk; a file is called paste
. "$(dirname "$0")/lib/suite.sh"

cat >victim.c <<'END'
#include <stdlib.h>
#ifdef LATER
/* Lines that move all others. */


#endif
static void kept(void) {
  char *block = malloc(6);
  block[0] = 'x';
  free(block);
}
#ifndef LATER
static void mended(void) {
  char *block = calloc(1, 7);
  block[1] = 'x';
  free(block);
}
#else
static void mended(void) { free(calloc(1, 7)); }
static void added(void) {
  char *block = malloc(8);
  block[2] = 'x';
  free(block);
}
#endif
int main(void) {
  for (int i = 0; i < 700; i++) {
    void *block = malloc(9);
    if (block == NULL) return 1;
    free(block);
  }
  kept();
  mended();
#ifdef LATER
  added();
#endif
  return 0;
}
END
"$cc" -g -O0 -fno-builtin -o victim victim.c

# check NAME COMMAND...: passes when the command does; what it printed is shown when not.
check() {
  check_name=$1
  shift
  if "$@" >seen 2>&1; then pass "$check_name"; else fail "$check_name" seen; fi
}
# status_of FILE COMMAND...: all that it printed goes to the file; sets status.
status_of() {
  status_file=$1
  shift
  status=0
  timeout 600 "$@" >"$status_file" 2>&1 || status=$?
}
# content STORE: what a whole campaign comes to, whoever made its runs and in which order.
content() {
  sqlite3 "$1" 'SELECT verdict,count(*) FROM runs WHERE unconfirmed=0 GROUP BY 1;
    SELECT site,occurrence,persistent,verdict,finding FROM runs ORDER BY 1,2,3;
    SELECT site,name,calls FROM sites ORDER BY 1;
    SELECT verdict,finding,site,occurrence,persistent,rank,id,id_group,number,runs,flaky,plan,message,fault_stack,
      blow_up_stack FROM findings ORDER BY 1,2;
    SELECT count(*) FROM campaigns WHERE ended IS NOT NULL'
}
runs_in() { sqlite3 "$1" 'SELECT count(*) FROM runs WHERE unconfirmed=0' 2>/dev/null || echo 0; }

# Of a run that takes long, standard error has the progress: the report is on standard output.
status=0
nomem explore --engine exec --all --store whole.db -- ./victim >whole.out 2>whole.log || status=$?
content whole.db >whole
points=$(sqlite3 whole.db 'SELECT count(*) FROM points')
check 'a campaign is kept: all its points, and its two findings' \
  test "$status $points $(runs_in whole.db) $(sqlite3 whole.db 'SELECT count(*) FROM findings')" = '1 1404 1404 2'

# Killed when it has made some runs, and again; then it goes on to its end.
for stop in 50 200; do
  nomem explore -j 1 --engine exec --all --store killed.db -- ./victim >/dev/null 2>&1 &
  victim=$!
  tries=0
  while [ "$(runs_in killed.db)" -lt $stop ] && kill -0 $victim 2>/dev/null && [ $tries -lt 6000 ]; do
    tries=$((tries + 1))
    sleep 0.02
  done
  kill -9 $victim 2>/dev/null || :
  wait $victim 2>/dev/null || :
done
known=$(runs_in killed.db)
check 'what was killed is kept in part' test "$known" -ge 200 -a "$known" -lt 1404
status_of resumed.log nomem explore --engine exec --all --store killed.db -- ./victim
check 'it says how much was known' grep -qx "nomem: resumed: $known of 1404 points were known (--fresh forgets them)" resumed.log
content killed.db >killed
check 'killed twice and resumed, it comes to the same' cmp whole killed
check 'and ends with the same status' test "$status" = 1

status=0
nomem explore --engine exec --all --store killed.db -- ./victim >again.out 2>again.log || status=$?
grep -v 'ms a run\|^1404 runs: \|debug: \|^next: ' again.out >again
grep -v 'ms a run\|^1404 runs: \|debug: \|^next: ' whole.out >first
check 'resumed when nothing is left, it shows the same findings' cmp first again
check 'with the same status, and without a run' test "$status $(grep -c '1404 of 1404' again.log)" = '1 1'
status_of fresh.log nomem explore --engine exec --store killed.db --fresh --max-points 3 -- ./victim
check '--fresh forgets' test "$(runs_in killed.db) $(grep -c resumed fresh.log)" = '3 0'
status_of other.log nomem explore --engine exec --store killed.db --max-points 3 -- ./victim other words
check 'another command is another campaign' test "$(runs_in killed.db) $(grep -c resumed other.log)" = '6 0'

cp whole.db lied.db
sqlite3 lied.db "UPDATE runs SET unconfirmed=4711,verdict='handled',finding=NULL,evidence=NULL WHERE occurrence%3=1"
status_of unconfirmed.log nomem explore --engine exec --all --store lied.db -- ./victim
content lied.db >lied
check 'what a killed snapshot left unconfirmed is made again' cmp whole lied

# The engines' runs that are thrown away leave nothing behind.
status_of snapshot.log nomem explore --engine auto --all --store snapshot.db -- ./victim
check 'no run of a fork stays unconfirmed' test "$(sqlite3 snapshot.db 'SELECT count(*), sum(unconfirmed<>0) FROM runs')" = '1404|0'

for shard in 1 2 3; do
  nomem explore -q --engine exec --all --store shard$shard.db --shard $shard/3 -- ./victim >/dev/null 2>&1 || :
done
check 'no shard has all' test "$(runs_in shard1.db)" -lt 1404 -a "$(runs_in shard1.db)" -gt 0
status_of merge.log nomem merge merged.db shard3.db shard1.db shard2.db
content merged.db >merged
check 'three shards, joined, are one whole campaign' cmp whole merged
nomem merge merged.db shard1.db shard2.db >/dev/null
content merged.db >merged2
check 'joined again, nothing changes' cmp merged merged2

mkdir machine
cp victim machine
(cd machine && nomem explore -q --engine exec --max-points 5 --store ../machine.db -- ./victim) >/dev/null 2>&1 || :
nomem merge merged.db machine.db >/dev/null
check 'the same program in another folder is the same campaign' \
  test "$(sqlite3 merged.db 'SELECT count(*) FROM campaigns') $(runs_in merged.db)" = '1 1404'

"$cc" -g -O0 -fno-builtin -DLATER -o victim-later victim.c
cp victim victim-now
mv victim-later victim
status_of later.log nomem explore --store later.db -- ./victim
cp whole.db rebuilt.db
status_of rebuilt.log nomem explore --engine exec --all --store rebuilt.db -- ./victim
check 'a program built anew is another campaign' \
  test "$(grep -c resumed rebuilt.log) $(sqlite3 rebuilt.db 'SELECT count(*) FROM campaigns')" = '0 2'
status_of diff2.log nomem diff whole.db rebuilt.db
cannot_trace 'of which the last counts' || check 'of which the last counts' grep -qx '1 new, 1 gone, 1 still there' diff2.log
status_of diff.log nomem diff whole.db later.db
cut -d ' ' -f 1 diff.log >words
grep -o 'crash in [a-z]* ' diff.log >>words
cannot_trace 'between two builds' || check 'between two builds: one added, one gone, one still there though its line has moved' test "$status $(tr '\n' ' ' <words)" = \
  '1 new gone still 1 crash in added  crash in mended  crash in kept  '
status_of same.log nomem diff later.db later.db
check 'nothing new between a store and itself' test "$status" = 0
status_of baseline.log nomem explore --no-store --baseline whole.db -- ./victim
check 'with a baseline only the new one counts' test "$status $(grep -c '^crash in added ' baseline.log) $(grep -c '^crash in' baseline.log)" = '1 1 1'
cp victim-now victim
status_of baseline2.log nomem explore --no-store --baseline whole.db -- ./victim
check 'and when nothing is new, the exploration passes' test "$status" = 0

# Not ours, or not whole any more: refused in one line, and left as it is.
echo 'a letter' >text.db
sqlite3 foreign.db 'CREATE TABLE t(x)'
cp whole.db damaged.db
head -c 6000 /dev/urandom | dd of=damaged.db bs=1 seek=5000 conv=notrunc 2>/dev/null
cp whole.db older.db
sqlite3 older.db 'PRAGMA user_version=4'
for kind in text foreign damaged older; do
  cp $kind.db before
  status_of $kind.log nomem explore --no-trace --store $kind.db -- ./victim
  check "a $kind file is refused in one line and left as it is" \
    sh -c "cat $kind.log; test '$status' = 2 && [ \$(wc -l <$kind.log) = 1 ] && cmp before $kind.db"
  status_of $kind.log nomem suite --store $kind.db -- sh -c 'echo begun; ./victim'
  check "and by a suite before its tests are run" \
    sh -c "cat $kind.log; test '$status' = 2 && [ \$(wc -l <$kind.log) = 1 ] && cmp before $kind.db"
done

: >.nomem
status_of unwritable.log env -u NOMEM_STORE nomem explore -- ./victim
check 'where no store can be made it goes on without, and says so' \
  test "$status $(grep -c '^nomem: cannot write .nomem/store.db: ' unwritable.log)" = '1 1'
rm .nomem
status_of default.log env -u NOMEM_STORE nomem explore --max-points 2 -- ./victim
check 'by default it is in .nomem' test "$(runs_in .nomem/store.db)" = 2

nomem explore -q --engine exec --all --store both.db -- ./victim >/dev/null 2>&1 &
one=$!
nomem explore -q --engine exec --all --store both.db -- ./victim >/dev/null 2>&1 &
two=$!
status_of third.log nomem explore -q --engine exec --max-points 50 --store both.db -- ./victim more
wait $one || :
wait $two || :
check 'three at once on one store do not harm it' test "$(sqlite3 both.db 'PRAGMA integrity_check') $status" = 'ok 1'
sqlite3 both.db "DELETE FROM runs WHERE campaign=(SELECT id FROM campaigns WHERE command_text LIKE '%more');
  DELETE FROM findings WHERE campaign=(SELECT id FROM campaigns WHERE command_text LIKE '%more');
  DELETE FROM sites WHERE campaign=(SELECT id FROM campaigns WHERE command_text LIKE '%more');
  DELETE FROM campaigns WHERE command_text LIKE '%more'"
content both.db >both
check 'and each campaign in it is whole' cmp whole both

status_of replay.log nomem replay --store whole.db 1
check 'a finding is run again by its number' test "$status $(grep -c 'killed by SIGSEGV' replay.log)" = '139 1'
finish
