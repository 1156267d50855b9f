/* SPDX-License-Identifier: MIT */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

#include "printable.h"

/* Enough for a plan and all that is said of it; no memory is asked for, because that may be what is missing. */
#define MESSAGE_BYTES 8192

void nomem__complain(const char *format, ...) {
  char message[MESSAGE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  fputs("nomem: ", stderr);
  nomem__print_safe(stderr, message);
  fputc('\n', stderr);
}
