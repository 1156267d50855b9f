/* SPDX-License-Identifier: MIT */
/* The failing allocator in front of any dynamic program's own, by LD_PRELOAD.
 *
 * Calls go on to the next definition of the same name, so that another allocator of the program (jemalloc, a debugging
 * malloc) remains in use. Until that can be looked up, that is before this library is relocated and during the look-up
 * itself, calls are served from a small arena of our own, whose blocks are never freed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
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
#include "guarded_blocks.h"
#include "injector.h"
#include "loaded_module.h"
#include "main_frame.h"
#include "module_names.h"
#include "operator_new.h"
#include "sanitizer.h"

#define EXPORT __attribute__((visibility("default")))

_Atomic uint32_t nomem__mode = NOMEM_MODE_START;
bool nomem__sizes_known = true;
bool nomem__blocks_are_glibc = false; /* not known before the look-up */

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

/* For which functions a loaded sanitizer's run-time allocates without calling malloc. */
static bool serves_strdup, serves_strndup;

/* 0 before the look-up, 1 during it, 2 when `real` is complete. */
static _Atomic int real_state;

/* Relocation fills in its address: until then it is NULL. */
#pragma weak dlsym

/* Programs were seen to ask for a few hundred bytes before the look-up is possible. */
#define EARLY_BYTES 65536
static alignas(16) unsigned char early[EARLY_BYTES];
static _Atomic size_t early_used;

static bool is_early(const void *block) {
  return (uintptr_t)block - (uintptr_t)early < EARLY_BYTES;
}

/* Another library's IFUNC resolver may call us before relocation. Then no function of the C library can be called, not
 * even the one that finds errno. */
static void *fail(void) {
  if (&dlsym != NULL) errno = ENOMEM;
  return NULL;
}

/* The 16 bytes before each block hold its size. */
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

/* The library that serves malloc in place of the C library. Some define the C library's hidden names as well, so that
 * these tell nothing. NULL: none does, or it is a sanitizer, of which more is known. */
static const struct link_map *allocator;

static const struct link_map *library_of(const void *function) {
  return function != NULL ? nomem__loaded_module((uintptr_t)function) : NULL;
}

static void *allocate_for_new(size_t size, size_t alignment) {
  return alignment > 0 ? real.aligned_alloc(alignment, size) : real.malloc(size);
}

/* Only those in a sanitizer's library, or an allocator's: the program's own operators call malloc. An allocator made
 * for debugging checks that each block comes back in the way that belongs to how it was got. */
void nomem__new_find(struct nomem__new_functions *found) {
  static const char *const names[NOMEM_NEW_FORMS] = {
#define X(function, parameters, arguments, throws) [NOMEM_NEW##function] = #function,
      NOMEM_NEW_MAP(X)
#undef X
  };
  *found = (struct nomem__new_functions){.throw = (uintptr_t)dlsym(RTLD_DEFAULT, NOMEM_NEW_THROW),
                                         .get_handler = (uintptr_t)dlsym(RTLD_DEFAULT, NOMEM_NEW_GET_HANDLER)};
  if (allocator != NULL) {
    found->allocate = allocate_for_new;
    found->is_left_alone = nomem__glob("*debug*", nomem__allocator_name);
  }
  for (size_t i = 0; i < NOMEM_NEW_FORMS; i++) {
    Dl_info info;
    void *form = dlsym(RTLD_NEXT, names[i]);
    bool is_its = form != NULL && (allocator != NULL ? library_of(form) == allocator
                                                     : dladdr(form, &info) != 0 &&
                                                           nomem__is_sanitizer(nomem__base_name(info.dli_fname)));
    if (is_its) found->form[i] = (uintptr_t)form;
  }
}

static void replace_new(void) {
  struct nomem__new_functions found;
  nomem__new_find(&found);
  nomem__new_replace(&found);
}

/* Looks up the real functions. Returns false where the call must be served from the arena: too early, or while another
 * thread is looking up. */
static bool find_real(void) {
  int none = 0;
  if (&dlsym == NULL || !atomic_compare_exchange_strong(&real_state, &none, 1)) return none == 2;
  int saved_errno = errno;
#define X(name, type, arguments) *(void **)&real.name = dlsym(RTLD_NEXT, #name);
  REAL_MAP(X)
#undef X
  const struct link_map *library = library_of(dlsym(RTLD_NEXT, "gnu_get_libc_version"));
  nomem__blocks_are_glibc = library != NULL && library_of((void *)real.malloc) == library;
  serves_strdup = dlsym(RTLD_DEFAULT, "__asan_init") != NULL || dlsym(RTLD_DEFAULT, "__hwasan_init") != NULL;
  serves_strndup = serves_strdup || dlsym(RTLD_DEFAULT, "__tsan_init") != NULL;
  nomem__has_sanitizer = serves_strndup || dlsym(RTLD_DEFAULT, "__lsan_init") != NULL;
  if (!nomem__has_sanitizer && !nomem__blocks_are_glibc) allocator = library_of((void *)real.malloc);
  if (allocator != NULL) nomem__allocator_name = nomem__base_name(allocator->l_name);
  if (nomem__has_sanitizer || allocator != NULL) replace_new();
  if (nomem__has_sanitizer && dlsym(RTLD_DEFAULT, "__lsan_do_leak_check") != NULL)
    *(void **)&nomem__sanitizer_bytes = dlsym(RTLD_DEFAULT, "__sanitizer_get_current_allocated_bytes");
  errno = saved_errno;
  atomic_store_explicit(&real_state, 2, memory_order_release);
  return true;
}

static inline bool is_ready(void) {
  return __builtin_expect(atomic_load_explicit(&real_state, memory_order_acquire) == 2, 1) || find_real();
}

/* A call that passes finds everything it needs, because attaching comes after the look-up. All other work is done out
 * of line, reached by a jump, so that the usual call sets up no frame. */
#define PASSES(fn) nomem__passes(NOMEM_FN_##fn, false)

#define BUSY __attribute__((noinline)) static
#define HERE __builtin_return_address(0), __builtin_dwarf_cfa()
#define FAILS(fn, size, released) nomem__fails(fn, size, released, return_address, cfa)

/* The bytes of a block in use that the program may use. */
static size_t usable_size(void *block) {
  return nomem__guarded_has(block) ? nomem__blocks_size(block) : real.malloc_usable_size(block);
}

static size_t live_size(void *block) {
  return block != NULL && nomem__keeps_live() && !is_early(block) ? usable_size(block) : 0;
}

/* Guarded where that is asked for and there is room. */
static void *allocate(size_t size) {
  void *block = nomem__guarded_allocate(size, alignof(max_align_t));
  return block != NULL ? block : real.malloc(size);
}

/* The same for what has an alignment: NULL where the C library has to be asked, as for one that is none. */
static void *allocate_aligned(size_t alignment, size_t size) {
  bool is_power = alignment != 0 && (alignment & (alignment - 1)) == 0;
  size_t least = alignof(max_align_t);
  return is_power ? nomem__guarded_allocate(size, alignment > least ? alignment : least) : NULL;
}

/* The size of a block in use, as far as the count of bytes needs it: for glibc's the word before it, which free reads
 * first, too. malloc_usable_size would read on from there, at addresses that need not be mapped when the pointer was
 * never allocated. */
static int64_t measure(const void *block) {
  if (!nomem__blocks_are_glibc || nomem__guarded_has(block)) return 0;
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

/* What has to be entered again for a released block when the call that releases it fails. */
struct released {
  int64_t bytes;
  uint64_t entry;
};

static struct released note_release(void *block, bool is_realloc, void *return_address, void *cfa) {
  struct released released = {0};
  if (!is_watched() || block == NULL) return released;
  if (has_block_table()) released.entry = nomem__blocks_leave(block, is_realloc, return_address, cfa);
  released.bytes = measure(block);
  nomem__blocks_add(-1, -released.bytes);
  return released;
}

static void undo_release(void *block, struct released released) {
  if (!is_watched() || block == NULL) return;
  nomem__blocks_add(1, released.bytes);
  if (has_block_table()) nomem__blocks_undo(block, released.entry);
}

/* With a block table, freed blocks stay in quarantine for a while, and must not be freed again meanwhile. Returns true
 * when there is nothing left to do for the caller. */
static bool quarantine(void *block, struct released released) {
  return block != NULL && has_block_table() && nomem__blocks_quarantine(block, released.entry, real.free);
}

BUSY void *busy_malloc(size_t size, void *return_address, void *cfa) {
  if (!is_ready()) return early_alloc(size);
  if (FAILS(NOMEM_FN_MALLOC, size, 0)) return fail();
  return served(allocate(size), size, 0);
}

EXPORT void *malloc(size_t size) {
  return PASSES(MALLOC) ? real.malloc(size) : busy_malloc(size, HERE);
}

BUSY void *busy_calloc(size_t count, size_t size, void *return_address, void *cfa) {
  size_t bytes;
  bool overflows = __builtin_mul_overflow(count, size, &bytes);
  /* The arena consists of zeros, and each byte of it is used once. */
  if (!is_ready()) return early_alloc(overflows ? SIZE_MAX : bytes);
  if (!overflows && FAILS(NOMEM_FN_CALLOC, bytes, 0)) return fail();
  void *guarded = overflows ? NULL : nomem__guarded_allocate(bytes, alignof(max_align_t)); /* consists of zeros, too */
  return served(guarded != NULL ? guarded : real.calloc(count, size), bytes, 0);
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
    __asm__ volatile("" ::: "memory"); /* lest the compiler turn the loop into a call of memcpy: see fail */
  }
  return served(block, size, 0);
}

/* With a block table a block that grows is moved, and its old place goes into quarantine, as if it had been freed. */
static bool has_to_move(void *block, size_t size, struct released released) {
  if (block == NULL || !has_block_table()) return false;
  return nomem__guarded_has(block) || nomem__blocks_is_quarantined(released.entry) ||
         (nomem__blocks_may_quarantine(released.entry) && size > real.malloc_usable_size(block));
}

/* What a guarded block has in it can be read only if it was in use. */
static void *move(void *block, size_t size, struct released released) {
  void *moved = allocate(size);
  size_t usable = nomem__guarded_has(block) ? nomem__blocks_entry_size(released.entry) : real.malloc_usable_size(block);
  if (moved != NULL) memcpy(moved, block, usable < size ? usable : size);
  return moved;
}

static void *real_realloc(void *ptr, size_t size, size_t released_bytes, void *return_address, void *cfa) {
  struct released released = note_release(ptr, true, return_address, cfa);
  if (size == 0 && nomem__blocks_are_glibc && quarantine(ptr, released)) return served(NULL, 0, released_bytes);
  bool moves = has_to_move(ptr, size, released);
  void *block = ptr == NULL ? allocate(size) : moves ? move(ptr, size, released) : real.realloc(ptr, size);
  if (moves && block != NULL) quarantine(ptr, released);
  if (block != NULL || size == 0) return served(block, size, released_bytes);
  undo_release(ptr, released);
  return NULL;
}

static void *refuse(void *block, void *return_address, void *cfa) {
  if (block != NULL && has_block_table()) nomem__blocks_refused(block, return_address, cfa);
  return fail();
}

/* A size of 0 frees a block: a failure could not be distinguished from success. */
BUSY void *busy_realloc(void *ptr, size_t size, void *return_address, void *cfa) {
  if (!is_ready()) return ptr == NULL ? early_alloc(size) : early_realloc(ptr, size);
  size_t released = live_size(ptr);
  if ((ptr == NULL || size != 0) && FAILS(NOMEM_FN_REALLOC, size, released)) return refuse(ptr, return_address, cfa);
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
  if (!is_ready()) return ptr == NULL ? early_alloc(bytes) : early_realloc(ptr, bytes);
  size_t released = live_size(ptr);
  if ((ptr == NULL || bytes != 0) && nomem__fails(NOMEM_FN_REALLOCARRAY, bytes, released, HERE))
    return refuse(ptr, HERE);
  if (is_early(ptr)) return early_realloc(ptr, bytes);
  return real_realloc(ptr, bytes, released, HERE); /* the C library's reallocarray would come back here */
}

BUSY void busy_free(void *ptr, void *return_address, void *cfa) {
  if (is_early(ptr) || !is_ready()) return;
  nomem__count_free();
  struct released released = note_release(ptr, false, return_address, cfa);
  if (nomem__keeps_live()) nomem__live_add(-(int64_t)live_size(ptr));
  if (!quarantine(ptr, released)) real.free(ptr);
}

EXPORT void free(void *ptr) {
  if (!is_early(ptr) && nomem__passes(NOMEM_FN_COUNT, true))
    real.free(ptr);
  else
    busy_free(ptr, HERE);
}

/* No program was seen to align a block before the look-up is possible; if one does, failing is allowed and safe. */
EXPORT void *aligned_alloc(size_t alignment, size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_ALIGNED_ALLOC, size, 0, HERE)) return fail();
  void *guarded = allocate_aligned(alignment, size);
  return served(guarded != NULL ? guarded : real.aligned_alloc(alignment, size), size, 0);
}

/* As in POSIX the error is returned, and errno stays; as in glibc *out stays, too. A bad alignment does not reach the
 * plan: it is an error as always. */
EXPORT int posix_memalign(void **out, size_t alignment, size_t size) {
  if (!is_ready()) return ENOMEM;
  bool valid = alignment % sizeof(void *) == 0 && alignment != 0 && (alignment & (alignment - 1)) == 0;
  if (valid && nomem__fails(NOMEM_FN_POSIX_MEMALIGN, size, 0, HERE)) return ENOMEM;
  void *guarded = valid ? allocate_aligned(alignment, size) : NULL;
  int result = 0;
  if (guarded != NULL)
    *out = guarded;
  else
    result = real.posix_memalign(out, alignment, size);
  if (result == 0) served(*out, size, 0);
  return result;
}

EXPORT void *memalign(size_t alignment, size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_MEMALIGN, size, 0, HERE)) return fail();
  void *guarded = allocate_aligned(alignment, size);
  return served(guarded != NULL ? guarded : real.memalign(alignment, size), size, 0);
}

EXPORT void *valloc(size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_VALLOC, size, 0, HERE)) return fail();
  void *guarded = allocate_aligned(NOMEM_PAGE, size);
  return served(guarded != NULL ? guarded : real.valloc(size), size, 0);
}

EXPORT void *pvalloc(size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_PVALLOC, size, 0, HERE)) return fail();
  void *block = real.pvalloc(size);
  return served(block, block != NULL ? real.malloc_usable_size(block) : 0, 0); /* the program may use whole pages */
}

EXPORT size_t malloc_usable_size(void *ptr) {
  if (is_early(ptr)) return early_size(ptr);
  if (ptr != NULL && has_block_table()) nomem__blocks_reported_size(ptr);
  return ptr == NULL || !is_ready() ? 0 : usable_size(ptr);
}

static char *early_copy(const char *text, size_t length) {
  char *copy = early_alloc(length + 1); /* the arena consists of zeros */
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

/* Another module may later be loaded at the same addresses. */
EXPORT int dlclose(void *handle) {
  nomem__site_forget();
  return is_ready() && real.dlclose != NULL ? real.dlclose(handle) : -1;
}

typedef int (*main_func)(int, char **, char **);
static main_func program_main;

/* What main() called does not matter any more: the stack below this function's caller is no longer in use. */
static int enter_main(int argc, char **argv, char **env) {
  atomic_store(&nomem__main_frame.caller, (uintptr_t)__builtin_frame_address(0));
  nomem__reached_main();
  int status = program_main(argc, argv, env);
  if (!has_block_table()) return status;
  nomem__main_frame_copy();
  nomem__exit_report_main_returned(__builtin_dwarf_cfa());
  return status;
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

__attribute__((destructor)) static void report_at_exit(void) {
  nomem__exit_report_write();
}

/* Names the allocator for the command. */
static void report_allocator(void) {
  struct nomem_channel *channel = nomem__channel();
  uint64_t hash;
  if (channel == NULL || allocator == NULL) return;
  nomem_frame frame = nomem__module_frame(channel, (uintptr_t)real.malloc, &hash);
  atomic_store(&channel->screening.allocator, NOMEM_FRAME_MODULE(frame));
}

/* A program that allocates nothing before main() is attached here, so that the command gets to know its image. */
__attribute__((constructor)) static void attach_at_load(void) {
  if (!is_ready()) return;
  nomem__attach();
  nomem__new_report();
  report_allocator();
}
