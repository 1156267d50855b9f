/* SPDX-License-Identifier: MIT */
/* What a run does that outlives the moment, or that a fork would share: which engines are safe for a program.
 *
 * Found out in one run of its own, without a fault: a system call filter has the tracer told of the few calls that
 * matter, and all others cost nothing.
 */
#ifndef NOMEM_SYSCALL_EFFECTS_H
#define NOMEM_SYSCALL_EFFECTS_H

#include <stdbool.h>
#include <sys/types.h>

#define NOMEM_EFFECT_MAP(X)                                      \
  X(PROCESSES, "it starts processes")                            \
  X(THREADS, "it starts threads")                                \
  X(FILES, "it writes or removes files")                         \
  X(CHANNELS, "it opens pipes or sockets")                       \
  X(EVENTS, "it waits for events (epoll, eventfd, inotify ...)") \
  X(MEMORY, "it shares memory that it writes")                   \
  X(TIMERS, "it sets timers")                                    \
  X(UNKNOWN, "the kernel does not let its system calls be watched")

enum nomem__effect_number {
#define X(upper, text) NOMEM__EFFECT_NUMBER_##upper,
  NOMEM_EFFECT_MAP(X)
#undef X
};

/* Bits of a set of effects. */
enum nomem__effect {
#define X(upper, text) NOMEM_EFFECT_##upper = 1 << NOMEM__EFFECT_NUMBER_##upper,
  NOMEM_EFFECT_MAP(X)
#undef X
};

/* Effects that a descriptor stands for: a fork shares them only while it is open. */
#define NOMEM_EFFECTS_WHILE_OPEN (NOMEM_EFFECT_CHANNELS | NOMEM_EFFECT_EVENTS)

/* Has the calling process, and all that come from it, report to their tracer. Between fork and exec: async-signal-safe.
 * Returns 0 or a negative error code. Takes privileges away from programs that would gain some by exec. */
int nomem__effects_watch(void);

/* The effects of the system call at which tid, which the caller traces, has stopped. What the injector does itself is
 * none. */
unsigned nomem__effects_of_stop(pid_t tid);

/* Whether the system call at which tid has stopped, in the same way, may make a file like the one at path: told by
 * their names, without the folders. */
bool nomem__effects_makes(pid_t tid, const char *path);

/* The text of the first effect of a set; "" for the empty set. */
const char *nomem__effect_text(unsigned effects);

#endif
