/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* That of a command that could not do what it was asked for. */
#define EXIT_FAILED 2

static const char *unfinished;

/* Nothing that is called here allocates. What stands in the buffers of stdio is not written: it is a part of a report.
 */
_Noreturn void nomem__out_of_memory(void) {
  static const char line[] = "nomem: out of memory\n";
  if (unfinished != NULL) unlink(unfinished);
  ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
  (void)written;
  _exit(EXIT_FAILED);
}

static void *need(void *block) {
  if (block == NULL) nomem__out_of_memory();
  return block;
}

void *nomem__malloc(size_t bytes) {
  return need(malloc(bytes));
}

void *nomem__calloc(size_t count, size_t item_bytes) {
  return need(calloc(count, item_bytes));
}

void *nomem__realloc(void *block, size_t bytes) {
  return need(realloc(block, bytes > 0 ? bytes : 1)); /* of no bytes, it would free the block and return NULL */
}

void *nomem__reallocarray(void *block, size_t count, size_t item_bytes) {
  return need(reallocarray(block, count, item_bytes));
}

char *nomem__strdup(const char *text) {
  return need(strdup(text));
}

char *nomem__strndup(const char *text, size_t bytes) {
  return need(strndup(text, bytes));
}

char *nomem__vformat(const char *format, va_list arguments) {
  char *text;
  int length = vasprintf(&text, format, arguments);
  return need(length < 0 ? NULL : text);
}

char *nomem__format(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = nomem__vformat(format, arguments);
  va_end(arguments);
  return text;
}

void *nomem__checked(void *result) {
  if (result == NULL && errno == ENOMEM) nomem__out_of_memory();
  return result;
}

ssize_t nomem__getdelim(char **text, size_t *room, int delimiter, FILE *file) {
  errno = 0;
  ssize_t length = getdelim(text, room, delimiter, file);
  if (length < 0 && errno == ENOMEM) nomem__out_of_memory();
  return length;
}

ssize_t nomem__getline(char **line, size_t *room, FILE *file) {
  return nomem__getdelim(line, room, '\n', file);
}

void nomem__memory_set_unfinished(const char *path) {
  unfinished = path;
}
