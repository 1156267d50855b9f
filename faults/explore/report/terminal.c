/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *const sequences[] = {
    [NOMEM_COLOUR_VERDICT] = "\033[1;31m",
    [NOMEM_COLOUR_PLACE] = "\033[1m",
    [NOMEM_COLOUR_MARK] = "\033[33m",
    [NOMEM_COLOUR_GUTTER] = "\033[34m",
};

static bool is_set(const char *name) {
  const char *value = getenv(name);
  return value != NULL && *value != '\0';
}

bool nomem__is_coloured(FILE *out) {
  const char *force = getenv("CLICOLOR_FORCE"), *terminal = getenv("TERM");
  if (is_set("NO_COLOR")) return false;
  if (force != NULL && *force != '\0' && strcmp(force, "0") != 0) return true;
  return isatty(fileno(out)) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

void nomem__colour_begin(FILE *out, enum nomem__colour colour) {
  if (nomem__is_coloured(out)) fputs(sequences[colour], out);
}

void nomem__colour_end(FILE *out) {
  if (nomem__is_coloured(out)) fputs("\033[0m", out);
}

unsigned nomem__terminal_columns(FILE *out) {
  struct winsize size;
  return isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
