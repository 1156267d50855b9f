/* SPDX-License-Identifier: MIT */
/* Verdict handled: does its work without the block that it did not get. */
#include <stdlib.h>

static __attribute__((noinline)) int planted(void) {
  int *numbers = malloc(100 * sizeof *numbers); /* fault */
  int sum = 0;
  for (int i = 0; i < 100; i++) {
    if (numbers != NULL) numbers[i] = i;
    sum += i;
  }
  free(numbers);
  return sum;
}

int main(void) {
  return planted() == 4950 ? 0 : 1;
}
