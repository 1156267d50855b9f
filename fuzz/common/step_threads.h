/* SPDX-License-Identifier: MIT */
/* Threads that live as long as the process and make one step at a time, while whoever asked for it waits: what happens
 * is as certain as in one thread. */
#ifndef NOMEM_FUZZ_STEP_THREADS_H
#define NOMEM_FUZZ_STEP_THREADS_H

#include "common/fuzz.h"

enum { STEP_THREADS = 3 };

/* Called once. The function is called in the thread, with the thread's number from 1. */
void step_threads_start(void (*run)(struct fuzz_step step, unsigned thread));

void step_threads_run(struct fuzz_step step, unsigned thread);

#endif
