/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "return_watch.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "../process/tracees.h"
#include "../run/channel_copy.h"
#include "../stack/process_memory.h"
#include "../text/memory.h"
#include "called_function.h"
#include "test_names.h"

/* The longest call instruction of any kind, the longest instruction, and how many are followed between two calls: a
 * test may fill an array on its way. */
#define LONGEST_CALL 8
#define LONGEST_STEP 15
#define STEPS_MAX 5000

static bool has_breakpoint(const struct nomem__watched_call *call) {
  return call->state == NOMEM_RETURN_AWAITED || call->state == NOMEM_RETURN_IN_NEXT_CALL;
}

/* Where the call, or the one of the next calls that the thread is in, returns to. */
static uint64_t awaited_address(const struct nomem__watched_call *call) {
  return call->state == NOMEM_RETURN_IN_NEXT_CALL ? call->next_address : call->address;
}

static void clear_breakpoint(struct nomem__return_watch *watch, struct nomem__watched_call *call,
                             enum nomem__return_watch_state state) {
  if (has_breakpoint(call)) nomem__breakpoint_clear(&watch->breakpoints, call->pid, call->tid, awaited_address(call));
  call->state = state;
}

/* The function that the call before a return address calls. 0: not known. */
static uint64_t read_callee(pid_t tid, uint64_t address) {
  unsigned char code[NOMEM_CALL_BYTES];
  if (nomem__process_read(tid, address - sizeof code, code, sizeof code) != sizeof code) return 0;
  return nomem__called_function(tid, address, code);
}

/* Finds out which function test code called: that of the frame, unless another one was called and jumped to it. */
static void find_callee(struct nomem__symbols *symbols, const struct nomem__stack *stack,
                        const struct nomem__trace_frame *frame, unsigned at, struct nomem__watched_call *call) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  uint64_t next, entry = read_callee(stack->tid, call->address);
  size_t count =
      nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources, NOMEM_INLINED_MAX);
  call->callee = (struct nomem__trace_frame){frame->path, frame->offset - sources[count - 1].function_offset, false};
  if (entry != 0 && at > 0 && nomem__read_word(stack->tid, stack->frames[at - 1].cfa - sizeof next, &next))
    call->callee.offset = entry - (next - frame->offset); /* in the same module */
  call->type = nomem__symbols_find_result(symbols, call->callee.path, call->callee.offset);
}

/* The number of this call, if it was noted for an earlier fault; the count otherwise. */
static size_t find_call(const struct nomem__return_watch *watch, const struct nomem__watched_call *call) {
  size_t i = 0;
  for (; i < watch->count; i++) {
    const struct nomem__watched_call *other = &watch->calls[i];
    if (other->tid == call->tid && other->address == call->address && other->sp == call->sp &&
        other->state == NOMEM_RETURN_AWAITED)
      break;
  }
  return i;
}

/* Watches the call that test code has made in a frame of the stack. Returns its number; SIZE_MAX: it cannot be watched.
 */
static size_t watch_call(struct nomem__return_watch *watch, const struct nomem__stack *stack,
                         const struct nomem__trace *trace, unsigned test) {
  const struct nomem__stack_frame *frame = &stack->frames[test];
  struct nomem__watched_call call = {
      .pid = stack->pid, .tid = stack->tid, .test = trace->frame[test], .sp = frame[-1].cfa, .frame = frame->cfa};
  if (call.sp == 0 || call.frame == 0 || !nomem__read_word(call.tid, call.sp - sizeof call.address, &call.address))
    return SIZE_MAX;
  size_t found = find_call(watch, &call);
  if (found < watch->count) return found;
  if (found == NOMEM_RETURN_CALLS || !nomem__breakpoint_set(&watch->breakpoints, call.pid, call.tid, call.address))
    return SIZE_MAX;
  find_callee(watch->code_owners->symbols, stack, &trace->frame[test - 1], test - 1, &call);
  watch->calls[watch->count++] = call;
  return found;
}

static void note_fault(struct nomem__return_watch *watch, struct nomem__stacks *stacks, uint32_t fault, pid_t pid,
                       pid_t tid) {
  const struct nomem__code_owners *code_owners = watch->code_owners;
  struct nomem__stack stack;
  struct nomem__trace trace;
  if (nomem__stack_capture(stacks, pid, tid, &stack) != 0) return;
  nomem__trace_of_stack(&stack, &trace);
  unsigned test = nomem__next_test_call(code_owners, &trace, 0);
  if (test == 0 || test == trace.depth) return;
  if (nomem__code_owner_of(code_owners, &trace.frame[test - 1]) == NOMEM_OWNER_RUNTIME) {
    watch->kinds[fault] = NOMEM_RETURN_OWN;
    return;
  }
  size_t number = watch_call(watch, &stack, &trace, test), inner = number;
  if (number == SIZE_MAX) return;
  watch->kinds[fault] = NOMEM_RETURN_CALL;
  watch->numbers[fault] = number;
  while (inner != SIZE_MAX && (test = nomem__next_test_call(code_owners, &trace, test + 1)) < trace.depth) {
    size_t outer = watch_call(watch, &stack, &trace, test);
    watch->calls[inner].outer = outer + 1; /* 0 where it cannot be watched */
    watch->calls[inner].is_outer_unknown = outer == SIZE_MAX;
    inner = outer;
  }
  if (inner != SIZE_MAX && stack.is_cut) watch->calls[inner].is_outer_unknown = true;
}

static bool handle_fault(struct nomem__return_watch *watch, struct nomem__stacks *stacks, pid_t tid) {
  struct nomem_fault fault;
  for (uint32_t i = 0; i < NOMEM_FAULTS; i++) {
    if (watch->is_seen[i] || !nomem__channel_copy_fault(watch->pages, i, &fault) || fault.tid != tid) continue;
    watch->is_seen[i] = true;
    /* The process is the one that the kernel says, whatever the program has written there. */
    struct nomem__status status;
    nomem__status_read(tid, &status);
    note_fault(watch, stacks, i, status.pid, tid);
    return true;
  }
  return false;
}

static void note_threads(struct nomem__watched_call *call) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", (int)call->pid);
  DIR *folder = nomem__checked(opendir(path));
  const struct dirent *entry;
  while (folder != NULL && (entry = readdir(folder)) != NULL && call->thread_count < NOMEM_RETURN_THREADS)
    if (isdigit((unsigned char)entry->d_name[0])) call->threads[call->thread_count++] = atoi(entry->d_name);
  if (folder != NULL) closedir(folder);
}

/* Whether the last step was a call: it has put a return address on the stack. */
static bool has_called(const struct nomem__watched_call *call, const struct user_regs_struct *registers) {
  uint64_t address;
  return registers->rsp == call->step_sp - sizeof address && nomem__read_word(call->tid, registers->rsp, &address) &&
         address > call->step_ip && address - call->step_ip <= LONGEST_CALL && registers->rip != address;
}

static bool is_note(const char *function) {
  return function != NULL && (nomem__framework_function(function) != NULL || nomem__is_runtime_function(function));
}

/* Whether a call is one that a framework's function makes, or the run-time's, which has become part of test code. */
static bool is_inlined_note(const struct nomem__return_watch *watch, const struct nomem__watched_call *call,
                            uint64_t address) {
  struct nomem__source_frame source = {0};
  nomem__symbols_resolve(watch->code_owners->symbols, call->test.path, address, true, &source, 1);
  return source.inlined && is_note(source.function);
}

/* Notes a call that test code has made next, unless it only prints. Whether enough were noted. */
static bool note_next(struct nomem__return_watch *watch, struct nomem__watched_call *call, uint64_t bias) {
  uint64_t address = call->next_address - bias;
  const char *name = nomem__symbols_find_called(watch->code_owners->symbols, call->test.path, address);
  if (name != NULL && nomem__is_output_function(name)) return false;
  bool only_notes = is_note(name) || is_inlined_note(watch, call, address);
  call->is_note[call->next_count] = only_notes;
  call->next[call->next_count++] = address;
  call->other_count += !only_notes;
  call->is_lost = call->next_count == NOMEM_RETURN_FOLLOWED && call->other_count < NOMEM_RETURN_NEXT;
  return call->is_lost || call->other_count == NOMEM_RETURN_NEXT;
}

/* The thread has made one step in test code. */
static void handle_step(struct nomem__return_watch *watch, struct nomem__watched_call *call,
                        const struct user_regs_struct *registers) {
  const uint64_t bias = call->address - call->test.offset;
  const struct nomem__trace_frame here = {call->test.path, registers->rip - bias, false};
  if (has_called(call, registers) && nomem__read_word(call->tid, registers->rsp, &call->next_address)) {
    call->next_sp = call->step_sp;
    bool is_enough = note_next(watch, call, bias);
    call->is_lost |=
        !is_enough && !nomem__breakpoint_set(&watch->breakpoints, call->pid, call->tid, call->next_address);
    call->state = is_enough || call->is_lost ? NOMEM_RETURN_OVER : NOMEM_RETURN_IN_NEXT_CALL;
    return;
  }
  bool has_jumped = registers->rip - call->step_ip > LONGEST_STEP;
  call->is_lost = ++call->steps == STEPS_MAX;
  if (call->is_lost || (has_jumped && nomem__code_owner_of(watch->code_owners, &here) != NOMEM_OWNER_TEST))
    call->state = NOMEM_RETURN_OVER;
  call->step_ip = registers->rip;
  call->step_sp = registers->rsp;
}

static void begin_stepping(struct nomem__return_watch *watch, struct nomem__watched_call *call,
                           const struct user_regs_struct *registers) {
  clear_breakpoint(watch, call, NOMEM_RETURN_STEPPED);
  call->step_ip = registers->rip;
  call->step_sp = registers->rsp;
}

/* The thread is where the call, or the next one, returns to; or in another activation at the same place. */
static void handle_return(struct nomem__return_watch *watch, struct nomem__watched_call *call,
                          const struct user_regs_struct *registers) {
  bool is_next = call->state == NOMEM_RETURN_IN_NEXT_CALL;
  uint64_t sp = is_next ? call->next_sp : call->sp;
  if (registers->rsp < sp) return; /* deeper in a recursion */
  if (registers->rsp > sp) {       /* it was left by longjmp */
    call->is_lost = true;
    clear_breakpoint(watch, call, NOMEM_RETURN_OVER);
  } else if (registers->rip == (is_next ? call->next_address : call->address)) {
    if (!is_next) {
      call->has_returned = true;
      call->value = registers->rax;
      note_threads(call);
    }
    begin_stepping(watch, call, registers);
  }
}

/* The thread is at a breakpoint, or has made a step, or both. Returns whether it is to make another step. */
static bool handle_stop(struct nomem__return_watch *watch, pid_t tid, bool is_at_breakpoint,
                        const struct user_regs_struct *registers) {
  bool is_stepped = false;
  for (size_t i = 0; i < watch->count; i++) {
    struct nomem__watched_call *call = &watch->calls[i];
    if (call->tid != tid) continue;
    if (call->state == NOMEM_RETURN_STEPPED)
      handle_step(watch, call, registers);
    else if (is_at_breakpoint && has_breakpoint(call))
      handle_return(watch, call, registers);
    is_stepped |= call->state == NOMEM_RETURN_STEPPED;
  }
  return is_stepped;
}

static bool is_stepping(const struct nomem__return_watch *watch, pid_t tid) {
  for (size_t i = 0; i < watch->count; i++)
    if (watch->calls[i].tid == tid && watch->calls[i].state == NOMEM_RETURN_STEPPED) return true;
  return false;
}

static enum nomem__stop_action handle_trap(struct nomem__return_watch *watch, pid_t tid, int code) {
  struct user_regs_struct registers;
  struct nomem__status status;
  nomem__status_read(tid, &status);
  enum nomem__breakpoint_stop stop = nomem__breakpoint_stopped(&watch->breakpoints, status.pid, tid, code, &registers);
  if (stop == NOMEM_STOP_FOREIGN || (stop == NOMEM_STOP_STEPPED && !is_stepping(watch, tid)))
    return NOMEM_ACTION_DELIVER;
  if (stop == NOMEM_STOP_PASSING) return NOMEM_ACTION_CONTINUE;
  bool is_stepped = handle_stop(watch, tid, stop == NOMEM_STOP_REACHED, &registers);
  bool is_lifted = nomem__breakpoint_lift(&watch->breakpoints, status.pid, tid, registers.rip);
  return is_stepped || is_lifted ? NOMEM_ACTION_STEP : NOMEM_ACTION_CONTINUE;
}

/* The watcher is the first member. */
static struct nomem__return_watch *watch_of(struct nomem__stop_watcher *watcher) {
  return (struct nomem__return_watch *)watcher;
}

static uint32_t begin(struct nomem__stop_watcher *watcher, const struct nomem_channel *pages) {
  struct nomem__return_watch *watch = watch_of(watcher);
  nomem__return_watch_prepare(watch, watch->code_owners, watch->is_without_fault);
  watch->pages = pages;
  return watch->is_without_fault ? NOMEM_STOP_INSTEAD : NOMEM_STOP_EACH;
}

static enum nomem__stop_action stopped(struct nomem__stop_watcher *watcher, struct nomem__stacks *stacks, pid_t tid,
                                       int signal) {
  struct nomem__return_watch *watch = watch_of(watcher);
  siginfo_t info;
  if (signal != SIGSTOP && signal != SIGTRAP) return NOMEM_ACTION_DELIVER;
  if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) != 0) return NOMEM_ACTION_DELIVER;
  if (signal == SIGSTOP)
    return info.si_code == SI_TKILL && handle_fault(watch, stacks, tid) ? NOMEM_ACTION_CONTINUE : NOMEM_ACTION_DELIVER;
  return handle_trap(watch, tid, info.si_code);
}

struct nomem__stop_watcher *nomem__return_watch_prepare(struct nomem__return_watch *watch,
                                                        const struct nomem__code_owners *code_owners,
                                                        bool is_without_fault) {
  *watch = (struct nomem__return_watch){.watcher = {.begin = begin, .stopped = stopped},
                                        .code_owners = code_owners,
                                        .is_without_fault = is_without_fault};
  return &watch->watcher;
}
