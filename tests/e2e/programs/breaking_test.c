/* SPDX-License-Identifier: MIT */
/* A test whose assertions, as doctest's, execute a breakpoint where a debugger looks on, and then go on. LIBRARY is the
 * code under test; with BREAKS it has a breakpoint of its own, for nobody. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int *vector_new(size_t count);

#ifdef LIBRARY
int *vector_new(size_t count) {
  int *vector = malloc(count * sizeof *vector);
#ifdef BREAKS
  if (vector == NULL) __asm__ volatile("int3");
#endif
  if (vector != NULL) memset(vector, 0, count * sizeof *vector);
  return vector;
}
#else
static int has_debugger(void) {
  char line[256];
  int tracer = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status != NULL && fgets(line, sizeof line, status) != NULL) sscanf(line, "TracerPid: %d", &tracer);
  if (status != NULL) fclose(status);
  return tracer != 0;
}

static int failures;

static void check(int condition) {
  if (condition) return;
  failures++;
  if (has_debugger()) __asm__ volatile("int3");
}

int main(void) {
  check(0); /* it is known to fail */
  int *vector = vector_new(10);
  check(vector != NULL);
  free(vector);
  puts("the end");
  return failures != 1;
}
#endif
