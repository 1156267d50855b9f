/* SPDX-License-Identifier: MIT */
/* Where the campaign goes on after a finding, a child of the fuzzer's process runs the one plan that showed it, and is
 * reported and ends as that process would. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../faults/inject/module_names.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

enum { LEAK_CHECKS_MAX = 64 }; /* in vain; each takes as long as thousands of runs */

static bool is_silent; /* this is a child, and what ends it is no finding */
static unsigned leak_checks;

static _Noreturn void leave(int status) {
  for (;;) syscall(SYS_exit_group, status);
}

void nomem__report_child_died(void) {
  if (is_silent) leave(0);
}

static void stderr_to(int fd) {
  dup2(fd, STDERR_FILENO);
  nomem__close(fd);
}

/* Whether the plan leaves behind what nothing names any more; then that is reported. What was lost before is none of
 * the plan's. The clean run overwrites what the registers and the stack still hold. */
static _Noreturn void look_for_leak(const struct nomem_plan *plan) {
  int shown = dup(STDERR_FILENO);
  stderr_to(nomem__open("/dev/null", O_RDWR));
  is_silent = true; /* where ptrace is not allowed, it cannot be done */
  if (__lsan_do_recoverable_leak_check() != 0) leave(0);
  nomem__run_target(NOMEM_RUN_FAULT, plan);
  nomem__note_leak(plan);
  nomem__run_target(NOMEM_RUN_TRACE, NULL);
  stderr_to(shown);
  is_silent = false;
  if (__lsan_do_recoverable_leak_check() == 0) leave(0);
  nomem__report_leak();
  leave(1);
}

/* Once it has found nothing so often, it is not asked again. */
static bool is_asked_for_leaks(void) {
  return nomem__options.detects_leaks && &__lsan_do_recoverable_leak_check != NULL && leak_checks < LEAK_CHECKS_MAX;
}

static _Noreturn void run_as_parent(const struct nomem_plan *plan) {
  if (nomem__options.compares) {
    nomem__run_target(NOMEM_RUN_TRACE, NULL);
    nomem__repeatability_before(nomem__milliseconds() + nomem__options.time_max_ms);
  }
  nomem__counters_clear();
  nomem__run_target(NOMEM_RUN_FAULT, plan);
  nomem__repeatability_after(plan);
  leave(0);
}

bool nomem__report_in_child(const struct nomem_plan *plan, bool is_leak) {
  if (is_leak && !is_asked_for_leaks()) return false;
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (is_leak) look_for_leak(plan);
    run_as_parent(plan);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  bool is_shown = child > 0 && status != 0;
  leak_checks += is_leak && !is_shown;
  return is_shown;
}
