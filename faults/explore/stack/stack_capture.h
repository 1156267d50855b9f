/* SPDX-License-Identifier: MIT */
/* The call stacks of a process that is stopped.
 *
 * The calling thread must trace the process, which must be stopped at a signal, by PTRACE_INTERRUPT, or at its exit
 * event. Nothing in it is changed. Whatever state it is in (an overwritten or overflown stack, a jump into nothing, its
 * files deleted), a capture ends with what could be found.
 *
 * One nomem__stacks serves any number of processes, one after the other. Unwind tables stay loaded for as long as the
 * next process has the same files at the same addresses, as forks have, and programs that are run without address
 * randomisation: that about halves the cost of a capture, which is some hundred microseconds. Not thread-safe; errno is
 * not kept. When memory is short in libdw, libdw ends the process.
 */
#ifndef NOMEM_STACK_CAPTURE_H
#define NOMEM_STACK_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "memory_access.h"

/* How many of the innermost frames are kept: enough to distinguish recursions. */
#define NOMEM__STACK_DEPTH 64

struct nomem__stacks;
struct nomem__symbols;

struct nomem__stack_frame {
  const char *module;     /* as /proc/PID/maps has it, even "/path (deleted)"; NULL: code outside every module */
  uint64_t offset;        /* as nomem__symbols_resolve takes it; the address itself when module is NULL */
  bool is_return_address; /* it stands for the instruction before it, a call */
  uint64_t cfa;           /* the stack pointer before the frame's function was called; 0: not known */
  uint64_t frame_pointer; /* the register as this function has it; 0: not known */
};

/* The memory of a stack, from the innermost frame on. */
#define NOMEM__STACK_MEMORY 8192
struct nomem__stack_memory {
  uint64_t start;
  size_t byte_count;
  unsigned char bytes[NOMEM__STACK_MEMORY];
};

struct nomem__stack {
  pid_t pid, tid;
  int signal;             /* the one that stopped the thread; 0: none did */
  int code;               /* si_code */
  bool has_fault_address; /* the kernel says which address was accessed. It does not for a non-canonical one (on x86-64,
                             one between the halves of the address space), which is not to be taken for NULL */
  uint64_t fault_address; /* si_addr, for SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGTRAP */
  enum nomem__access access; /* to that address, for SIGSEGV */
  uint64_t freed_pointer;    /* of a register that has the poison of freed blocks, when the address that was accessed is
                                not canonical; 0: none has */
  uint64_t ip, sp;           /* registers, as they are */
  uint64_t registers[NOMEM_GENERAL_REGISTERS]; /* by enum nomem__register */
  bool is_overflow;                            /* the address lies below the end of this thread's stack */
  bool is_cut;                                 /* there were more frames */
  size_t depth;                                /* at least 1 */
  /* From the innermost outwards. When something was called that is not code, as NULL, the first one is the caller. */
  struct nomem__stack_frame frames[NOMEM__STACK_DEPTH];
};

/* Returns 0 and the caller's object, or a negative error code. */
int nomem__stacks_open(struct nomem__stacks **stacks);

/* Frees it, with the module strings of every stack that it captured. NULL is allowed. */
void nomem__stacks_close(struct nomem__stacks *stacks);

/* Has the files of modules that are not where their paths say read for their names, while they can be: symbols outlives
 * stacks. */
void nomem__stacks_set_symbols(struct nomem__stacks *stacks, struct nomem__symbols *symbols);

/* Captures the stack of thread tid of process pid. Module strings in out belong to stacks, until it is closed. Returns
 * 0; or -ESRCH, with out empty, when the thread is gone, not traced by the caller or not stopped. */
int nomem__stack_capture(struct nomem__stacks *stacks, pid_t pid, pid_t tid, struct nomem__stack *out);

/* The registers, beside the frame pointer, that a function must leave as they are, as the function of a frame has them:
 * rbx, r12, r13, r14 and r15. */
#define NOMEM__SAVED_REGISTERS 5
struct nomem__saved_registers {
  uint64_t value[NOMEM__SAVED_REGISTERS];
  bool are_known; /* all of them */
};

/* The same, and for each frame its saved registers. */
int nomem__stack_capture_saved(struct nomem__stacks *stacks, pid_t pid, pid_t tid, struct nomem__stack *out,
                               struct nomem__saved_registers saved[NOMEM__STACK_DEPTH]);

/* Takes out the frames of the injector, which is a guest in the program: what blew up there was called with bad
 * arguments. A stack that has no others stays as it is. */
void nomem__stack_drop_guest(struct nomem__stack *stack);

/* Copies the memory of a captured stack, whose process must not have gone on. */
void nomem__stack_copy_memory(const struct nomem__stack *stack, struct nomem__stack_memory *memory);

/* Reads the word at an address from the copy. Returns false when the copy does not reach there. */
bool nomem__stack_read_word(const struct nomem__stack_memory *memory, uint64_t address, uint64_t *word);

/* Reduces a stack to what it has in common with a sample of the same thread at another moment: the frames, from the
 * outermost inwards, that are at the same instruction in both, and the function that the last of these called. A thread
 * that loops is then shown in the function that loops, and a thread that waits, where it waits. A stack that is cut
 * stays as it is, and so does one whose sample is cut. */
void nomem__stack_keep_common(struct nomem__stack *stack, const struct nomem__stack *sample);

#endif
