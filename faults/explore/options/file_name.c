/* SPDX-License-Identifier: MIT */
#include "file_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../program_kinds.h"
#include "../text/memory.h"
#include "../text/memory_stream.h"

/* The variable that a pattern names behind "%q"; the caller's. NULL: it names none. */
static char *read_variable(const char *at) {
  size_t length = *at == '{' ? strcspn(at + 1, "}") : 0;
  return length > 0 && at[1 + length] == '}' ? nomem__strndup(at + 1, length) : NULL;
}

static const char *find_mistake_in_variable(const char *at) {
  char *name = read_variable(at);
  if (name == NULL) return "write %q{NAME} for the value of an environment variable";
  const char *value = getenv(name);
  free(name);
  return value == NULL ? "the variable that %q{...} names is not set" : NULL;
}

const char *nomem__file_name_find_mistake(const char *pattern) {
  const char *mistake = NULL;
  for (const char *at = pattern; (at = strchr(at, '%')) != NULL && mistake == NULL; at += 2) {
    if (at[1] == '\0' || strchr("pnq%", at[1]) == NULL)
      return "after % write p (the process), n (the program), q{NAME} (a variable), or another % for the sign itself";
    if (at[1] == 'q') mistake = find_mistake_in_variable(at + 2);
  }
  return mistake;
}

/* A variable may have been changed since its mistake was looked for; then it stands for nothing. Returns how many bytes
 * the pattern has for it. */
static size_t print_variable(FILE *out, const char *at) {
  char *name = read_variable(at);
  const char *value = name != NULL ? getenv(name) : NULL;
  size_t bytes = name != NULL ? strlen(name) + strlen("{}") : 0;
  if (value != NULL) fputs(value, out);
  free(name);
  return bytes;
}

char *nomem__file_name_make(const char *pattern, const char *program) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  for (const char *at = pattern; *at != '\0'; at++) {
    if (*at != '%' || at[1] == '\0') {
      fputc(*at, out);
      continue;
    }
    at++;
    if (*at == 'p')
      fprintf(out, "%d", (int)getpid());
    else if (*at == 'n')
      fputs(nomem__base_name(program), out);
    else if (*at == 'q')
      at += print_variable(out, at + 1);
    else
      fputc(*at, out);
  }
  return nomem__memory_stream_close(&stream);
}
