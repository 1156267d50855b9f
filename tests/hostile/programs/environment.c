/* SPDX-License-Identifier: MIT */
/* A program's arguments and environment are its own memory. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "hostile.h"

static void fill(char **strings, int byte) {
  for (; *strings != NULL; strings++) memset(*strings, byte, strlen(*strings));
}

int environment_wiped(void) {
  fill(environ, 0);
  return end_of_scene();
}

/* Other values of what the command told. */
int environment_rewritten(void) {
  setenv("NOMEM_CHANNEL", "/dev/null", 1);
  setenv("NOMEM_PLAN", "nth=1", 1);
  setenv("LD_PRELOAD", "/no/such/library.so", 1);
  for (char **entry = environ; *entry != NULL; entry++)
    if (strncmp(*entry, "NOMEM_", 6) == 0) memset(strchr(*entry, '=') + 1, '9', strlen(strchr(*entry, '=') + 1));
  return end_of_scene();
}

int environment_gone(void) {
  clearenv();
  return end_of_scene();
}

int arguments_rewritten(void) {
  int result = end_of_scene();
  fill(arguments, '\n');
  return result;
}

int name_rewritten(void) {
  prctl(PR_SET_NAME, "nomem", 0, 0, 0);
  memset(arguments[0], '/', strlen(arguments[0]));
  return end_of_scene();
}
