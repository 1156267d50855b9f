/* SPDX-License-Identifier: MIT */
/* A test that kills the process that explores it, when its allocation fails: of the processes called nomem above it,
 * the last but one. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The parent of a process, and whether the process is called nomem. 0: there is none. */
static int read_parent(int pid, int *is_nomem) {
  char path[64], name[64] = "";
  int parent = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  if (file == NULL || fscanf(file, "%*d (%63[^)]) %*c %d", name, &parent) != 2) parent = 0;
  if (file != NULL) fclose(file);
  *is_nomem = strcmp(name, "nomem") == 0;
  return parent;
}

int main(void) {
  void *block = malloc(24);
  if (block != NULL) {
    free(block);
    return 0;
  }
  int is_nomem, last = 0, before = 0;
  for (int pid = getppid(), parent; pid > 1; pid = parent) {
    parent = read_parent(pid, &is_nomem);
    if (!is_nomem) continue;
    before = last;
    last = pid;
  }
  if (before != 0) kill(before, SIGKILL);
  pause();
  return 3;
}
