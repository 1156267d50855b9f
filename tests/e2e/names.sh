#!/bin/sh
# SPDX-License-Identifier: MIT
# Names that a program chooses: of its file, its functions, its threads and its arguments. They drive no terminal, they
# cost neither the names of its functions nor what the store knows, and a line that is pasted runs the program.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

# is_text FILE: nothing in it drives a terminal or reorders a line, and all of it is UTF-8.
is_text() {
  [ "$(tr -d '\n\t\040-\176\200-\377' <"$1" | wc -c)" -eq 0 ] && iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1 &&
    ! grep -qE "$(printf '\302[\200-\237]|\342\200[\250-\256]')" "$1"
}
# prints NAME TEXT STATUS COMMAND...: the command ends so, and prints this text among others, all of them harmless.
prints() {
  prints_name=$1 prints_text=$2 prints_status=$3
  shift 3
  status=0
  timeout 60 "$@" >seen 2>&1 </dev/null || status=$?
  if [ $status -eq "$prints_status" ] && is_text seen && grep -qF -e "$prints_text" seen; then
    pass "$prints_name"
  else
    { echo "(exit status $status, expected $prints_status and '$prints_text')" && cat -v seen; } >why
    fail "$prints_name" why
  fi
}

cat >threads.c <<'EOS'
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
static void *careless(void *word) {
  prctl(PR_SET_NAME, word);
  char *block = malloc(3);
  while (block == NULL && strcmp(word, "hang") == 0) pause();
  block[0] = 'x';
  free(block);
  return NULL;
}
int main(int argc, char **argv) {
  pthread_t thread;
  prctl(PR_SET_NAME, "t\n\033[1m'\"\377");
  if (pthread_create(&thread, NULL, careless, argc > 1 ? argv[1] : "") != 0) return 1;
  pthread_join(thread, NULL);
  return 0;
}
EOS
"$cc" -g -O0 -w -pthread -o threads threads.c
odd=$(printf 'a\n\033[31m"'\''b\342\200\256\377')
mkdir "$odd"
cp threads "./$odd/$odd"
# shellcheck disable=SC2016,SC1003 # it is what bash reads
pasted='$'\''./a\x0a\x1b[31m"\'\''b\xe2\x80\xae\xff/a\x0a\x1b[31m"\'\''b\xe2\x80\xae\xff'\'' $'\''x\xff'\'''
word=$(printf 'x\377')

place='careless (threads.c:10)'
[ -z "$no_ptrace" ] || place='careless (threads.c:8)' # that of the call that failed

for engine in exec auto; do
  prints "a crash is named in a program with an odd name, by $engine" "in $place" 1 \
    nomem explore --store s.db --fresh --engine $engine -- "./$odd/$odd" "$word"
done
prints 'the line to paste has each byte' "-- $pasted" 1 nomem explore --no-store -- "./$odd/$odd" "$word"
prints 'all runs of such a program are kept' 'resumed: 4 of 4 points were known' 1 \
  nomem explore --store s.db -- "./$odd/$odd" "$word"
prints 'and its findings listed' "crash in $place" 0 nomem replay --store s.db
prints 'and replayed' 'careless (threads.c:' 139 nomem replay --store s.db 1
prints 'and compared' '0 new, 0 gone, 1 still there' 0 nomem diff s.db s.db
prints 'its sites are listed' 'careless (threads.c:8)' 0 nomem sites --stacks -- "./$odd/$odd" "$word"
prints 'its runs are described' 'careless (threads.c:' 139 nomem run --fail nth=2 -- "./$odd/$odd" "$word"
prints 'its plans are minimised' 'careless (threads.c:8)' 0 nomem minimise --fail nth=2.. -- "./$odd/$odd" "$word"
prints 'a run is said to be made' 'crash (signal 11' 1 nomem explore -v --no-store -- "./$odd/$odd" "$word"
name='a thread with an odd name'
cannot_trace "$name" || prints "$name" '(t\x0a\x1b[1m' 1 nomem explore --no-store -t 1 -- "./$odd/$odd" hang
prints 'a program that is not there' 'does not exist' 2 nomem explore --no-store -- "./$odd/none"
prints 'a store that is not there' 'no such store' 2 nomem diff "$odd/none" s.db

# What a script starts is named, too.
# shellcheck disable=SC2016 # of the script's
printf '#!/bin/sh\nls >/dev/null && exec "$1" x\n' >script
chmod +x script
prints 'a script that starts such a program' 'not explored: ls of the system, beside a\x0a\x1b' 1 \
  nomem explore --no-store -- ./script "./$odd/$odd"

finish
