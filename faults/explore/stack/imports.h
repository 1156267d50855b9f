/* SPDX-License-Identifier: MIT */
/* Which function of another module a call goes to: by the address that the dynamic linker fills in. */
#ifndef NOMEM_IMPORTS_H
#define NOMEM_IMPORTS_H

#include <libelf.h>

#include "../code/instruction.h"

/* The name of the function that a call or a jump goes to through a stub of the linker, or through its table. The name
 * belongs to elf. NULL: it goes elsewhere. */
const char *nomem__import_find(Elf *elf, const struct nomem__instruction *call);

#endif
