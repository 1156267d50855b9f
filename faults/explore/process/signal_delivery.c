/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "signal_delivery.h"

#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <ucontext.h>

#include "../stack/fault_address.h"
#include "../stack/process_memory.h"
#include "tree_state.h"

/* A handler that makes an access possible takes a few system calls, each with two stops. */
#define STOPS_MAX 256
/* So many stacks of caught signals are captured in a run. */
#define CAPTURES_MAX 64

bool nomem__delivery_stands(const struct nomem__tree *tree) {
  return tree->end.caught.signal != 0;
}

static void withdraw(struct nomem__tree *tree) {
  struct nomem__delivery *delivery = &tree->delivery;
  if (tree->end.caught.signal != SIGABRT && delivery->harmless_count < NOMEM__HARMLESS_MAX)
    delivery->harmless[delivery->harmless_count++] = tree->end.caught.stack.ip;
  delivery->phase = NOMEM__DELIVERY_NONE;
  tree->end.caught.signal = 0;
}

static bool is_harmless(const struct nomem__delivery *delivery, uint64_t ip) {
  for (unsigned i = 0; i < delivery->harmless_count; i++)
    if (delivery->harmless[i] == ip) return true;
  return false;
}

/* Whether the processor raised it; or, of an abort, whether it may have been raised by abort(). Other signals that a
 * process has sent are somebody's decision. */
static bool may_be_bug(int signal, const siginfo_t *info) {
  switch (signal) {
    case SIGABRT:
      return info->si_code == SI_TKILL;
    case SIGTRAP:
      return info->si_code == SI_KERNEL || info->si_code == TRAP_BRKPT;
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
      return info->si_code > 0;
    default:
      return false;
  }
}

/* The same instruction may follow a good pointer in one place and NULL in another. */
static bool is_known(const struct nomem__delivery *delivery, pid_t tid, int signal, const siginfo_t *info) {
  uint64_t ip = (uint64_t)ptrace(PTRACE_PEEKUSER, tid, offsetof(struct user_regs_struct, rip), NULL);
  bool is_null = signal == SIGSEGV && nomem__is_near_null((uint64_t)(uintptr_t)info->si_addr);
  return signal != SIGABRT && !is_null && is_harmless(delivery, ip);
}

void nomem__delivery_caught(struct nomem__tree *tree, pid_t pid, pid_t tid, int signal) {
  const struct nomem__tree_callbacks *callbacks = &tree->callbacks;
  struct nomem__delivery *delivery = &tree->delivery;
  struct nomem__caught_signal *caught = &tree->end.caught;
  siginfo_t info;
  if (delivery->captures == CAPTURES_MAX) return;
  if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) != 0 || !may_be_bug(signal, &info)) return;
  if (is_known(delivery, tid, signal, &info)) return;
  delivery->captures++;
  if (nomem__stack_capture(tree->trees->stacks, pid, tid, &caught->stack) != 0) return; /* killed meanwhile */
  caught->signal = signal;
  if (!callbacks->caught(callbacks->user, &caught->stack)) {
    withdraw(tree);
    return;
  }
  nomem__stack_copy_memory(&caught->stack, &caught->memory);
  nomem__stack_drop_guest(&caught->stack);
  delivery->phase = signal != SIGABRT ? NOMEM__DELIVERY_HANDLED : NOMEM__DELIVERY_NONE;
  delivery->tid = tid;
  delivery->stops = 0;
}

bool nomem__delivery_follows(const struct nomem__tree *tree, pid_t tid) {
  return tree->delivery.phase != NOMEM__DELIVERY_NONE && tree->delivery.tid == tid;
}

/* Whether the thread is about to return to where it was when the signal came. At rt_sigreturn the stack pointer is that
 * of what the kernel has saved. */
static bool is_returning(const struct nomem__stack *stack, const struct user_regs_struct *registers) {
  ucontext_t saved;
  const size_t bytes = offsetof(ucontext_t, uc_mcontext) + sizeof saved.uc_mcontext.gregs;
  return registers->orig_rax == SYS_rt_sigreturn &&
         nomem__process_read(stack->pid, registers->rsp, &saved, bytes) == bytes &&
         (uint64_t)saved.uc_mcontext.gregs[REG_RIP] == stack->ip &&
         (uint64_t)saved.uc_mcontext.gregs[REG_RSP] == stack->sp;
}

void nomem__delivery_note_system_call(struct nomem__tree *tree, pid_t tid) {
  struct nomem__delivery *delivery = &tree->delivery;
  struct user_regs_struct registers;
  if (!nomem__delivery_follows(tree, tid)) return;
  if (delivery->phase == NOMEM__DELIVERY_RETRIED) { /* it has come to a system call after that instruction */
    withdraw(tree);
  } else if (delivery->phase == NOMEM__DELIVERY_RETURNING) {
    delivery->phase = NOMEM__DELIVERY_RETRIED;
  } else if (++delivery->stops == STOPS_MAX || ptrace(PTRACE_GETREGS, tid, NULL, &registers) != 0) {
    delivery->phase = NOMEM__DELIVERY_NONE;
  } else if (is_returning(&tree->end.caught.stack, &registers)) {
    delivery->phase = NOMEM__DELIVERY_RETURNING;
  }
}

/* Whether the followed thread stands where it stood when the signal came. */
static bool is_at_instruction(const struct nomem__stack *stack, pid_t tid) {
  struct user_regs_struct registers;
  return ptrace(PTRACE_GETREGS, tid, NULL, &registers) == 0 && registers.rip == stack->ip && registers.rsp == stack->sp;
}

void nomem__delivery_note_signal(struct nomem__tree *tree, pid_t tid, int signal) {
  struct nomem__delivery *delivery = &tree->delivery;
  const struct nomem__stack *stack = &tree->end.caught.stack;
  siginfo_t info;
  if (!nomem__delivery_follows(tree, tid) || delivery->phase != NOMEM__DELIVERY_RETRIED) return;
  if (!is_at_instruction(stack, tid)) {
    withdraw(tree);
    return;
  }
  /* Another signal has come before the instruction: its handler returns to the same place. */
  delivery->phase = NOMEM__DELIVERY_HANDLED;
  if (signal != tree->end.caught.signal || ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) != 0) return;
  if (info.si_code <= 0) return;
  delivery->phase = NOMEM__DELIVERY_NONE;
  bool is_other = stack->has_fault_address && (uint64_t)(uintptr_t)info.si_addr != stack->fault_address;
  if (is_other) withdraw(tree); /* the same instruction, such as one that is repeated, has come further */
}

void nomem__delivery_lose(struct nomem__tree *tree, pid_t tid) {
  if (nomem__delivery_follows(tree, tid)) tree->delivery.phase = NOMEM__DELIVERY_NONE;
}

void nomem__delivery_end(struct nomem__tree *tree) {
  bool is_over = tree->delivery.phase == NOMEM__DELIVERY_RETURNING || tree->delivery.phase == NOMEM__DELIVERY_RETRIED;
  if (is_over) withdraw(tree);
}
