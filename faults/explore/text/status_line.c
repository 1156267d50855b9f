/* SPDX-License-Identifier: MIT */
#include "status_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool nomem__status_line_is_possible(void) {
  const char *terminal = getenv("TERM");
  return isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

void nomem__status_line_draw(const char *text) {
  struct winsize size;
  bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  size_t bytes = strlen(text);
  /* The last column stays free: some terminals go on to the next line when it is written to. */
  if (is_known && bytes > size.ws_col - 1U) bytes = size.ws_col - 1U;
  fprintf(stderr, "\r%.*s\033[K", (int)bytes, text);
  fflush(stderr);
}

void nomem__status_line_erase(void) {
  fputs("\r\033[K", stderr);
}
