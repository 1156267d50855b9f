/* SPDX-License-Identifier: MIT */
/* Starts backend_link.c for the command: in a process that the command has started it attaches to the command's
 * channel, as the preloaded backend does; in any other process it does nothing.
 */
#include <stdlib.h>

#include "exit_report.h"
#include "injector.h"
#include "operator_new.h"
#include "sanitizer.h"

/* Idle at first: a sanitizer allocates while it sets itself up, and must not fail. */
_Atomic uint32_t nomem__mode = 0;

/* By this note the command recognises a program with the backend linked in, and whether their formats agree. */
struct note {
  uint32_t name_bytes, value_bytes, type;
  char name[8];
  uint32_t magic[2]; /* NOMEM_CHANNEL_MAGIC: a note is aligned to 4 bytes only */
};

__attribute__((section(NOMEM_NOTE_SECTION), used, aligned(4))) static const struct note note = {
    sizeof "nomem", sizeof note.magic, 1, "nomem", {(uint32_t)NOMEM_CHANNEL_MAGIC, NOMEM_CHANNEL_MAGIC >> 32}};

/* NULL where that sanitizer is not linked. */
#pragma weak __asan_init
#pragma weak __hwasan_init
#pragma weak __lsan_init
#pragma weak __msan_init
#pragma weak __tsan_init
#pragma weak __lsan_do_leak_check
#pragma weak __sanitizer_get_current_allocated_bytes
extern void __asan_init(void), __hwasan_init(void), __lsan_init(void), __msan_init(void), __tsan_init(void);
extern void __lsan_do_leak_check(void);
extern size_t __sanitizer_get_current_allocated_bytes(void);

extern NOMEM_HIDDEN __typeof__(malloc) nomem__own_malloc;

/* Where a shared library was linked with the backend, too, the process calls only one of the two. */
static bool is_in_use(void) {
  return malloc == nomem__own_malloc;
}

static void replace_new(void) {
  struct nomem__new_functions found;
  nomem__new_find(&found);
  nomem__new_replace(&found);
  nomem__new_report();
}

/* The program's own constructors may run before or after this one. Here the process forks for the command. */
__attribute__((constructor)) static void attach_at_start(void) {
  if (!is_in_use()) return;
  nomem__has_sanitizer = &__asan_init || &__hwasan_init || &__lsan_init || &__msan_init || &__tsan_init;
  if (&__lsan_do_leak_check != NULL) nomem__sanitizer_bytes = __sanitizer_get_current_allocated_bytes;
  atomic_store(&nomem__mode, NOMEM_MODE_START);
  nomem__attach();
  if (nomem__has_sanitizer && nomem__channel() != NULL) replace_new();
  nomem__reached_main();
}

__attribute__((destructor)) static void report_at_exit(void) {
  if (is_in_use() && nomem__has_sanitizer) nomem__exit_report_write();
}
