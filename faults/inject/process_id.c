/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "process_id.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "forbidden_calls.h"

/* The C library keeps a thread's number in the thread's own block, which begins at the thread pointer and is not larger
 * than this. */
#define BLOCK_BYTES 4096

static _Atomic int32_t process;
static _Atomic uintptr_t offset; /* of the number in the block; 0: not known */
/* A fork that was made behind the C library's back: it takes the one thread there is for the parent's. */
static _Atomic uintptr_t stale_block;
static _Atomic int32_t stale_number;

static uintptr_t own_block(void) {
  uintptr_t block;
  __asm__("movq %%fs:0, %0" : "=r"(block));
  return block;
}

static int32_t stored_number(uintptr_t block) {
  return __atomic_load_n((const int32_t *)(block + atomic_load_explicit(&offset, memory_order_relaxed)),
                         __ATOMIC_RELAXED);
}

/* Whether what the kernel said last time still holds for this thread, whoever it is by now: no other, less expensive
 * sign (such as the page that a fork wipes) tells a child that shares this memory, as that of vfork does, or a thread
 * that a bare clone gave its maker's block. The first thread of a process has the number of the process. */
static bool is_up_to_date(void) {
  int32_t known = atomic_load(&process);
  if (known == 0 || atomic_load(&offset) == 0) return false;
  int32_t thread = (int32_t)syscall(SYS_gettid);
  return thread == stored_number(own_block()) && (thread == known || (int32_t)syscall(SYS_getpid) == known);
}

static void ask_for_all(void) {
  uintptr_t block = own_block();
  int *address = NULL;
  atomic_store(&process, (int32_t)syscall(SYS_getpid));
  bool is_there = prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) == 0 && (uintptr_t)address - block < BLOCK_BYTES &&
                  *address == (int)syscall(SYS_gettid);
  atomic_store(&offset, is_there ? (uintptr_t)address - block : 0);
}

void nomem__process_id_prepare(void) {
  int saved_errno = errno;
  if (!is_up_to_date()) ask_for_all();
  errno = saved_errno;
}

static void ask_again(bool is_stale) {
  uintptr_t block = own_block();
  if (is_stale) {
    atomic_store(&stale_number, stored_number(block));
    atomic_store(&stale_block, block);
  }
  atomic_store(&process, (int32_t)syscall(SYS_getpid));
}

/* A child of fork has one thread, whose number is the child's. If that is still the parent's, the child was made by a
 * bare clone. */
void nomem__process_id_forked(void) {
  if (atomic_load(&offset) == 0) {
    ask_again(false);
    return;
  }
  int32_t number = stored_number(own_block());
  if (number == atomic_load(&process))
    ask_again(true);
  else if (__libc_single_threaded)
    atomic_store(&process, number);
  else
    ask_again(false);
}

void nomem__process_id_served(bool is_renumbered) {
  ask_again(!is_renumbered && atomic_load(&offset) != 0);
}

int32_t nomem__thread_id(void) {
  if (atomic_load_explicit(&offset, memory_order_relaxed) == 0) return (int32_t)syscall(SYS_gettid);
  uintptr_t block = own_block();
  int32_t number = stored_number(block);
  bool is_stale = block == atomic_load_explicit(&stale_block, memory_order_relaxed) &&
                  number == atomic_load_explicit(&stale_number, memory_order_relaxed);
  return is_stale ? atomic_load_explicit(&process, memory_order_relaxed) : number;
}

/* Where the engine forks, a child of the program's own making is not noticed at its first call: it has one thread. */
int32_t nomem__process_id(void) {
  int32_t known = atomic_load_explicit(&process, memory_order_relaxed);
  if (known == 0) return (int32_t)syscall(SYS_getpid);
  if (!__libc_single_threaded || atomic_load_explicit(&offset, memory_order_relaxed) == 0) return known;
  return nomem__thread_id();
}
