/* SPDX-License-Identifier: MIT */
/* The C interface of ../nomem.h: a scope is a plan on a channel of this process's own. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../nomem.h"
#include "injector.h"

#include "forbidden_calls.h"

static struct nomem_channel *own;
static bool open_scope;

/* Private, so that a forked child's scope is its own. What was not touched costs nothing to keep or to clear. */
static int empty_channel(void) {
  if (own == NULL) {
    void *pages = mmap(NULL, sizeof *own, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return -ENOMEM;
    own = pages;
    return 0;
  }
  uint32_t used = own->counts_used;
  memset(own->counts, 0, sizeof own->counts[0] * (used < NOMEM_COUNTS ? used : NOMEM_COUNTS));
  memset(own->faults, 0, sizeof own->faults[0] * (own->fault_count < NOMEM_FAULTS ? own->fault_count : NOMEM_FAULTS));
  if (own->site_count > 0) {
    memset(own->modules, 0, sizeof own->modules[0] * own->module_count);
    own->module_count = 0;
    memset(own->site_slots, 0, sizeof own->site_slots);
    memset(own->sites, 0, sizeof own->sites[0] * (own->site_count < NOMEM_SITES ? own->site_count : NOMEM_SITES));
  }
  memset(own, 0, offsetof(struct nomem_channel, images));
  memset(&own->live_bytes, 0, offsetof(struct nomem_channel, counts) - offsetof(struct nomem_channel, live_bytes));
  return 0;
}

static int refuse(struct nomem_error *error, size_t column, const char *reason, int code) {
  if (error != NULL) {
    size_t length = strlen(reason);
    if (length >= sizeof error->reason) length = sizeof error->reason - 1;
    memcpy(error->reason, reason, length);
    error->reason[length] = '\0';
    error->column = column;
  }
  return code;
}

int nomem_begin(const char *plan, struct nomem_error *error) {
  return nomem__begin(plan, false, error);
}

int nomem__begin(const char *plan, bool keep_live, struct nomem_error *error) {
  if (plan == NULL) return refuse(error, 0, "no plan: pass \"\" to count only", -EINVAL);
  if (open_scope || (nomem__channel() != NULL && nomem__channel() != own))
    return refuse(error, 0, "a scope is open: end it with nomem_end first", -EBUSY);
  size_t length = strlen(plan);
  if (length >= NOMEM_PLAN_BYTES) return refuse(error, NOMEM_PLAN_BYTES, "the plan is too long", -EINVAL);
  int result = empty_channel();
  if (result != 0) return refuse(error, 0, "no memory for the counters", result);
  memcpy(own->plan, plan, length + 1);
  own->keep_live = keep_live && nomem__sizes_known;
  struct nomem_plan_error where = {0};
  result = nomem__start(own, &where);
  if (result == -EINVAL) return refuse(error, where.column, where.reason, result);
  if (result != 0) return refuse(error, 0, "no memory for the stacks", result);
  if (nomem__keeps_live() && !nomem__sizes_known) {
    nomem__stop();
    return refuse(error, 0, "budget= needs to know block sizes: give nomem_install_over a size_of", -EINVAL);
  }
  open_scope = true;
  return 0;
}

void nomem_read(struct nomem_counters *counters) {
  *counters = (struct nomem_counters){0};
  const struct nomem_channel *channel = nomem__channel();
  if (channel == NULL) return;
  uint32_t used = channel->counts_used;
  for (uint32_t i = 0; i < (used < NOMEM_COUNTS ? used : NOMEM_COUNTS); i++)
    counters->frees += channel->counts[i].frees;
  counters->calls = nomem__channel_calls(channel);
  counters->faults = channel->fault_count;
  counters->errno_lost = channel->errno_lost;
}

void nomem_end(struct nomem_counters *counters) {
  if (open_scope) nomem__stop();
  if (counters != NULL) {
    if (open_scope)
      nomem_read(counters);
    else
      *counters = (struct nomem_counters){0};
  }
  open_scope = false;
}
