/* SPDX-License-Identifier: MIT */
/* Programs that forbid themselves system calls. What kills or refuses a call that the program never makes itself is
 * nobody's business; that the command's own calls in it are killed would be a finding of its own making. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "hostile.h"

#define LOAD_NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define WHERE(call, action) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, action)
#define ALLOW(call) WHERE(call, SECCOMP_RET_ALLOW)
#define ELSE(action) BPF_STMT(BPF_RET | BPF_K, action)

static bool install(struct sock_filter *filter, size_t count) {
  struct sock_fprog program = {(unsigned short)count, filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#define INSTALL(filter) install(filter, sizeof filter / sizeof *filter)

/* A block in use, so that the heap is there. */
static bool warm_up(void) {
  void *volatile block = malloc(4);
  free(block);
  return block != NULL;
}

/* read, write, exit: nothing else. */
int seccomp_strict(void) {
  if (!warm_up()) return 1;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) return NOT_HERE;
  syscall(SYS_exit, end_of_scene());
  return SCENE_BROKEN;
}

/* What a small program takes, once it runs. */
int seccomp_few(void) {
  struct sock_filter filter[] = {
      LOAD_NUMBER, ALLOW(read),   ALLOW(write), ALLOW(exit_group), ALLOW(brk),
      ALLOW(mmap), ALLOW(munmap), ALLOW(futex), ALLOW(getrandom),  ELSE(SECCOMP_RET_KILL_PROCESS)};
  if (!warm_up()) return 1;
  if (!INSTALL(filter)) return NOT_HERE;
  return end_of_scene();
}

/* The same, before any allocation. */
int seccomp_from_start(void) {
  struct sock_filter filter[] = {LOAD_NUMBER,
                                 ALLOW(write),
                                 ALLOW(exit_group),
                                 ALLOW(brk),
                                 ALLOW(mmap),
                                 ALLOW(munmap),
                                 ALLOW(newfstatat),
                                 ALLOW(futex),
                                 ALLOW(rt_sigreturn),
                                 ALLOW(getrandom),
                                 ELSE(SECCOMP_RET_KILL_PROCESS)};
  if (!INSTALL(filter)) return NOT_HERE;
  return end_of_scene();
}

/* It does not ask who it is, and kills whoever does in its name. */
int seccomp_no_identity(void) {
  struct sock_filter filter[] = {LOAD_NUMBER, WHERE(getpid, SECCOMP_RET_KILL_PROCESS),
                                 WHERE(gettid, SECCOMP_RET_KILL_PROCESS), WHERE(getppid, SECCOMP_RET_KILL_PROCESS),
                                 ELSE(SECCOMP_RET_ALLOW)};
  if (!warm_up()) return 1;
  if (!INSTALL(filter)) return NOT_HERE;
  return end_of_scene();
}

/* All but its own calls fail. */
int seccomp_refuses(void) {
  struct sock_filter filter[] = {LOAD_NUMBER, ALLOW(exit_group), ALLOW(brk), ELSE(SECCOMP_RET_ERRNO | EPERM)};
  if (!warm_up()) return 1;
  if (!INSTALL(filter)) return NOT_HERE;
  return end_of_scene();
}

static volatile sig_atomic_t trapped;

static void emulate(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)info;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 4711;
  trapped++;
}

/* A call that the program answers itself. */
int seccomp_trap(void) {
  struct sock_filter filter[] = {LOAD_NUMBER, WHERE(getppid, SECCOMP_RET_TRAP), ELSE(SECCOMP_RET_ALLOW)};
  struct sigaction action = {.sa_sigaction = emulate, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &action, NULL);
  if (!INSTALL(filter)) return NOT_HERE;
  if (syscall(SYS_getppid) != 4711 || trapped != 1) return SCENE_BROKEN;
  return end_of_scene();
}

/* A call that a tracer is to answer: without one it fails. The numbers are those that the command uses itself. */
int seccomp_trace(void) {
  struct sock_filter filter[] = {LOAD_NUMBER, WHERE(getppid, SECCOMP_RET_TRACE | 0xffff),
                                 WHERE(getuid, SECCOMP_RET_TRACE | 1), ELSE(SECCOMP_RET_ALLOW)};
  if (!INSTALL(filter)) return NOT_HERE;
  syscall(SYS_getppid);
  syscall(SYS_getuid);
  return end_of_scene();
}
