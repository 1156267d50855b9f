/* SPDX-License-Identifier: MIT */
/* How many runs of a program are made at a time: so many as keep its processors busy. A program that waits for timers
 * and sockets leaves them to other runs. Pure. */
#ifndef NOMEM_JOB_COUNT_H
#define NOMEM_JOB_COUNT_H

#include <stdint.h>

/* What uses one processor all the time: loads are in hundredths of a processor. */
#define NOMEM_LOAD_WHOLE 100
/* So many runs of a program that waits, at the most, on fewer processors than that. */
#define NOMEM_WAITING_JOBS_MAX 8

/* What one run uses, at least 5 hundredths. It is more than one processor where several threads or processes work. */
unsigned nomem__run_load(uint64_t processor_us, uint64_t wall_us);

/* For runs that use this much each. processors: how many they may use together, at least one. */
unsigned nomem__job_count(unsigned processors, unsigned run_load);

#endif
