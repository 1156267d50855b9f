/* SPDX-License-Identifier: MIT */
/* The type of what a function returns, from debug information that libdw has read. */
#ifndef NOMEM_RETURN_TYPE_H
#define NOMEM_RETURN_TYPE_H

#include <elfutils/libdw.h>

#include "debug_info.h"

struct nomem__debug_result nomem__return_type_of(Dwarf_Die *function);

/* As nomem__debug_info_each_enumerator. */
bool nomem__return_type_each_enumerator(Dwarf_Die *function, nomem__debug_visit_enumerator visit, void *user);

#endif
