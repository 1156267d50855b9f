/* SPDX-License-Identifier: MIT */
#include "suite_turns.h"

#include <stdlib.h>
#include <uv.h>

#include "../text/memory.h"

#define NS_PER_MS UINT64_C(1000000)
/* Of the time that is left, such a part is for the runs without a fault of as many cases as that is enough for. */
#define BASELINES 3
/* The runs of a case without a fault, of which stacks are taken, are estimated to take so many times what the test took
 * when it was recorded. */
#define BASELINE_FACTOR 4
/* After so many hundredths of all the time, what other cases have tried already is left out: what has been found is
 * still to be looked at more closely. */
#define LATE 67

static bool is_late(const struct nomem__suite_exploration *exploration) {
  const struct nomem__suite *suite = exploration->suite;
  uint64_t budget_ns = suite->options->budget_ms * NS_PER_MS;
  return budget_ns != 0 && (uv_hrtime() - suite->began_ns) >= budget_ns / 100 * LATE;
}

static uint64_t find_batch_end(const struct nomem__suite *suite) {
  uint64_t now = uv_hrtime(), end = suite->began_ns + suite->options->budget_ms * NS_PER_MS;
  if (suite->options->budget_ms == 0) return UINT64_MAX;
  return now < end ? now + (end - now) / BASELINES : now;
}

struct length {
  size_t number;
  uint64_t wall_us;
};

static int by_length(const void *left, const void *right) {
  const struct length *a = left, *b = right;
  if (a->wall_us != b->wall_us) return a->wall_us < b->wall_us ? -1 : 1;
  return a->number < b->number ? -1 : a->number > b->number;
}

void nomem__suite_turns_open(struct nomem__suite_exploration *exploration) {
  const struct nomem__suite_cases *cases = &exploration->suite->cases;
  bool has_budget = exploration->suite->options->budget_ms != 0;
  struct length *lengths = nomem__calloc(cases->count + 1, sizeof *lengths);
  exploration->start_order = nomem__calloc(cases->count + 1, sizeof *exploration->start_order);
  for (size_t i = 0; i < cases->count; i++)
    lengths[i] = (struct length){i, has_budget ? cases->list[i].image->wall_us : 0};
  qsort(lengths, cases->count, sizeof *lengths, by_length);
  for (size_t i = 0; i < cases->count; i++) exploration->start_order[i] = lengths[i].number;
  exploration->batch_end_ns = find_batch_end(exploration->suite);
  free(lengths);
}

/* Whether the runs of a case without a fault are likely to be made in so much time. */
static bool fits(const struct nomem__suite_exploration *exploration, size_t number, uint64_t ns) {
  return exploration->suite->cases.list[number].image->wall_us * 1000 * BASELINE_FACTOR < ns;
}

bool nomem__suite_turns_may_start(const struct nomem__suite_exploration *exploration, size_t number) {
  uint64_t now = uv_hrtime(), end = exploration->batch_end_ns;
  if (!exploration->takes_turns) return true;
  if (exploration->turns.is_made || now >= end) return false;
  return fits(exploration, number, end - now) || !nomem__suite_is_anyone_left(exploration);
}

/* Once all cases of the batch have made their runs without a fault. */
static void make_turns(struct nomem__suite_exploration *exploration) {
  size_t count = exploration->suite->cases.count;
  struct nomem__order_case *cases = nomem__calloc(count + 1, sizeof *cases);
  for (size_t i = 0; i < count; i++) {
    const struct nomem__case_slot *slot = &exploration->slots[i];
    cases[i].cost = slot->sites.cost;
    if (slot->is_waiting) cases[i].sites = slot->sites.sites;
    if (slot->is_waiting) cases[i].site_count = slot->sites.site_count;
  }
  nomem__case_turns_make(&exploration->turns, cases, count, exploration->suite->options->quick);
  free(cases);
}

static void order(struct nomem__case_slot *slot, const uint32_t *sites, size_t count) {
  if (nomem__case_send_order(slot->process.order_fd, sites, count) != 0) count = 0;
  slot->is_waiting = false;
  slot->is_concluding = count == 0;
  slot->since_ns = uv_hrtime();
}

/* Gives cases their turns, as long as there is room. Returns whether all have had theirs. */
static bool give_turns(struct nomem__suite_exploration *exploration) {
  size_t number, count;
  if (is_late(exploration)) nomem__case_turns_end(&exploration->turns);
  while (nomem__case_turns_peek(&exploration->turns, &number)) {
    struct nomem__case_slot *slot = &exploration->slots[number];
    bool is_gone = slot->process.pid == 0 || slot->is_concluding;
    if (!is_gone && (!slot->is_waiting || !nomem__suite_has_room(exploration))) return false;
    uint32_t *sites = nomem__case_turns_take(&exploration->turns, &count);
    if (!is_gone) order(slot, sites, count);
    free(sites);
  }
  return nomem__suite_count_busy(exploration) == 0;
}

static void conclude(struct nomem__suite_exploration *exploration) {
  for (size_t i = 0; i < exploration->suite->cases.count; i++) {
    struct nomem__case_slot *slot = &exploration->slots[i];
    if (slot->process.pid == 0 || !slot->is_waiting) continue;
    if (exploration->suite->interrupted_by == 0 && !nomem__suite_has_room(exploration)) return;
    order(slot, NULL, 0);
  }
}

/* The next batch begins when the last one is done. */
static void begin_batch(struct nomem__suite_exploration *exploration) {
  nomem__case_turns_free(&exploration->turns);
  exploration->batch_end_ns = find_batch_end(exploration->suite);
}

void nomem__suite_turns_take(struct nomem__suite_exploration *exploration) {
  const struct nomem__suite *suite = exploration->suite;
  bool is_last = nomem__suite_is_over(suite);
  bool is_whole = exploration->next == suite->cases.count ||
                  !nomem__suite_turns_may_start(exploration, exploration->start_order[exploration->next]);
  if (!is_last && is_whole) {
    if (!exploration->turns.is_made && nomem__suite_count_busy(exploration) == 0) make_turns(exploration);
    is_last = exploration->turns.is_made && give_turns(exploration);
  }
  if (is_last || (exploration->turns.is_made && exploration->turns.next == exploration->turns.count))
    conclude(exploration);
  if (exploration->turns.is_made && !nomem__suite_is_anyone_left(exploration)) begin_batch(exploration);
}
