/* SPDX-License-Identifier: MIT */
#include "run_clock.h"

/* A step that takes so many times as long as it was meant to has been missed, all but that. */
#define LATE_FACTOR 2
/* One that takes so much longer was not late but interrupted: the command was stopped. */
#define INTERRUPTED_NS UINT64_C(1000000000)
/* However little of the processor a run gets, one part in so many of the time counts: else a machine that is busy for
 * ever would make a run endless. */
#define LEAST_PART 50

void nomem__run_clock_start(struct nomem__run_clock *clock, uint64_t now_ns) {
  *clock = (struct nomem__run_clock){.started_ns = now_ns, .seen_ns = now_ns};
}

/* How long the run had to wait for a processor while none of its threads had one. */
static uint64_t find_starved(const struct nomem__processor_step *use, uint64_t step_ns) {
  uint64_t idle_ns = use->used_ns < step_ns ? step_ns - use->used_ns : 0;
  return use->waited_ns < idle_ns ? use->waited_ns : idle_ns;
}

static uint64_t find_interruption(const struct nomem__run_clock *clock, uint64_t now_ns, uint64_t step_ns) {
  uint64_t passed_ns = now_ns - clock->seen_ns;
  return passed_ns > step_ns + INTERRUPTED_NS ? passed_ns - step_ns : 0;
}

void nomem__run_clock_step(struct nomem__run_clock *clock, uint64_t now_ns, uint64_t step_ns,
                           const struct nomem__processor_step *use) {
  uint64_t passed_ns = now_ns - clock->seen_ns;
  clock->excluded_ns += find_interruption(clock, now_ns, step_ns);
  if (passed_ns > LATE_FACTOR * step_ns) passed_ns = LATE_FACTOR * step_ns;
  uint64_t starved_ns = find_starved(use, passed_ns), had_ns = passed_ns - starved_ns;
  clock->starved_ns += starved_ns;
  clock->used_ns += had_ns > passed_ns / LEAST_PART ? had_ns : passed_ns / LEAST_PART;
  clock->seen_ns = now_ns;
}

void nomem__run_clock_exclude(struct nomem__run_clock *clock, uint64_t ns) {
  clock->seen_ns += ns;
  clock->excluded_ns += ns;
}

uint64_t nomem__run_clock_duration_us(const struct nomem__run_clock *clock, uint64_t now_ns, uint64_t step_ns) {
  uint64_t excluded_ns = clock->excluded_ns + find_interruption(clock, now_ns, step_ns);
  return (now_ns - clock->started_ns - excluded_ns) / 1000;
}
