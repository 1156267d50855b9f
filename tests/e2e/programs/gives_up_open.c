/* SPDX-License-Identifier: MIT */
/* A program that reports a failure and gives up. A descriptor that main() has then it may leave to the kernel; one that
 * a function opened that main() called, and that main() does not know of, is left over: with LOSES, and with
 * LOSES_STREAM a stream. With KEEPS main() leaves its own, with HANDS_OUT one that the function had put into its
 * variables, and with OPENS_LATE the function leaves one that it opens to report the failure. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct source {
  int fd;
  char *text;
};

static const char path[] = "/etc/passwd";

__attribute__((noinline)) static int load(struct source *source) {
#ifdef LOSES_STREAM
  FILE *stream = fopen(path, "r");
  if (stream == NULL) return -1;
  int fd = fileno(stream);
#else
  int fd = open(path, O_RDONLY);
#endif
#ifdef HANDS_OUT
  source->fd = fd;
#endif
  char *text = malloc(50);
  if (text == NULL) {
#ifdef OPENS_LATE
    dprintf(open("/dev/null", O_WRONLY), "no memory\n");
#endif
#if !defined(LOSES) && !defined(LOSES_STREAM) && !defined(HANDS_OUT)
    close(fd);
#endif
    return -1;
  }
  source->text = text;
#ifdef LOSES_STREAM
  fclose(stream);
#else
  close(fd);
#endif
  return 0;
}

int main(void) {
  struct source source = {.fd = -1};
#ifdef KEEPS
  source.fd = open(path, O_RDONLY);
#endif
  char *volatile name = malloc(20);
  if (name == NULL || load(&source) != 0) {
    fputs("no memory\n", stderr);
    return 1;
  }
#ifdef KEEPS
  close(source.fd);
#endif
  free(source.text);
  free(name);
  return 0;
}
