/* SPDX-License-Identifier: MIT */
/* Takes its time before it allocates anything, so that a run which is started anew is slow, and one that begins later
 * is not. Of its 40 calls, all of one line, only the failure of the last one does harm; with MENDED, none. */
#include <poll.h>
#include <stdlib.h>

#define START_MS 70
#define CALLS 40

static char *volatile first; /* lest the compiler see through it */
static unsigned calls;

static void use(void *block) {
  calls++;
#ifndef MENDED
  if (block == NULL && calls == CALLS && first != NULL) first[24] = 0x21;
#endif
  free(block);
}

#define ONE use(malloc(200));
#define TEN ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE

static void planted(void) {
  first = malloc(24);
  TEN TEN TEN TEN free(first);
}

int main(void) {
  poll(NULL, 0, START_MS);
  planted();
  return 0;
}
