/* SPDX-License-Identifier: MIT */
/* nomem_check of ../nomem.h: tries every failure of one function, in a test. */
#include <errno.h>
#include <string.h>

#include "../nomem.h"
#include "injector.h"

#include "forbidden_calls.h"

#define CALLS_DEFAULT 1000

struct checking {
  nomem_check_func function;
  void *arg;
  struct nomem_check_result *result;
  int64_t usual_bytes; /* that are in use after a run without a fault */
};

/* The result of one run. */
struct run {
  struct nomem_counters counters;
  int64_t live_bytes_after;
  int returned;
};

static int try(struct checking *checking, const char *plan, struct run *run) {
  int result = nomem__begin(plan, true, NULL);
  if (result != 0) return result;
  checking->result->runs++;
  run->returned = checking->function(checking->arg);
  run->live_bytes_after = nomem__sizes_known ? nomem__channel()->live_bytes : 0;
  nomem_end(&run->counters);
  return 0;
}

static int report_problem(struct checking *checking, enum nomem_problem problem, int returned) {
  checking->result->problem = problem;
  checking->result->returned = returned;
  return 1;
}

/* Runs without a fault. Returns 1 when the function reports a failure nevertheless. */
static int try_clean(struct checking *checking, enum nomem_problem problem, struct run *run) {
  int result = try(checking, "", run);
  if (result != 0 || run->returned == 0) return result;
  return report_problem(checking, problem, run->returned);
}

/* The second run shows what is usual: the first may fill caches. */
static int try_warm(struct checking *checking) {
  struct run run;
  int result = try_clean(checking, NOMEM_FALSE_REPORT, &run);
  if (result == 0) result = try_clean(checking, NOMEM_FALSE_REPORT, &run);
  if (result != 0) return result;
  checking->result->calls = run.counters.calls;
  checking->usual_bytes = run.live_bytes_after;
  return 0;
}

/* Runs with one fault and once more without. *more: the bytes that the two left in use, beyond the usual. */
static int try_fault(struct checking *checking, struct run *faulty, int64_t *more) {
  struct run after = {0};
  *more = 0;
  int result = try(checking, checking->result->plan, faulty);
  if (result != 0) return result;
  if (faulty->counters.faults == 0) /* the function took another path, on which no call was to fail */
    return faulty->returned != 0 ? report_problem(checking, NOMEM_FALSE_REPORT, faulty->returned) : 0;
  result = try_clean(checking, NOMEM_STICKY, &after);
  *more = faulty->live_bytes_after + after.live_bytes_after - 2 * checking->usual_bytes;
  return result;
}

/* Tries one fault twice: memory that stays in use only once may be a cache. */
static int try_point(struct checking *checking) {
  struct run run;
  int64_t more;
  for (int i = 0; i < 2; i++) {
    int result = try_fault(checking, &run, &more);
    if (result != 0 || more <= 0) return result;
  }
  checking->result->leaked_bytes = (uint64_t)more;
  return report_problem(checking, NOMEM_LEAK, run.returned);
}

static void write_plan(struct nomem_check_result *result, uint64_t call, bool persistent) {
  char digits[20];
  size_t count = 0, at = sizeof "nth=" - 1;
  memcpy(result->plan, "nth=", at);
  for (; call > 0; call /= 10) digits[count++] = (char)('0' + call % 10);
  while (count > 0 && at < sizeof result->plan - sizeof "..") result->plan[at++] = digits[--count];
  memcpy(result->plan + at, persistent ? ".." : "", persistent ? sizeof ".." : 1);
}

int nomem_check(nomem_check_func function, void *arg, uint64_t max_calls, struct nomem_check_result *result) {
  if (function == NULL || result == NULL) return -EINVAL;
  struct checking checking = {.function = function, .arg = arg, .result = result};
  *result = (struct nomem_check_result){0};
  int code = try_warm(&checking);
  uint64_t last = max_calls != 0 ? max_calls : CALLS_DEFAULT;
  if (last > result->calls) last = result->calls;
  for (uint64_t call = 1; call <= last && code == 0; call++)
    for (int persistent = 0; persistent < 2 && code == 0; persistent++) {
      write_plan(result, call, persistent);
      code = try_point(&checking);
    }
  return code;
}
