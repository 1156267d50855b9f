/* SPDX-License-Identifier: MIT */
/* LeakSanitizer: detected memory leaks. The handler of bad_alloc loses what it already had, and the program goes on. */
#include <new>

static int *volatile halves[2];

static __attribute__((noinline)) void planted() {
  try {
    halves[0] = new int[25]; /* blow-up */
    halves[1] = new int[50]; /* fault */
  } catch (const std::bad_alloc &) {
#ifndef MENDED
    halves[0] = nullptr;
#endif
  }
  delete[] halves[0];
  delete[] halves[1];
}

/* What was on the stack while the exception was on its way may else be taken for a pointer that is still there. */
static __attribute__((noinline, no_sanitize_address)) void wipe_stack() {
  volatile char below[16384];
  for (volatile char &byte : below) byte = 0;
}

int main() {
  planted();
  wipe_stack();
  return 0;
}
