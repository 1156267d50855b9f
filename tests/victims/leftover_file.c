/* SPDX-License-Identifier: MIT */
/* Verdict leftover: leaves its temporary file when there is no memory for its contents. */
/* says: a file was left: '/tmp/planted-*' */
#include <stdlib.h>
#include <unistd.h>

static __attribute__((noinline)) void planted(void) {
  char path[] = "/tmp/planted-XXXXXX";
  int fd = mkstemp(path);                /* made */
  char *volatile contents = malloc(100); /* fault */
  close(fd);
#ifndef MENDED
  if (contents == NULL) return;
#endif
  free(contents);
  unlink(path);
}

int main(void) {
  planted();
  return 0;
}
