/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "inherited.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../text/memory.h"

/* What a descriptor is; "": there is none with this number. */
static void read_target(pid_t pid, int number, char target[NOMEM_INHERITED_BYTES]) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, number);
  ssize_t length = readlink(path, target, NOMEM_INHERITED_BYTES - 1);
  target[length > 0 ? length : 0] = '\0';
}

void nomem__inherited_note(struct nomem__inherited *inherited, pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
  *inherited = (struct nomem__inherited){0};
  DIR *folder = nomem__checked(opendir(path));
  if (folder == NULL) return;
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    char *end;
    long number = strtol(entry->d_name, &end, 10);
    bool is_wanted = *end == '\0' && number > STDERR_FILENO && number < NOMEM_INHERITED_END;
    if (!is_wanted || inherited->count == NOMEM_INHERITED_MAX) continue;
    read_target(pid, (int)number, inherited->target[inherited->count]);
    inherited->number[inherited->count++] = (int)number;
  }
  closedir(folder);
}

/* What a process has under the number of one that it was given and has closed is its own. */
static bool is_still_there(const struct nomem__inherited *inherited, size_t i, pid_t pid) {
  char target[NOMEM_INHERITED_BYTES];
  read_target(pid, inherited->number[i], target);
  return *target != '\0' && strcmp(target, inherited->target[i]) == 0;
}

void nomem__inherited_copy(struct nomem__inherited *inherited, pid_t pid, int copies[NOMEM_INHERITED_MAX]) {
  size_t kept = 0;
  int process = (int)syscall(SYS_pidfd_open, pid, 0);
  for (size_t i = 0; i < inherited->count && process >= 0; i++) {
    if (!is_still_there(inherited, i, pid)) continue;
    int copy = (int)syscall(SYS_pidfd_getfd, process, inherited->number[i], 0);
    if (copy < 0) continue;
    copies[kept] = copy;
    inherited->number[kept++] = inherited->number[i];
  }
  inherited->count = kept;
  if (process >= 0) close(process);
}

/* Moves a descriptor out of the way. Returns its new number or a negative error code. */
static int move_up(int descriptor) {
  int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, NOMEM_INHERITED_END);
  if (moved < 0) return -errno;
  close(descriptor);
  return moved;
}

int nomem__inherited_place(size_t count, const int *numbers, const int *copies, int **own, size_t own_count) {
  int moved[NOMEM_INHERITED_MAX];
  for (size_t i = 0; i < own_count && count > 0; i++) {
    int number = *own[i] >= 0 ? move_up(*own[i]) : -1;
    if (*own[i] >= 0 && number < 0) return number;
    *own[i] = number;
  }
  for (size_t i = 0; i < count; i++) {
    moved[i] = move_up(copies[i]);
    if (moved[i] < 0) return moved[i];
  }
  for (size_t i = 0; i < count; i++) {
    if (dup2(moved[i], numbers[i]) < 0) return -errno;
    close(moved[i]);
  }
  return 0;
}
