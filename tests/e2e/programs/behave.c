/* SPDX-License-Identifier: MIT */
/* behave WHAT: a program that behaves unusually, with one allocation that may fail ("fault") and is looked at, except
 * where that is the behaviour. Each ends with 0 when nothing fails. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "check.h"

static char *self;

static void touch(void) {
  volatile char *block = malloc(100); /* fault */
  if (block == NULL) _exit(1);
  block[0] = 'x';
  free((char *)block);
}

static void wait_for(pid_t pid) {
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
}

static void for_ever(void) {
  for (;;) pause();
}

/* The first failure crashes, any later one hangs: a campaign over this can be interrupted in its middle. */
static void crash_then_hang(void) {
  volatile char *block = malloc(100);
  block[0] = 'x';
  free((char *)block);
  for (int i = 0; i < 5; i++) {
    void *other = malloc(200);
    if (other == NULL) for_ever();
    free(other);
  }
}

static void hang(void) {
  void *block = malloc(100);
  if (block == NULL) for_ever();
  free(block);
}

/* The first failure crashes if it is the first of all runs in this folder. */
static void crash_once_then_hang(void) {
  char *block = malloc(100);
  if (block == NULL && open("crash-mark", O_WRONLY | O_CREAT | O_EXCL, 0600) >= 0) *(volatile char *)block = 'x';
  if (block == NULL) _exit(1);
  free(block);
  hang();
}

/* A daemon of its own session, and one that was forked twice: both live for ever. */
static void daemons(void) {
  touch();
  for (int i = 0; i < 2; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      setsid();
      if (i == 1 && fork() != 0) _exit(0);
      signal(SIGTERM, SIG_IGN);
      signal(SIGHUP, SIG_IGN);
      for_ever();
    }
    if (i == 1) wait_for(pid);
  }
}

static void stubborn(void) {
  for (int number = 1; number < 32; number++) signal(number, SIG_IGN);
  hang();
}

/* A child that stops itself, as one under job control does, and is continued by its parent. */
static void stops(void) {
  touch();
  pid_t pid = fork();
  if (pid == 0) {
    raise(SIGSTOP);
    touch();
    _exit(0);
  }
  int status;
  CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
  CHECK(kill(pid, SIGCONT) == 0);
  wait_for(pid);
}

static void *execute(void *unused) {
  (void)unused;
  execl("/proc/self/exe", self, "touch", (char *)NULL);
  _exit(9);
}

static void *sleep_for_ever(void *unused) {
  (void)unused;
  for_ever();
  return NULL;
}

/* A thread that is not the main one executes: it takes the place of all of them. */
static void thread_executes(void) {
  pthread_t thread;
  touch();
  for (int i = 0; i < 3; i++)
    if (pthread_create(&thread, NULL, sleep_for_ever, NULL) != 0) _exit(1);
  if (pthread_create(&thread, NULL, execute, NULL) != 0) _exit(1);
  for_ever();
}

static void write_much(size_t megabytes) {
  static char line[1 << 20];
  memset(line, 'y', sizeof line);
  for (size_t i = 0; i < megabytes; i++)
    if (write(1, line, sizeof line) < 0) _exit(1);
}

static void huge_output(void) {
  touch();
  write_much(20);
}

static void endless_output(void) {
  void *block = malloc(100);
  if (block == NULL) {
    write_much(256); /* enough to be ended for; if nobody does it, it must not fill the machine's memory */
    for_ever();
  }
  free(block);
}

/* Passes the second time that it is run, and at no other. Where runs are isolated each is the first. */
static void flaky(void) {
  touch();
  struct stat status;
  int mark = open("flaky-mark", O_WRONLY | O_CREAT | O_APPEND, 0600);
  _exit(mark >= 0 && write(mark, "x", 1) == 1 && fstat(mark, &status) == 0 && status.st_size == 2 ? 0 : 5);
}

/* Fails twice, and then passes for once. */
static void fails_at_times(void) {
  touch();
  struct stat status;
  int mark = open("at-times-mark", O_WRONLY | O_CREAT | O_APPEND, 0600);
  _exit(mark >= 0 && write(mark, "x", 1) == 1 && fstat(mark, &status) == 0 && status.st_size % 3 == 0 ? 0 : 5);
}

static void fails(void) {
  touch();
  _exit(5);
}

static void slow(void) {
  touch();
  sleep(60);
}

/* Loses a block, and has more memory than is looked at. */
static void vast(void) {
  static char *volatile kept[8];
  for (int i = 0; i < 8; i++) {
    kept[i] = malloc(200u << 20);
    if (kept[i] == NULL) _exit(1);
  }
  char *volatile lost = malloc(200), *volatile other = malloc(100);
  if (other == NULL) return;
  free(other);
  free(lost);
}

/* Ends while its children are about to make others of their own. */
static void forkers(void) {
  for (int i = 0; i < 8; i++) {
    if (fork() != 0) continue;
    signal(SIGCHLD, SIG_IGN);
    for (int k = 0; k < 10000; k++)
      if (fork() == 0) _exit(0);
    _exit(0);
  }
  usleep(2000);
  for (int i = 0; i < 60; i++) touch();
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*function)(void);
  } all[] = {{"touch", touch},
             {"crash-then-hang", crash_then_hang},
             {"crash-once-then-hang", crash_once_then_hang},
             {"hang", hang},
             {"daemons", daemons},
             {"stubborn", stubborn},
             {"stops", stops},
             {"thread-executes", thread_executes},
             {"huge-output", huge_output},
             {"endless-output", endless_output},
             {"flaky", flaky},
             {"fails-at-times", fails_at_times},
             {"fails", fails},
             {"forkers", forkers},
             {"vast", vast},
             {"slow", slow}};
  self = argv[0];
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (argc == 2 && strcmp(argv[1], all[i].name) == 0) {
      all[i].function();
      return 0;
    }
  return 2;
}
