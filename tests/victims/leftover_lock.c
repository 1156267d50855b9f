/* SPDX-License-Identifier: MIT */
/* Verdict leftover: never releases a lock when memory runs out while it is held. */
/* says: /planted.lock' */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static __attribute__((noinline)) void planted(void) {
  int fd = open("planted.lock", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* made */
  if (fd < 0) abort();
  close(fd);
  char *volatile block = malloc(100); /* fault */
#ifndef MENDED
  if (block == NULL) return;
#endif
  free(block);
  unlink("planted.lock");
}

int main(void) {
  planted();
  return 0;
}
