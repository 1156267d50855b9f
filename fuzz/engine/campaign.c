/* SPDX-License-Identifier: MIT */
/* What the processes of a campaign share. libFuzzer's -fork starts a process for each job and another to merge what it
 * found: without this each job would begin anew with every site.
 *
 * The process that starts the jobs makes the memory, without a name, and they inherit its descriptor, whose number is
 * in the environment. A process that is alone has memory of its own, which only its children see. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../faults/inject/module_names.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

#define VARIABLE "NOMEM_FUZZ_CAMPAIGN"

/* One site for each slot is looked for, and each input's credits, from the slot of its hash on. */
enum { SLOTS = 65536, PROBES = 64, CREDITS_MAX = 16384 };

#define MAGIC UINT64_C(0x6e6f6d656d0a0001)

enum { REACHED_CLEAN = 1, REACHED_WITH_FAULT = 2 };

static struct campaign {
  uint64_t magic;
  uint64_t counters; /* of the program's edges */
  _Atomic uint64_t findings, fault_runs, all_us, rounds_us;
  struct {
    _Atomic uint64_t key;
    _Atomic uint32_t steps;
  } site[SLOTS];
  _Atomic uint32_t credit_count;
  struct credit {
    uint64_t input;
    struct nomem_try tried;
  } credit[CREDITS_MAX];
  uint8_t edge[];
} * campaign;

extern char **environ;

static struct campaign *map(int fd, size_t size) {
  int flags = MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0);
  void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
  return pages == MAP_FAILED ? NULL : pages;
}

static int inherited_descriptor(void) {
  for (char **at = environ; *at != NULL; at++) {
    if (strncmp(*at, VARIABLE "=", sizeof VARIABLE) != 0) continue;
    int fd = 0;
    for (const char *digit = *at + sizeof VARIABLE; *digit >= '0' && *digit <= '9' && fd < 100000; digit++)
      fd = fd * 10 + (*digit - '0');
    return fd;
  }
  return -1;
}

/* Maps what another process has made for this program; NULL when there is nothing of the kind. */
static struct campaign *map_inherited(size_t size) {
  struct stat status;
  int fd = inherited_descriptor();
  if (fd < 0 || fstat(fd, &status) != 0 || (size_t)status.st_size != size) return NULL;
  struct campaign *found = map(fd, size);
  if (found == NULL || found->magic == MAGIC) return found;
  munmap(found, size);
  return NULL;
}

/* The environment with one more variable, in memory that stays. */
static void add_to_environment(int fd) {
  static struct nomem_text variable;
  size_t count = 0;
  while (environ[count] != NULL) count++;
  void *pages = mmap(NULL, (count + 2) * sizeof *environ, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return;
  char **longer = pages;
  nomem__text_add(&variable, VARIABLE "=");
  nomem__text_number(&variable, (uint64_t)fd);
  longer[0] = variable.bytes;
  memcpy(longer + 1, environ, count * sizeof *environ);
  environ = longer;
}

static struct campaign *map_for_jobs(size_t size) {
  int fd = memfd_create("nomem campaign", 0);
  if (fd < 0) return NULL;
  struct campaign *made = ftruncate(fd, (off_t)size) == 0 ? map(fd, size) : NULL;
  if (made == NULL) {
    nomem__close(fd);
    return NULL;
  }
  add_to_environment(fd);
  return made;
}

int nomem__campaign_begin(void) {
  size_t counters = nomem__counters_number(), size = sizeof *campaign + counters;
  if (nomem__options.starts_jobs)
    campaign = map_for_jobs(size);
  else if (nomem__options.is_job || nomem__options.merges)
    campaign = map_inherited(size);
  if (campaign == NULL && !nomem__options.merges) campaign = map(-1, size);
  if (campaign == NULL) return -ENOMEM;
  campaign->counters = counters;
  campaign->magic = MAGIC;
  return 0;
}

/* The slot of a site; -1 when there is none for it. */
static int64_t slot_of(uint64_t key) {
  for (uint64_t i = 0; i < PROBES; i++) {
    uint64_t slot = (key + i) % SLOTS, none = 0;
    if (atomic_load(&campaign->site[slot].key) == key ||
        atomic_compare_exchange_strong(&campaign->site[slot].key, &none, key) || none == key)
      return (int64_t)slot;
  }
  return -1;
}

uint32_t nomem__campaign_steps(uint64_t key) {
  int64_t slot = slot_of(key);
  return slot < 0 ? 0 : atomic_load(&campaign->site[slot].steps);
}

void nomem__campaign_note_step(uint64_t key, uint32_t steps) {
  int64_t slot = slot_of(key);
  if (slot >= 0 && atomic_load(&campaign->site[slot].steps) < steps) atomic_store(&campaign->site[slot].steps, steps);
}

void nomem__campaign_note_clean(const uint8_t *counters, size_t size) {
  for (size_t i = 0; i < size && i < campaign->counters; i++)
    if (counters[i] != 0 && !(campaign->edge[i] & REACHED_CLEAN)) campaign->edge[i] |= REACHED_CLEAN;
}

bool nomem__campaign_note_edge(size_t number) {
  if (number >= campaign->counters || campaign->edge[number] != 0) return false;
  campaign->edge[number] |= REACHED_WITH_FAULT;
  return true;
}

void nomem__campaign_add_credit(uint64_t input, const struct nomem_try *tried) {
  uint32_t index = atomic_fetch_add(&campaign->credit_count, 1);
  if (index < CREDITS_MAX) campaign->credit[index] = (struct credit){input, *tried};
}

const struct nomem_try *nomem__campaign_credit(uint64_t input, uint32_t *next) {
  uint32_t count = atomic_load(&campaign->credit_count);
  for (; *next < count && *next < CREDITS_MAX; (*next)++)
    if (campaign->credit[*next].input == input) return &campaign->credit[(*next)++].tried;
  return NULL;
}

void nomem__campaign_count_fault_run(void) {
  atomic_fetch_add(&campaign->fault_runs, 1);
}

uint64_t nomem__campaign_fault_runs(void) {
  return atomic_load(&campaign->fault_runs);
}

uint64_t nomem__campaign_add_time(uint64_t all_us, uint64_t rounds_us, uint64_t *spent_us) {
  *spent_us = atomic_fetch_add(&campaign->rounds_us, rounds_us) + rounds_us;
  return atomic_fetch_add(&campaign->all_us, all_us) + all_us;
}

uint64_t nomem__campaign_findings(void) {
  return atomic_load(&campaign->findings);
}

void nomem__campaign_count_finding(void) {
  atomic_fetch_add(&campaign->findings, 1);
}

void nomem__campaign_say(void) {
  static struct nomem_text text;
  uint64_t edges = 0, with_fault = 0;
  for (size_t i = 0; i < campaign->counters; i++) {
    edges += campaign->edge[i] != 0;
    with_fault += campaign->edge[i] == REACHED_WITH_FAULT;
  }
  nomem__text_add(&text, "nomem: edges: ");
  nomem__text_number(&text, edges);
  nomem__text_add(&text, ", of them only where a call failed: ");
  nomem__text_number(&text, with_fault);
  nomem__text_add(&text, "; runs with a failed call: ");
  nomem__text_number(&text, nomem__campaign_fault_runs());
  nomem__text_add(&text, "; findings: ");
  nomem__text_number(&text, nomem__campaign_findings());
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, STDERR_FILENO);
}
