/* SPDX-License-Identifier: MIT */
/* What the threads of a run that hangs are doing: first what /proc shows while they run, then their stacks.
 *
 * The caller traces the run, in the thread in which all of this happens. It passes on which thread has stopped, keeps
 * the time and ends the run.
 */
#ifndef NOMEM_THREAD_SAMPLING_H
#define NOMEM_THREAD_SAMPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../stack/stack_capture.h"

/* Threads beyond these are only counted. */
#define NOMEM_SAMPLED_THREADS 64
#define NOMEM_THREAD_NAME_BYTES 16
/* So many words of a futex are kept that a thread waits for: of a mutex, they include its owner. */
#define NOMEM_FUTEX_WORDS 6

struct nomem__thread {
  struct nomem__stack stack; /* depth 0: none */
  uint64_t cpu_ms, age_ms;   /* the processor time that it has used, of so long a life */
  long call;                 /* the system call that it waits in; -1: none */
  uint64_t argument[2];
  uint32_t word[NOMEM_FUTEX_WORDS]; /* what lies at argument[0] of a futex call */
  pid_t pid, tid;
  char name[NOMEM_THREAD_NAME_BYTES]; /* printable ASCII: every other character is a '?' in it */
  char state;                         /* as in /proc/TID/stat; 0: the thread was gone */
  bool has_words;
};

struct nomem__sampling; /* of one run */

/* Reads what /proc shows of these threads, which run; main_thread is the one whose stack is sampled several times.
 * Returns the caller's object. */
struct nomem__sampling *nomem__sampling_begin(const pid_t *tids, size_t count, pid_t main_thread);

/* NULL is allowed. */
void nomem__sampling_free(struct nomem__sampling *sampling);

/* Stops the threads whose stacks are wanted next: the main thread until there are enough samples of it, then all others
 * at once. False: there are none. */
bool nomem__sampling_interrupt(struct nomem__sampling *sampling);

/* What the caller does with a thread that has stopped. */
enum nomem__sampling_step {
  NOMEM_SAMPLING_OTHER_STOP,   /* it did not stop to be sampled: what is usual for such a stop */
  NOMEM_SAMPLING_AGAIN,        /* let it run, and call nomem__sampling_interrupt a little later */
  NOMEM_SAMPLING_NEXT_THREADS, /* leave it stopped, and call nomem__sampling_interrupt */
  NOMEM_SAMPLING_WAIT,         /* leave it stopped: more threads will stop */
  NOMEM_SAMPLING_DONE          /* there is nothing more to sample */
};

enum nomem__sampling_step nomem__sampling_stopped(struct nomem__sampling *sampling, struct nomem__stacks *stacks,
                                                  pid_t tid);

/* All that is known: the threads by process, those of the main thread's process first, and then by age. They belong to
 * the sampling. */
struct nomem__threads {
  const struct nomem__thread *list;
  size_t count, left_out; /* the latter are not in the list, because there were too many */
  size_t main_thread;     /* its index */
};

struct nomem__threads nomem__sampling_threads(const struct nomem__sampling *sampling);

#endif
