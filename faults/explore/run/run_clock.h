/* SPDX-License-Identifier: MIT */
/* How much time a run has had, as against how much has passed.
 *
 * It is added up step by step while the run goes on. What does not count: time in which the command itself did not come
 * to look, because it was stopped or had no processor, and time in which the run had work to do and no processor. So a
 * limit means the same on a busy machine and on an idle one. Pure. */
#ifndef NOMEM_RUN_CLOCK_H
#define NOMEM_RUN_CLOCK_H

#include <stdint.h>

#include "../process/processor_use.h"

struct nomem__run_clock {
  uint64_t started_ns, seen_ns; /* by the monotonic clock; the latter: when the last step ended */
  uint64_t used_ns;             /* what counts against a limit */
  uint64_t excluded_ns;         /* what is no part of the run's duration */
  uint64_t starved_ns;          /* it had work to do, and no processor */
};

void nomem__run_clock_start(struct nomem__run_clock *clock, uint64_t now_ns);

/* Ends a step that was meant to take step_ns. use: what the run did in it. */
void nomem__run_clock_step(struct nomem__run_clock *clock, uint64_t now_ns, uint64_t step_ns,
                           const struct nomem__processor_step *use);

/* So long, within the step that goes on, the run stood still for the command's own work. */
void nomem__run_clock_exclude(struct nomem__run_clock *clock, uint64_t ns);

/* How long the run took, if it ended now, in a step that was meant to take step_ns. */
uint64_t nomem__run_clock_duration_us(const struct nomem__run_clock *clock, uint64_t now_ns, uint64_t step_ns);

#endif
