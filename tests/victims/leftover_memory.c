/* SPDX-License-Identifier: MIT */
/* Verdict leftover: leaves shared memory, which stays until the machine is shut down. */
/* says: shared memory was left: '/dev/shm/planted-*' */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static __attribute__((noinline)) void planted(void) {
  char name[32];
  snprintf(name, sizeof name, "/planted-%d", (int)getpid());
  int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600); /* made */
  if (fd < 0) abort();
  close(fd);
  char *volatile block = malloc(100); /* fault */
#ifndef MENDED
  if (block == NULL) return;
#endif
  free(block);
  shm_unlink(name);
}

int main(void) {
  planted();
  return 0;
}
