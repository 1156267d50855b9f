/* SPDX-License-Identifier: MIT */
/* Where in a file the machine code of a function lies. The unwind tables tell, which stripped files have, too. */
#ifndef NOMEM_CODE_RANGES_H
#define NOMEM_CODE_RANGES_H

#include <libelf.h>
#include <stdbool.h>

#include "../code/function_code.h"

/* Finds the code that has an unwind table of its own and address in it: a function, or a piece that was moved away from
 * one. The bytes belong to elf. False: there is no such table, or it is no such file. */
bool nomem__code_range_find(Elf *elf, uint64_t address, struct nomem__code_range *range);

/* The range of so many bytes from an address on, where that is code. */
bool nomem__code_range_at(Elf *elf, uint64_t address, uint64_t byte_count, struct nomem__code_range *range);

#endif
