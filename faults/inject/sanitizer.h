/* SPDX-License-Identifier: MIT */
/* Distinguishes the calls that a sanitizer makes for itself from those that it makes for the program. */
#ifndef NOMEM_SANITIZER_H
#define NOMEM_SANITIZER_H

#include "../channel.h"
#include "injector.h"

/* Whether this process has a sanitizer's run-time. Set by the backend before it attaches. */
extern NOMEM_HIDDEN bool nomem__has_sanitizer;

/* Also set by the backend: returns how many bytes are in use, where the sanitizer looks for leaks when the process
 * ends; otherwise NULL. */
extern NOMEM_HIDDEN size_t (*nomem__sanitizer_bytes)(void);

/* Whether a sanitizer made this call for itself: it would not survive its failure. Searches a symbol table: keep the
 * answer. */
NOMEM_HIDDEN bool nomem__is_from_sanitizer(const struct nomem_channel *channel, const struct nomem_site *site);

#endif
