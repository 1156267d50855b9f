/* SPDX-License-Identifier: MIT */
/* honggfuzz traces the target and all its children, and takes what a child dies of for a crash of the target's. What
 * the engine tries in a child is none. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../faults/inject/module_names.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

static bool is_traced(void) {
  char text[2048] = "";
  int fd = nomem__open("/proc/self/status", O_RDONLY);
  if (fd < 0) return false;
  ssize_t length = syscall(SYS_read, fd, text, sizeof text - 1);
  nomem__close(fd);
  const char *tracer = length > 0 ? strstr(text, "\nTracerPid:\t") : NULL;
  return tracer != NULL && tracer[strlen("\nTracerPid:\t")] != '0';
}

/* What the C library's fork does, but that it does not wait for other threads to let go of its locks: a child that does
 * not come to an end is given up. The C library keeps the thread's number where the kernel is told to write it. */
pid_t nomem__fork_untraced(void) {
  int *thread_number = NULL;
  if (!is_traced() || prctl(PR_GET_TID_ADDRESS, &thread_number) != 0 || thread_number == NULL) return fork();
  return (pid_t)syscall(SYS_clone, CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, NULL, NULL,
                        thread_number, 0);
}
