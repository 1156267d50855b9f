/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "processor_use.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "../text/memory.h"

#define PROC_BYTES 1024

/* Reads the beginning of a file of /proc as a string; "" when it cannot be read. */
static void read_proc(char text[PROC_BYTES], const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd >= 0 ? read(fd, text, PROC_BYTES - 1) : -1;
  if (fd >= 0) close(fd);
  text[length > 0 ? length : 0] = '\0';
}

/* The state stands behind the name, which may have anything in it. */
static bool is_runnable(pid_t tid) {
  char path[64], text[PROC_BYTES];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)tid);
  read_proc(text, path);
  const char *name_end = strrchr(text, ')');
  return name_end != NULL && strncmp(name_end, ") R", 3) == 0;
}

static struct nomem__thread_use look_at(pid_t tid) {
  char path[64], text[PROC_BYTES];
  struct nomem__thread_use now = {.tid = tid, .is_runnable = is_runnable(tid)};
  snprintf(path, sizeof path, "/proc/%d/schedstat", (int)tid);
  read_proc(text, path);
  if (sscanf(text, "%" SCNu64 " %" SCNu64, &now.used_ns, &now.waited_ns) != 2) now.used_ns = now.waited_ns = 0;
  return now;
}

/* What is known of a thread. One that is new has been runnable since it was made. */
static struct nomem__thread_use find(const struct nomem__processor_use *use, pid_t tid) {
  for (size_t i = 0; i < use->count; i++)
    if (use->list[i].tid == tid) return use->list[i];
  return (struct nomem__thread_use){.tid = tid, .is_runnable = true};
}

/* A thread that was runnable at both ends of a step, and hardly had a processor between them, has waited for one. */
static uint64_t find_wait(const struct nomem__thread_use *before, const struct nomem__thread_use *now,
                          uint64_t passed_ns) {
  uint64_t used_ns = now->used_ns - before->used_ns, waited_ns = now->waited_ns - before->waited_ns;
  bool still_waits = before->is_runnable && now->is_runnable && used_ns < passed_ns / 2;
  return still_waits && passed_ns - used_ns > waited_ns ? passed_ns - used_ns : waited_ns;
}

struct nomem__processor_step nomem__processor_use_step(struct nomem__processor_use *use, const pid_t *tids,
                                                       size_t count) {
  struct nomem__processor_use now = {.count = count < NOMEM_USE_THREADS ? count : NOMEM_USE_THREADS,
                                     .seen_ns = uv_hrtime()};
  struct nomem__processor_step step = {0};
  uint64_t passed_ns = use->seen_ns != 0 ? now.seen_ns - use->seen_ns : 0;
  for (size_t i = 0; i < now.count; i++) {
    now.list[i] = look_at(tids[i]);
    struct nomem__thread_use before = find(use, tids[i]);
    if (now.list[i].used_ns < before.used_ns || now.list[i].waited_ns < before.waited_ns) continue; /* it has ended */
    uint64_t waited_ns = find_wait(&before, &now.list[i], passed_ns);
    step.used_ns += now.list[i].used_ns - before.used_ns;
    if (waited_ns > step.waited_ns) step.waited_ns = waited_ns;
  }
  *use = now;
  return step;
}

struct listing {
  pid_t *tids;
  bool is_process[NOMEM_USE_THREADS];
  size_t count;
};

static void add(struct listing *listing, pid_t tid, bool is_process) {
  for (size_t i = 0; i < listing->count; i++)
    if (listing->tids[i] == tid) return;
  if (tid <= 0 || listing->count == NOMEM_USE_THREADS) return;
  listing->is_process[listing->count] = is_process;
  listing->tids[listing->count++] = tid;
}

static void add_children(struct listing *listing, pid_t process, const char *thread) {
  char path[64], text[PROC_BYTES], *rest = text, *end;
  snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)process, thread);
  read_proc(text, path);
  for (long pid; (pid = strtol(rest, &end, 10)) > 0; rest = end) add(listing, (pid_t)pid, true);
}

/* Adds the threads of a process, and the children of each. */
static void add_threads(struct listing *listing, pid_t process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", (int)process);
  DIR *folder = nomem__checked(opendir(path));
  if (folder == NULL) return;
  for (const struct dirent *entry; listing->count < NOMEM_USE_THREADS && (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    add(listing, (pid_t)strtol(entry->d_name, NULL, 10), false);
    add_children(listing, process, entry->d_name);
  }
  closedir(folder);
}

size_t nomem__list_descendants(pid_t process, pid_t tids[NOMEM_USE_THREADS]) {
  struct listing listing = {.tids = tids};
  add(&listing, process, true);
  for (size_t i = 0; i < listing.count; i++)
    if (listing.is_process[i]) add_threads(&listing, tids[i]);
  return listing.count;
}
