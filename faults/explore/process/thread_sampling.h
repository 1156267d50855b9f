/* SPDX-License-Identifier: MIT */
/* Looks at the threads of a run that hangs: what each is doing, as /proc shows it while it runs, then its stack.
 *
 * The run is traced by the caller, in whose thread all of this happens. The caller passes on who has stopped, keeps the
 * clock and ends the run.
 */
#ifndef NOMEM_THREAD_SAMPLING_H
#define NOMEM_THREAD_SAMPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../stack/stack_capture.h"

/* More threads than this are counted only. */
#define NOMEM_HANG_THREADS 64
#define NOMEM_THREAD_NAME_BYTES 16
/* Of what a thread waits for by a futex: a mutex and its owner. */
#define NOMEM_HANG_WORDS 6

struct nomem__thread {
  struct nomem__stack stack; /* depth 0: none */
  uint64_t cpu_ms, age_ms;   /* used, of so long a life */
  long call;                 /* the system call that it waits in; -1: none */
  uint64_t argument[2];
  uint32_t word[NOMEM_HANG_WORDS]; /* at argument[0], of a futex */
  pid_t pid, tid;
  char name[NOMEM_THREAD_NAME_BYTES]; /* printable ASCII: others are '?' in it */
  char state;                         /* as in /proc/TID/stat; 0: it was gone */
  bool has_words;
};

struct nomem__sampling; /* of one run */

/* Looks at these threads, which run; chief is the one to be sampled again and again. Returns 0 and the caller's object,
 * or -ENOMEM. */
int nomem__sampling_begin(const pid_t *tids, size_t count, pid_t main_thread, struct nomem__sampling **hang);

/* NULL is allowed. */
void nomem__sampling_free(struct nomem__sampling *hang);

/* Has those threads stop whose stacks are wanted next: the chief until it was sampled often enough, then all others.
 * False: there is none. */
bool nomem__sampling_interrupt(struct nomem__sampling *hang);

/* What is to be done with a thread that has stopped. */
enum nomem__sampling_step {
  NOMEM_HANG_NOT_MEANT, /* what would be done otherwise */
  NOMEM_HANG_AGAIN,     /* let it go, and soon interrupt again */
  NOMEM_HANG_OTHERS,    /* leave it stopped, and interrupt again */
  NOMEM_HANG_WAIT,      /* leave it stopped, and wait for the others */
  NOMEM_HANG_DONE       /* that was the last one */
};

enum nomem__sampling_step nomem__sampling_stopped(struct nomem__sampling *hang, struct nomem__stacks *stacks,
                                                  pid_t tid);

/* All that is known: threads by process, the chief's first, and by age. They belong to hang. */
struct nomem__threads {
  const struct nomem__thread *list;
  size_t count, left_out; /* not looked at: there were too many */
  size_t main_thread;     /* its index */
};

struct nomem__threads nomem__sampling_threads(const struct nomem__sampling *hang);

#endif
