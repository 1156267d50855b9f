/* SPDX-License-Identifier: MIT */
/* Breakpoints in the code of traced processes: an int3 in place of an instruction's first byte.
 *
 * Not the debug registers, which would change nothing in the process: there are four of them, and many a virtual
 * machine takes their values and never stops. Code is changed in the process that is looked at alone; a child that it
 * forks has a copy of it, and is given its own byte back when it comes by. Another thread that comes by goes on.
 */
#ifndef NOMEM_CODE_BREAKPOINTS_H
#define NOMEM_CODE_BREAKPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#define NOMEM_CODE_BREAKPOINTS 256
#define NOMEM_BREAKPOINT_STEPPERS 16

struct nomem__code_breakpoint {
  pid_t pid;
  uint64_t address;
  unsigned users;     /* 0: the entry is free */
  unsigned char byte; /* what stands there */
};

/* Threads that execute the instruction of a breakpoint, which is lifted meanwhile. All zero is none. */
struct nomem__breakpoint_steppers {
  struct {
    pid_t tid; /* 0: none */
    uint64_t address;
  } list[NOMEM_BREAKPOINT_STEPPERS];
};

/* All zero is none. */
struct nomem__code_breakpoints {
  struct nomem__code_breakpoint list[NOMEM_CODE_BREAKPOINTS];
  struct nomem__breakpoint_steppers steppers;
};

/* Why a thread has stopped at SIGTRAP. */
enum nomem__breakpoint_stop {
  NOMEM_STOP_FOREIGN,     /* not for a breakpoint, nor for a step: the signal is the program's */
  NOMEM_STOP_PASSING,     /* in a child that has a copy, or too late: it is to go on */
  NOMEM_STOP_REACHED,     /* it is at a breakpoint, before its instruction */
  NOMEM_STOP_STEPPED,     /* it has made the step that was asked for, and is not at a breakpoint */
  NOMEM_STOP_STEPPED_OVER /* the same, and nobody but nomem__breakpoint_lift had asked for it */
};

/* Has threads of a process stop at an address; tid is a stopped one. A place that has a breakpoint already gets another
 * user. False: there is no room, or the code cannot be written. */
bool nomem__breakpoint_set(struct nomem__code_breakpoints *breakpoints, pid_t pid, pid_t tid, uint64_t address);

/* Takes back one nomem__breakpoint_set. */
void nomem__breakpoint_clear(struct nomem__code_breakpoints *breakpoints, pid_t pid, pid_t tid, uint64_t address);

/* A thread of the process has stopped at SIGTRAP with this si_code. Fills in its registers, of which the instruction
 * pointer is set back to the breakpoint. */
enum nomem__breakpoint_stop nomem__breakpoint_stopped(struct nomem__code_breakpoints *breakpoints, pid_t pid, pid_t tid,
                                                      int code, struct user_regs_struct *registers);

/* Before the thread goes on from there: lifts the breakpoint at its instruction pointer, if there is one, until its
 * next stop. Returns whether it did: the thread must then go on by one step. */
bool nomem__breakpoint_lift(struct nomem__code_breakpoints *breakpoints, pid_t pid, pid_t tid, uint64_t address);

/* The ground of all that, for a watcher with thousands of places that it knows better than a list. The instruction that
 * is written, where a thread then stands that has executed it, and a byte of code written, which the process itself may
 * not be allowed to write. */
#define NOMEM_BREAKPOINT 0xcc
#define NOMEM_BREAKPOINT_BYTES 1
bool nomem__code_write(pid_t tid, uint64_t address, unsigned char byte);

/* Writes the byte that stands at a breakpoint, which the thread is to execute by one step. False: there is no room, and
 * the breakpoint is gone, or it cannot be written. */
bool nomem__stepper_begin(struct nomem__breakpoint_steppers *steppers, pid_t tid, uint64_t address, unsigned char byte);

/* The thread has stopped. Returns where a breakpoint was lifted for it, which is to be put back; 0: there is none. */
uint64_t nomem__stepper_end(struct nomem__breakpoint_steppers *steppers, pid_t tid);

#endif
