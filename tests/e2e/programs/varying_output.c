/* SPDX-License-Identifier: MIT */
/* Writes lines that are not the same in any two runs, and beside them lines that are; what it has no memory for it
 * leaves out, and says so only if MENDED. With an argument, its first line changes each second, and the lines are only
 * a cache, of which nothing is written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 3, CACHED = 200 };

static int copy_line(const char *line) {
  char *copy = malloc(strlen(line) + 1);
  if (copy == NULL) {
#ifdef MENDED
    fputs("out of memory\n", stderr);
#endif
    return 1;
  }
  strcpy(copy, line);
  puts(copy);
  free(copy);
  return 0;
}

static void fill_cache(time_t seconds) {
  static void *cache[CACHED];
  for (int i = 0; i < CACHED; i++) cache[i] = malloc((size_t)(i + 1));
  usleep(20000);
  printf("tick %c\n", (int)('a' + seconds % 26));
  for (int i = 0; i < CACHED; i++) free(cache[i]);
}

int main(int argc, char **argv) {
  static const char *const lines[LINES] = {"name: one", "licence: two", "version: three"};
  static char buffer[4096];
  struct timespec now;
  (void)argv;
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  clock_gettime(CLOCK_REALTIME, &now);
  if (argc > 1) {
    fill_cache(now.tv_sec);
    return 0;
  }
  printf("serial %ld\n", now.tv_nsec);
  int failed = 0;
  for (unsigned i = 0; i < LINES; i++) failed += copy_line(lines[i]);
  return 0 & failed;
}
