/* SPDX-License-Identifier: MIT */
/* Tries plans in a child first, so that a crash ends only that, and the fuzzer need not be told of one that is the
 * harness's own fault. It is the harness's own when
 *
 *   - the crash lies in the harness's code (it used what it was given, and that was NULL); or
 *   - the harness passed NULL to the library, where without the fault the same call passes a pointer, and the library
 *     used it.
 *
 * The second is found out in another child, by a breakpoint on that call: a clean run tells which arguments are
 * pointers; in the run with the fault those that are NULL are given another value at which nothing is mapped, and the
 * crash has to move there. Where a child cannot be made or takes too long, nothing is
 * known, and the plan is run in this process. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "../../faults/inject/call_site.h"
#include "../../faults/inject/module_names.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

enum {
  ARGUMENTS = 3,                  /* of a call are looked at: those that a handle is passed in */
  OBJECTS_BEGIN = 1 << 16,        /* no pointer to an object is below that */
  MOVED_NULL = OBJECTS_BEGIN / 2, /* nor is there anything else */
  TIMES_LONGER = 5,               /* than the runs with a fault of one input may take: a sanitizer may write a report */
  TIMEOUTS_MAX = 3                /* so many children that take too long: then no more are made */
};

/* No number that a function takes is expected to be so large, and each pointer into a heap is, but in programs that are
 * not position-independent. */
#define POINTERS_BEGIN (UINT64_C(1) << 32)

/* What children tell the parent. */
static struct shared {
  uint32_t running; /* number of the plan that runs */
  enum nomem_verdict verdict;
  bool has_crashed;         /* and what is below is known */
  bool is_null;             /* by using an address next to 0, or it is not known which */
  uintptr_t harness_return; /* where the harness's innermost call returns to */
  unsigned below;           /* frames of the library's below that */
  struct nomem_failed_call failed;
} * shared;

static bool is_child, is_given_up, has_met_crash;
static int timeouts;

/* The call that an inspecting child watches. */
static struct {
  uint8_t *place; /* NULL: none is watched */
  uintptr_t target;
  unsigned bytes;
  uint64_t largest[ARGUMENTS]; /* in the clean run */
  bool is_clean, has_moved;
} watched;

static _Noreturn void leave(int status) {
  for (;;) syscall(SYS_exit_group, status);
}

/* The frames of the crash, from the innermost that is the program's own. */
static void note_stack(uintptr_t crash_address, void *cfa) {
  uintptr_t address[NOMEM_DEPTH], slot[NOMEM_DEPTH];
  unsigned depth = nomem__site_unwind(cfa, address, slot), i = 0;
  while (crash_address != 0 && i < depth && address[i] != crash_address) i++;
  const struct nomem_channel *channel = nomem__decision_channel();
  for (; i < depth; i++) {
    /* A return address belongs to the call before it; where the crash is, the address itself does. */
    uintptr_t at = address[i] + (address[i] == crash_address);
    enum nomem_frame_kind kind = nomem__frame_kind(channel, nomem__decision_frame(at));
    if (kind == NOMEM_KIND_HARNESS) {
      shared->harness_return = address[i];
      return;
    }
    shared->below += kind == NOMEM_KIND_PLAIN;
  }
  shared->below = UINT32_MAX; /* the harness is not on this stack */
}

/* In a child: the plan that runs has crashed, by using this address; 0: by an abort, or it is not known. */
static _Noreturn void note_crash(uintptr_t crash_address, void *cfa, uintptr_t used) {
  const struct nomem_failed_call *calls, *last;
  if (!shared->has_crashed && nomem__decision_failed(&calls, &last) > 0) shared->failed = calls[0];
  shared->has_crashed = true;
  shared->is_null = used < OBJECTS_BEGIN;
  shared->below = 0;
  note_stack(crash_address, cfa);
  bool follows = watched.has_moved && used >= MOVED_NULL && used < OBJECTS_BEGIN;
  shared->verdict = shared->below == 0 || follows ? NOMEM_VERDICT_HARNESS : NOMEM_VERDICT_CRASH;
  leave(1);
}

void nomem__scout_died(void *cfa) {
  if (is_child) note_crash(0, cfa, 0);
}

static void on_crash(int signal, siginfo_t *info, void *context) {
  const ucontext_t *state = context;
  bool is_address = (signal == SIGSEGV || signal == SIGBUS) && info->si_code > 0;
  note_crash((uintptr_t)state->uc_mcontext.gregs[REG_RIP], NULL, is_address ? (uintptr_t)info->si_addr : 0);
}

/* Makes the call that the breakpoint stands in place of. */
static void on_call(int signal, siginfo_t *info, void *context) {
  ucontext_t *state = context;
  greg_t *registers = state->uc_mcontext.gregs;
  if (watched.place == NULL || (uintptr_t)registers[REG_RIP] != (uintptr_t)watched.place + 1)
    on_crash(signal, info, context);
  static const int arguments[ARGUMENTS] = {REG_RDI, REG_RSI, REG_RDX};
  for (int i = 0; i < ARGUMENTS; i++) {
    greg_t *argument = &registers[arguments[i]];
    if (watched.is_clean && (uint64_t)*argument > watched.largest[i]) watched.largest[i] = (uint64_t)*argument;
    if (watched.is_clean || *argument != 0 || watched.largest[i] < POINTERS_BEGIN) continue;
    *argument = MOVED_NULL;
    watched.has_moved = true;
  }
  registers[REG_RSP] -= (greg_t)sizeof(uintptr_t);
  *(uintptr_t *)registers[REG_RSP] = (uintptr_t)watched.place + watched.bytes;
  registers[REG_RIP] = (greg_t)watched.target;
}

/* Only the call of a named function is understood, directly or through the table of imported ones. */
static bool watch_call(uintptr_t return_address) {
  enum { NEAR = 5, INDIRECT = 6 };
  uint8_t *near = (uint8_t *)(return_address - NEAR), *indirect = (uint8_t *)(return_address - INDIRECT);
  int32_t offset;
  memcpy(&offset, near + 1, sizeof offset);
  if (near[0] == 0xe8) {
    watched.place = near;
    watched.bytes = NEAR;
    watched.target = return_address + (uintptr_t)(intptr_t)offset;
  } else if (indirect[0] == 0xff && indirect[1] == 0x15) {
    watched.place = indirect;
    watched.bytes = INDIRECT;
    memcpy(&watched.target, (const void *)(return_address + (uintptr_t)(intptr_t)offset), sizeof watched.target);
  } else {
    return false;
  }
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)watched.place & ~(page - 1);
  if (mprotect((void *)first, return_address - first, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) return false;
  *(volatile uint8_t *)watched.place = 0xcc;
  return true;
}

/* Nothing of the child's is to be seen, and it does not outlive its parent. */
static void become_child(void) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  is_child = true;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int nowhere = nomem__open("/dev/null", O_RDWR);
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_NODEFER};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  action.sa_sigaction = on_call;
  sigaction(SIGTRAP, &action, NULL);
}

static _Noreturn void try_plans(const struct nomem_plan *plans, uint32_t count) {
  for (uint32_t i = shared->running; i < count; i++) {
    shared->running = i;
    nomem__run_target(NOMEM_RUN_FAULT, &plans[i]);
    const struct nomem_failed_call *calls, *last;
    if (nomem__decision_failed(&calls, &last) > 0) shared->failed = calls[0];
    shared->has_crashed = true; /* whatever happens now is an effect of that call */
    nomem__run_target(NOMEM_RUN_TRACE, NULL);
    shared->has_crashed = false;
  }
  shared->running = count;
  leave(0);
}

static _Noreturn void inspect(const struct nomem_plan *plan) {
  if (!watch_call(shared->harness_return)) leave(0);
  watched.is_clean = true;
  nomem__run_target(NOMEM_RUN_TRACE, NULL);
  watched.is_clean = false;
  shared->has_crashed = false;
  nomem__run_target(NOMEM_RUN_FAULT, plan);
  leave(0);
}

/* Waits for the child to close its end of the pipe, until the deadline. Whether it ended by itself. */
static bool wait_for(pid_t child, int pipe_end, uint64_t deadline_ms) {
  struct pollfd ready = {.fd = pipe_end};
  bool is_late = false;
  while (!is_late && poll(&ready, 1, 10) <= 0) is_late = nomem__milliseconds() > deadline_ms;
  if (is_late) kill(child, SIGKILL);
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  return !is_late;
}

/* What the child is to do: to try the plans one after the other, or to inspect the first. */
static bool run_child(const struct nomem_plan *plans, uint32_t count, bool inspects) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  pid_t child = fork();
  if (child == 0) {
    become_child();
    if (inspects) inspect(plans);
    try_plans(plans, count);
  }
  nomem__close(ends[1]);
  uint64_t deadline_ms = nomem__milliseconds() + TIMES_LONGER * nomem__options.time_max_ms;
  bool has_ended = child > 0 && wait_for(child, ends[0], deadline_ms);
  nomem__close(ends[0]);
  return has_ended;
}

static bool is_ready(void) {
  if (shared == NULL && !is_given_up) {
    void *pages = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared = pages == MAP_FAILED ? NULL : pages;
    is_given_up = shared == NULL;
  }
  return !is_given_up;
}

static void count_timeout(void) {
  timeouts++;
  is_given_up |= timeouts >= TIMEOUTS_MAX;
}

/* The plan has crashed in library code: the harness's call is looked at once more. */
static void look_at_arguments(const struct nomem_plan *plan) {
  if (shared->harness_return == 0 || !shared->is_null || shared->below == UINT32_MAX) return;
  if (!run_child(plan, 1, true)) count_timeout();
}

void nomem__scout(const struct nomem_plan *plans, uint32_t count, struct nomem_scouted *found) {
  int saved_errno = errno;
  for (uint32_t i = 0; i < count; i++) found[i].verdict = NOMEM_VERDICT_UNKNOWN;
  for (uint32_t next = 0; next < count && is_ready();) {
    *shared = (struct shared){.running = next};
    bool has_ended = run_child(plans, count, false);
    uint32_t last = shared->running < count ? shared->running : count;
    for (; next < last; next++) found[next].verdict = NOMEM_VERDICT_SURVIVED;
    if (last == count) break;
    if (!has_ended) {
      count_timeout();
      break;
    }
    if (shared->verdict == NOMEM_VERDICT_CRASH) look_at_arguments(&plans[last]);
    /* Whoever wants the harness's calls to fail wants to know what comes of it. */
    bool is_harness = shared->verdict == NOMEM_VERDICT_HARNESS && !nomem__options.fails_harness;
    found[next++] = (struct nomem_scouted){.verdict = is_harness ? NOMEM_VERDICT_HARNESS : NOMEM_VERDICT_CRASH,
                                           .failed = shared->failed};
    has_met_crash = true;
  }
  errno = saved_errno;
}

bool nomem__scout_report(const struct nomem_plan *plan) {
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    nomem__run_target(NOMEM_RUN_FAULT, plan);
    nomem__repeatability_after(plan);
    leave(0);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return child > 0 && status != 0;
}

bool nomem__scout_has_met_crash(void) {
  return has_met_crash;
}
