/* SPDX-License-Identifier: MIT */
#include "called_function.h"

#include <stddef.h>
#include <string.h>

#include "../stack/process_memory.h"

/* A stub of the linker. */
#define STUB_BYTES 16

static int32_t displacement(const unsigned char *bytes) {
  int32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

uint64_t nomem__called_function(pid_t tid, uint64_t return_address, const unsigned char code[NOMEM_CALL_BYTES]) {
  unsigned char stub[STUB_BYTES];
  uint64_t entry = 0;
  if (code[0] == 0xff && code[1] == 0x15) /* call *displacement(%rip) */
    return nomem__read_word(tid, return_address + (uint64_t)(int64_t)displacement(code + 2), &entry) ? entry : 0;
  if (code[1] != 0xe8) return 0; /* call displacement */
  entry = return_address + (uint64_t)(int64_t)displacement(code + 2);
  if (nomem__process_read(tid, entry, stub, sizeof stub) != sizeof stub) return 0;
  size_t at = memcmp(stub, "\xf3\x0f\x1e\xfa", 4) == 0 ? 4 : 0; /* endbr64 */
  at += stub[at] == 0xf2;                                       /* bnd */
  if (stub[at] != 0xff || stub[at + 1] != 0x25) return entry;   /* jmp *displacement(%rip) */
  uint64_t slot = entry + at + NOMEM_CALL_BYTES + (uint64_t)(int64_t)displacement(stub + at + 2);
  return nomem__read_word(tid, slot, &entry) ? entry : 0;
}
