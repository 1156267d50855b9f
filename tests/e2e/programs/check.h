/* SPDX-License-Identifier: MIT */
/* The few words the test programs share. A failed check names its line and ends the program with status 1; nothing here
 * allocates, for allocations are what is being tested. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <unistd.h>

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

static inline void check_failed(const char *file, int line, const char *text) {
  char message[512];
  int length = snprintf(message, sizeof message, "%s:%d: not so: %s\n", file, line, text);
  if (write(2, message, (size_t)length) < 0) _exit(3);
  _exit(1);
}

#endif
