/* SPDX-License-Identifier: MIT */
/* The instructions of a module's functions, each read once. */
#ifndef NOMEM_MODULE_CODE_H
#define NOMEM_MODULE_CODE_H

#include "../code/function_code.h"
#include "debug_info.h"

/* All zero: none was read. */
struct nomem__module_codes {
  struct nomem__module_code *list;
  size_t count, room;
};

/* Returns the function that has address in it; it belongs to codes. NULL: it is not known. */
const struct nomem__function_code *nomem__module_codes_find(struct nomem__module_codes *codes,
                                                            struct nomem__debug_info *info, uint64_t address);

void nomem__module_codes_free(struct nomem__module_codes *codes);

#endif
