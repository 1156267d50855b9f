/* SPDX-License-Identifier: MIT */
/* A test of cmocka's, which catches the signals that a bug raises. LIBRARY is the code under test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int *vector_new(size_t count);

#ifdef LIBRARY
int *vector_new(size_t count) {
  int *vector = malloc(count * sizeof *vector); /* fault */
#ifdef MENDED
  if (vector == NULL) return NULL;
#endif
  for (size_t i = 0; i < count; i++) vector[i] = 0; /* blow-up */
  return vector;
}
#else
#include <cmocka.h>

static void makes_vector(void **state) {
  (void)state;
  int *vector = vector_new(10);
  assert_non_null(vector);
  free(vector);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(makes_vector)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
