/* SPDX-License-Identifier: MIT */
/* Verdict leftover: without memory it uses a file instead, and forgets to remove it. Without a failure no file is
 * written, so the faster engines are used. */
/* says: a file was left: '/tmp/planted-*' */
#include <stdlib.h>
#include <unistd.h>

static __attribute__((noinline)) void planted(void) {
  char *volatile buffer = malloc(100); /* fault */
  if (buffer == NULL) {
    char path[] = "/tmp/planted-XXXXXX";
    close(mkstemp(path)); /* made */
#ifdef MENDED
    unlink(path);
#endif
  }
  free(buffer);
}

int main(void) {
  planted();
  return 0;
}
