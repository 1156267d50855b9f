/* SPDX-License-Identifier: MIT */
/* A test framework's library (with FRAMEWORK), one that it uses and that checks nothing (with HELPER), a library (with
 * LIBRARY), and its test. With CALLS the test calls the framework's helper itself, which then is under test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *helper_name(const char *name);
void munit_run(const char *name, void (*test)(void));
char *library_copy(const char *text);

#ifdef HELPER
char *helper_name(const char *name) {
  return strcpy(malloc(strlen(name) + 1), name);
}
#elif defined FRAMEWORK
void munit_run(const char *name, void (*test)(void)) {
  char *copy = helper_name(name);
  test();
  puts(copy);
  free(copy);
}
#elif defined LIBRARY
char *library_copy(const char *text) {
  char *copy = malloc(strlen(text) + 1);
#ifdef MENDED
  if (copy == NULL) return NULL;
#endif
  return strcpy(copy, text);
}
#else
static void test_copy(void) {
  char *copy = library_copy("text");
  if (copy == NULL) exit(1);
  free(copy);
#ifdef CALLS
  free(helper_name("text"));
#endif
}

int main(void) {
  munit_run("copy", test_copy);
  return 0;
}
#endif
