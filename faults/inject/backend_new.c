/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "operator_new.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "forbidden_calls.h"

/* A jump relative to its end, and a jump to the address that follows it. */
#define JUMP_BYTES 5
#define FAR_JUMP_BYTES 14
/* The moved instructions: the last of them may reach beyond the jump. */
#define MOVED_MAX 16
#define SLOT_BYTES 32
_Static_assert(MOVED_MAX + FAR_JUMP_BYTES <= SLOT_BYTES && SLOT_BYTES * NOMEM_NEW_FORMS <= NOMEM_PAGE,
               "the instructions that are moved have no room");

typedef void *(*thrower)(void); /* does not return; it is jumped to, as if operator new's caller had called it */
typedef void (*handler)(void);

static uintptr_t next[NOMEM_NEW_FORMS], throw_bad_alloc, get_new_handler;
static void *(*allocate)(size_t size, size_t alignment);
static _Atomic bool is_left_alone;

/* Nothing can be thrown where the C++ library's function for that is not to be found. */
static bool can_throw(void) {
  if (throw_bad_alloc != 0) return true;
  atomic_store(&is_left_alone, true);
  nomem__new_report();
  return false;
}

static bool fails(bool throws, size_t size, void *return_address, void *cfa) {
  if (atomic_load_explicit(&nomem__mode, memory_order_relaxed) == 0 || (throws && !can_throw())) return false;
  while (nomem__fails(NOMEM_FN_NEW, size, 0, return_address, cfa)) {
    handler handle = throws && get_new_handler != 0 ? ((handler(*)(void))get_new_handler)() : NULL;
    if (handle == NULL) {
      errno = ENOMEM;
      return true;
    }
    handle();
  }
  return false;
}

/* What an allocator's own operator does: it never returns NULL where it may throw, not for a size of 0, either. */
static void *serve(size_t size, size_t alignment, bool throws) {
  void *block;
  while ((block = allocate(size > 0 ? size : 1, alignment)) == NULL) {
    handler handle = throws && get_new_handler != 0 ? ((handler(*)(void))get_new_handler)() : NULL;
    if (handle == NULL) return throws && can_throw() ? ((thrower)throw_bad_alloc)() : NULL;
    handle();
  }
  return block;
}

static void *serve_any(size_t size) {
  return serve(size, 0, true);
}

static void *serve_any_quietly(size_t size, const void *tag) {
  (void)tag;
  return serve(size, 0, false);
}

static void *serve_aligned(size_t size, size_t alignment) {
  return serve(size, alignment, true);
}

static void *serve_aligned_quietly(size_t size, size_t alignment, const void *tag) {
  (void)tag;
  return serve(size, alignment, false);
}

static const uintptr_t serving[NOMEM_NEW_FORMS] = {
    [NOMEM_NEW_Znwm] = (uintptr_t)serve_any,
    [NOMEM_NEW_Znam] = (uintptr_t)serve_any,
    [NOMEM_NEW_ZnwmRKSt9nothrow_t] = (uintptr_t)serve_any_quietly,
    [NOMEM_NEW_ZnamRKSt9nothrow_t] = (uintptr_t)serve_any_quietly,
    [NOMEM_NEW_ZnwmSt11align_val_t] = (uintptr_t)serve_aligned,
    [NOMEM_NEW_ZnamSt11align_val_t] = (uintptr_t)serve_aligned,
    [NOMEM_NEW_ZnwmSt11align_val_tRKSt9nothrow_t] = (uintptr_t)serve_aligned_quietly,
    [NOMEM_NEW_ZnamSt11align_val_tRKSt9nothrow_t] = (uintptr_t)serve_aligned_quietly,
};

#define X(function, parameters, arguments, throws)                               \
  static void *own##function parameters {                                        \
    if (fails(throws, size, __builtin_return_address(0), __builtin_dwarf_cfa())) \
      return throws ? ((thrower)throw_bad_alloc)() : NULL;                       \
    return ((void *(*)parameters)next[NOMEM_NEW##function])arguments;            \
  }
NOMEM_NEW_MAP(X)
#undef X

/* The length of an instruction with which functions begin, which saves registers and means the same at any address; 0
 * for any other instruction. */
static size_t instruction(const unsigned char *code) {
  static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa}, mov_rsp_rbp[] = {0x48, 0x89, 0xe5};
  if (memcmp(code, endbr64, sizeof endbr64) == 0) return sizeof endbr64;
  if (memcmp(code, mov_rsp_rbp, sizeof mov_rsp_rbp) == 0) return sizeof mov_rsp_rbp;
  if (code[0] >= 0x50 && code[0] <= 0x57) return 1;                    /* push */
  if (code[0] == 0x41 && code[1] >= 0x50 && code[1] <= 0x57) return 2; /* push of r8 to r15 */
  if (code[0] == 0x48 && code[1] == 0x83 && code[2] == 0xec) return 4; /* sub from rsp */
  if (code[0] == 0x48 && code[1] == 0x81 && code[2] == 0xec) return 7;
  return 0;
}

/* Copies the instructions that make room for the jump, and a jump to the rest behind them. */
static bool copy_beginning(uintptr_t function, unsigned char *slot) {
  static const unsigned char far_jump[] = {0xff, 0x25, 0, 0, 0, 0};
  size_t bytes = 0;
  while (bytes < JUMP_BYTES) {
    size_t length = instruction((const unsigned char *)function + bytes);
    if (length == 0) return false;
    bytes += length;
  }
  uintptr_t rest = function + bytes;
  memcpy(slot, (const void *)function, bytes);
  memcpy(slot + bytes, far_jump, sizeof far_jump);
  memcpy(slot + bytes + sizeof far_jump, &rest, sizeof rest);
  return true;
}

static bool protect(uintptr_t address, size_t bytes, int protection) {
  uintptr_t first = address & ~(uintptr_t)(NOMEM_PAGE - 1);
  return syscall(SYS_mprotect, first, address + bytes - first, protection) == 0;
}

/* The eight bytes that hold the jump are written at once: a function begins at a multiple of eight. */
static bool write_jump(uintptr_t from, uintptr_t to) {
  int64_t distance = (int64_t)(to - (from + JUMP_BYTES));
  int32_t offset = (int32_t)distance;
  if (distance != offset || from % sizeof(uint64_t) != 0) return false;
  if (!protect(from, sizeof(uint64_t), PROT_READ | PROT_WRITE | PROT_EXEC)) return false;
  uint64_t word = *(const uint64_t *)from;
  ((unsigned char *)&word)[0] = 0xe9;
  memcpy((unsigned char *)&word + 1, &offset, sizeof offset);
  __atomic_store_n((uint64_t *)from, word, __ATOMIC_SEQ_CST);
  return protect(from, sizeof word, PROT_READ | PROT_EXEC);
}

/* Prepares what each form goes on with where it is replaced, and says for which that can be. */
static void prepare_next(const struct nomem__new_functions *found, bool is_movable[NOMEM_NEW_FORMS]) {
  unsigned char *slots = MAP_FAILED;
  if (found->allocate == NULL)
    slots = mmap(NULL, NOMEM_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t i = 0; i < NOMEM_NEW_FORMS; i++) {
    next[i] = serving[i];
    is_movable[i] = found->form[i] != 0;
    if (found->allocate != NULL || !is_movable[i]) continue;
    next[i] = (uintptr_t)(slots + i * SLOT_BYTES);
    is_movable[i] = slots != MAP_FAILED && copy_beginning(found->form[i], slots + i * SLOT_BYTES);
  }
  bool is_ready =
      found->allocate != NULL || (slots != MAP_FAILED && protect((uintptr_t)slots, NOMEM_PAGE, PROT_READ | PROT_EXEC));
  for (size_t i = 0; i < NOMEM_NEW_FORMS; i++) is_movable[i] &= is_ready;
}

void nomem__new_replace(const struct nomem__new_functions *found) {
  static const uintptr_t own[NOMEM_NEW_FORMS] = {
#define X(function, parameters, arguments, throws) [NOMEM_NEW##function] = (uintptr_t)own##function,
      NOMEM_NEW_MAP(X)
#undef X
  };
  bool is_movable[NOMEM_NEW_FORMS] = {false};
  int saved_errno = errno;
  throw_bad_alloc = found->throw;
  get_new_handler = found->get_handler;
  allocate = found->allocate;
  if (!found->is_left_alone) prepare_next(found, is_movable);
  for (size_t i = 0; i < NOMEM_NEW_FORMS; i++)
    if (found->form[i] != 0 && !(is_movable[i] && write_jump(found->form[i], own[i])))
      atomic_store(&is_left_alone, true);
  errno = saved_errno;
}

void nomem__new_report(void) {
  struct nomem_channel *channel = nomem__channel();
  if (channel != NULL && atomic_load(&is_left_alone)) atomic_store(&channel->screening.misses_operator_new, 1);
}
