/* SPDX-License-Identifier: MIT */
/* Children of every kind, and what a process can change of itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

static int nothing(void) {
  return 0;
}

int fork_storm(void) {
  for (int i = 0; i < 100; i++)
    if (await(child(nothing)) != 0) return SCENE_BROKEN;
  return end_of_scene();
}

/* Of many at a time, each allocates. */
int fork_crowd(void) {
  pid_t pids[20];
  int result = 0;
  for (int i = 0; i < 20; i++) pids[i] = child(end_of_scene);
  for (int i = 0; i < 20; i++)
    if (await(pids[i]) != 0) result = 1;
  return result;
}

int zombies(void) {
  for (int i = 0; i < 30; i++)
    if (child(nothing) < 0) return SCENE_BROKEN;
  return end_of_scene();
}

static int crash(void) {
  *(volatile char *)NULL = 1;
  return 0;
}

/* A death on purpose, with every run. */
int child_crashes_always(void) {
  if (!WIFSIGNALED(await(child(crash)))) return SCENE_BROKEN;
  return end_of_scene();
}

static int allocate_in_child(void) {
  return await(child(end_of_scene));
}

/* Its end tells nobody. */
int grandchild_crashes(void) {
  await(child(allocate_in_child));
  return 0;
}

static int abort_in_child(void) {
  if (!allocates()) abort();
  return 0;
}

int child_aborts(void) {
  await(child(abort_in_child));
  return 0;
}

int vfork_execs(void) {
  if (argument != NULL) return 0;
  pid_t pid = vfork();
  if (pid == 0) {
    execute("/proc/self/exe", "again");
    _exit(1);
  }
  return await(pid) == 0 ? end_of_scene() : SCENE_BROKEN;
}

int vfork_exits(void) {
  for (int i = 0; i < 10; i++) {
    pid_t pid = vfork();
    if (pid == 0) _exit(0);
    if (await(pid) != 0) return SCENE_BROKEN;
  }
  return end_of_scene();
}

static char stack[65536];
static volatile int was_there;

static int note(void *unused) {
  (void)unused;
  was_there = 1;
  return 0;
}

/* A process that is another, with the same memory. */
int clone_memory(void) {
  pid_t pid = clone(note, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
  if (pid < 0 || await(pid) != 0 || !was_there) return SCENE_BROKEN;
  return end_of_scene();
}

/* Its end sends no signal, and an ordinary wait does not see it. */
int clone_silent(void) {
  pid_t pid = clone(note, stack + sizeof stack, CLONE_FS | CLONE_FILES, NULL);
  int status;
  if (pid < 0 || waitpid(pid, &status, __WALL) != pid) return SCENE_BROKEN;
  return end_of_scene();
}

int comm_odd(void) {
  prctl(PR_SET_NAME, ") R 1 (\n\033[1m\xff", 0, 0, 0);
  return end_of_scene();
}

int reaps_all(void) {
  int count = 0;
  for (int i = 0; i < 5; i++) child(nothing);
  while (wait(NULL) > 0) count++;
  return count == 5 && errno == ECHILD ? end_of_scene() : SCENE_BROKEN;
}

static int stop(void) {
  raise(SIGSTOP);
  return end_of_scene();
}

/* As a shell does with its jobs. */
int child_stops(void) {
  pid_t pid = child(stop);
  int status;
  if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status)) return SCENE_BROKEN;
  kill(pid, SIGCONT);
  if (waitpid(pid, &status, WCONTINUED) != pid || !WIFCONTINUED(status)) return SCENE_BROKEN;
  return await(pid) == 0 ? 0 : 1;
}

int process_descriptor(void) {
  pid_t pid = child(nothing);
  siginfo_t info;
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0 || waitid(P_PIDFD, (id_t)fd, &info, WEXITED) != 0) return SCENE_BROKEN;
  close(fd);
  return end_of_scene();
}

static int allocate_in_group(void) {
  setpgid(0, 0);
  return end_of_scene();
}

int own_group(void) {
  return await(child(allocate_in_group)) == 0 ? 0 : 1;
}

int idle_priority(void) {
  struct sched_param none = {0};
  setpriority(PRIO_PROCESS, 0, 19);
  sched_setscheduler(0, SCHED_IDLE, &none);
  return end_of_scene();
}

int changes_user(void) {
  if (getuid() == 0 && (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)) return NOT_HERE;
  return end_of_scene();
}

int changes_root(void) {
  if (chroot(".") != 0 || chdir("/") != 0) return NOT_HERE;
  return end_of_scene();
}

static int be_traced(void) {
  if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) return SCENE_BROKEN;
  raise(SIGSTOP);
  return 0;
}

/* What cannot be done where somebody else traces already. */
int trace_child(void) {
  pid_t pid = child(be_traced);
  int status;
  if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) return SCENE_BROKEN;
  ptrace(PTRACE_CONT, pid, NULL, NULL);
  if (await(pid) != 0) return SCENE_BROKEN;
  return end_of_scene();
}

/* Under --no-trace, the command is its tracer then, which it does not expect: it is told of every signal first. */
int trace_me(void) {
  ptrace(PTRACE_TRACEME, 0, NULL, NULL);
  return end_of_scene();
}

static int trace_for_a_moment(pid_t pid) {
  if (allocates()) return 0;
  if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0) return 1;
  ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
  sleep_ms(200);
  return 1;
}

int trace_parent(void) {
  return trace_for_a_moment(getppid());
}

/* The command is stopped then, and this program waits for it when it ends: neither goes on by itself. */
int trace_command(void) {
  return trace_for_a_moment(grandparent());
}

int undumpable(void) {
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return end_of_scene();
}
