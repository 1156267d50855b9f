/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "thread_sampling.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../stack/process_memory.h"
#include "../text/memory.h"

/* Stacks captured of the main thread: the frames that all of them have show where a loop is, wherever it was
 * interrupted. */
#define SAMPLES 10
#define PROC_BYTES 1024

struct nomem__sampling {
  size_t count, left_out, main_thread, awaited;
  unsigned samples;
  bool is_main_thread_done;
  struct nomem__thread thread[];
};

/* Reads a file of /proc as a string; "" when it cannot be read. */
static void read_proc(char text[PROC_BYTES], pid_t pid, pid_t tid, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)pid, (int)tid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd >= 0 ? read(fd, text, PROC_BYTES - 1) : -1;
  if (fd >= 0) close(fd);
  text[length > 0 ? length : 0] = '\0';
}

static void read_process(struct nomem__thread *thread) {
  char text[PROC_BYTES];
  thread->pid = thread->tid;
  read_proc(text, thread->tid, thread->tid, "status");
  const char *process = strstr(text, "\nTgid:");
  if (process != NULL) sscanf(process, " Tgid: %d", &thread->pid);
  read_proc(text, thread->pid, thread->tid, "comm");
  char *end = strrchr(text, '\n'); /* the name may have others */
  if (end != NULL) *end = '\0';
  snprintf(thread->name, sizeof thread->name, "%.*s", (int)sizeof thread->name - 1, text);
}

static void read_state(struct nomem__thread *thread) {
  char text[PROC_BYTES];
  uint64_t user, system, started;
  struct timespec now;
  read_proc(text, thread->pid, thread->tid, "stat");
  const char *after_name = strrchr(text, ')');
  if (after_name == NULL ||
      sscanf(after_name,
             ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %*d %*d %*d %*d %*d %*d %" SCNu64,
             &thread->state, &user, &system, &started) != 4)
    return;
  uint64_t tick_ms = 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
  clock_gettime(CLOCK_BOOTTIME, &now);
  uint64_t now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
  thread->cpu_ms = (user + system) * tick_ms;
  thread->age_ms = now_ms > started * tick_ms ? now_ms - started * tick_ms : 0;
}

static void read_call(struct nomem__thread *thread) {
  char text[PROC_BYTES];
  thread->call = -1;
  read_proc(text, thread->pid, thread->tid, "syscall");
  if (sscanf(text, "%ld %" SCNx64 " %" SCNx64, &thread->call, &thread->argument[0], &thread->argument[1]) != 3)
    thread->call = -1;
  thread->has_words = thread->call == SYS_futex && nomem__process_read(thread->tid, thread->argument[0], thread->word,
                                                                       sizeof thread->word) == sizeof thread->word;
}

/* first: the pid of the process whose threads come first. */
static int by_age(const void *left, const void *right, void *first) {
  const struct nomem__thread *a = left, *b = right;
  const pid_t *pid = first;
  if (a->pid != b->pid && (a->pid == *pid || b->pid == *pid)) return a->pid == *pid ? -1 : 1;
  if (a->pid != b->pid) return a->pid < b->pid ? -1 : 1;
  return a->tid < b->tid ? -1 : a->tid > b->tid;
}

static size_t index_of(const struct nomem__sampling *sampling, pid_t tid) {
  size_t i = 0;
  while (i < sampling->count && sampling->thread[i].tid != tid) i++;
  return i;
}

struct nomem__sampling *nomem__sampling_begin(const pid_t *tids, size_t count, pid_t main_thread) {
  size_t kept = count < NOMEM_SAMPLED_THREADS ? count : NOMEM_SAMPLED_THREADS;
  struct nomem__sampling *sampling = nomem__calloc(1, sizeof *sampling + (kept + 1) * sizeof sampling->thread[0]);
  sampling->thread[sampling->count++].tid = main_thread;
  for (size_t i = 0; i < count; i++) {
    if (tids[i] == main_thread) continue;
    if (sampling->count < kept)
      sampling->thread[sampling->count++].tid = tids[i];
    else
      sampling->left_out++;
  }
  for (size_t i = 0; i < sampling->count; i++) {
    read_process(&sampling->thread[i]);
    read_state(&sampling->thread[i]);
    read_call(&sampling->thread[i]);
  }
  pid_t first = sampling->thread[0].pid;
  qsort_r(sampling->thread, sampling->count, sizeof sampling->thread[0], by_age, &first);
  sampling->main_thread = index_of(sampling, main_thread);
  return sampling;
}

void nomem__sampling_free(struct nomem__sampling *sampling) {
  free(sampling);
}

bool nomem__sampling_interrupt(struct nomem__sampling *sampling) {
  sampling->awaited = 0;
  if (!sampling->is_main_thread_done) {
    if (ptrace(PTRACE_INTERRUPT, sampling->thread[sampling->main_thread].tid, NULL, NULL) == 0) return true;
    sampling->is_main_thread_done = true; /* the thread is gone */
  }
  for (size_t i = 0; i < sampling->count; i++)
    if (i != sampling->main_thread)
      sampling->awaited += ptrace(PTRACE_INTERRUPT, sampling->thread[i].tid, NULL, NULL) == 0;
  return sampling->awaited > 0;
}

static enum nomem__sampling_step sample(struct nomem__sampling *sampling, struct nomem__stacks *stacks) {
  struct nomem__thread *main_thread = &sampling->thread[sampling->main_thread];
  struct nomem__stack stack;
  bool is_there = nomem__stack_capture(stacks, main_thread->pid, main_thread->tid, &stack) == 0;
  if (is_there) nomem__stack_drop_guest(&stack);
  if (is_there && sampling->samples == 0)
    main_thread->stack = stack;
  else if (is_there)
    nomem__stack_keep_common(&main_thread->stack, &stack);
  sampling->is_main_thread_done = !is_there || ++sampling->samples == SAMPLES;
  if (!sampling->is_main_thread_done) return NOMEM_SAMPLING_AGAIN;
  return sampling->count > 1 ? NOMEM_SAMPLING_NEXT_THREADS : NOMEM_SAMPLING_DONE;
}

enum nomem__sampling_step nomem__sampling_stopped(struct nomem__sampling *sampling, struct nomem__stacks *stacks,
                                                  pid_t tid) {
  size_t index = index_of(sampling, tid);
  if (index == sampling->count) return NOMEM_SAMPLING_OTHER_STOP;
  if (index == sampling->main_thread)
    return sampling->is_main_thread_done ? NOMEM_SAMPLING_WAIT : sample(sampling, stacks);
  if (!sampling->is_main_thread_done) return NOMEM_SAMPLING_OTHER_STOP;
  struct nomem__thread *thread = &sampling->thread[index];
  if (nomem__stack_capture(stacks, thread->pid, tid, &thread->stack) != 0) thread->stack.depth = 0;
  nomem__stack_drop_guest(&thread->stack);
  if (sampling->awaited > 0) sampling->awaited--;
  return sampling->awaited > 0 ? NOMEM_SAMPLING_WAIT : NOMEM_SAMPLING_DONE;
}

struct nomem__threads nomem__sampling_threads(const struct nomem__sampling *sampling) {
  return (struct nomem__threads){sampling->thread, sampling->count, sampling->left_out, sampling->main_thread};
}
