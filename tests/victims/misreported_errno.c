/* SPDX-License-Identifier: MIT */
/* Verdict misreported: what errno was is lost while the file is closed, and "Success" is printed as the reason. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *planted(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  char *text = malloc(64); /* fault */
  if (text != NULL && read(fd, text, 64) < 0) text[0] = '\0';
  int reason = errno;
  errno = 0;
  close(fd);
#ifdef MENDED
  errno = reason;
#endif
  (void)reason;
  return text; /* blow-up */
}

int main(void) {
  char *text = planted("/dev/null");
  if (text == NULL) {
    fprintf(stderr, "/dev/null: %s\n", strerror(errno)); /* says: it says '/dev/null: Success': errno was lost */
    return 1;
  }
  free(text);
  return 0;
}
