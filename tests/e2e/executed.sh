#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that execute themselves or others in the same process are explored to their end, by every engine that is used;
# and a program that was executed without the injector is named, in every report, with the reason.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

# 'again' is what comes of it: with "careless", what it allocates is not checked.
cat >again.c <<'END'
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
  void *block = malloc(8);
  if (block == NULL) return 1;
  free(block);
  if (argc > 2) execl(argv[2], argv[0], argv[1], (char *)0);
  if (argc > 2) return 3;
  char *text = malloc(20);
  if (text == NULL && strcmp(argv[1], "careless") != 0) return 1;
  text[0] = 1;
  free(text);
  return 0;
}
END
"$cc" -g -O0 -o again again.c
cp again other

# explored NAME STATUS PATTERN OPTION... -- PROGRAM...: the exploration ends with this status and prints a line like that,
# and each call to fail was made.
explored() {
  explored_name=$1 explored_status=$2 explored_pattern=$3
  shift 3
  status=0
  timeout 60 nomem explore --no-store --isolate off "$@" >seen 2>&1 || status=$?
  if [ $status -eq "$explored_status" ] && grep -qE -e "$explored_pattern" seen && ! grep -q unreached seen; then
    pass "$explored_name"
  else
    echo "(exit status $status)" >>seen
    fail "$explored_name" seen
  fi
}

for way in /proc/self/exe ./other; do
  for options in '' '--engine exec' '--no-trace'; do
    # shellcheck disable=SC2086 # a list of words
    explored "executes $way $options" 1 '; 1 finding \(' $options -- ./again careless $way
    # shellcheck disable=SC2086
    explored "executes $way $options, and checks" 0 ' 0 findings \(' $options -- ./again careful $way
  done
done
if [ -z "$no_ptrace" ]; then
  for engine in fork snapshot; do
    explored "$engine is refused" 2 'not safe for this program: it executes another program' --engine $engine -- \
      ./again careless ./other
  done
  # A launcher executes what is explored, which does not keep that from the faster engines.
  explored 'a launcher is none of them' 0 '0 runs by |runs by (snapshot|fork)' -v --heap off -- env X=1 ./again careful
else
  skip 'engines are refused' "$no_ptrace"
fi

# Programs that the injector is not loaded into: by an environment without it, by what they are.
needs_ptrace_from_here=$no_ptrace
cat >starts.c <<'END'
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
  char *nothing[] = {NULL}, *file = argv[1], *last[] = {argv[1], "careful", NULL};
  void *block = malloc(8);
  if (block == NULL) return 1;
  free(block);
  if (argc > 2) return execve(file, last, nothing);
  pid_t pid = fork();
  if (pid == 0) execv(file, last);
  int status = 1;
  return pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
}
END
"$cc" -g -O0 -o starts starts.c
explores_all() {
  timeout 120 nomem explore --no-store --isolate off --faults transient --json seen.json --sarif seen.sarif --junit seen.xml \
    --tap seen.tap --html seen.html -- "$@" >seen 2>&1 || echo "(exit status $?)" >>seen
}

# named NAME FILE REASON: by the last exploration, in the text and in all reports.
named() {
  if grep -q "^not injected: '.*/$2' $3" seen && ! grep -q 'exit status' seen &&
    jq -e ".coverage.not_injected | length == 1 and (.[0].path | endswith(\"/$2\")) and (.[0].reason | test(\"$3\"))" \
      seen.json >/dev/null && jq -e "[.warnings[] | select(test(\"to files\") | not)] | length == 1 and (.[0] | test(\"$3\"))" seen.json >/dev/null &&
    jq -e ".runs[0].invocations[0].toolExecutionNotifications[0].message.text | test(\"$3\")" seen.sarif >/dev/null &&
    grep -q "$3" seen.xml && grep -q "^# .*$3" seen.tap && grep -q "$3" seen.html; then
    pass "$1"
  else
    jq -c '.coverage.not_injected, .warnings' seen.json >>seen
    fail "$1" seen
  fi
}

if [ -z "$needs_ptrace_from_here" ]; then
  explores_all ./starts ./other bare
  named 'executed with a bare environment' other 'was executed without LD_PRELOAD'
  if "$cc" -static -o still again.c 2>/dev/null; then
    explores_all ./starts ./still
    named 'a static program' still 'is statically linked'
  else
    skip 'a static program' 'no static C library'
  fi
  cp other given
  capabilities=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
  if [ $((0x$capabilities >> 19 & 1)) = 0 ]; then
    skip 'a set-uid program' 'without CAP_SYS_PTRACE it is not seen which program that is'
  elif [ "$(id -u)" = 0 ] && chown 65534 given && chmod u+s given && [ "$(stat -c %a given)" = 4755 ]; then
    chmod 755 . starts
    explores_all ./starts ./given
    named 'a set-uid program' given 'is setuid'
  else
    skip 'a set-uid program' 'needs root'
  fi
  # shellcheck disable=SC2016 # the assembler's
  printf '.globl _start\n_start:\n  mov $1, %%eax\n  xor %%ebx, %%ebx\n  int $0x80\n' >short.S
  if "$cc" -m32 -nostdlib -static -no-pie -o short short.S 2>/dev/null && ./short 2>/dev/null; then
    explores_all ./starts ./short
    named 'a 32-bit program' short 'is a 32-bit program'
  else
    skip 'a 32-bit program' 'they cannot be built or run here'
  fi
  explores_all ./starts ./other
  if jq -e '.coverage.not_injected == [] and .warnings == []' seen.json >/dev/null && ! grep -q 'not injected' seen; then
    pass 'one that is injected is not named'
  else
    fail 'one that is injected is not named' seen
  fi
  # Where nothing is injected, there is nothing to explore, and the reason is the program's.
  status=0
  timeout 60 nomem explore --no-store --isolate off -- env -i ./other careful >seen 2>&1 || status=$?
  if [ $status -eq 2 ] && grep -q "nothing was intercepted: '.*/other' was executed without LD_PRELOAD" seen; then
    pass 'nothing but such a program'
  else
    fail 'nothing but such a program' seen
  fi
else
  skip 'what was not injected is named' "$no_ptrace"
fi

# Without ptrace nobody knows, which is said.
timeout 60 nomem explore --no-store --isolate off --no-trace --json seen.json -- ./starts ./other bare >seen 2>&1 || :
if grep -q 'without ptrace.* nor are programs that were executed, but not injected' seen &&
  jq -e '.coverage | has("not_injected") | not' seen.json >/dev/null; then pass 'without ptrace it is not known'; else
  fail 'without ptrace it is not known' seen
fi
finish
