#!/bin/sh
# SPDX-License-Identifier: MIT
# A finding in a debugger: gdb stops in the code that makes the call, not in nomem's; rr records it, and is then the
# debugger of the recording, or one line says why not.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

# Its call is made by the C library, for it.
cat >copied.c <<'END'
#include <stdio.h>
#include <string.h>
static __attribute__((noinline)) char *copy_name(const char *name) {
  char *copy = strdup(name);
  copy[0] = 'x';
  return copy;
}
int main(int argc, char **argv) {
  char line[8] = "";
  if (argc > 1 && fgets(line, sizeof line, stdin) == NULL) return 3;
  puts(copy_name(argv[argc - 1]));
  return 0;
}
END
"$cc" -g -O1 -o copied copied.c
echo input >input
export NOMEM_STORE="$work/store.db"
nomem explore -q --stdin input -- ./copied 'a b' >explored 2>&1 || :
number=$(nomem replay 2>/dev/null | sed -n 's/^ *\([0-9]*\) .*crash-.*copy_name.*/\1/p' | head -n 1)

# stops NAME: gdb's first word is where the call is made, and it goes on to what came of it.
stops() {
  printf 'set width 0\ncontinue\nkill\n' | timeout 300 nomem replay "${number:-1}" --gdb >seen 2>&1 || :
  if grep -A2 '^nomem: the call is made here' seen | grep -q '^4.*strdup(name)' && grep -q 'received signal SIGSEGV' seen &&
    ! grep -q '^#[0-9]* .*nomem_fault' seen; then
    pass "$1"
  else
    fail "$1" seen
  fi
}
if command -v gdb >/dev/null 2>&1; then
  stops 'gdb stops in the code that makes the call'
  printf '#!/bin/sh\nexec ./copied "$@"\n' >script
  chmod +x script
  nomem explore -q --stdin input --image copied -- ./script 'a b' >explored 2>&1 || :
  stops 'the same in a program that a script starts'
else
  skip 'gdb' 'gdb is not installed'
fi

# Back, by rr itself, from the crash to the call.
nomem explore -q --stdin input -- ./copied 'a b' >explored 2>&1 || :
if command -v rr >/dev/null 2>&1; then
  status=0
  printf 'set width 0\nreverse-continue\nkill\n' | timeout 300 nomem replay 1 --rr >seen 2>&1 || status=$?
  if [ $status = 2 ] && grep -q '^nomem: replay: rr cannot record on this machine: ' seen; then
    skip 'back from the crash to the call' "$(sed -n 's/^nomem: replay: //p' seen)"
  elif grep -q 'received signal SIGSEGV' seen && grep -A2 '^nomem: the call is made here' seen | grep -q 'strdup(name)'; then
    pass 'back from the crash to the call'
  else
    fail 'back from the crash to the call' seen
  fi
else
  skip 'back from the crash to the call' 'rr is not installed'
fi

# An rr that notes how it is called, and runs what it is to record.
mkdir bin temporary
cat >bin/rr <<'END'
#!/bin/sh
printf '%s|' "$@" >>"$RR_CALLS"
echo >>"$RR_CALLS"
case $1 in
  record)
    shift 2
    mkdir "$1"
    shift
    [ -z "${RR_FAILS:-}" ] || { printf 'a warning\n[FATAL ./src/PerfCounters.cc:1:f()] no counters\nmore\n' >&2; exit 1; }
    [ "$1" != /bin/true ] || exit 0
    exec env "$2" "$4" "$5" "$6" ;;
  replay)
    cat "$3" >"$RR_CALLS.commands" ;;
esac
END
chmod +x bin/rr
export RR_CALLS="$work/calls" TMPDIR="$work/temporary"
PATH=$work/bin:$PATH
timeout 300 nomem replay 1 --rr >seen 2>&1 || :
cat calls >>seen 2>/dev/null || :
if [ "$(wc -l <calls)" = 3 ] && sed -n 1p calls | grep -q '^record|-o|.*|/bin/true|$' &&
  sed -n 2p calls | grep -qE '^record\|-o\|.*/trace\|-v\|NOMEM_CHANNEL=/proc/[0-9]+/fd/[0-9]+\|-v\|LD_PRELOAD=.*libnomem-preload.so\|.*copied\|a b\|$' &&
  sed -n 3p calls | grep -qE '^replay\|-x\|/proc/[0-9]+/fd/[0-9]+\|.*/trace\|--\|-ex\|continue\|$' &&
  grep -q 'nomem_show_call' calls.commands && grep -q '^nomem: recorded in .*/trace' seen; then
  pass 'rr records the run, and becomes the debugger of it'
else
  fail 'rr records the run, and becomes the debugger of it' seen
fi

# refused NAME LINE: one line, exit status 2, nothing left behind.
refused() {
  rm -rf temporary/*
  status=0
  timeout 300 nomem replay -q 1 --rr >seen 2>&1 || status=$?
  if [ $status = 2 ] && [ "$(cat seen)" = "$2" ] && [ -z "$(ls temporary)" ]; then pass "$1"; else
    echo "(exit status $status)" >>seen
    ls temporary >>seen
    fail "$1" seen
  fi
}
export RR_FAILS=1
refused 'a machine where rr cannot record' 'nomem: replay: rr cannot record on this machine: no counters'
unset RR_FAILS
status=0
timeout 300 env PATH="$work" "$build/nomem" replay -q 1 --rr >seen 2>&1 || status=$?
if [ $status = 2 ] && [ "$(cat seen)" = 'nomem: replay: cannot start rr: install it first' ]; then
  pass 'no rr at all'
else
  fail 'no rr at all' seen
fi
finish
