/* SPDX-License-Identifier: MIT */
/* Verdict corruption: its fallback is one byte too short, and only the block table notices. */
/* says: a block was written past its end */
#include <stdlib.h>
#include <string.h>

static char *volatile kept;

static __attribute__((noinline)) int planted(const char *text) {
  kept = malloc(100); /* fault */
  if (kept == NULL) {
#ifdef MENDED
    kept = malloc(strlen(text) + 1);
#else
    kept = malloc(strlen(text)); /* blow-up */
#endif
  }
  if (kept == NULL) return -1;
  strcpy(kept, text);
  return 0;
}

int main(int argc, char **argv) {
  (void)argv;
  return planted(argc > 0 ? "0123456789" : "") == 0 ? 0 : 1;
}
