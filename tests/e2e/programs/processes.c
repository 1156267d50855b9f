/* SPDX-License-Identifier: MIT */
/* processes WHAT: allocations of 4321 bytes in other processes than the root. fork: 8 children at once, 1000 each, and
 * the parent too; tree: children of children; vfork, spawn, exec: 10 in an executed child; threads-fork: 100 each in
 * children forked by four threads. */
#define _GNU_SOURCE
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "check.h"

extern char **environ;
static char *self;

static void allocate(int times) {
  for (int i = 0; i < times; i++) {
    char *volatile block = malloc(4321);
    if (block != NULL) *block = 1;
    free(block);
  }
}

static void wait_all(int count) {
  for (int i = 0; i < count; i++) {
    int status;
    CHECK(wait(&status) > 0 && status == 0);
  }
}

static void many(void) {
  for (int i = 0; i < 8; i++)
    if (fork() == 0) {
      allocate(1000);
      _exit(0);
    }
  allocate(1000);
  wait_all(8);
}

static void tree(int depth) {
  allocate(10);
  if (depth == 0) return;
  for (int i = 0; i < 2; i++)
    if (fork() == 0) {
      tree(depth - 1);
      _exit(0);
    }
  wait_all(2);
}

static void spawn(int by_vfork) {
  char *arguments[] = {self, (char *)"child", NULL};
  pid_t pid;
  if (by_vfork) {
    if (vfork() == 0) {
      execve(self, arguments, environ);
      _exit(9);
    }
  } else {
    CHECK(posix_spawn(&pid, self, NULL, NULL, arguments, environ) == 0);
  }
  wait_all(1);
}

static void *fork_in_thread(void *unused) {
  (void)unused;
  allocate(100);
  pid_t pid = fork();
  if (pid == 0) {
    allocate(100);
    _exit(0);
  }
  int status;
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
  allocate(100);
  return NULL;
}

static void threads_fork(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, fork_in_thread, NULL) == 0);
  for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  self = argv[0];
  const char *what = argv[1];
  if (strcmp(what, "child") == 0) allocate(10);
  if (strcmp(what, "fork") == 0) many();
  if (strcmp(what, "tree") == 0) tree(3);
  if (strcmp(what, "vfork") == 0) spawn(1);
  if (strcmp(what, "spawn") == 0) spawn(0);
  if (strcmp(what, "threads-fork") == 0) threads_fork();
  if (strcmp(what, "exec") == 0) execl(self, self, "child", (char *)NULL);
  return 0;
}
