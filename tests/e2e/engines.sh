#!/bin/sh
# Whichever engine makes a run, it comes out the same: verdict, exit status and how much was written, for every point
# that two engines can run.
#
#   NOMEM_SLOW_TESTS=1      thousands of points instead of a sample
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

points=150
[ -z "${NOMEM_SLOW_TESTS:-}" ] || points=5000

# Writes what came of each point, sorted, to FILE; false when the engine is refused for this program.
explore() {
  file=$1 engine=$2
  shift 2
  status=0
  timeout 280 nomem explore -v --isolate off --engine "$engine" --all --max-points "$points" -- "$@" >out 2>err || status=$?
  [ "$status" -ne 2 ] || return 1
  sed -n 's/^nomem: \(\(site\|from\)=.*\), [0-9]* us)$/\1/p' err | sort >"$file"
  grep '^engines:' out >"$file.engines"
}

same() {
  name=$1
  shift
  if ! explore exec exec "$@" || [ ! -s exec ]; then
    cat err >seen
    fail "$name: exec" seen
    return 0
  fi
  for engine in fork snapshot; do
    if ! explore forked "$engine" "$@"; then
      if grep -q 'is not safe for this program' err; then pass "$name: $engine is refused"; else fail "$name: $engine" err; fi
      continue
    fi
    diff exec forked >seen 2>&1 || :
    grep -q "runs by $engine" forked.engines || echo "no run by $engine: $(cat forked.engines)" >>seen
    if [ -s seen ]; then fail "$name: $engine as exec" seen; else pass "$name: $engine as exec"; fi
  done
}

printf '<r><a id="1"><b>t</b></a></r>\n' >small.xml
printf 'b\na\nc\n' >letters
same lua lua5.4 -e 'local t = {} for i = 1, 50 do t[i] = tostring(i) end print(#t)'
same xmllint xmllint --noout small.xml
same jq jq -n '[1, 2, {"a": 3}] | length'
same sqlite3 sqlite3 :memory: 'create table t(a); insert into t values(1); select * from t'
same git git --version
same sort sort letters
same expr expr 1 + 2
same libuv "$build/examples/uv_loop"

# A program that writes files is not forked on its way: what one run writes, the next would find.
cat >counts.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  FILE *file = fopen("counted", "a");
  if (file != NULL) fclose(file);
  free(malloc(1));
  return 0;
}
EOF
"$cc" -o counts counts.c
if explore forked snapshot ./counts; then
  echo "a program that writes files was forked on its way" >seen
  fail "writes files: refused" seen
elif grep -q 'writes or removes files' err; then
  pass "writes files: refused"
else
  fail "writes files: refused" err
fi

# What a fork would share only while it is open keeps a point from a snapshot only as long. Shared, the byte that the
# fork writes after its fault would be read by the program.
cat >for_a_while.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
static void allocate(int fd) {
  void *block = malloc(1);
  if (block == NULL && fd >= 0 && write(fd, "", 1) != 1) exit(3);
  free(block);
}
int main(void) {
  int pair[2];
  unsigned count = 0;
  char byte;
  allocate(-1);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) return 2;
  allocate(pair[0]);
  while (read(pair[1], &byte, 1) == 1) count++;
  close(pair[0]);
  close(pair[1]);
  allocate(-1);
  int events = epoll_create1(0);
  allocate(-1);
  close(events);
  allocate(-1);
  fprintf(stderr, "%u\n", count);
  return 0;
}
EOF
"$cc" -o for_a_while for_a_while.c
same 'open for a while' ./for_a_while
explore mixed auto ./for_a_while
if diff exec mixed >seen && grep -q '^engines: 6 runs by snapshot, 4 runs by fork' mixed.engines; then
  pass 'open for a while: only then no snapshots'
else
  cat mixed mixed.engines >>seen
  fail 'open for a while: only then no snapshots' seen
fi
finish
