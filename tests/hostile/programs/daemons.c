/* SPDX-License-Identifier: MIT */
/* Processes that mean to stay: whoever explores the program is to leave none. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

static int ready[2]; /* a pipe */

static void say_ready(void) {
  if (write(ready[1], "", 1) != 1) _exit(1);
}

/* A child of nobody's, in a session of its own, that has made itself ready when this returns. */
static bool daemonise(void (*prepare)(void)) {
  char byte;
  if (pipe2(ready, O_CLOEXEC) != 0) return false;
  pid_t pid = fork();
  if (pid < 0) return false;
  if (pid > 0) {
    close(ready[1]);
    bool is_ready = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return await(pid) == 0 && is_ready;
  }
  setsid();
  pid = fork();
  if (pid != 0) _exit(pid < 0);
  if (prepare != NULL) prepare();
  say_ready();
  sleep_long();
}

static int with_daemon(void (*prepare)(void)) {
  return daemonise(prepare) ? end_of_scene() : SCENE_BROKEN;
}

int daemon_plain(void) {
  return with_daemon(NULL);
}

static void wipe(void) {
  for (char **entry = environ; *entry != NULL; entry++) memset(*entry, 'x', strlen(*entry));
}

/* It is wiped before the fork, so there is no moment in which the daemon is known by it. */
int daemon_wiped(void) {
  wipe();
  return with_daemon(NULL);
}

/* What is in the environment besides comes after 100 KiB. */
int daemon_large(void) {
  static char large[100 << 10], *list[1000];
  if (argument != NULL) return with_daemon(NULL);
  size_t count = 0;
  while (environ[count] != NULL) count++;
  if (count > sizeof list / sizeof *list - 2) return NOT_HERE;
  memset(large, 'x', sizeof large - 1);
  memcpy(large, "HOSTILE_LARGE=", 14);
  list[0] = large;
  memcpy(list + 1, environ, (count + 1) * sizeof *list);
  environ = list;
  execute("/proc/self/exe", "again");
  return SCENE_BROKEN;
}

static void hide(void) {
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int daemon_undumpable(void) {
  hide();
  return with_daemon(hide);
}

static void rename_it(void) {
  prctl(PR_SET_NAME, "a) S 1 1 (\n", 0, 0, 0);
  for (char **entry = arguments; *entry != NULL; entry++) memset(*entry, ' ', strlen(*entry));
}

int daemon_named(void) {
  return with_daemon(rename_it);
}

/* Orphans come to the program first. */
int daemon_subreaper(void) {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return SCENE_BROKEN;
  return with_daemon(NULL);
}

static int descend(int generations) {
  pid_t pid = fork();
  if (pid < 0) return SCENE_BROKEN;
  if (pid > 0) return 0;
  setsid();
  if (generations == 0) sleep_long();
  _exit(descend(generations - 1));
}

int daemon_chain(void) {
  return descend(20) == 0 ? end_of_scene() : SCENE_BROKEN;
}

static void deafen(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  for (int number = 1; number <= 64; number++) signal(number, SIG_IGN);
}

int daemon_deaf(void) {
  return with_daemon(deafen);
}

static void *sleep_there(void *unused) {
  (void)unused;
  sleep_long();
}

static void multiply(void) {
  pthread_t thread;
  for (int i = 0; i < 5; i++) pthread_create(&thread, NULL, sleep_there, NULL);
  say_ready();
  syscall(SYS_exit, 0); /* pthread_exit would load a library first */
}

/* Its first thread is gone. */
int daemon_threads(void) {
  return with_daemon(multiply);
}

int daemon_spawned(void) {
  if (argument != NULL) sleep_long();
  posix_spawnattr_t attributes;
  pid_t pid;
  char *list[] = {arguments[0], (char *)behaviour_name, "careful", "again", NULL};
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  if (posix_spawn(&pid, "/proc/self/exe", NULL, &attributes, list, environ) != 0) return 1;
  return end_of_scene();
}

static void forget_parent(void) {
  prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
}

int daemon_no_death_signal(void) {
  forget_parent();
  return with_daemon(forget_parent);
}

/* Who would look after the daemon is gone. */
int daemon_kills_parent(void) {
  if (allocates()) return 0;
  if (!daemonise(NULL)) return 1;
  kill(getppid(), SIGKILL);
  sleep_long();
}

static void write_now_and_then(void) {
  say_ready();
  for (int i = 0; i < 1200; i++) {
    if (write(1, "still here\n", 11) < 0) _exit(1);
    sleep_ms(100);
  }
}

/* It writes for as long as it lives. */
int daemon_holds_output(void) {
  return with_daemon(write_now_and_then);
}

static int sleep_as_child(void) {
  setsid();
  sleep_long();
}

int many_children(void) {
  for (int i = 0; i < 40; i++)
    if (child(sleep_as_child) < 0) return SCENE_BROKEN;
  return end_of_scene();
}

int exits_before_child(void) {
  if (child(sleep_as_child) < 0) return SCENE_BROKEN;
  if (!allocates()) _exit(1);
  _exit(0);
}

static char stack[4][65536];

static int cloned(void *unused) {
  (void)unused;
  sleep_long();
}

static int cloned_session(void *unused) {
  (void)unused;
  setsid();
  sleep_long();
}

static int with_clone(int (*function)(void *), int flags) {
  if (clone(function, stack[0] + sizeof stack[0], flags, NULL) < 0) return NOT_HERE;
  return end_of_scene();
}

int clone_untraced(void) {
  return with_clone(cloned, CLONE_UNTRACED | SIGCHLD);
}

int clone_untraced_session(void) {
  return with_clone(cloned_session, CLONE_UNTRACED | SIGCHLD);
}

/* So many children its parent has: a number and a blank each. Without an allocation. */
static int count_siblings(void) {
  char path[64], list[4096];
  int parent = (int)getppid(), count = 0;
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd >= 0 ? read(fd, list, sizeof list) : 0;
  if (fd >= 0) close(fd);
  for (ssize_t i = 0; i < length; i++) count += list[i] == ' ';
  return count;
}

/* No engine is kept away by what is done only then. Beside this process there may be the one that it was forked from,
 * but nothing that another run has left. */
int clone_under_fault(void) {
  for (int i = 0; i < 4; i++) {
    if (allocates()) continue;
    if (count_siblings() > 2) abort();
    clone(cloned_session, stack[0] + sizeof stack[0], CLONE_UNTRACED | SIGCHLD, NULL);
    return 1;
  }
  return 0;
}

/* A child of its parent's that that has never made. */
int clone_parent(void) {
  return with_clone(cloned_session, CLONE_PARENT | SIGCHLD);
}

int clone_parent_untraced(void) {
  return with_clone(cloned_session, CLONE_PARENT | CLONE_UNTRACED | SIGCHLD);
}

int clone_namespaces(void) {
  return with_clone(cloned_session, CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS | SIGCHLD);
}

static int first_of_namespace(void *unused) {
  (void)unused;
  for (int i = 0; i < 3; i++)
    if (fork() == 0) sleep_long();
  sleep_long();
}

int clone_pid_namespace(void) {
  return with_clone(first_of_namespace, CLONE_NEWPID | SIGCHLD);
}
