/* SPDX-License-Identifier: MIT */
/* The characters that mean something in HTML and in XML, written so that they mean themselves in both. */
#ifndef NOMEM_ENTITIES_H
#define NOMEM_ENTITIES_H

#include <stdbool.h>
#include <stdio.h>

/* Writes &, <, >, " or ' as an entity, which is right in content and in an attribute. False: it is none of them, and
 * nothing was written. */
bool nomem__print_entity(FILE *out, char character);

#endif
