/* SPDX-License-Identifier: MIT */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fold.h"
#include "printable.h"

/* Enough for a plan and all that is said of it; no memory is asked for, because that may be what is missing. */
#define MESSAGE_BYTES 8192

void nomem__complain(const char *format, ...) {
  char message[MESSAGE_BYTES] = "nomem: ";
  size_t bytes = strlen(message);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message + bytes, sizeof message - bytes, format, arguments);
  va_end(arguments);
  unsigned columns = nomem__fold_columns(STDERR_FILENO);
  if (columns >= NOMEM_FOLD_COLUMNS_MIN && nomem__is_printable(message))
    nomem__fold(stderr, message, columns);
  else
    nomem__print_safe(stderr, message);
  fputc('\n', stderr);
}
