/* SPDX-License-Identifier: MIT */
/* A test whose child asserts that the library can do it, and which waits for that child's word. With HANGS, it is the
 * library that waits for ever. */
#include <assert.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int library_do(void);

#ifdef LIBRARY
int library_do(void) {
  char *block = malloc(16);
#ifdef HANGS
  while (block == NULL) pause();
#endif
  if (block == NULL) return -1;
  free(block);
  return 0;
}
#else
int main(void) {
  int ends[2];
  char word = 'w';
  if (pipe(ends) != 0) return 1;
  pid_t child = fork();
  if (child == 0) {
    int result = library_do();
    assert(result == 0);
    _exit(write(ends[1], &word, 1) != 1);
  }
  if (read(ends[0], &word, 1) != 1) return 1; /* which never ends without it: the other end is open here, too */
  return waitpid(child, NULL, 0) != child;
}
#endif
