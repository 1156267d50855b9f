/* SPDX-License-Identifier: MIT */
/* Loaded and unloaded by hard.c. */
#include <stdlib.h>

void plugin_work(void);
void plugin_work(void) {
  for (int i = 0; i < 5; i++) {
    char *volatile block = malloc(4321);
    if (block != NULL) *block = 1;
    free(block);
  }
}
