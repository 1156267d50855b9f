/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "code_breakpoints.h"

#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>

#include "../stack/process_memory.h"

bool nomem__code_write(pid_t tid, uint64_t address, unsigned char byte) {
  uint64_t word, at = address & ~(uint64_t)(sizeof word - 1);
  if (!nomem__read_word(tid, at, &word)) return false;
  memcpy((unsigned char *)&word + (address - at), &byte, sizeof byte);
  return ptrace(PTRACE_POKETEXT, tid, at, word) == 0;
}

bool nomem__stepper_begin(struct nomem__breakpoint_steppers *steppers, pid_t tid, uint64_t address,
                          unsigned char byte) {
  if (!nomem__code_write(tid, address, byte)) return false;
  for (size_t i = 0; i < NOMEM_BREAKPOINT_STEPPERS; i++) {
    if (steppers->list[i].tid != 0) continue;
    steppers->list[i].tid = tid;
    steppers->list[i].address = address;
    return true;
  }
  return false;
}

uint64_t nomem__stepper_end(struct nomem__breakpoint_steppers *steppers, pid_t tid) {
  for (size_t i = 0; i < NOMEM_BREAKPOINT_STEPPERS; i++) {
    if (steppers->list[i].tid != tid) continue;
    steppers->list[i].tid = 0;
    return steppers->list[i].address;
  }
  return 0;
}

/* pid 0: of any process. */
static struct nomem__code_breakpoint *find(struct nomem__code_breakpoints *breakpoints, pid_t pid, uint64_t address) {
  for (size_t i = 0; i < NOMEM_CODE_BREAKPOINTS; i++) {
    struct nomem__code_breakpoint *breakpoint = &breakpoints->list[i];
    if (breakpoint->users > 0 && breakpoint->address == address && (pid == 0 || breakpoint->pid == pid))
      return breakpoint;
  }
  return NULL;
}

static struct nomem__code_breakpoint *find_free(struct nomem__code_breakpoints *breakpoints) {
  for (size_t i = 0; i < NOMEM_CODE_BREAKPOINTS; i++)
    if (breakpoints->list[i].users == 0) return &breakpoints->list[i];
  return NULL;
}

bool nomem__breakpoint_set(struct nomem__code_breakpoints *breakpoints, pid_t pid, pid_t tid, uint64_t address) {
  struct nomem__code_breakpoint *breakpoint = find(breakpoints, pid, address);
  if (breakpoint == NULL) {
    breakpoint = find_free(breakpoints);
    if (breakpoint == NULL) return false;
    *breakpoint = (struct nomem__code_breakpoint){.pid = pid, .address = address};
    bool is_set = nomem__process_read(tid, address, &breakpoint->byte, sizeof breakpoint->byte) == 1 &&
                  nomem__code_write(tid, address, NOMEM_BREAKPOINT);
    if (!is_set) return false;
  }
  breakpoint->users++;
  return true;
}

void nomem__breakpoint_clear(struct nomem__code_breakpoints *breakpoints, pid_t pid, pid_t tid, uint64_t address) {
  struct nomem__code_breakpoint *breakpoint = find(breakpoints, pid, address);
  if (breakpoint != NULL && --breakpoint->users == 0) nomem__code_write(tid, address, breakpoint->byte);
}

/* Puts back the breakpoint that was lifted for the thread. Returns whether there was one. */
static bool put_back(struct nomem__code_breakpoints *breakpoints, pid_t pid, pid_t tid) {
  uint64_t address = nomem__stepper_end(&breakpoints->steppers, tid);
  if (address != 0 && find(breakpoints, pid, address) != NULL) nomem__code_write(tid, address, NOMEM_BREAKPOINT);
  return address != 0;
}

static bool step_back(pid_t tid, struct user_regs_struct *registers) {
  registers->rip -= NOMEM_BREAKPOINT_BYTES;
  return ptrace(PTRACE_SETREGS, tid, NULL, registers) == 0;
}

/* The thread has executed an int3. */
static enum nomem__breakpoint_stop stopped_behind(struct nomem__code_breakpoints *breakpoints, pid_t pid, pid_t tid,
                                                  struct user_regs_struct *registers) {
  const uint64_t address = registers->rip - NOMEM_BREAKPOINT_BYTES;
  unsigned char byte;
  if (find(breakpoints, pid, address) != NULL)
    return step_back(tid, registers) ? NOMEM_STOP_REACHED : NOMEM_STOP_FOREIGN;
  const struct nomem__code_breakpoint *copied = find(breakpoints, 0, address);
  bool is_read = nomem__process_read(tid, address, &byte, sizeof byte) == 1;
  bool was_cleared = is_read && byte != NOMEM_BREAKPOINT; /* after the thread had executed it */
  if (copied != NULL && is_read && !was_cleared) was_cleared = nomem__code_write(tid, address, copied->byte);
  return was_cleared && step_back(tid, registers) ? NOMEM_STOP_PASSING : NOMEM_STOP_FOREIGN;
}

enum nomem__breakpoint_stop nomem__breakpoint_stopped(struct nomem__code_breakpoints *breakpoints, pid_t pid, pid_t tid,
                                                      int code, struct user_regs_struct *registers) {
  if (ptrace(PTRACE_GETREGS, tid, NULL, registers) != 0) return NOMEM_STOP_FOREIGN;
  bool was_lifted = put_back(breakpoints, pid, tid);
  if (code == SI_KERNEL) return stopped_behind(breakpoints, pid, tid, registers);
  if (code != TRAP_TRACE) return NOMEM_STOP_FOREIGN;
  if (find(breakpoints, pid, registers->rip) != NULL) return NOMEM_STOP_REACHED;
  return was_lifted ? NOMEM_STOP_STEPPED_OVER : NOMEM_STOP_STEPPED;
}

bool nomem__breakpoint_lift(struct nomem__code_breakpoints *breakpoints, pid_t pid, pid_t tid, uint64_t address) {
  const struct nomem__code_breakpoint *breakpoint = find(breakpoints, pid, address);
  return breakpoint != NULL && nomem__stepper_begin(&breakpoints->steppers, tid, address, breakpoint->byte);
}
