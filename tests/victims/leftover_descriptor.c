/* SPDX-License-Identifier: MIT */
/* Verdict leftover: leaves a file open when there is no memory for its contents. */
/* says: is open: '/etc/passwd' */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static __attribute__((noinline)) void planted(void) {
  int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  char *volatile contents = malloc(100); /* fault */
#ifndef MENDED
  if (contents == NULL) return;
#endif
  if (contents != NULL && read(fd, contents, 100) < 0) contents[0] = '\0';
  free(contents);
  close(fd);
}

int main(void) {
  planted();
  return 0;
}
