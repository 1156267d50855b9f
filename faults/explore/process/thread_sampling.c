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

#include "../stack/memory_map.h"

/* Stacks taken of the chief: what they have in common shows a loop from wherever it was interrupted. */
#define SAMPLES 10
#define PROC_BYTES 1024

struct nomem__sampling {
  size_t count, left_out, main_thread, awaited;
  unsigned samples;
  bool is_main_thread_done;
  struct nomem__thread thread[];
};

/* A file of /proc, as a string; "" when it cannot be read. */
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
  snprintf(thread->name, sizeof thread->name, "%.*s", (int)strcspn(text, "\n"), text);
  for (char *c = thread->name; *c != '\0'; c++)
    if (*c < ' ' || *c > '~') *c = '?';
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
  thread->has_words = thread->call == SYS_futex && nomem__process_read(thread->pid, thread->argument[0], thread->word,
                                                                       sizeof thread->word) == sizeof thread->word;
}

/* first: the process whose threads come first. */
static int by_age(const void *left, const void *right, void *first) {
  const struct nomem__thread *a = left, *b = right;
  const pid_t *pid = first;
  if (a->pid != b->pid && (a->pid == *pid || b->pid == *pid)) return a->pid == *pid ? -1 : 1;
  if (a->pid != b->pid) return a->pid < b->pid ? -1 : 1;
  return a->tid < b->tid ? -1 : a->tid > b->tid;
}

static size_t index_of(const struct nomem__sampling *hang, pid_t tid) {
  size_t i = 0;
  while (i < hang->count && hang->thread[i].tid != tid) i++;
  return i;
}

int nomem__sampling_begin(const pid_t *tids, size_t count, pid_t main_thread, struct nomem__sampling **out) {
  size_t kept = count < NOMEM_HANG_THREADS ? count : NOMEM_HANG_THREADS;
  struct nomem__sampling *hang = calloc(1, sizeof *hang + (kept + 1) * sizeof hang->thread[0]);
  if (hang == NULL) return -ENOMEM;
  hang->thread[hang->count++].tid = main_thread;
  for (size_t i = 0; i < count; i++) {
    if (tids[i] == main_thread) continue;
    if (hang->count < kept)
      hang->thread[hang->count++].tid = tids[i];
    else
      hang->left_out++;
  }
  for (size_t i = 0; i < hang->count; i++) {
    read_process(&hang->thread[i]);
    read_state(&hang->thread[i]);
    read_call(&hang->thread[i]);
  }
  pid_t first = hang->thread[0].pid;
  qsort_r(hang->thread, hang->count, sizeof hang->thread[0], by_age, &first);
  hang->main_thread = index_of(hang, main_thread);
  *out = hang;
  return 0;
}

void nomem__sampling_free(struct nomem__sampling *hang) {
  free(hang);
}

bool nomem__sampling_interrupt(struct nomem__sampling *hang) {
  hang->awaited = 0;
  if (!hang->is_main_thread_done) {
    if (ptrace(PTRACE_INTERRUPT, hang->thread[hang->main_thread].tid, NULL, NULL) == 0) return true;
    hang->is_main_thread_done = true; /* it is gone */
  }
  for (size_t i = 0; i < hang->count; i++)
    if (i != hang->main_thread) hang->awaited += ptrace(PTRACE_INTERRUPT, hang->thread[i].tid, NULL, NULL) == 0;
  return hang->awaited > 0;
}

static enum nomem__sampling_step sample(struct nomem__sampling *hang, struct nomem__stacks *stacks) {
  struct nomem__thread *main_thread = &hang->thread[hang->main_thread];
  struct nomem__stack stack;
  bool is_there = nomem__stack_capture(stacks, main_thread->pid, main_thread->tid, &stack) == 0;
  if (is_there && hang->samples == 0)
    main_thread->stack = stack;
  else if (is_there)
    nomem__stack_keep_common(&main_thread->stack, &stack);
  hang->is_main_thread_done = !is_there || ++hang->samples == SAMPLES;
  if (!hang->is_main_thread_done) return NOMEM_HANG_AGAIN;
  return hang->count > 1 ? NOMEM_HANG_OTHERS : NOMEM_HANG_DONE;
}

enum nomem__sampling_step nomem__sampling_stopped(struct nomem__sampling *hang, struct nomem__stacks *stacks,
                                                  pid_t tid) {
  size_t index = index_of(hang, tid);
  if (index == hang->count) return NOMEM_HANG_NOT_MEANT;
  if (index == hang->main_thread) return hang->is_main_thread_done ? NOMEM_HANG_WAIT : sample(hang, stacks);
  if (!hang->is_main_thread_done) return NOMEM_HANG_NOT_MEANT;
  struct nomem__thread *thread = &hang->thread[index];
  if (nomem__stack_capture(stacks, thread->pid, tid, &thread->stack) != 0) thread->stack.depth = 0;
  if (hang->awaited > 0) hang->awaited--;
  return hang->awaited > 0 ? NOMEM_HANG_WAIT : NOMEM_HANG_DONE;
}

struct nomem__threads nomem__sampling_threads(const struct nomem__sampling *hang) {
  return (struct nomem__threads){hang->thread, hang->count, hang->left_out, hang->main_thread};
}
