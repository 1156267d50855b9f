/* SPDX-License-Identifier: MIT */
/* What backend_link.c needs beside it to work for the command: it attaches to the command's channel, as the preloaded
 * backend does, in a process that the command has started, and is idle in any other.
 */
#include <stdlib.h>

#include "exit_report.h"
#include "injector.h"
#include "operator_new.h"
#include "sanitizer.h"

/* Idle at first: a sanitizer that sets itself up allocates, and must not fail. */
_Atomic uint32_t nomem__mode = 0;

/* By this note the command knows a program that has the backend in it, and whether the two understand each other. */
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

/* A shared library that was linked with it, too, is not the one that is called. */
static bool is_in_charge(void) {
  return malloc == nomem__own_malloc;
}

static void take_new(void) {
  struct nomem__new_found found;
  nomem__new_find(&found);
  nomem__new_take(&found);
  nomem__new_say();
}

/* The program's own constructors may be before or after this one. The command's forks stand here. */
__attribute__((constructor)) static void attach_at_start(void) {
  if (!is_in_charge()) return;
  nomem__has_sanitizer = &__asan_init || &__hwasan_init || &__lsan_init || &__msan_init || &__tsan_init;
  if (&__lsan_do_leak_check != NULL) nomem__sanitizer_bytes = __sanitizer_get_current_allocated_bytes;
  atomic_store(&nomem__mode, NOMEM_MODE_START);
  nomem__attach();
  if (nomem__has_sanitizer && nomem__channel() != NULL) take_new();
  nomem__reached_main();
}

__attribute__((destructor)) static void say_at_exit(void) {
  if (is_in_charge() && nomem__has_sanitizer) nomem__note_end();
}
