/* SPDX-License-Identifier: MIT */
/* What a run does to the world outside its memory, or would share with a fork: that decides which engines are safe for
 * a program.
 *
 * It is found out in a run of its own, without a fault: a system call filter stops the run for its tracer at the few
 * calls that matter, and all other calls cost nothing.
 */
#ifndef NOMEM_SYSCALL_EFFECTS_H
#define NOMEM_SYSCALL_EFFECTS_H

#include <stdbool.h>
#include <sys/types.h>

#define NOMEM_EFFECT_MAP(X)                                      \
  X(PROCESSES, "it starts processes")                            \
  X(PROGRAMS, "it executes another program")                     \
  X(THREADS, "it starts threads")                                \
  X(FILES, "it writes or removes files")                         \
  X(CHANNELS, "it opens pipes or sockets")                       \
  X(EVENTS, "it waits for events (epoll, eventfd, inotify ...)") \
  X(MEMORY, "it shares memory that it writes")                   \
  X(UNFORKED, "it has memory that a fork does not get")          \
  X(TIMERS, "it sets timers")                                    \
  X(SIGNALS, "it sends signals, or asks for some")               \
  X(LOCKS, "it locks files")                                     \
  X(SYSTEM, "it changes mounts, namespaces or the host's name")  \
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

/* Effects that last as long as a descriptor: a fork shares them only while that is open. */
#define NOMEM_EFFECTS_WHILE_OPEN (NOMEM_EFFECT_CHANNELS | NOMEM_EFFECT_EVENTS)

/* Has the calling process, and its descendants, stop for their tracer at such calls. Between fork and exec:
 * async-signal-safe. Returns 0 or a negative error code. Programs that would gain privileges by exec do not. */
int nomem__effects_watch(void);

/* The effects of the system call at which tid has stopped, which the caller traces. What the injector does itself does
 * not count. */
unsigned nomem__effects_of_stop(pid_t tid);

/* Whether the system call at which tid has stopped in the same way may create a file like the one at path. Only the
 * last parts of the paths are compared. */
bool nomem__effects_creates_file(pid_t tid, const char *path);

/* The text of the first effect of a set; "" for the empty set. */
const char *nomem__effect_text(unsigned effects);

#endif
