/* SPDX-License-Identifier: MIT */
/* What an instruction was about to do at an address that it may not access, which the kernel does not tell. Pure. */
#ifndef NOMEM_MEMORY_ACCESS_H
#define NOMEM_MEMORY_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#include "../code/instruction.h"

/* An instruction of x86-64 has no more bytes. */
#define NOMEM_CODE_BYTES 15

enum nomem__access { NOMEM_ACCESS_UNKNOWN, NOMEM_ACCESS_READ, NOMEM_ACCESS_WRITE, NOMEM_ACCESS_CALL };

/* The thread stopped at ip, where so many bytes of code could be read, with these registers. */
enum nomem__access nomem__memory_access_find(const uint8_t *code, size_t code_bytes, uint64_t ip,
                                             uint64_t fault_address, const uint64_t registers[NOMEM_GENERAL_REGISTERS]);

#endif
