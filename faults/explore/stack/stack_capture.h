/* SPDX-License-Identifier: MIT */
/* The call stacks of a process that stands still.
 *
 * The process must be traced by the calling thread and stopped: at a signal, by PTRACE_INTERRUPT, or at its exit event.
 * Nothing in it is changed. Whatever state it is in (a smashed or overflown stack, a jump to nowhere, files deleted
 * under it), a capture ends, with what could be found.
 *
 * One nomem__stacks serves any number of processes, one after the other. Unwind tables stay loaded for as long as the
 * next process has the same files at the same addresses (forks have, and programs run without address randomisation),
 * which about halves what a capture costs, some hundred microseconds. Not thread-safe; errno is not kept. When memory
 * runs out inside libdw,
 * libdw ends the process.
 */
#ifndef NOMEM_STACK_CAPTURE_H
#define NOMEM_STACK_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The innermost frames are kept: enough to tell recursions apart from one another. */
#define NOMEM__STACK_DEPTH 64

struct nomem__stacks;

struct nomem__stack_frame {
  const char *module;     /* as in /proc/PID/maps, "/path (deleted)" included; NULL: code outside every module */
  uint64_t offset;        /* as nomem__symbols_resolve takes it; the address itself when module is NULL */
  bool is_return_address; /* the instruction before it is meant, a call */
  uint64_t cfa;           /* the stack pointer before the frame's function was called; 0: not known */
  uint64_t frame_pointer; /* the register, as the frame has it; 0: not known */
};

/* What lies on a stack, from the innermost frame on. */
#define NOMEM__STACK_MEMORY 8192
struct nomem__stack_memory {
  uint64_t start;
  size_t byte_count;
  unsigned char bytes[NOMEM__STACK_MEMORY];
};

struct nomem__stack {
  pid_t pid, tid;
  int signal;             /* that stopped the thread; 0: none did */
  int code;               /* si_code */
  bool has_fault_address; /* the kernel knows what was touched; not so for an address that no pointer can hold (on
                             x86-64 one between the halves of the address space), which is no NULL pointer */
  uint64_t fault_address; /* si_addr, for SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGTRAP */
  uint64_t freed_pointer; /* no pointer can hold what was touched, and this register has what the block table fills a
                             freed block with; 0: none */
  uint64_t ip, sp;        /* registers, as they are */
  bool is_overflow;       /* what was touched lies below the end of this thread's stack */
  bool is_cut;            /* there were more frames */
  size_t depth;           /* at least 1 */
  /* Innermost first. After a call of no code (through NULL) the first one is the caller. */
  struct nomem__stack_frame frames[NOMEM__STACK_DEPTH];
};

/* Returns 0 and the caller's object, or a negative error code. */
int nomem__stacks_open(struct nomem__stacks **stacks);

/* NULL is allowed. Frees the module strings of every stack it captured. */
void nomem__stacks_close(struct nomem__stacks *stacks);

/* Captures the stack of thread tid of process pid. Module strings in out belong to stacks, until it is closed. Returns
 * 0; or -ESRCH, with out empty, when the thread is gone, not traced by the caller or not stopped. */
int nomem__stack_capture(struct nomem__stacks *stacks, pid_t pid, pid_t tid, struct nomem__stack *out);

/* Copies what lies on a captured stack, while its process still stands there. */
void nomem__stack_copy_memory(const struct nomem__stack *stack, struct nomem__stack_memory *memory);

/* The word at an address of the copy. False: it has none. */
bool nomem__stack_word(const struct nomem__stack_memory *memory, uint64_t address, uint64_t *word);

/* Leaves in stack what it has in common with a sample of the same thread taken at another moment: the frames from the
 * outermost one inwards that are at the same place in both, and the function that these called. A thread that loops is
 * then seen in the function that loops, a thread that waits where it waits. Stacks that are cut are left as they are.
 */
void nomem__stack_keep_common(struct nomem__stack *stack, const struct nomem__stack *sample);

#endif
