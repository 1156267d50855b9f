#!/bin/sh
# SPDX-License-Identifier: MIT
# The line that reproduces a finding of a test that a runner started: pasted anywhere else, by somebody who has none of
# the runner's variables, it shows the same; so does replay; and no secret is in it, or in the store.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

# check NAME COMMAND...: passes when the command does; what it printed is shown when not.
check() {
  check_name=$1
  shift
  if "$@" >seen 2>&1; then pass "$check_name"; else fail "$check_name" seen; fi
}

mkdir -p 'a project/lib'
cat >lib.c <<'END'
#include <stdlib.h>
void broken(void) {
  char *block = malloc(6);
  block[0] = 'x';
  free(block);
}
END
# It passes only in its folder, and with the runner's variable.
cat >test.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
void broken(void);
int main(void) {
  const char *data = getenv("TEST_DATA");
  if (data == NULL || strcmp(data, "it's \"here\"") != 0 || remove("no such file") == 0 || fopen("data", "r") == NULL)
    return 1;
  broken();
  return 0;
}
END
"$cc" -g -O0 -fno-builtin -fPIC -shared -o 'a project/lib/libbroken.so' lib.c
"$cc" -g -O0 -fno-builtin -o 'a project/test' test.c -L'a project/lib' -lbroken
echo data >'a project/data'
unset LD_LIBRARY_PATH TEST_DATA HARNESS_ACTIVE || :

# A runner, as far as nomem can tell: its tests have the variable that prove sets, and it does not itself. With -v the
# line is printed whole, which may be long: PATH is in it.
cat >runner.sh <<'END'
cd 'a project'
export LD_LIBRARY_PATH=lib TEST_DATA="it's \"here\"" DEPLOY_TOKEN=not-to-be-seen-1 MAKEFLAGS=--jobserver-fds=77,78
export SERVER=https://me:not-to-be-seen-2@host/ HARNESS_ACTIVE=1
nomem explore -v --store kept.db --json report.json -- ./test
:
END
sh runner.sh >text 2>&1
line=$(sed -n 's/^  reproduce: //p' text)
echo "$line" >line
# pasted COMMAND...: by a shell elsewhere, without any variable of the runner's.
pasted() {
  status=0
  env -i PATH="$PATH" HOME="$HOME" "$@" >out 2>&1 || status=$?
}
pasted sh -c "cd / && $line"
echo "$status" >status
check 'the line to paste reproduces the crash in any folder and without the variables' \
  sh -c "cat line out; [ $(cat status) = 139 ] && grep -q 'malloc of 6 bytes returned NULL' out"
check 'the JSON report has the same line' sh -c "jq -e --arg line \"\$(cat line)\" '.findings[0].reproduce == \$line' \
  'a project/report.json'"
check 'what only the moment had is not in it' sh -c '! grep -E "MAKEFLAGS|SHLVL|OLDPWD|NOMEM_" line'
check 'no secret is in the text, the report or the store' sh -c \
  '! grep -rl not-to-be-seen text line out "a project"'
pasted nomem replay --store 'a project/kept.db' 1
check 'replay restores the folder and the variables' sh -c \
  "cat out; [ $status = 139 ] && grep -q 'malloc of 6 bytes returned NULL' out"
check 'replay says which secret is missing' grep -q "'DEPLOY_TOKEN' was set then" out
pasted nomem explain --store 'a project/kept.db' 1
check 'explain prints the line, too' sh -c "cat out; [ $status = 0 ] && grep -qF 'TEST_DATA=' out && grep -q '^What it means' out"
pasted nomem minimise --store 'a project/kept.db' 1
check 'minimise runs in the same surroundings, and its line has them' sh -c \
  "cat out; [ $status = 0 ] && grep -q '^  reproduce: cd .* && env .*TEST_DATA=' out"
nomem merge all.db 'a project/kept.db' >/dev/null
pasted nomem replay --store all.db 1
check 'a merged store has them, too' sh -c "cat out; [ $status = 139 ]"
sqlite3 'a project/kept.db' 'DROP TABLE variables'
pasted nomem replay --store 'a project/kept.db' 1
check 'a store of a version that kept none is read all the same' sh -c "cat out; [ $status != 139 ] && grep -q crash- out"

# The clean twin: what a person starts has a line without any of that.
(cd 'a project' && TEST_DATA="it's \"here\"" DEPLOY_TOKEN=x sh -c \
  'export LD_LIBRARY_PATH=lib; nomem explore -q -- ./test; :' >../text 2>&1)
check 'a line of a command that no runner started has the path of the libraries and nothing else' \
  grep -qE '^  reproduce: env LD_LIBRARY_PATH=lib nomem run --fail site=[0-9a-f]+@1 -- ./test$' text
finish
