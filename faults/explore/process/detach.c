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

bool nomem__detach_is_asked(pid_t tid, int signal) {
  siginfo_t info;
  return signal == SIGSTOP && ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) == 0 && info.si_code == SI_QUEUE &&
         info.si_value.sival_int == NOMEM_LET_GO;
}

/* Opened while the process stands still: its number cannot be another's. */
static int keep_descriptor(struct nomem__leaked_processes *left, pid_t pid) {
  int *grown = realloc(left->descriptors, (left->count + 1) * sizeof *grown);
  if (grown == NULL) return -1;
  left->descriptors = grown;
  int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
  if (descriptor >= 0) left->descriptors[left->count++] = descriptor;
  return descriptor;
}

void nomem__detach_begin(struct nomem__leaked_processes *left, struct nomem__tracees *tracees, pid_t asking) {
  struct nomem__status status;
  nomem__read_status(asking, &status);
  pid_t pid = status.pid;
  if (keep_descriptor(left, pid) < 0) { /* nobody could end it: it goes on as it is */
    ptrace(PTRACE_CONT, asking, NULL, NULL);
    return;
  }
  for (size_t i = 0; i < tracees->count; i++) {
    struct nomem__tracee *tracee = &tracees->list[i];
    nomem__read_status(tracee->tid, &status);
    if (status.pid != pid) continue;
    tracee->leaves = pid;
    tracee->has_asked = tracee->tid == asking;
    if (!tracee->has_asked) ptrace(PTRACE_INTERRUPT, tracee->tid, NULL, NULL);
  }
  nomem__detach_finish(tracees);
}

void nomem__detach_join(struct nomem__tracees *tracees, pid_t maker, pid_t made) {
  const struct nomem__tracee *leaving = nomem__tracees_find(tracees, maker);
  struct nomem__tracee *other = nomem__tracees_find(tracees, made);
  if (leaving == NULL || other == NULL || other->is_process) return;
  other->leaves = leaving->leaves;
  ptrace(PTRACE_INTERRUPT, made, NULL, NULL);
}

static void let_go(struct nomem__tracees *tracees, struct nomem__tracee *tracee, int signal) {
  ptrace(PTRACE_DETACH, tracee->tid, NULL, (void *)(intptr_t)signal);
  nomem__tracees_remove(tracees, tracee);
}

void nomem__detach_stopped(struct nomem__tracees *tracees, pid_t tid, int status) {
  struct nomem__tracee *tracee = nomem__tracees_find(tracees, tid);
  if (tracee == NULL || tracee->has_asked) return;
  let_go(tracees, tracee, status >> 16 == 0 ? WSTOPSIG(status) : 0);
  nomem__detach_finish(tracees);
}

/* Whoever has asked begins to look for leaks at once. */
void nomem__detach_finish(struct nomem__tracees *tracees) {
  for (size_t i = 0; i < tracees->count; i++) {
    struct nomem__tracee *asking = &tracees->list[i];
    bool is_last = asking->has_asked;
    for (size_t j = 0; j < tracees->count && is_last; j++)
      is_last = j == i || tracees->list[j].leaves != asking->leaves;
    if (is_last) let_go(tracees, asking, 0);
    i -= is_last; /* another one has its place */
  }
}

void nomem__detach_kill(const struct nomem__leaked_processes *left) {
  for (size_t i = 0; i < left->count; i++) syscall(SYS_pidfd_send_signal, left->descriptors[i], SIGKILL, NULL, 0);
}

void nomem__detach_free(struct nomem__leaked_processes *left) {
  for (size_t i = 0; i < left->count; i++) close(left->descriptors[i]);
  free(left->descriptors);
}
