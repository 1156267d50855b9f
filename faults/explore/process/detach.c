/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "detach.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../channel.h"
#include "../text/memory.h"

bool nomem__detach_is_requested(pid_t tid, int signal) {
  siginfo_t info;
  return signal == SIGSTOP && ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) == 0 && info.si_code == SI_QUEUE &&
         info.si_value.sival_int == NOMEM_DETACH_REQUEST;
}

/* The process stands still meanwhile, so that its number cannot have become that of another one. */
static int keep_descriptor(struct nomem__detached *detached, pid_t pid) {
  int *grown = nomem__realloc(detached->descriptors, (detached->count + 1) * sizeof *grown);
  detached->descriptors = grown;
  int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
  if (descriptor >= 0) detached->descriptors[detached->count++] = descriptor;
  return descriptor;
}

void nomem__detach_begin(struct nomem__detached *detached, struct nomem__tracees *tracees, pid_t requesting) {
  struct nomem__status status;
  nomem__status_read(requesting, &status);
  pid_t pid = status.pid;
  if (keep_descriptor(detached, pid) < 0) { /* nobody could kill it later: it stays traced */
    ptrace(PTRACE_CONT, requesting, NULL, NULL);
    return;
  }
  for (size_t i = 0; i < tracees->count; i++) {
    struct nomem__tracee *tracee = &tracees->list[i];
    nomem__status_read(tracee->tid, &status);
    if (status.pid != pid) continue;
    tracee->detaching_pid = pid;
    tracee->has_requested = tracee->tid == requesting;
    if (!tracee->has_requested) ptrace(PTRACE_INTERRUPT, tracee->tid, NULL, NULL);
  }
  nomem__detach_finish(tracees);
}

void nomem__detach_child(struct nomem__tracees *tracees, pid_t creator, pid_t child) {
  const struct nomem__tracee *detaching = nomem__tracees_find(tracees, creator);
  struct nomem__tracee *created = nomem__tracees_find(tracees, child);
  if (detaching == NULL || created == NULL || created->is_process) return;
  created->detaching_pid = detaching->detaching_pid;
  ptrace(PTRACE_INTERRUPT, child, NULL, NULL);
}

static void detach(struct nomem__tracees *tracees, struct nomem__tracee *tracee, int signal) {
  ptrace(PTRACE_DETACH, tracee->tid, NULL, (void *)(intptr_t)signal);
  nomem__tracees_remove(tracees, tracee);
}

void nomem__detach_stopped(struct nomem__tracees *tracees, pid_t tid, int status) {
  struct nomem__tracee *tracee = nomem__tracees_find(tracees, tid);
  if (tracee == NULL || tracee->has_requested) return;
  detach(tracees, tracee, status >> 16 == 0 ? WSTOPSIG(status) : 0);
  nomem__detach_finish(tracees);
}

/* The sanitizer begins to look for leaks as soon as the requesting thread is detached. */
void nomem__detach_finish(struct nomem__tracees *tracees) {
  for (size_t i = 0; i < tracees->count; i++) {
    struct nomem__tracee *requesting = &tracees->list[i];
    bool is_last = requesting->has_requested;
    for (size_t j = 0; j < tracees->count && is_last; j++)
      is_last = j == i || tracees->list[j].detaching_pid != requesting->detaching_pid;
    if (is_last) detach(tracees, requesting, 0);
    i -= is_last; /* another thread has taken its place in the list */
  }
}

void nomem__detached_kill(const struct nomem__detached *detached) {
  for (size_t i = 0; i < detached->count; i++)
    syscall(SYS_pidfd_send_signal, detached->descriptors[i], SIGKILL, NULL, 0);
}

void nomem__detached_free(struct nomem__detached *detached) {
  for (size_t i = 0; i < detached->count; i++) close(detached->descriptors[i]);
  free(detached->descriptors);
}
