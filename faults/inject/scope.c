/* SPDX-License-Identifier: MIT */
/* The C interface of ../nomem.h: a scope is a plan on a channel that belongs to this process. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../nomem.h"
#include "hostile.h"
#include "injector.h"

#include "forbidden_calls.h"

static struct nomem_channel *scope;
static bool is_open;
static struct nomem_counters last_counters; /* of the scope that ended last: a plan that is refused takes its channel */

/* Maps the channel, or clears what was used of it. It is private, so that each forked child gets a copy. */
static int empty_channel(void) {
  if (scope == NULL) {
    void *pages = mmap(NULL, sizeof *scope, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return -ENOMEM;
    scope = pages;
    return 0;
  }
  uint32_t used = scope->counts_used;
  memset(scope->counts, 0, sizeof scope->counts[0] * (used < NOMEM_COUNTS ? used : NOMEM_COUNTS));
  used = scope->fault_count;
  if (used > NOMEM_FAULTS) memset(scope->last_faults, 0, sizeof scope->last_faults);
  memset(scope->faults, 0, sizeof scope->faults[0] * (used < NOMEM_FAULTS ? used : NOMEM_FAULTS));
  memset(scope->modules, 0, sizeof scope->modules[0] * scope->module_count);
  scope->module_count = 0;
  used = scope->site_count;
  if (used > 0) memset(scope->site_slots, 0, sizeof scope->site_slots);
  memset(scope->sites, 0, sizeof scope->sites[0] * (used < NOMEM_SITES ? used : NOMEM_SITES));
  memset(scope, 0, offsetof(struct nomem_channel, faults));
  memset(&scope->live_bytes, 0, offsetof(struct nomem_channel, counts) - offsetof(struct nomem_channel, live_bytes));
  return 0;
}

_Static_assert(sizeof(struct nomem_error) == sizeof(struct nomem_plan_error), "reasons fit");

/* Fills in error, which may be NULL, and returns code. */
static int reject(struct nomem_error *error, size_t column, const char *reason, int code) {
  if (error != NULL) {
    memcpy(error->reason, reason, strlen(reason) + 1);
    error->column = column;
  }
  return code;
}

int nomem_begin(const char *plan, struct nomem_error *error) {
  return nomem__begin(plan, false, error);
}

int nomem__begin(const char *plan, bool counts_live_bytes, struct nomem_error *error) {
  if (plan == NULL) return reject(error, 0, "no plan: pass \"\" to count only", -EINVAL);
  if (is_open || (nomem__channel() != NULL && nomem__channel() != scope))
    return reject(error, 0, "a scope is open: end it with nomem_end first", -EBUSY);
  size_t length = strlen(plan);
  if (length >= NOMEM_PLAN_BYTES) return reject(error, NOMEM_PLAN_BYTES, "the plan is too long", -EINVAL);
  int result = empty_channel();
  if (result != 0) return reject(error, 0, "no memory for the counters", result);
  memcpy(scope->plan, plan, length + 1);
  scope->counts_live_bytes = counts_live_bytes && nomem__sizes_known;
  struct nomem_plan_error where = {0};
  result = nomem__start(scope, &where);
  if (result == -EINVAL) return reject(error, where.column, where.reason, result);
  if (result != 0) return reject(error, 0, "no memory for the stacks", result);
  bool has_budget = nomem__keeps_live();
  if ((has_budget || nomem__is_hostile()) && !nomem__sizes_known) {
    nomem__stop();
    return reject(error, 0,
                  has_budget ? "budget= needs to know block sizes: give nomem_install_over a size_of"
                             : "hostile= needs to know block sizes: give nomem_install_over a size_of",
                  -EINVAL);
  }
  is_open = true;
  return 0;
}

void nomem_read(struct nomem_counters *counters) {
  const struct nomem_channel *channel = nomem__channel();
  *counters = last_counters;
  if (channel == NULL || (channel == scope && !is_open)) return;
  *counters = (struct nomem_counters){0};
  uint32_t used = channel->counts_used;
  for (uint32_t i = 0; i < (used < NOMEM_COUNTS ? used : NOMEM_COUNTS); i++)
    counters->frees += channel->counts[i].frees;
  counters->calls = nomem__channel_calls(channel);
  counters->faults = channel->fault_count;
  counters->errno_lost = channel->errno_lost;
}

void nomem_end(struct nomem_counters *counters) {
  if (counters != NULL) *counters = (struct nomem_counters){0};
  if (!is_open) return;
  nomem__stop();
  nomem_read(&last_counters);
  if (counters != NULL) *counters = last_counters;
  is_open = false;
}
