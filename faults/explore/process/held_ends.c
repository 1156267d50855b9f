/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "held_ends.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "../text/grow.h"

/* What wait4 has in the low byte of the status of a thread that has stopped. */
#define STOPPED 0x7f

void nomem__held_ends_add(struct nomem__held_ends *held, pid_t pid) {
  if (nomem__held_ends_have(held, pid)) return;
  held->list = nomem__grow(held->list, held->count, &held->room, sizeof *held->list);
  held->list[held->count++] = pid;
}

bool nomem__held_ends_remove(struct nomem__held_ends *held, pid_t pid) {
  for (size_t i = 0; i < held->count; i++) {
    if (held->list[i] != pid) continue;
    held->list[i] = held->list[--held->count];
    return true;
  }
  return false;
}

bool nomem__held_ends_have(const struct nomem__held_ends *held, pid_t pid) {
  for (size_t i = 0; i < held->count; i++)
    if (held->list[i] == pid) return true;
  return false;
}

pid_t nomem__held_ends_wait(const struct nomem__held_ends *held, pid_t pid, int *status, struct rusage *usage) {
  return nomem__held_ends_have(held, pid) ? 0 : wait4(pid, status, WNOHANG | __WALL, usage);
}

pid_t nomem__held_ends_wait_for_stop(int *status) {
  siginfo_t info = {0};
  if (waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG | __WALL) != 0) return 0;
  *status = info.si_status << 8 | STOPPED;
  return info.si_pid;
}

void nomem__held_ends_free(struct nomem__held_ends *held) {
  free(held->list);
  *held = (struct nomem__held_ends){0};
}
