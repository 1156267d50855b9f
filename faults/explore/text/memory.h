/* SPDX-License-Identifier: MIT */
/* The command's own memory. Whoever allocates here need not check: when memory is short, the command says so in one
 * line and ends with status 2, wherever it is. That loses no more than a kill does: the store is whole at any moment,
 * and what still runs ends with the command. To go on without what there was no memory for would be worse, because a
 * report without a stack, or without the name that a suppression asks for, is a wrong one. */
#ifndef NOMEM_MEMORY_H
#define NOMEM_MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* Says that memory is short, and ends the command. */
_Noreturn void nomem__out_of_memory(void);

/* The functions of the C library, which here never return NULL. A block is freed by free(). */
__attribute__((malloc)) void *nomem__malloc(size_t bytes);
__attribute__((malloc)) void *nomem__calloc(size_t count, size_t item_bytes);
void *nomem__realloc(void *block, size_t bytes);
void *nomem__reallocarray(void *block, size_t count, size_t item_bytes);
char *nomem__strdup(const char *text);
char *nomem__strndup(const char *text, size_t bytes);

/* Returns what was printed, which is the caller's. */
__attribute__((format(printf, 1, 2))) char *nomem__format(const char *format, ...);
__attribute__((format(printf, 1, 0))) char *nomem__vformat(const char *format, va_list arguments);

/* Of a function of the C library that allocates inside, such as fopen: result is what it has returned. Returns that,
 * unless it is NULL because memory is short. errno must be the function's still. */
void *nomem__checked(void *result);

/* As getline and getdelim: what is below 0 is the end, or that nothing can be read. */
ssize_t nomem__getline(char **line, size_t *room, FILE *file);
ssize_t nomem__getdelim(char **text, size_t *room, int delimiter, FILE *file);

/* Has libuv, Jansson, SQLite, libelf and libdw allocate in the same way. To be called before any of them is used. */
void nomem__memory_set_libraries(void);

/* A file that is removed when memory is short, because it is not finished; NULL: none. The text must stay. */
void nomem__memory_set_unfinished(const char *path);

#endif
