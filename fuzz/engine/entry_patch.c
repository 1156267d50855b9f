/* SPDX-License-Identifier: MIT */
/* A jump written over the beginning of the target's function, for drivers whose calls the linker's --wrap does not see:
 * it leaves a call alone where the file that calls also defines the function, as honggfuzz's does, weakly.
 *
 * The jump is there only between inputs. It is taken away before the target runs, so nothing has to be known of the
 * instructions below it. x86-64. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../faults/inject/module_names.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

enum { JUMP = 0xe9, JUMP_BYTES = 5 };

static struct {
  uint8_t *place;
  uint8_t jump[JUMP_BYTES], saved[JUMP_BYTES];
} patch;

static int protect(const uint8_t *place, int access) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)place & ~(page - 1);
  uintptr_t end = ((uintptr_t)place + JUMP_BYTES + page - 1) & ~(page - 1);
  return mprotect((void *)first, end - first, access) == 0 ? 0 : -errno;
}

static bool is_other_function(const char *name, void *argument) {
  (void)argument;
  return strcmp(name, NOMEM_TARGET_NAME) != 0;
}

/* A function of a few bytes may have another right behind it, which the jump must not reach. */
static bool has_room(const uint8_t *place) {
  const struct nomem_channel *channel = nomem__decision_channel();
  for (int i = 1; i < JUMP_BYTES; i++)
    if (nomem__module_function_is(channel, nomem__decision_frame((uintptr_t)place + (uintptr_t)i + 1),
                                  is_other_function, NULL))
      return false;
  return true;
}

int nomem__patch_begin(void *function, void (*entry)(void)) {
  int64_t distance = (int64_t)((uintptr_t)entry - (uintptr_t)function) - JUMP_BYTES;
  if (distance != (int32_t)distance) return -ERANGE;
  if (!has_room(function)) return -ENOSPC;
  int result = protect(function, PROT_READ | PROT_WRITE | PROT_EXEC);
  if (result != 0) return result;
  patch.place = function;
  int32_t offset = (int32_t)distance;
  patch.jump[0] = JUMP;
  memcpy(patch.jump + 1, &offset, sizeof offset);
  memcpy(patch.saved, patch.place, JUMP_BYTES);
  nomem__patch_set();
  return 0;
}

/* Not memcpy, which a sanitizer may have replaced: the code is no data of the program's. */
static void write_code(const uint8_t *bytes) {
  for (int i = 0; i < JUMP_BYTES; i++) ((volatile uint8_t *)patch.place)[i] = bytes[i];
}

void nomem__patch_set(void) {
  if (patch.place != NULL) write_code(patch.jump);
}

void nomem__patch_lift(void) {
  if (patch.place != NULL) write_code(patch.saved);
}

void nomem__patch_end(void) {
  if (patch.place == NULL) return;
  nomem__patch_lift();
  protect(patch.place, PROT_READ | PROT_EXEC);
  patch.place = NULL;
}
