/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../text/fold.h"
#include "../text/memory_stream.h"

static const char *const sequences[] = {
    [NOMEM_COLOUR_VERDICT] = "\033[1;31m",
    [NOMEM_COLOUR_PLACE] = "\033[1m",
    [NOMEM_COLOUR_MARK] = "\033[33m",
    [NOMEM_COLOUR_GUTTER] = "\033[34m",
};

/* The text that is on its way to a terminal. */
static struct {
  FILE *terminal, *stream; /* NULL: none is */
  unsigned columns;
  struct nomem__memory_stream text;
} screen;

static bool is_screen(const FILE *out) {
  return screen.stream != NULL && out == screen.stream;
}

static FILE *find_terminal(FILE *out) {
  return is_screen(out) ? screen.terminal : out;
}

static bool is_set(const char *name) {
  const char *value = getenv(name);
  return value != NULL && *value != '\0';
}

bool nomem__is_coloured(FILE *out) {
  const char *force = getenv("CLICOLOR_FORCE"), *terminal = getenv("TERM");
  if (is_set("NO_COLOR")) return false;
  if (force != NULL && *force != '\0' && strcmp(force, "0") != 0) return true;
  return isatty(fileno(find_terminal(out))) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

void nomem__colour_begin(FILE *out, enum nomem__colour colour) {
  if (nomem__is_coloured(out)) fputs(sequences[colour], out);
}

void nomem__colour_end(FILE *out) {
  if (nomem__is_coloured(out)) fputs("\033[0m", out);
}

unsigned nomem__terminal_columns(FILE *out) {
  return nomem__fold_columns(fileno(find_terminal(out)));
}

FILE *nomem__screen_open(FILE *out) {
  unsigned columns = nomem__terminal_columns(out);
  if (columns < NOMEM_FOLD_COLUMNS_MIN) return out;
  screen.terminal = out;
  screen.columns = columns;
  screen.stream = nomem__memory_stream_open(&screen.text);
  return screen.stream;
}

void nomem__screen_close(void) {
  if (screen.stream == NULL) return;
  char *text = nomem__memory_stream_close(&screen.text);
  nomem__fold(screen.terminal, text, screen.columns);
  free(text);
  screen.stream = NULL;
}

void nomem__screen_hang(FILE *out) {
  if (is_screen(out)) fputc(NOMEM_FOLD_HANG, out);
}

void nomem__screen_command(FILE *out) {
  if (is_screen(out)) fputc(NOMEM_FOLD_COMMAND, out);
}
