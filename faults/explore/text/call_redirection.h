/* SPDX-License-Identifier: MIT */
/* Has a library that is loaded call another function in place of one that it imports.
 *
 * For libraries that use what malloc returns without looking, and offer no way to give them another allocator. The
 * dynamic linker keeps the addresses of what a library imports in a table of that library; they are changed there, so
 * that no other library sees it. */
#ifndef NOMEM_CALL_REDIRECTION_H
#define NOMEM_CALL_REDIRECTION_H

#include <stddef.h>
#include <stdint.h>

/* A function that is imported by this name, and what is called in its place, as a number: it has any type. */
struct nomem__redirection {
  const char *name;
  uintptr_t target;
};

/* Redirects the calls of every loaded library whose file's name matches the pattern. Where the system does not allow
 * it, they stay as they are. */
void nomem__redirect_calls(const char *library, const struct nomem__redirection *redirections, size_t count);

#endif
