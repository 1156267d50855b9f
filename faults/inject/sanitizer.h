/* SPDX-License-Identifier: MIT */
/* Tells the calls that a sanitizer makes for itself from those that it makes for the program. */
#ifndef NOMEM_SANITIZER_H
#define NOMEM_SANITIZER_H

#include "../channel.h"
#include "injector.h"

/* Set by the backend before it attaches: a sanitizer's run-time is in this process. */
extern NOMEM_HIDDEN bool nomem__has_sanitizer;

/* Too: how many bytes are in use, of a sanitizer that looks for leaks when the process ends; else NULL. */
extern NOMEM_HIDDEN size_t (*nomem__sanitizer_bytes)(void);

/* Whether a sanitizer at work made this call, of which it would not survive the failure. Looks through a symbol table:
 * keep the answer. */
NOMEM_HIDDEN bool nomem__is_sanitizers(const struct nomem_channel *channel, const struct nomem_site *site);

#endif
