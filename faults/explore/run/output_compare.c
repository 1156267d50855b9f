/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "output_compare.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../text/memory.h"
#include "../text/quote.h"

/* So much of the baseline's output is kept, to find out where the output of a run differs. */
#define TEXT_MAX_BYTES ((size_t)1 << 20)
#define PIECE_BYTES 16384
/* A longer line is compared as a whole, but only this beginning of it is quoted and searched. */
#define LINE_BYTES 512
#define SHOWN_BYTES 72 /* of a line */
#define SHOWN_BEFORE 24

void nomem__baseline_output_set(struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                const struct nomem__output *error) {
  nomem__baseline_output_free(baseline);
  *baseline = (struct nomem__baseline_output){
      .output_hash = output->hash, .error_hash = error->hash, .is_output_stable = true, .is_error_stable = true};
  size_t bytes = output->bytes < TEXT_MAX_BYTES ? output->bytes : TEXT_MAX_BYTES;
  baseline->text = nomem__malloc(bytes + 1);
  ssize_t length = pread(output->fd, baseline->text, bytes, 0);
  baseline->text_bytes = length > 0 ? (size_t)length : 0;
}

void nomem__baseline_output_compare(struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                    const struct nomem__output *error) {
  if (output->hash != baseline->output_hash) baseline->is_output_stable = false;
  if (error->hash != baseline->error_hash) baseline->is_error_stable = false;
}

void nomem__baseline_output_free(struct nomem__baseline_output *baseline) {
  free(baseline->text);
  *baseline = (struct nomem__baseline_output){0};
}

bool nomem__output_is_same(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                           const struct nomem__output *error) {
  return (!baseline->is_output_stable || output->hash == baseline->output_hash) &&
         (!baseline->is_error_stable || error->hash == baseline->error_hash);
}

/* The first line in which two outputs differ, each as far as it fits. An output that has ended has no such line. */
struct difference {
  uint64_t line; /* from 1; 0: they do not differ in what is kept of the baseline's */
  size_t byte;   /* the first that differs, from 0 */
  size_t column; /* the same, from the beginning of the line */
  bool is_at_end, was_at_end;
  char is[LINE_BYTES], was[LINE_BYTES];
};

static void copy_line(char line[LINE_BYTES], const char *text, size_t bytes) {
  const char *end = memchr(text, '\n', bytes);
  size_t length = end != NULL ? (size_t)(end - text) : bytes;
  if (length > LINE_BYTES - 1) length = LINE_BYTES - 1;
  memcpy(line, text, length);
  line[length] = '\0';
}

static struct difference find_difference(const struct nomem__baseline_output *baseline,
                                         const struct nomem__output *output) {
  struct difference difference = {.line = 1};
  char buffer[PIECE_BYTES];
  size_t at = 0, line_at = 0;
  ssize_t length = 0;
  bool differs = false;
  while (!differs && (length = pread(output->fd, buffer, sizeof buffer, (off_t)at)) > 0)
    for (ssize_t i = 0; i < length && !differs; i++, at += !differs) {
      differs = at >= baseline->text_bytes || buffer[i] != baseline->text[at];
      if (differs || buffer[i] != '\n') continue;
      line_at = at + 1;
      difference.line++;
    }
  if (baseline->text == NULL || (at >= baseline->text_bytes && baseline->text_bytes == TEXT_MAX_BYTES)) {
    difference.line = 0;
    return difference;
  }
  difference.byte = at;
  difference.column = at - line_at;
  length = pread(output->fd, buffer, sizeof buffer, (off_t)line_at);
  difference.is_at_end = length <= 0;
  difference.was_at_end = line_at >= baseline->text_bytes;
  copy_line(difference.is, buffer, length > 0 ? (size_t)length : 0);
  copy_line(difference.was, baseline->text + line_at, baseline->text_bytes - line_at);
  return difference;
}

/* Some programs report a failure where they write everything else, such as test drivers that print TAP. */
static bool reports_failure(const char *line) {
  static const char *const words[] = {"memory", "alloc", "nomem", "error", "fail", "cannot", "can't", "unable", "skip"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcasestr(line, words[i]) != NULL) return true;
  return false;
}

bool nomem__output_is_swallowed(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                const struct nomem__output *error) {
  if (!baseline->is_output_stable || output->hash == baseline->output_hash) return false;
  if (error->bytes > 0 && error->hash != baseline->error_hash) return false;
  struct difference difference = find_difference(baseline, output);
  return !reports_failure(difference.is);
}

/* Quotes what stands around the first byte that differs. */
static const char *quote_line(bool is_at_end, const char *line, size_t column, char text[NOMEM_QUOTE_BYTES]) {
  if (is_at_end) return "nothing";
  size_t length = strlen(line), from = column > SHOWN_BEFORE ? column - SHOWN_BEFORE : 0;
  if (from > length) from = length;
  while (from > 0 && ((unsigned char)line[from] & 0xc0) == 0x80) from--; /* not within a character */
  char part[SHOWN_BYTES + sizeof "......"];
  snprintf(part, sizeof part, "%s%.*s%s", from > 0 ? "..." : "", SHOWN_BYTES, line + from,
           length - from > SHOWN_BYTES ? "..." : "");
  return nomem__quote(part, text, NOMEM_QUOTE_BYTES);
}

void nomem__output_difference(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                              char *text, size_t text_bytes) {
  struct difference difference = find_difference(baseline, output);
  if (difference.line == 0) {
    snprintf(text, text_bytes, "its output differs after the first %zu bytes", TEXT_MAX_BYTES);
    return;
  }
  char is[NOMEM_QUOTE_BYTES], was[NOMEM_QUOTE_BYTES];
  const char *shown_is = quote_line(difference.is_at_end, difference.is, difference.column, is);
  const char *shown_was = quote_line(difference.was_at_end, difference.was, difference.column, was);
  if (strcmp(shown_is, shown_was) == 0) /* they differ in what is not quoted: far behind, or behind a zero byte */
    snprintf(text, text_bytes, "its output differs from byte %zu on, in line %" PRIu64, difference.byte + 1,
             difference.line);
  else
    snprintf(text, text_bytes, "line %" PRIu64 " of its output is %s, without the fault it is %s", difference.line,
             shown_is, shown_was);
}
