/* SPDX-License-Identifier: MIT */
/* The failing allocator in front of any dynamic program's own, by LD_PRELOAD.
 *
 * Calls go on to the next definition of the same name, so that another allocator of the program (jemalloc, a debugging
 * malloc) remains in use. Until that can be looked up, that is before this library is relocated and during the look-up
 * itself, calls are served from a small arena of our own, whose blocks are never freed: see backend_preload.h.
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
#include "backend_preload.h"
#include "block_table.h"
#include "call_site.h"
#include "exit_report.h"
#include "guarded_blocks.h"
#include "hostile.h"
#include "injector.h"
#include "loaded_module.h"
#include "module_names.h"
#include "operator_new.h"
#include "sanitizer.h"

/* Each begins a cache line, so that what the usual call costs does not depend on what else is in the library. */
#define EXPORT __attribute__((visibility("default"), aligned(64)))

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

/* Whether malloc_usable_size belongs to malloc: another allocator than the C library's may have none. */
static bool can_measure;

/* 0 before the look-up, 1 during it, 2 when `real` is complete. */
static _Atomic int real_state;

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
  can_measure = library_of((void *)real.malloc_usable_size) == library_of((void *)real.malloc);
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
  return block != NULL && nomem__keeps_live() && !nomem__is_early(block) ? usable_size(block) : 0;
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

static void *allocate_zeros(size_t size) {
  return real.calloc(1, size);
}

/* How a call is served that does not fail: see hostile.h. */
#define WAYS(fn, block, size) nomem__hostile_ways(fn, block, size, can_measure, return_address, cfa)

/* With a block table, what lies behind the requested bytes is its own. */
static struct nomem__under find_under(void) {
  return (struct nomem__under){.allocate = has_block_table() ? allocate : real.malloc,
                               .allocate_zeros = allocate_zeros,
                               .reallocate = real.realloc,
                               .release = real.free,
                               .size_of = can_measure && !has_block_table() ? real.malloc_usable_size : NULL};
}

BUSY void *serve_in_ways(size_t size, uint32_t ways) {
  const struct nomem__under under = find_under();
  if (ways & NOMEM_HOSTILE_ZERO) return NULL;
  void *block = served(nomem__hostile_allocate(&under, size, ways), size, 0);
  nomem__hostile_end(block != NULL, ways);
  return block;
}

/* A new block, by malloc or by realloc. */
static inline void *serve_new(enum nomem_fn fn, size_t size, void *return_address, void *cfa) {
  uint32_t ways = WAYS(fn, NULL, size);
  return __builtin_expect(ways != 0, 0) ? serve_in_ways(size, ways) : served(allocate(size), size, 0);
}

/* A block that has an alignment, and was served. */
static void *finish_aligned(void *block, size_t size, uint32_t ways) {
  if (__builtin_expect(ways == 0, 1)) return block;
  const struct nomem__under under = find_under();
  nomem__hostile_fill(&under, block, size, ways);
  nomem__hostile_end(block != NULL, ways);
  return block;
}

BUSY void *busy_malloc(size_t size, void *return_address, void *cfa) {
  if (!is_ready()) return nomem__early_allocate(size);
  if (FAILS(NOMEM_FN_MALLOC, size, 0)) return nomem__no_memory();
  return serve_new(NOMEM_FN_MALLOC, size, return_address, cfa);
}

EXPORT void *malloc(size_t size) {
  return PASSES(MALLOC) ? real.malloc(size) : busy_malloc(size, HERE);
}

BUSY void *busy_calloc(size_t count, size_t size, void *return_address, void *cfa) {
  size_t bytes;
  bool overflows = __builtin_mul_overflow(count, size, &bytes);
  /* The arena consists of zeros, and each byte of it is used once. */
  if (!is_ready()) return nomem__early_allocate(overflows ? SIZE_MAX : bytes);
  if (!overflows && FAILS(NOMEM_FN_CALLOC, bytes, 0)) return nomem__no_memory();
  uint32_t ways = overflows ? 0 : WAYS(NOMEM_FN_CALLOC, NULL, bytes);
  if (ways & NOMEM_HOSTILE_ZERO) return NULL;
  void *block = overflows ? NULL : nomem__guarded_allocate(bytes, alignof(max_align_t)); /* consists of zeros, too */
  if (__builtin_expect(ways & NOMEM_HOSTILE_ALIGN, 0)) {
    const struct nomem__under under = find_under();
    block = nomem__hostile_allocate_zeros(&under, bytes, ways);
  }
  block = served(block != NULL ? block : real.calloc(count, size), bytes, 0);
  nomem__hostile_end(block != NULL, ways);
  return block;
}

EXPORT void *calloc(size_t count, size_t size) {
  bool may_overflow = ((count | size) >> 32) != 0;
  return !may_overflow && PASSES(CALLOC) ? real.calloc(count, size) : busy_calloc(count, size, HERE);
}

static void *early_realloc(void *ptr, size_t size) {
  unsigned char *block = real_state == 2 ? real.malloc(size) : nomem__early_allocate(size);
  size_t kept = nomem__early_size(ptr) < size ? nomem__early_size(ptr) : size;
  for (size_t i = 0; block != NULL && i < kept; i++) {
    block[i] = ((unsigned char *)ptr)[i];
    __asm__ volatile("" ::: "memory"); /* lest the compiler turn the loop into a call of memcpy: see nomem__no_memory */
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

/* With a block table, a block that is to move goes into quarantine, if it was in use. */
static void *reallocate(void *ptr, size_t size, struct released released, uint32_t ways) {
  if (__builtin_expect(ways != 0, 0) && !has_block_table()) {
    const struct nomem__under under = find_under();
    return nomem__hostile_reallocate(&under, ptr, size, ways);
  }
  bool is_moved = (ways & NOMEM_HOSTILE_MOVES) && nomem__blocks_entry_size(released.entry) > 0;
  if (!is_moved && !has_to_move(ptr, size, released)) return real.realloc(ptr, size);
  void *block = move(ptr, size, released);
  if (block != NULL && !quarantine(ptr, released)) real.free(ptr);
  return block;
}

static void *real_realloc(enum nomem_fn fn, void *ptr, size_t size, size_t released_bytes, void *return_address,
                          void *cfa) {
  if (ptr == NULL) return serve_new(fn, size, return_address, cfa);
  uint32_t ways = WAYS(fn, ptr, size);
  struct released released = note_release(ptr, true, return_address, cfa);
  if (size == 0 && nomem__blocks_are_glibc && quarantine(ptr, released)) return served(NULL, 0, released_bytes);
  void *block = reallocate(ptr, size, released, ways);
  if (block == NULL && size != 0) {
    undo_release(ptr, released);
    return NULL;
  }
  served(block, size, released_bytes);
  nomem__hostile_end(block != NULL, ways);
  return block;
}

static void *refuse(void *block, void *return_address, void *cfa) {
  if (block != NULL && has_block_table()) nomem__blocks_refused(block, return_address, cfa);
  return nomem__no_memory();
}

/* A size of 0 frees a block: a failure could not be distinguished from success. */
BUSY void *busy_realloc(void *ptr, size_t size, void *return_address, void *cfa) {
  if (!is_ready()) return ptr == NULL ? nomem__early_allocate(size) : early_realloc(ptr, size);
  size_t released = live_size(ptr);
  if ((ptr == NULL || size != 0) && FAILS(NOMEM_FN_REALLOC, size, released)) return refuse(ptr, return_address, cfa);
  if (__builtin_expect(nomem__is_early(ptr), 0)) return early_realloc(ptr, size);
  return real_realloc(NOMEM_FN_REALLOC, ptr, size, released, return_address, cfa);
}

EXPORT void *realloc(void *ptr, size_t size) {
  bool is_usual = !nomem__is_early(ptr) && (ptr == NULL || size != 0);
  return is_usual && PASSES(REALLOC) ? real.realloc(ptr, size) : busy_realloc(ptr, size, HERE);
}

EXPORT void *reallocarray(void *ptr, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return nomem__no_memory();
  if (!is_ready()) return ptr == NULL ? nomem__early_allocate(bytes) : early_realloc(ptr, bytes);
  size_t released = live_size(ptr);
  if ((ptr == NULL || bytes != 0) && nomem__fails(NOMEM_FN_REALLOCARRAY, bytes, released, HERE))
    return refuse(ptr, HERE);
  if (nomem__is_early(ptr)) return early_realloc(ptr, bytes);
  return real_realloc(NOMEM_FN_REALLOCARRAY, ptr, bytes, released, HERE); /* the C library's would come back here */
}

BUSY void busy_free(void *ptr, void *return_address, void *cfa) {
  if (nomem__is_early(ptr) || !is_ready()) return;
  nomem__count_free();
  bool is_measured = nomem__is_hostile() && ptr != NULL && can_measure;
  uint32_t ways = WAYS(NOMEM_FN_COUNT, ptr, is_measured ? usable_size(ptr) : 0);
  struct released released = note_release(ptr, false, return_address, cfa);
  if (nomem__keeps_live()) nomem__live_add(-(int64_t)live_size(ptr));
  if (quarantine(ptr, released)) return;
  if (__builtin_expect(ways != 0, 0)) {
    const struct nomem__under under = find_under();
    nomem__hostile_release(&under, ptr, ways);
  }
  real.free(ptr);
}

EXPORT void free(void *ptr) {
  if (!nomem__is_early(ptr) && nomem__passes(NOMEM_FN_COUNT, true))
    real.free(ptr);
  else
    busy_free(ptr, HERE);
}

/* No program was seen to align a block before the look-up is possible; if one does, failing is allowed and safe. */
EXPORT void *aligned_alloc(size_t alignment, size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_ALIGNED_ALLOC, size, 0, HERE)) return nomem__no_memory();
  uint32_t ways = nomem__hostile_ways(NOMEM_FN_ALIGNED_ALLOC, NULL, size, can_measure, HERE);
  if (ways & NOMEM_HOSTILE_ZERO) return NULL;
  void *guarded = allocate_aligned(alignment, size);
  return finish_aligned(served(guarded != NULL ? guarded : real.aligned_alloc(alignment, size), size, 0), size, ways);
}

/* As in POSIX the error is returned, and errno stays; as in glibc *out stays, too. A bad alignment does not reach the
 * plan: it is an error as always. */
EXPORT int posix_memalign(void **out, size_t alignment, size_t size) {
  if (!is_ready()) return ENOMEM;
  bool valid = alignment % sizeof(void *) == 0 && alignment != 0 && (alignment & (alignment - 1)) == 0;
  if (valid && nomem__fails(NOMEM_FN_POSIX_MEMALIGN, size, 0, HERE)) return ENOMEM;
  uint32_t ways = valid ? nomem__hostile_ways(NOMEM_FN_POSIX_MEMALIGN, NULL, size, can_measure, HERE) : 0;
  void *guarded = valid && !(ways & NOMEM_HOSTILE_ZERO) ? allocate_aligned(alignment, size) : NULL;
  int result = 0;
  if (guarded != NULL || (ways & NOMEM_HOSTILE_ZERO))
    *out = guarded;
  else
    result = real.posix_memalign(out, alignment, size);
  if (result == 0) finish_aligned(served(*out, size, 0), size, ways);
  return result;
}

EXPORT void *memalign(size_t alignment, size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_MEMALIGN, size, 0, HERE)) return nomem__no_memory();
  uint32_t ways = nomem__hostile_ways(NOMEM_FN_MEMALIGN, NULL, size, can_measure, HERE);
  void *guarded = allocate_aligned(alignment, size);
  return finish_aligned(served(guarded != NULL ? guarded : real.memalign(alignment, size), size, 0), size, ways);
}

EXPORT void *valloc(size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_VALLOC, size, 0, HERE)) return nomem__no_memory();
  uint32_t ways = nomem__hostile_ways(NOMEM_FN_VALLOC, NULL, size, can_measure, HERE);
  void *guarded = allocate_aligned(NOMEM_PAGE, size);
  return finish_aligned(served(guarded != NULL ? guarded : real.valloc(size), size, 0), size, ways);
}

EXPORT void *pvalloc(size_t size) {
  if (!is_ready() || nomem__fails(NOMEM_FN_PVALLOC, size, 0, HERE)) return nomem__no_memory();
  uint32_t ways = nomem__hostile_ways(NOMEM_FN_PVALLOC, NULL, size, can_measure, HERE);
  void *block = real.pvalloc(size);
  size_t usable = block != NULL ? real.malloc_usable_size(block) : 0; /* the program may use whole pages */
  return finish_aligned(served(block, usable, 0), usable, ways);
}

EXPORT size_t malloc_usable_size(void *ptr) {
  if (nomem__is_early(ptr)) return nomem__early_size(ptr);
  if (ptr != NULL && has_block_table()) nomem__blocks_reported_size(ptr);
  return ptr == NULL || !is_ready() ? 0 : usable_size(ptr);
}

EXPORT char *strdup(const char *text) {
  if (!is_ready()) return nomem__early_copy(text, strlen(text));
  if (serves_strdup && nomem__fails(NOMEM_FN_MALLOC, strlen(text) + 1, 0, HERE)) return nomem__no_memory();
  return real.strdup(text);
}

EXPORT char *strndup(const char *text, size_t length) {
  if (!is_ready()) return nomem__early_copy(text, strnlen(text, length));
  if (serves_strndup && nomem__fails(NOMEM_FN_MALLOC, strnlen(text, length) + 1, 0, HERE)) return nomem__no_memory();
  return real.strndup(text, length);
}

__asm__(".globl __strdup\n.set __strdup, strdup\n.globl __strndup\n.set __strndup, strndup");

EXPORT char *realpath(const char *path, char *resolved) {
  if (!is_ready()) return nomem__no_memory();
  bool allocates = serves_strndup && resolved == NULL;
  if (allocates && nomem__fails(NOMEM_FN_MALLOC, PATH_MAX + 1, 0, HERE)) return nomem__no_memory();
  return real.realpath(path, resolved);
}

/* Another module may later be loaded at the same addresses. */
EXPORT int dlclose(void *handle) {
  nomem__site_forget();
  return is_ready() && real.dlclose != NULL ? real.dlclose(handle) : -1;
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
