#!/bin/sh
# SPDX-License-Identifier: MIT
# The command itself in bad conditions: signals, pauses, limits, full disks, odd names, arguments that are no files, memory
# of its own that is short. What it cannot do it says, with the true reason, and ends with status 2.
#
#   tests/adverse/run.sh BUILD [--all]
#
# Without --all, the sample of make check.
# shellcheck source-path=SCRIPTDIR
# shellcheck disable=SC2086 # a command is kept in a variable of several words
set -eu
case $0 in /*) ;; *) exec "$PWD/$0" "$@" ;; esac # what is sourced looks for itself beside it, from another folder
# shellcheck source=../e2e/lib/suite.sh
. "$(dirname "$0")/../e2e/lib/suite.sh"
here=$tests/hostile
# shellcheck source=../lib/machine.sh
. "$tests/lib/machine.sh"
needs_ptrace
is_whole=${2:-}
chmod 755 "$work"
"$cc" -std=gnu11 -O1 -o contain "$here/contain.c"
"$cc" -std=gnu11 -g -O0 -w -o hostile "$here"/programs/*.c -pthread
no_root=
[ "$(id -u)" = 0 ] || no_root='it takes root'

# later NAME: whether this one is in the sample, which has what comes out well so far.
later() { [ -n "$is_whole" ]; }

# contained STATUS PATTERN NAME COMMAND...: it ends so within a minute, prints such text, and nothing is left. Both are
# extended regular expressions, the second of all that it prints, in one line.
contain_options=
contained() {
  wanted=$1 pattern=$2 contained_name=$3
  shift 3
  ./contain -t 60 $contain_options -o report -- "$@" >seen 2>&1 </dev/null || echo 'could not be contained' >>seen
  if grep -qxE -e "status=$wanted" report && { [ -z "$pattern" ] || tr '\n' ' ' <seen | grep -qE -e "$pattern"; } &&
    ! grep -q '^l' report; then
    pass "$contained_name"
  else
    { echo "(wanted: $wanted, $pattern)" && cat report; } >>seen
    fail "$contained_name" seen
  fi
}

explore='nomem explore --no-store'

# A signal, while a run hangs: all that end a process by default, but are no fault of its own, and a real-time one. They
# sleep, and so all of them at the same time.
signals='INT:2 TERM:15 HUP:1 QUIT:3 USR1:10 USR2:12 ALRM:14 VTALRM:26 PROF:27 IO:29 PWR:30 STKFLT:16 XCPU:24 RTMIN:34'
for signal in $signals; do
  mkdir "signal-${signal%:*}"
  (
    cd "signal-${signal%:*}"
    ../contain -t 60 -k "${signal#*:}" -a 1500000 -o report -- $explore -j 1 --timeout 50 -- ../hostile hang_lock careful
  ) >"signal-${signal%:*}/seen" 2>&1 </dev/null &
done
# Nor do a pipe that is broken, and a hangup that it was started not to mind.
for way in pipe nohup; do
  mkdir ignored-$way
  signal=13
  [ $way = pipe ] || signal=1
  (
    cd ignored-$way
    ../contain -t 60 -k $signal -a 1500000 -o report -- \
      sh -c "trap '' HUP; exec $explore -j 1 --timeout 3 -- ../hostile hang_lock careful"
  ) >ignored-$way/seen 2>&1 </dev/null &
done
wait
for signal in $signals; do
  name=${signal%:*}
  if grep -qx 'status=exit 2' "signal-$name/report" && ! grep -q '^l' "signal-$name/report" &&
    tr '\n' ' ' <"signal-$name/seen" | grep -qE '[0-9]+ runs?.*interrupted'; then
    pass "SIG$name: a report"
  else
    cat "signal-$name/report" >>"signal-$name/seen"
    fail "SIG$name: a report" "signal-$name/seen"
  fi
done
for way in pipe nohup; do
  seen=ignored-$way/seen
  if grep -qx 'status=exit 1' ignored-$way/report && grep -q '^hang in' $seen && ! grep -q interrupted $seen; then
    pass "a signal that is ignored: $way"
  else
    cat ignored-$way/report >>$seen
    fail "a signal that is ignored: $way" $seen
  fi
done

# In the midst of a run that takes a second.
contain_options='-k 19 -a 700000 -c 3500000'
contained 'exit 0' '2 reported; 0 findings \(' 'stopped and continued: the pause is no time of the runs' \
  $explore --engine exec -j 1 --timeout 2 -- ./hostile alarm_ends careful
contain_options=

# Limits of its own.
contained 'exit [12]' 'stack|finding' 'a stack of 256 KiB' sh -c "ulimit -s 256; exec $explore -- ./hostile block_all careless"
contained 'exit 2' 'Too many open files.*ulimit -n' '12 descriptors' sh -c "ulimit -n 12; exec $explore -- ./hostile block_all careless"
if [ -n "$no_root" ]; then skip 'a limit on processes' "$no_root"; else
  # A user who has no other process, so that one more is too many.
  contained 'exit 2' 'limit on processes' 'a limit on processes' \
    setpriv --reuid 65533 --regid 65533 --clear-groups prlimit --nproc=1 $explore -- ./hostile block_all careless
fi
for space in 20 40 60 100; do
  contained 'exit [12]' 'memory|1 finding' "$space MB of address space" \
    sh -c "ulimit -v ${space}000; exec $explore -- ./hostile block_all careless"
done

# Places to write.
contained 'exit 2' 'regular|device' 'a store on /dev/full' nomem explore --store /dev/full -- ./hostile block_all careless
contained 'exit 2' 'regular|device' 'a store on /dev/null' nomem explore --store /dev/null -- ./hostile block_all careless
contained 'exit 2' '1 finding.*standard output: No space left' 'standard output on /dev/full' \
  sh -c "$explore --json - -- ./hostile block_all careless >/dev/full"
contained 'exit 2' 'No space left' 'a report on /dev/full' $explore --json /dev/full -- ./hostile block_all careless
if [ -n "$no_root" ] || ! unshare -m true 2>/dev/null; then
  skip 'a full disk, no /proc' "${no_root:-no mounts of its own are allowed here}"
else
  mkdir small
  contained 'exit 2' 'No space left' 'a store on a full disk' unshare -m sh -c "mount -t tmpfs -o size=24k none small &&
    exec nomem explore --store small/store.db --all -- ./hostile crowd careless"
  contained 'exit 2' '/proc' 'no /proc' unshare -m sh -c "umount -l /proc && exec $explore -- ./hostile block_all careless"
fi

# Names.
odd=$(printf 'a\nb')
mkdir odd
cp hostile "odd/$odd"
later && contained 'exit 1' 'crash in careless \(' 'a newline in the name of the program' $explore -- "odd/$odd" block_all careless
odd=$(printf 'h\377')
cp hostile "odd/$odd"
contained 'exit 1' 'crash in careless \(' 'a name that is no UTF-8' nomem explore --store odd.db -- "odd/$odd" block_all careless
later && contained 'exit 1' 'resumed: 2 of 2' 'and goes on' nomem explore --store odd.db -- "odd/$odd" block_all careless

# A pipe with a name is for the program to read.
mkfifo pipe
timeout 60 sh -c 'echo line >pipe' &
nomem explore --store pipe.db -- ./hostile block_all careful pipe >seen 2>&1 </dev/null || :
later && if [ "$(timeout 5 head -n 1 pipe)" = line ]; then pass 'a pipe among the arguments is not read'; else
  fail 'a pipe among the arguments is not read' seen
fi

# Libraries that are loaded before, more than 4 KB of them.
printf '#include <unistd.h>\n__attribute__((constructor)) static void start(void) { write(1, "loaded\\n", 7); }\n' >say.c
"$cc" -w -shared -fPIC -o say.so say.c
printf 'void unused(void) {}\n' >none.c
"$cc" -w -shared -fPIC -o none.so none.c
long=$(awk -v one="$work/././././././././././././././././././././none.so" 'BEGIN { for (i = 0; i < 80; i++) printf "%s:", one }')
later && contained 'exit 1' 'loaded.*loaded' 'LD_PRELOAD of more than 4 KB' env LD_PRELOAD="$long$work/say.so" \
  nomem run --fail nth=1 -- ./hostile block_all careful

# What is to be pasted has the options that it takes.
later && contained 'exit 1' 'reproduce: nomem run [^ ]*.*--aslr' 'a line to paste with --aslr' $explore --aslr -- ./hostile block_all careless

# Its own memory is short while it makes the environment of the runs.
contained 'exit 2' 'out of memory' 'no memory for the environment' nomem run --no-trace --image nomem \
  --fail 'in=nomem__sanitizer_options size=100 nth=2' -- "$build/nomem" sites -- ./hostile block_all careful

# A program with the injector in it, which others may not command.
if later; then
  if [ -n "$no_root" ]; then skip 'set-uid, with nomem-link.o' "$no_root"; else
    printf '#include <stdlib.h>\nint main(void) { return malloc(1) == NULL; }\n' >linked.c
    "$cc" -w -O0 -fno-builtin -static -o linked linked.c "$build/nomem-link.o" -Wl,-z,muldefs
    chmod 4755 linked
    contained 'exit 1' '' 'linked, it obeys' env NOMEM_PLAN=nth=1 ./linked
    contained 'exit 0' '' 'set-uid, it does not' setpriv --reuid 65534 --regid 65534 --clear-groups env NOMEM_PLAN=nth=1 ./linked
  fi
fi
finish
