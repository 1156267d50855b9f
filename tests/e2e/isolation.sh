#!/bin/sh
# SPDX-License-Identifier: MIT
# Isolated runs neither meet one another nor leave anything behind; runs that are not isolated do.
# shellcheck disable=SC2086 # commands are kept in variables of several words
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
# shellcheck source-path=SCRIPTDIR source=lib/left_behind.sh
. "$here/lib/left_behind.sh"

# The suite's copy of the command lies below the folder for temporary files, where an ordinary user reaches it.
NAME='nomem-apart-of-the-tests'
"$cc" -std=gnu11 -g -O0 -o apart "$here/programs/apart.c"
# ends NAME STATUS PATTERN COMMAND...: ends with the status, prints a line like the pattern.
ends() {
  ends_status=$2
  ends_pattern=$3
  shift 3
  status=0
  $as timeout -k 1 300 "$@" >"$work/seen" 2>&1 </dev/null || status=$?
  if [ "$status" = "$ends_status" ] && grep -q -e "$ends_pattern" "$work/seen"; then return 0; fi
  echo "(exit status $status, wanted $ends_status and '$ends_pattern')" >>"$work/seen"
  return 1
}

# apart NAME STATUS PATTERN COMMAND...: as ends, and nothing is left.
apart() {
  if ends "$@" && is_clean && [ "$(cat there/file)" = old ]; then pass "$1 ($who)"; else
    fail "$1 ($who)" "$work/seen"
  fi
}

# collides NAME STATUS PATTERN COMMAND...: as ends; what is left is cleared away.
collides() {
  if ends "$@"; then pass "$1 ($who)"; else fail "$1 ($who)" "$work/seen"; fi
  tidy
}

# interrupted SIGNAL STATUS: the signal comes while a run hangs.
interrupted() {
  $as nomem explore --no-store --isolate on -j 2 --timeout 50 -- "$work/apart" hang >"$work/seen" 2>&1 </dev/null &
  nomem=$!
  sleep 2
  kill -"$1" $nomem || :
  status=0
  wait $nomem || status=$?
  if [ $status = "$2" ] && is_clean; then pass "SIG$1 ($who)"; else
    echo "(exit status $status, wanted $2)" >>"$work/seen"
    fail "SIG$1 ($who)" "$work/seen"
  fi
}

# In the current folder, as the current user.
all_cases() {
  leaves="/tmp/$NAME /var/tmp/$NAME /dev/shm/$NAME $HOME/$NAME $PWD/$NAME $PWD/made"
  $as sh -c 'mkdir there && printf old >there/file'
  for engine in exec auto; do
    on="nomem explore --no-store -j 2 --isolate on --engine $engine --"
    apart "the same port, $engine" 0 '; 0 findings' $on "$work/apart" port
    apart "the same files, $engine" 0 '; 0 findings' $on "$work/apart" files
    apart "the same semaphore, $engine" 0 '; 0 findings' $on "$work/apart" ipc
    apart "files that are there, $engine" 0 '; 0 findings' $on "$work/apart" change
    apart "the user, $engine" 0 '; 0 findings' $on "$work/apart" user
  done
  apart 'run' 0 '1 of [0-9]* allocation' nomem run --fail nth=1 -- "$work/apart" files
  apart 'without ptrace' 0 '; 0 findings' nomem explore --no-store -j 2 --no-trace --isolate on -- "$work/apart" files
  off='nomem explore --no-store -j 2 --isolate off --engine exec --'
  collides 'not isolated, the same port' 2 'without any fault' $off "$work/apart" port
  collides 'not isolated, the same files' 2 'without any fault' $off "$work/apart" files
  cannot_trace 'the fork server would share files' ||
    apart 'the fork server would share files' 2 'engine fork is not safe.* writes' \
    nomem explore --no-store --isolate on --engine fork -- "$work/apart" files
  if ip route get 192.0.2.1 >"$work/seen" 2>&1; then
    apart 'what needs the network is not isolated, but explored' 1 'reproduce: nomem run .*--isolate off' \
      nomem explore --no-store -- "$work/apart" outside
    apart 'nor is it when that is insisted on' 2 'without any fault' \
      nomem explore --no-store --isolate on -- "$work/apart" outside
  fi
  interrupted INT 2
  interrupted TERM 2
  interrupted KILL 137
}

chmod -R a+rX "$work"
look_at_isolation
[ -z "$no_isolation" ] || skip_suite "$no_isolation"

# What runs make and do not remove, whichever engine makes them. Names that are others in each run, what the baseline
# leaves, too, and what is left on purpose are no reason to complain.
"$cc" -std=gnu11 -g -O0 -o making "$here/programs/making.c"
# leaves WHAT FINDINGS PATTERN [OPTION...]: so many findings, and a line like the pattern.
leaves() {
  leaves_what=$1
  leaves_count=$2
  leaves_pattern=$3
  shift 3
  nomem explore --no-store --strict -j 2 "$@" -- ./making "$leaves_what" >seen 2>&1 || :
  if grep -q "; $leaves_count finding" seen && grep -q -e "$leaves_pattern" seen &&
    [ ! -e folder ] && [ ! -e output ]; then pass "left: $leaves_what $*"; else fail "left: $leaves_what $*" seen; fi
}
for what in cache always numbers log; do leaves "$what" 0 ''; done
cannot_trace 'what is left' || for engine in exec fork snapshot; do
  leaves bad-again 1 '^6 runs: 4 leftover, 2 reported; 1 finding' --engine $engine
done
# What a run changes that cannot be put back, the next one does not find.
printf old >kept
cannot_trace 'what cannot be put back' || for engine in exec fork snapshot; do
  for what in empty many; do
    if [ $what = empty ]; then
      leaves $what 1 '^6 runs: 6 swallowed; 1 finding' --engine $engine
    else
      leaves $what 0 '^6 runs: 6 handled; 0 findings' --engine $engine
    fi
    if grep -q 'changed files that cannot be put back' seen && [ -s kept ] && [ ! -e many ]; then
      pass "it is said: $what, $engine"
    else
      fail "it is said: $what, $engine" seen
    fi
  done
done
cannot_trace 'what is left, of each kind' || {
  leaves bad-again 1 "a folder was left: '$work/folder'"
  leaves bad-output 1 "file '$work/output' lacks line 1 of what it is without the fault, 'mademade'"
  leaves bad-refusal 0 '2 reported'
  leaves bad-refusal 1 "a file was left: '$work/journal'" --leaks all
  leaves bad-one-more 1 "a file was left: '/tmp/making-\*'"
  leaves bad-half 1 "a file was left: '$work/output.tmp'"
  leaves bad-leak 1 "5 bytes in 1 block; and a file was left: '$work/held'"
}
leaves log 0 'leaves behind are not looked for: runs are not isolated' --isolate off

id=$(id -u):$(id -g)
who=$id as="env APART_USER=$id"
mkdir own
cd own
all_cases
# The baselines are made side by side; where they meet all the same, they are made alone.
[ ! -w /run ] || apart 'baselines that meet' 0 '; 0 findings' \
  nomem explore --no-store -j 2 --isolate on --max-points 1 -- "$work/apart" lock
cd ..

if [ "${id%%:*}" = 0 ]; then
  who=ordinary
  HOME=$work/home
  mkdir home home/own
  chown -R 4711:4712 home
  as="setpriv --reuid 4711 --regid 4712 --clear-groups env HOME=$HOME APART_USER=4711:4712"
  cd home/own
  look_at_isolation $as
  if [ -n "$no_isolation" ]; then skip 'all of it (an ordinary user)' "$no_isolation"; else
    all_cases
    # The same where a file system is mounted below folders that are covered, which the kernel does not allow there.
    who='ordinary, mounted below'
    mkdir ../mounted
    printf '#!/bin/sh\nmount -t tmpfs tmpfs "%s" && printf old >"%s/file" && exec %s "$@"\n' \
      "$work/home/mounted" "$work/home/mounted" "$as" >"$work/mounting"
    chmod +x "$work/mounting"
    as="unshare --mount --propagation private $work/mounting"
    rm -r there
    all_cases
    cd ..
    mkdir there
    printf old >there/file
    cp there/file kept
    ln -s there/file link
    chown -R 4711:4712 there kept
    leaves="$leaves $PWD/$NAME $PWD/made"
    apart 'in the folder itself' 0 '; 0 findings' nomem explore --no-store --isolate on -j 2 -- "$work/apart" divided
    if [ "$(cat kept)" = old ]; then pass "what is read-only is left alone ($who)"; else fail 'read-only' kept; fi
    cd own
  fi
  cd ../..
fi

# What the kernel does not give is said.
for part in net mnt ipc; do
  who="no $part"
  cat >limited <<END
#!/bin/sh
echo 0 >/proc/sys/user/max_${part}_namespaces
exec "\$@"
END
  chmod +x limited
  as="env APART_USER=0:0 HOME=$work unshare -r ./limited"
  mkdir -p there
  printf old >there/file
  apart 'on' 2 'isolate on: not possible here: own .*: the limit on their number is reached' nomem explore --isolate on -- ./apart hang
  apart 'auto' 0 'not isolated from one another (own .*), so there is one at a time' \
    nomem explore --no-store -- ./apart user
done
finish
