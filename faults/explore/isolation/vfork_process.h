/* SPDX-License-Identifier: MIT */
/* A process that uses the memory of its parent, as after vfork(2), on a stack of its own.
 *
 * What a fork takes goes into copies: of the tables of the parent's pages, and of each page that one of the two writes
 * to. Where the kernel is slow at that, as in a virtual machine with shadow page tables, it takes fifteen times as long
 * as this. */
#ifndef NOMEM_VFORK_PROCESS_H
#define NOMEM_VFORK_PROCESS_H

#include <sys/types.h>

/* Starts a process that makes the call and ends with the status that it returns, and waits until the process executes a
 * program or ends. Only the calling thread waits. In the process every signal is blocked, what it writes to memory is
 * written to the caller's, and it has 128 KiB of stack. Returns the process, which is a child of the caller's to wait
 * for, or -1 and errno. */
pid_t nomem__vfork_process(int (*call)(void *user), void *user);

/* The same, of a call that returns 0 to 255, which is waited for. Returns that, or a negative error code: -ECHILD when
 * the process was killed. */
int nomem__vfork_wait(int (*call)(void *user), void *user);

#endif
