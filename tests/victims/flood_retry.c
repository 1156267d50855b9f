/* SPDX-License-Identifier: MIT */
/* Verdict flood, for a persistent fault only: tries again for ever, and complains each time. If nobody ends it, it
 * falls silent after 256 MiB, before the machine's memory is full. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef MENDED
#define TRIES 3
#else
#define TRIES 0
#endif

#define LINES_MAX 65536

static __attribute__((noinline)) void *planted(void) {
  static char line[4096];
  void *block;
  int tries = 0;
  memset(line, '.', sizeof line - 1);
  memcpy(line, "\nout of memory, trying again", strlen("\nout of memory, trying again"));
  line[sizeof line - 1] = '\n';
  while ((block = malloc(100)) == NULL) { /* fault */
    if (++tries == TRIES) return NULL;
    while (tries > LINES_MAX) pause();
    if (write(2, line, sizeof line) < 0) return NULL; /* says: writes more than 64 MiB */
  }
  return block;
}

int main(void) {
  void *block = planted();
  int is_there = block != NULL;
  free(block);
  return is_there ? 0 : 1;
}
