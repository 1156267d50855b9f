/* SPDX-License-Identifier: MIT */
/* Gives up where anything fails. With THREADS, another thread does it all; with DATA, that file of coverage data is cut
 * then. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../box.h"

static void *fill(void *unused) {
  struct box *box = box_new("a label");
  int result = box == NULL ? -1 : box_copy(box);
  if (result == 0) result = box_fill(box, 10);
  if (result == 0) result = box_spare(box);
  if (box != NULL) box_free(box);
  return result == 0 ? unused : NULL;
}

/* As a run that is killed while it writes. */
static void damage(void) {
#ifdef DATA
  static char path[4096];
  const char *prefix = getenv("GCOV_PREFIX");
  if (prefix == NULL || strlen(prefix) + sizeof DATA > sizeof path) abort();
  if (truncate(strcat(strcpy(path, prefix), DATA), 50) != 0) path[0] = '\0';
#endif
}

int main(void) {
  static int done;
#ifdef THREADS
  pthread_t thread;
  void *result = NULL;
  if (pthread_create(&thread, NULL, fill, &done) != 0) return 1;
  pthread_join(thread, &result);
#else
  void *result = fill(&done);
#endif
  if (result == NULL) damage();
  return result == NULL;
}
