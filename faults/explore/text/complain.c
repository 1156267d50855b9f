/* SPDX-License-Identifier: MIT */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

void nomem__complain(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("nomem: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}
