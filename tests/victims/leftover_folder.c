/* SPDX-License-Identifier: MIT */
/* Verdict leftover: leaves a folder and its contents. */
/* says: a folder was left: '/tmp/planted-*' */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static __attribute__((noinline)) void planted(void) {
  char folder[] = "/tmp/planted-XXXXXX", inner[64];
  if (mkdtemp(folder) == NULL) abort(); /* made */
  snprintf(inner, sizeof inner, "%s/inner", folder);
  mkfifo(inner, 0600);
  char *volatile block = malloc(100); /* fault */
#ifndef MENDED
  if (block == NULL) return;
#endif
  free(block);
  unlink(inner);
  rmdir(folder);
}

int main(void) {
  planted();
  return 0;
}
