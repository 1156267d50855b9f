/* SPDX-License-Identifier: MIT */
/* Tries plans in another process first, so that a crash ends only that, and the fuzzer need not be told of one that is
 * the harness's own fault. Forking a program under a sanitizer takes longer than thousands of runs of a small target,
 * so one such helper tries plan after plan, input after input, until one of them ends it.
 *
 * Where the campaign goes on after a finding, only the helper makes runs with a fault: it credits their edges to the
 * input, compares, and looks for leaks, and nothing of the kind ends the fuzzer's process.
 *
 * A crash is the harness's own fault when
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
#include <sys/socket.h>
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
  TIMEOUTS_MAX = 3,               /* so many children that take too long: then no more are made */
  INPUT_MAX = 1 << 20,            /* bytes of an input that the helper can be given */
  PLANS_PER_HELPER = 4096,        /* what a target keeps and does not lose is given back then */
  SPOILED_MAX = 2                 /* helpers in a row that do not get as far as a plan */
};

extern void __asan_poison_memory_region(const volatile void *from, size_t size) __attribute__((weak));
extern void __asan_unpoison_memory_region(const volatile void *from, size_t size) __attribute__((weak));

/* No number that a function takes is expected to be so large, and each pointer into a heap is, but in programs that are
 * not position-independent. */
#define POINTERS_BEGIN (UINT64_C(1) << 32)

/* What children tell the parent, and the helper is told. */
static struct shared {
  uint32_t running; /* number of the plan that runs */
  enum nomem_verdict verdict;
  bool has_crashed;         /* and what is below is known */
  bool is_null;             /* by using an address next to 0, or it is not known which */
  uintptr_t harness_return; /* where the harness's innermost call returns to */
  unsigned below;           /* frames of the library's below that */
  struct nomem_failed_call failed;
  bool is_clean; /* no plan is running yet */
  /* What the helper is to do. */
  uint32_t count;
  struct nomem_plan plan[NOMEM_SCOUTED_MAX];
  bool has_failed[NOMEM_SCOUTED_MAX]; /* a call, by each plan */
  bool may_leak[NOMEM_SCOUTED_MAX];   /* each plan leaves memory behind */
  bool is_new_input, compares;
  size_t size;
  uint8_t input[INPUT_MAX];
} * shared;

static struct {
  pid_t pid; /* 0: there is none */
  int socket;
  uint32_t plans;
} helper;

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
    if (kind == NOMEM_KIND_HARNESS || (kind == NOMEM_KIND_HOOK && shared->below == 0)) {
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
  if (shared->is_clean) leave(0);
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
  nomem__report_child_died();
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
  int nowhere = nomem__open("/dev/null", O_RDWR);
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_NODEFER};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  action.sa_sigaction = on_call;
  sigaction(SIGTRAP, &action, NULL);
  action.sa_handler = SIG_DFL;
  sigaction(SIGALRM, &action, NULL);
}

/* Whether the plan, which has left memory behind, does so again. */
static bool grows_again(const struct nomem_plan *plan, uint64_t clean_growth) {
  uint64_t before = nomem__live_bytes();
  nomem__run_target(NOMEM_RUN_FAULT, plan);
  return nomem__live_bytes() > before + clean_growth;
}

static void try_plan(uint32_t number, uint64_t clean_growth) {
  const struct nomem_plan *plan = &shared->plan[number];
  const struct nomem_failed_call *calls, *last;
  uint64_t before = nomem__live_bytes();
  nomem__counters_clear();
  nomem__run_target(NOMEM_RUN_FAULT, plan);
  shared->has_failed[number] = nomem__decision_failed(&calls, &last) > 0;
  if (!shared->has_failed[number]) return;
  shared->failed = calls[0];
  shared->has_crashed = true; /* whatever happens now is an effect of that call */
  bool grew = nomem__live_bytes() > before + clean_growth;
  if (nomem__options.goes_on && nomem__counters_merge(false)) nomem__credit_input(plan);
  if (shared->compares)
    nomem__repeatability_after(plan);
  else
    nomem__run_target(NOMEM_RUN_TRACE, NULL);
  shared->may_leak[number] = grew && nomem__options.goes_on && grows_again(plan, clean_growth);
  shared->has_crashed = false;
}

/* The bytes behind the input must not be read: what reads too far behind a fault is to be seen. */
static void take_input(void) {
  enum { BEHIND = 1 << 14 };
  static size_t end;
  size_t room = sizeof shared->input - shared->size;
  if (&__asan_unpoison_memory_region != NULL) {
    __asan_unpoison_memory_region(shared->input, end);
    __asan_poison_memory_region(shared->input + shared->size, room < BEHIND ? room : BEHIND);
    end = shared->size + (room < BEHIND ? room : BEHIND);
  }
  nomem__current.data = shared->input;
  nomem__current.size = shared->size;
}

/* Runs the input clean before its first plan: what it leaves behind and does by itself is no effect of a fault. */
static void try_plans(void) {
  static uint64_t clean_growth;
  if (shared->is_new_input) {
    take_input();
    shared->is_clean = true;
    nomem__run_target(NOMEM_RUN_TRACE, NULL);
    uint64_t before = nomem__live_bytes();
    nomem__counters_clear();
    nomem__run_target(NOMEM_RUN_TRACE, NULL);
    clean_growth = nomem__live_bytes() > before ? nomem__live_bytes() - before : 0;
    if (shared->compares) nomem__repeatability_before(nomem__milliseconds() + nomem__options.time_max_ms);
    shared->is_clean = false;
  }
  for (; shared->running < shared->count; shared->running++) try_plan(shared->running, clean_growth);
}

/* The helper ends with its parent, whose end of the socket is then closed, and by itself where it takes too long. */
static _Noreturn void serve_parent(int end) {
  char byte;
  unsigned seconds = 1 + (unsigned)(TIMES_LONGER * nomem__options.time_max_ms / 1000);
  while (recv(end, &byte, 1, 0) == 1) {
    alarm(2 * seconds);
    try_plans();
    alarm(0);
    if (send(end, &byte, 1, MSG_NOSIGNAL) != 1) break;
  }
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

/* Waits for the child to close its end or to say that it is done, until the deadline. Whether it did. */
static bool wait_for(pid_t child, int end) {
  uint64_t deadline_ms = nomem__milliseconds() + TIMES_LONGER * nomem__options.time_max_ms;
  struct pollfd ready = {.fd = end, .events = POLLIN};
  bool is_late = false;
  while (!is_late && poll(&ready, 1, 10) <= 0) is_late = nomem__milliseconds() > deadline_ms;
  if (is_late) kill(child, SIGKILL);
  return !is_late;
}

static void reap(pid_t child) {
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
}

/* Looks at the harness's call for this plan once more, in a child. Whether that came to its end. */
static bool inspect_in_child(const struct nomem_plan *plan) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  pid_t child = nomem__fork_untraced();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    become_child();
    inspect(plan);
  }
  nomem__close(ends[1]);
  bool has_ended = child > 0 && wait_for(child, ends[0]);
  if (child > 0) reap(child);
  nomem__close(ends[0]);
  return has_ended;
}

/* The helper is a child's child, so that a target which waits for its own children does not wait for it. */
static bool start_helper(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
  pid_t between = nomem__fork_untraced();
  if (between == 0) {
    if (nomem__fork_untraced() != 0) leave(0);
    pid_t self = getpid();
    nomem__close(ends[0]);
    become_child();
    if (send(ends[1], &self, sizeof self, MSG_NOSIGNAL) != (ssize_t)sizeof self) leave(1);
    serve_parent(ends[1]);
  }
  nomem__close(ends[1]);
  if (between > 0) reap(between);
  helper.socket = ends[0];
  helper.plans = 0;
  if (between > 0 && recv(ends[0], &helper.pid, sizeof helper.pid, MSG_WAITALL) == (ssize_t)sizeof helper.pid)
    return true;
  nomem__close(ends[0]);
  helper.pid = 0;
  return false;
}

static void end_helper(void) {
  nomem__close(helper.socket);
  helper.pid = 0;
}

/* Has the helper try the plans that are left. Whether it came to an end, be it its own. */
static bool ask_helper(void) {
  char byte = 0;
  if (helper.pid == 0) {
    shared->is_new_input = true;
    if (!start_helper()) return false;
  }
  if (send(helper.socket, &byte, 1, MSG_NOSIGNAL) != 1 || !wait_for(helper.pid, helper.socket)) {
    end_helper();
    return false;
  }
  helper.plans += shared->count;
  bool is_alive = recv(helper.socket, &byte, 1, 0) == 1;
  shared->is_new_input = !is_alive;
  if (!is_alive || helper.plans > PLANS_PER_HELPER) end_helper();
  return true;
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
  if (!inspect_in_child(plan)) count_timeout();
}

/* Sites have other numbers in the helper: the call is that of the plan's own site. */
static struct nomem_failed_call in_this_process(const struct nomem_failed_call *failed, const struct nomem_plan *plan) {
  struct nomem_failed_call here = *failed;
  const struct nomem_rule *rule = &plan->rule[0];
  here.site = nomem__decision_site_of(plan->has == NOMEM_HAS_FROM ? rule->from.key : rule->site.key);
  return here;
}

static void copy_plan(struct nomem_plan *to, const struct nomem_plan *from) {
  memcpy(to, from, offsetof(struct nomem_plan, rule) + from->rule_count * sizeof from->rule[0]);
}

static void begin_request(const struct nomem_plan *plans, uint32_t count, bool is_new_input, bool compares) {
  for (uint32_t i = 0; i < count; i++) copy_plan(&shared->plan[i], &plans[i]);
  shared->count = count;
  shared->compares = compares && nomem__options.goes_on;
  shared->is_new_input |= is_new_input;
  shared->running = 0;
  if (!is_new_input) return;
  shared->size = nomem__current.size;
  memcpy(shared->input, nomem__current.data, nomem__current.size);
}

static void forget_verdict(void) {
  shared->verdict = NOMEM_VERDICT_UNKNOWN;
  shared->has_crashed = shared->is_null = shared->is_clean = false;
  shared->harness_return = 0;
  shared->failed = (struct nomem_failed_call){0};
}

void nomem__scout(const struct nomem_plan *plans, uint32_t count, bool is_new_input, bool compares,
                  struct nomem_scouted *found) {
  int saved_errno = errno;
  for (uint32_t i = 0; i < count; i++) found[i] = (struct nomem_scouted){.verdict = NOMEM_VERDICT_UNKNOWN};
  bool is_possible = count > 0 && nomem__current.size < INPUT_MAX && is_ready();
  if (is_possible) begin_request(plans, count, is_new_input, compares);
  for (uint32_t next = 0, spoiled = 0; is_possible && next < count && !is_given_up;) {
    forget_verdict();
    shared->running = next;
    bool has_ended = ask_helper();
    uint32_t last = shared->running < count ? shared->running : count;
    for (; next < last; next++)
      found[next] = (struct nomem_scouted){.verdict = NOMEM_VERDICT_SURVIVED,
                                           .has_failed = shared->has_failed[next],
                                           .may_leak = shared->may_leak[next]};
    if (last == count) break;
    if (!has_ended) {
      count_timeout();
      break;
    }
    if (shared->verdict == NOMEM_VERDICT_UNKNOWN && ++spoiled > SPOILED_MAX) break;
    if (shared->verdict == NOMEM_VERDICT_UNKNOWN) continue; /* it died of earlier runs */
    if (shared->verdict == NOMEM_VERDICT_CRASH) look_at_arguments(&plans[last]);
    /* Whoever wants the harness's calls to fail wants to know what comes of it. */
    bool is_harness = shared->verdict == NOMEM_VERDICT_HARNESS && !nomem__options.fails_harness;
    found[next++] = (struct nomem_scouted){.verdict = is_harness ? NOMEM_VERDICT_HARNESS : NOMEM_VERDICT_CRASH,
                                           .failed = in_this_process(&shared->failed, &plans[last]),
                                           .has_failed = true};
    has_met_crash = true;
  }
  errno = saved_errno;
}

bool nomem__scout_has_met_crash(void) {
  return has_met_crash;
}
