/* SPDX-License-Identifier: MIT */
/* Opens a temporary file of another name each time, removes it, and leaves it open when memory runs out. */
#include <stdlib.h>
#include <unistd.h>

static __attribute__((noinline)) void leaves_open(size_t size) {
  char path[] = "/tmp/open-XXXXXX";
  int fd = mkstemp(path);
  unlink(path);
  char *volatile block = malloc(size);
  if (block == NULL) return;
  free(block);
  close(fd);
}

int main(void) {
  leaves_open(10);
  leaves_open(20);
  return 0;
}
