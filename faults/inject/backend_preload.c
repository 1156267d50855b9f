/* SPDX-License-Identifier: MIT */
/* The failing allocator in front of any dynamic program's own, by LD_PRELOAD.
 *
 * Calls go on to the next definition of the same name, so a program's other allocator (jemalloc, a debugging malloc)
 * keeps its place. Until that can be looked up, that is before this library is relocated and during the look-up
 * itself, calls are served from a small arena of our own, whose blocks are never given back.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../nomem.h"
#include "../program_kinds.h"
#include "block_table.h"
#include "call_site.h"
#include "exit_report.h"
#include "injector.h"
#include "operator_new.h"
#include "sanitizer.h"

#define EXPORT __attribute__((visibility("default")))

_Atomic uint32_t nomem__mode = NOMEM_MODE_START;
bool nomem__sizes_known = true;
bool nomem__blocks_are_glibc = false; /* until they are seen to be */

#define REAL_MAP(X)                                 \
  X(malloc, void *, (size_t))                       \
  X(calloc, void *, (size_t, size_t))               \
  X(realloc, void *, (void *, size_t))              \
  X(aligned_alloc, void *, (size_t, size_t))        \
  X(posix_memalign, int, (void **, size_t, size_t)) \
  X(memalign, void *, (size_t, size_t))             \
  X(valloc, void *, (size_t))                       \
  X(pvalloc, void *, (size_t))                      \
  X(malloc_usable_size, size_t, (void *))           \
  X(free, void, (void *))                           \
  X(dlclose, int, (void *))                         \
  X(strdup, char *, (const char *))                 \
  X(strndup, char *, (const char *, size_t))        \
  X(realpath, char *, (const char *, char *))

static struct {
#define X(name, type, arguments) type(*name) arguments;
  REAL_MAP(X)
#undef X
} real;

/* What a sanitizer's run-time that is loaded allocates for without passing through malloc. */
static bool serves_strdup, serves_strndup;

/* 0 before the look-up, 1 during it, 2 when real is whole. */
static _Atomic int real_state;

/* Its address is what relocation fills in: NULL until it did. */
#pragma weak dlsym

/* Programs were seen to ask for a few hundred bytes before the look-up is possible. */
#define EARLY_BYTES 65536
static alignas(16) unsigned char early[EARLY_BYTES];
static _Atomic size_t early_used;

static bool is_early(const void *block) {
  return (uintptr_t)block - (uintptr_t)early < EARLY_BYTES;
}

/* Another library's IFUNC resolver may come here before relocation: then no function of the C library can be called,
 * not even the one that finds errno. */
static void *fail(void) {
  if (&dlsym != NULL) errno = ENOMEM;
  return NULL;
}

/* Each block has its size in the 16 bytes before it. */
static void *early_alloc(size_t size) {
  size_t bytes = size <= EARLY_BYTES ? 16 + (size + 15) / 16 * 16 : EARLY_BYTES;
  size_t at = size <= EARLY_BYTES ? atomic_fetch_add(&early_used, bytes) : EARLY_BYTES;
  if (at >= EARLY_BYTES || bytes > EARLY_BYTES - at) return fail();
  memcpy(early + at, &size, sizeof size);
  return early + at + 16;
}

static size_t early_size(const void *block) {
  size_t size;
  memcpy(&size, (const unsigned char *)block - 16, sizeof size);
  return size;
}

/* Only those in a sanitizer's library: the program's own come to malloc. */
void nomem__new_find(struct nomem__new_found *found) {
  static const char *const names[NOMEM_NEW_FORMS] = {
#define X(function, parameters, arguments, throws) [NOMEM_NEW##function] = #function,
      NOMEM_NEW_MAP(X)
#undef X
  };
  *found = (struct nomem__new_found){.throw = (uintptr_t)dlsym(RTLD_DEFAULT, NOMEM_NEW_THROW),
                                     .get_handler = (uintptr_t)dlsym(RTLD_DEFAULT, NOMEM_NEW_GET_HANDLER)};
  for (size_t i = 0; i < NOMEM_NEW_FORMS; i++) {
    Dl_info info;
    void *form = dlsym(RTLD_NEXT, names[i]);
    if (form != NULL && dladdr(form, &info) != 0 && nomem__is_sanitizer(nomem__base_name(info.dli_fname)))
      found->form[i] = (uintptr_t)form;
  }
}

static void take_new(void) {
  struct nomem__new_found found;
  nomem__new_find(&found);
  nomem__new_take(&found);
}

/* False: serve this call from the arena. A second thread that comes during the look-up does the same. */
static bool find_real(void) {
  int none = 0;
  if (&dlsym == NULL || !atomic_compare_exchange_strong(&real_state, &none, 1)) return none == 2;
  int saved_errno = errno;
#define X(name, type, arguments) *(void **)&real.name = dlsym(RTLD_NEXT, #name);
  REAL_MAP(X)
#undef X
  nomem__blocks_are_glibc = (void *)real.malloc == dlsym(RTLD_NEXT, "__libc_malloc");
  serves_strdup = dlsym(RTLD_DEFAULT, "__asan_init") != NULL || dlsym(RTLD_DEFAULT, "__hwasan_init") != NULL;
  serves_strndup = serves_strdup || dlsym(RTLD_DEFAULT, "__tsan_init") != NULL;
  nomem__has_sanitizer = serves_strndup || dlsym(RTLD_DEFAULT, "__lsan_init") != NULL;
  if (nomem__has_sanitizer) take_new();
  if (nomem__has_sanitizer && dlsym(RTLD_DEFAULT, "__lsan_do_leak_check") != NULL)
    *(void **)&nomem__sanitizer_bytes = dlsym(RTLD_DEFAULT, "__sanitizer_get_current_allocated_bytes");
  errno = saved_errno;
  atomic_store_explicit(&real_state, 2, memory_order_release);
  return true;
}

static inline bool is_ready(void) {
  return __builtin_expect(atomic_load_explicit(&real_state, memory_order_acquire) == 2, 1) || find_real();
}

/* A call that passes finds all that it needs: the process is attached, hence looked up. Whatever else there is to do is
 * done out of line, by a jump, so that the usual call sets up no frame. */
#define PASSES(fn) nomem__passes(NOMEM_FN_##fn, false)

#define BUSY __attribute__((noinline)) static
#define HERE __builtin_return_address(0), __builtin_dwarf_cfa()
#define FAILS(fn, size, released) nomem__fails(fn, size, released, return_address, cfa)

static size_t live_size(void *block) {
  return block != NULL && nomem__keeps_live() && !is_early(block) ? real.malloc_usable_size(block) : 0;
}

/* What tells one block in use from another: for glibc's the size in the word before it, which free looks at first, too;
 * malloc_usable_size would go on from there into memory that need not be any for a pointer that was never given out. */
static int64_t measure(const void *block) {
  if (!nomem__blocks_are_glibc) return 0;
  uint64_t word;
  memcpy(&word, (const unsigned char *)block - sizeof word, sizeof word);
  return (int64_t)(word & ~UINT64_C(7));
}

static inline bool is_watched(void) {
  return atomic_load_explicit(&nomem__mode, memory_order_relaxed) & (NOMEM_MODE_BLOCKS | NOMEM_MODE_BLOCK_TABLE);
}

static inline bool has_block_table(void) {
  return atomic_load_explicit(&nomem__mode, memory_order_relaxed) & NOMEM_MODE_BLOCK_TABLE;
}

static inline void *served(void *block, size_t size, size_t released_bytes) {
  if (__builtin_expect(nomem__keeps_live(), 0)) nomem__live_add((int64_t)live_size(block) - (int64_t)released_bytes);
  if (!is_watched() || block == NULL) return block;
  nomem__blocks_add(1, measure(block));
  if (has_block_table()) nomem__blocks_enter(block, size, nomem__last_site());
  return block;
}

/* What is known of a block that is given back, should it not be after all. */
struct given_back {
  int64_t bytes;
  uint64_t entry;
};

static struct given_back give_back(void *block, bool is_realloc, void *return_address, void *cfa) {
  struct given_back given = {0};
  if (!is_watched() || block == NULL) return given;
  if (has_block_table()) given.entry = nomem__blocks_leave(block, is_realloc, return_address, cfa);
  given.bytes = measure(block);
  nomem__blocks_add(-1, -given.bytes);
  return given;
}

static void keep_after_all(void *block, struct given_back given) {
  if (!is_watched() || block == NULL) return;
  nomem__blocks_add(1, given.bytes);
  if (has_block_table()) nomem__blocks_undo(block, given.entry);
}

/* With a block table, what is freed is held for a while; and what was freed before must not be freed once more while it
 * is. True: there is nothing left to do. */
static bool is_held(void *block, struct given_back given) {
  return block != NULL && has_block_table() && nomem__blocks_quarantine(block, given.entry, real.free);
}

BUSY void *busy_malloc(size_t size, void *return_address, void *cfa) {
  if (!is_ready()) return early_alloc(size);
  if (FAILS(NOMEM_FN_MALLOC, size, 0)) return fail();
  return served(real.malloc(size), size, 0);
}

EXPORT void *malloc(size_t size) {
  return PASSES(MALLOC) ? real.malloc(size) : busy_malloc(size, HERE);
}

BUSY void *busy_calloc(size_t count, size_t size, void *return_address, void *cfa) {
  size_t bytes;
  bool overflows = __builtin_mul_overflow(count, size, &bytes);
  if (!is_ready()) return early_alloc(overflows ? SIZE_MAX : bytes); /* the arena begins as zeros, and is used once */
  if (!overflows && FAILS(NOMEM_FN_CALLOC, bytes, 0)) return fail();
  return served(real.calloc(count, size), bytes, 0);
}

EXPORT void *calloc(size_t count, size_t size) {
  bool may_overflow = ((count | size) >> 32) != 0;
  return !may_overflow && PASSES(CALLOC) ? real.calloc(count, size) : busy_calloc(count, size, HERE);
}

static void *early_realloc(void *ptr, size_t size) {
  unsigned char *block = real_state == 2 ? real.malloc(size) : early_alloc(size);
  size_t kept = early_size(ptr) < size ? early_size(ptr) : size;
  for (size_t i = 0; block != NULL && i < kept; i++) {
    block[i] = ((unsigned char *)ptr)[i];
    __asm__ volatile("" ::: "memory"); /* lest the compiler make a call of memcpy of it: see fail */
  }
  return served(block, size, 0);
}

/* With a block table a block that grows moves: what it was before is held, as if it had been freed. */
static bool has_to_move(void *block, size_t size, struct given_back given) {
  if (block == NULL || !has_block_table()) return false;
  return nomem__blocks_is_quarantined(given.entry) ||
         (nomem__blocks_may_quarantine(given.entry) && size > real.malloc_usable_size(block));
}

static void *move(void *block, size_t size) {
  void *moved = real.malloc(size);
  size_t usable = real.malloc_usable_size(block);
  if (moved != NULL) memcpy(moved, block, usable < size ? usable : size);
  return moved;
}

static void *real_realloc(void *ptr, size_t size, size_t released_bytes, void *return_address, void *cfa) {
  struct given_back given = give_back(ptr, true, return_address, cfa);
  if (size == 0 && nomem__blocks_are_glibc && is_held(ptr, given)) return served(NULL, 0, released_bytes);
  bool moves = has_to_move(ptr, size, given);
  void *block = moves ? move(ptr, size) : real.realloc(ptr, size);
  if (moves && block != NULL) is_held(ptr, given);
  if (block != NULL || size == 0) return served(block, size, released_bytes);
  keep_after_all(ptr, given);
  return NULL;
}

/* A size of 0 frees a block: whether that "failed" could not be told from its success. */
BUSY void *busy_realloc(void *ptr, size_t size, void *return_address, void *cfa) {
  if (!is_ready()) return ptr == NULL ? early_alloc(size) : early_realloc(ptr, size);
  size_t released = live_size(ptr);
  if ((ptr == NULL || size != 0) && FAILS(NOMEM_FN_REALLOC, size, released)) return fail();
  if (__builtin_expect(is_early(ptr), 0)) return early_realloc(ptr, size);
  return real_realloc(ptr, size, released, return_address, cfa);
}

EXPORT void *realloc(void *ptr, size_t size) {
  bool is_usual = !is_early(ptr) && (ptr == NULL || size != 0);
  return is_usual && PASSES(REALLOC) ? real.realloc(ptr, size) : busy_realloc(ptr, size, HERE);
}

EXPORT void *reallocarray(void *ptr, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return fail();
  if (!is_ready() || is_early(ptr)) return ptr == NULL ? early_alloc(bytes) : early_realloc(ptr, bytes);
  size_t released = live_size(ptr);
  if ((ptr == NULL || bytes != 0) && nomem__fails(NOMEM_FN_REALLOCARRAY, bytes, released, HERE)) return fail();
  return real_realloc(ptr, bytes, released, HERE); /* the C library's reallocarray would come back here */
}

BUSY void busy_free(void *ptr, void *return_address, void *cfa) {
  if (is_early(ptr) || !is_ready()) return;
  nomem__count_free();
  struct given_back given = give_back(ptr, false, return_address, cfa);
  if (nomem__keeps_live()) nomem__live_add(-(int64_t)live_size(ptr));
  if (!is_held(ptr, given)) real.free(ptr);
}

EXPORT void free(void *ptr) {
  if (!is_early(ptr) && nomem__passes(NOMEM_FN_COUNT, true))
    real.free(ptr);
  else
    busy_free(ptr, HERE);
}

/* Nobody aligns a block before the look-up is possible; should it happen, refusing is allowed and safe. */
EXPORT void *aligned_alloc(size_t alignment, size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_ALIGNED_ALLOC, size, 0, HERE)) return fail();
  return served(real.aligned_alloc(alignment, size), size, 0);
}

/* POSIX: the error is returned; errno and, as glibc does it, *out stay as they are. A bad alignment is not for the
 * plan: it is refused as ever. */
EXPORT int posix_memalign(void **out, size_t alignment, size_t size) {
  if (!is_ready()) return ENOMEM;
  bool valid = alignment % sizeof(void *) == 0 && alignment != 0 && (alignment & (alignment - 1)) == 0;
  if (valid && nomem__fails(NOMEM_FN_POSIX_MEMALIGN, size, 0, HERE)) return ENOMEM;
  int result = real.posix_memalign(out, alignment, size);
  if (result == 0) served(*out, size, 0);
  return result;
}

EXPORT void *memalign(size_t alignment, size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_MEMALIGN, size, 0, HERE)) return fail();
  return served(real.memalign(alignment, size), size, 0);
}

EXPORT void *valloc(size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_VALLOC, size, 0, HERE)) return fail();
  return served(real.valloc(size), size, 0);
}

EXPORT void *pvalloc(size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_PVALLOC, size, 0, HERE)) return fail();
  void *block = real.pvalloc(size);
  return served(block, block != NULL ? real.malloc_usable_size(block) : 0, 0); /* whole pages are the program's */
}

EXPORT size_t malloc_usable_size(void *ptr) {
  if (is_early(ptr)) return early_size(ptr);
  if (ptr != NULL && has_block_table()) nomem__blocks_reported_size(ptr);
  return ptr == NULL || !is_ready() ? 0 : real.malloc_usable_size(ptr);
}

static char *early_copy(const char *text, size_t length) {
  char *copy = early_alloc(length + 1); /* the arena begins as zeros */
  for (size_t i = 0; copy != NULL && i < length; i++) {
    copy[i] = text[i];
    __asm__ volatile("" ::: "memory"); /* as in early_realloc */
  }
  return copy;
}

EXPORT char *strdup(const char *text) {
  if (!is_ready()) return early_copy(text, strlen(text));
  if (serves_strdup && nomem__fails(NOMEM_FN_MALLOC, strlen(text) + 1, 0, HERE)) return fail();
  return real.strdup(text);
}

EXPORT char *strndup(const char *text, size_t length) {
  if (!is_ready()) return early_copy(text, strnlen(text, length));
  if (serves_strndup && nomem__fails(NOMEM_FN_MALLOC, strnlen(text, length) + 1, 0, HERE)) return fail();
  return real.strndup(text, length);
}

__asm__(".globl __strdup\n.set __strdup, strdup\n.globl __strndup\n.set __strndup, strndup");

EXPORT char *realpath(const char *path, char *resolved) {
  if (!is_ready()) return fail();
  bool allocates = serves_strndup && resolved == NULL;
  if (allocates && nomem__fails(NOMEM_FN_MALLOC, PATH_MAX + 1, 0, HERE)) return fail();
  return real.realpath(path, resolved);
}

/* Another module may come to lie where this one was. */
EXPORT int dlclose(void *handle) {
  nomem__site_forget();
  return is_ready() && real.dlclose != NULL ? real.dlclose(handle) : -1;
}

typedef int (*main_func)(int, char **, char **);
static main_func program_main;

/* Leaves no frame of its own: the call of main is the last thing it does. */
static int enter_main(int argc, char **argv, char **env) {
  nomem__reached_main();
  return program_main(argc, argv, env);
}

EXPORT int __libc_start_main(main_func main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                             void (*rtld_fini)(void), void *stack_end);

EXPORT int __libc_start_main(main_func main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                             void (*rtld_fini)(void), void *stack_end) {
  int (*start)(main_func, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
  *(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
  if (start == NULL) _exit(127); /* no C library to start */
  program_main = main;
  return start(enter_main, argc, argv, init, fini, rtld_fini, stack_end);
}

__attribute__((destructor)) static void say_at_exit(void) {
  nomem__note_end();
}

/* A program that allocates nothing before main() is attached here all the same, so that the command sees its image. */
__attribute__((constructor)) static void attach_at_load(void) {
  if (!is_ready()) return;
  nomem__attach();
  nomem__new_say();
}
