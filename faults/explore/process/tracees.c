/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "tracees.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../text/grow.h"
#include "../text/memory.h"

bool nomem__is_fatal(int signal) {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
    case SIGABRT:
      return true;
    default:
      return false;
  }
}

struct nomem__tracee *nomem__tracees_find(const struct nomem__tracees *tracees, pid_t tid) {
  for (size_t i = 0; i < tracees->count; i++)
    if (tracees->list[i].tid == tid) return &tracees->list[i];
  return NULL;
}

void nomem__tracees_add(struct nomem__tracees *tracees, pid_t tid) {
  if (nomem__tracees_find(tracees, tid) != NULL) return;
  tracees->list = nomem__grow(tracees->list, tracees->count, &tracees->room, sizeof *tracees->list);
  bool is_process = syscall(SYS_tgkill, tid, tid, 0) == 0;
  tracees->list[tracees->count++] = (struct nomem__tracee){.tid = tid, .is_process = is_process};
}

void nomem__tracees_remove(struct nomem__tracees *tracees, struct nomem__tracee *tracee) {
  *tracee = tracees->list[--tracees->count];
}

bool nomem__is_waited_for(pid_t tid) {
  siginfo_t info;
  return waitid(P_PID, (id_t)tid, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL) == 0;
}

size_t nomem__tracees_drop_gone(struct nomem__tracees *tracees) {
  size_t before = tracees->count;
  for (size_t i = before; i-- > 0;)
    if (!nomem__is_waited_for(tracees->list[i].tid)) nomem__tracees_remove(tracees, &tracees->list[i]);
  return before - tracees->count;
}

void nomem__status_read(pid_t tid, struct nomem__status *status) {
  *status = (struct nomem__status){.pid = tid};
  char path[64], line[128];
  snprintf(path, sizeof path, "/proc/%d/status", tid);
  FILE *file = nomem__checked(fopen(path, "re"));
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "Tgid: %d", &status->pid) != 1 && sscanf(line, "PPid: %d", &status->parent) != 1 &&
        sscanf(line, "SigIgn: %" SCNx64, &status->ignored) != 1 &&
        sscanf(line, "SigCgt: %" SCNx64, &status->caught) == 1)
      break;
  if (file != NULL) fclose(file);
}
