/* SPDX-License-Identifier: MIT */
/* What the command explores while its own allocations fail: little, but with findings of several kinds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void careful(void) {
  char *block = malloc(100);
  if (block == NULL) return;
  memset(block, 0, 100);
  free(block);
}

static void careless(void) {
  char *volatile block = malloc(200);
  block[0] = 'x';
  free(block);
}

static void loses(void) {
  char *first = malloc(300), *second = malloc(400);
  if (second == NULL) return; /* and the first is lost */
  free(first);
  free(second);
}

/* A hang, with --hang. */
static void waits(void) {
  char *block = malloc(500);
  while (block == NULL) pause();
  free(block);
}

int main(int argc, char **argv) {
  int hangs = argc > 1 && strcmp(argv[1], "--hang") == 0;
  careful();
  if (hangs) {
    waits();
    return 0;
  }
  careless();
  loses();
  return 0;
}
