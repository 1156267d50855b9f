/* SPDX-License-Identifier: MIT */
/* How much of the machine's processors stood idle of late. */
#ifndef NOMEM_IDLE_TIME_H
#define NOMEM_IDLE_TIME_H

#include <stdint.h>

/* All zero: nothing has been seen yet. Times in the kernel's ticks. */
struct nomem__idle_time {
  uint64_t idle, all;
};

/* Looks at /proc/stat. Returns how much was idle since it last told, in percent of all processors' time; negative: too
 * little time has passed, or the kernel does not tell. */
int nomem__idle_time_look(struct nomem__idle_time *time);

/* The same for the first line of that file. Pure. */
int nomem__idle_time_of(struct nomem__idle_time *time, const char *line);

#endif
