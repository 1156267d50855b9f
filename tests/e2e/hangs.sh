#!/bin/sh
# SPDX-License-Identifier: MIT
# One endless loop is waited for once: other runs that hang there are ended early, and the report says so. A run that is
# merely slow is not.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

cat >loop.c <<'EOF'
#include <stdlib.h>
#include <time.h>
static __attribute__((noinline)) void endless(int call) {
  void *block = NULL;
  while ((block = malloc(10 + (size_t)call)) == NULL)
    for (volatile int i = 0; i == 0;) continue;
  free(block);
}
static __attribute__((noinline)) void slow(void) {
  void *block = malloc(100);
  const struct timespec nap = {.tv_nsec = 400000000};
  if (block == NULL) nanosleep(&nap, NULL);
  free(block);
}
int main(void) {
  for (int call = 0; call < 3; call++) endless(call);
  slow();
  return 0;
}
EOF
"$cc" -std=gnu11 -g -O0 -o loop loop.c
for engine in exec snapshot; do
  if [ $engine = snapshot ] && cannot_trace "ended early ($engine)"; then continue; fi
  status=0
  nomem explore --no-store --isolate off --timeout 3 --faults both --engine $engine --json loop.json -- ./loop >seen 2>&1 || status=$?
  jq -c '[.findings[] | {verdict, runs, flaky}], [.verdicts[] | select(.runs > 0) | [.name, .runs]],
    .coverage.hangs_ended_early > 0' loop.json >came
  if [ $status = 1 ] && grep -q '^[1-5] runs\{0,1\} that hung where others had hung' seen &&
    printf '%s\n' '[{"verdict":"hang","runs":6,"flaky":false}]' '[["hang",6],["handled",2]]' true | cmp -s - came; then
    pass "ended early ($engine)"
  else
    cat came >>seen
    fail "ended early ($engine)" seen
  fi
done
finish
