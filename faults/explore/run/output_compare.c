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
#include "failure_words.h"
#include "shown_line.h"

/* So much of the baseline's output is kept, to find out where the output of a run differs. */
#define TEXT_MAX_BYTES ((size_t)1 << 20)
#define PIECE_BYTES 16384

/* What is read of a stream. The caller frees the text. */
static struct nomem__output_text read_text(const struct nomem__output *stream) {
  size_t bytes = stream->bytes < TEXT_MAX_BYTES ? stream->bytes : TEXT_MAX_BYTES;
  char *text = nomem__malloc(bytes + 1);
  ssize_t length = pread(stream->fd, text, bytes, 0);
  return (struct nomem__output_text){.text = text, .bytes = length > 0 ? (size_t)length : 0};
}

static void add_text(struct nomem__baseline_stream *baseline, const struct nomem__output *stream) {
  if (stream->bytes > TEXT_MAX_BYTES) baseline->is_cut = true;
  if (baseline->text_count == NOMEM__BASELINE_TEXTS) return;
  baseline->texts[baseline->text_count++] = read_text(stream);
  if (!baseline->is_cut) nomem__stable_lines_learn(&baseline->lines, baseline->texts, baseline->text_count);
}

static void set_stream(struct nomem__baseline_stream *baseline, const struct nomem__output *stream) {
  *baseline = (struct nomem__baseline_stream){.hash = stream->hash, .bytes = stream->bytes, .is_stable = true};
  add_text(baseline, stream);
}

static void compare_stream(struct nomem__baseline_stream *baseline, const struct nomem__output *stream) {
  if (stream->hash == baseline->hash) return;
  baseline->is_stable = false;
  add_text(baseline, stream);
}

static void free_stream(struct nomem__baseline_stream *baseline) {
  for (size_t i = 0; i < baseline->text_count; i++) free((char *)baseline->texts[i].text);
  nomem__stable_lines_free(&baseline->lines);
}

void nomem__baseline_output_set(struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                const struct nomem__output *error) {
  nomem__baseline_output_free(baseline);
  set_stream(&baseline->output, output);
  set_stream(&baseline->error, error);
}

void nomem__baseline_output_compare(struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                    const struct nomem__output *error) {
  compare_stream(&baseline->output, output);
  compare_stream(&baseline->error, error);
}

void nomem__baseline_output_free(struct nomem__baseline_output *baseline) {
  free_stream(&baseline->output);
  free_stream(&baseline->error);
  *baseline = (struct nomem__baseline_output){0};
}

/* The first line in which two outputs differ, each as far as it fits. An output that has ended has no such line. */
struct difference {
  uint64_t line; /* from 1; 0: they do not differ in what is kept of the baseline's */
  size_t byte;   /* the first that differs, from 0 */
  size_t column; /* the same, from the beginning of the line */
  bool is_at_end, was_at_end;
  char is[NOMEM__LINE_BYTES], was[NOMEM__LINE_BYTES];
};

static struct difference find_difference(const struct nomem__baseline_stream *baseline,
                                         const struct nomem__output *output) {
  struct difference difference = {.line = 1};
  char buffer[PIECE_BYTES];
  size_t at = 0, line_at = 0;
  ssize_t length = 0;
  bool is_found = false;
  while (!is_found && (length = pread(output->fd, buffer, sizeof buffer, (off_t)at)) > 0)
    for (ssize_t i = 0; i < length && !is_found; i++, at += !is_found) {
      is_found = at >= baseline->texts[0].bytes || buffer[i] != baseline->texts[0].text[at];
      if (is_found || buffer[i] != '\n') continue;
      line_at = at + 1;
      difference.line++;
    }
  if (baseline->text_count == 0 || (at >= baseline->texts[0].bytes && baseline->texts[0].bytes == TEXT_MAX_BYTES)) {
    difference.line = 0;
    return difference;
  }
  difference.byte = at;
  difference.column = at - line_at;
  length = pread(output->fd, buffer, sizeof buffer, (off_t)line_at);
  difference.is_at_end = length <= 0;
  difference.was_at_end = line_at >= baseline->texts[0].bytes;
  nomem__line_copy(difference.is, buffer, length > 0 ? (size_t)length : 0);
  nomem__line_copy(difference.was, baseline->texts[0].text + line_at, baseline->texts[0].bytes - line_at);
  return difference;
}

/* What differs, line by line. */
static struct nomem__line_difference compare_lines(const struct nomem__baseline_stream *baseline,
                                                   const struct nomem__output *stream, bool *is_reported) {
  struct nomem__output_text text = read_text(stream);
  struct nomem__line_difference difference =
      nomem__stable_lines_compare(&baseline->lines, text, nomem__line_reports_failure, is_reported);
  const struct nomem__output_text *first = &baseline->texts[0];
  if (baseline->is_stable && text.bytes > 0 && first->bytes > 0)
    difference.is_reordered |= text.text[text.bytes - 1] != first->text[first->bytes - 1];
  free((char *)text.text);
  return difference;
}

/* Whether a stream differs in more than it varies; whether a line that is new there reports a failure. */
static bool differs(const struct nomem__baseline_stream *baseline, const struct nomem__output *stream,
                    bool *is_reported) {
  *is_reported = false;
  if (stream->hash == baseline->hash) return false;
  if (baseline->is_cut) {
    struct difference difference = find_difference(baseline, stream);
    *is_reported = nomem__line_reports_failure(difference.is, strlen(difference.is));
    return baseline->is_stable;
  }
  struct nomem__line_difference difference = compare_lines(baseline, stream, is_reported);
  bool is_cut = baseline->is_stable && stream->bytes > TEXT_MAX_BYTES;
  return is_cut || difference.missing != 0 || difference.added != 0 || difference.is_reordered;
}

/* What was the same twice may have been so by chance: a duration, say, as test frameworks print. */
static bool is_same_stream(const struct nomem__baseline_stream *baseline, const struct nomem__output *stream) {
  bool is_reported;
  return !baseline->is_stable || !differs(baseline, stream, &is_reported);
}

bool nomem__output_is_same(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                           const struct nomem__output *error) {
  return is_same_stream(&baseline->output, output) && is_same_stream(&baseline->error, error);
}

/* Whether a run wrote more to standard error than runs without a fault may write there. */
static bool has_said_more(const struct nomem__baseline_stream *baseline, const struct nomem__output *error) {
  bool is_reported;
  if (error->bytes == 0 || error->hash == baseline->hash) return false;
  if (baseline->is_cut || baseline->lines.has_ignored_line) return true;
  return compare_lines(baseline, error, &is_reported).added != 0 || is_reported;
}

bool nomem__output_differs(const struct nomem__baseline_output *baseline, const struct nomem__output *output) {
  bool is_reported;
  return differs(&baseline->output, output, &is_reported);
}

bool nomem__output_mentions_failure(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                    const struct nomem__output *error) {
  bool is_reported;
  differs(&baseline->output, output, &is_reported);
  return is_reported || has_said_more(&baseline->error, error);
}

bool nomem__output_is_gone(const struct nomem__baseline_output *baseline, const struct nomem__output *output) {
  const struct nomem__baseline_stream *stream = &baseline->output;
  for (size_t i = 0; i < stream->text_count; i++)
    if (stream->texts[i].bytes == 0) return false;
  return output->bytes == 0 && stream->text_count > 0;
}

bool nomem__output_is_never_there(const struct nomem__baseline_output *baseline) {
  for (size_t i = 0; i < baseline->output.text_count; i++)
    if (baseline->output.texts[i].bytes > 0) return false;
  return baseline->output.text_count > 0;
}

void nomem__output_note(const struct nomem__baseline_output *baseline, char *text, size_t text_bytes) {
  const struct nomem__baseline_stream *stream = &baseline->output;
  const struct nomem__stable_lines *lines = &stream->lines;
  text[0] = '\0';
  if (stream->is_stable || text_bytes == 0) return;
  if (stream->is_cut)
    snprintf(text, text_bytes, "standard output varies without any fault and is longer than 1 MiB: it is not compared");
  else
    snprintf(text, text_bytes,
             "standard output varies without any fault: of its %zu lines, %zu are not compared, %zu in part, and not "
             "their order",
             lines->line_count, lines->ignored_lines, lines->varying_lines);
}

static bool has_word(const struct nomem__output_text *text, const char *word) {
  size_t length = strlen(word);
  for (size_t i = 0; i + length <= text->bytes; i++)
    if (strncasecmp(text->text + i, word, length) == 0) return true;
  return false;
}

static bool speaks_of_memory(const struct nomem__output_text *text) {
  return has_word(text, "memory") || has_word(text, "ENOMEM");
}

bool nomem__output_speaks_of_memory(const struct nomem__output *error) {
  if (error->bytes == 0) return false;
  struct nomem__output_text written = read_text(error);
  bool result = speaks_of_memory(&written) || has_word(&written, "alloc");
  free((char *)written.text);
  return result;
}

/* Whether a line ends with what strerror says of no error, as perror and most programs write it. */
static bool ends_with_success(const char *line, size_t bytes) {
  static const char *const ends[] = {": Success", "(Success)", ": error 0", "(error 0)", "(errno 0)", "(errno=0)"};
  while (bytes > 0 && strchr(".!\r ", line[bytes - 1]) != NULL) bytes--;
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    size_t length = strlen(ends[i]);
    if (bytes > length && memcmp(line + bytes - length, ends[i], length) == 0) return true;
  }
  return false;
}

static bool says_success_anyway(const struct nomem__baseline_stream *baseline) {
  for (size_t i = 0; i < baseline->text_count; i++)
    if (has_word(&baseline->texts[i], "success")) return true;
  return baseline->is_cut || baseline->text_count == 0;
}

/* Where the output varies, the lines that differ may stand anywhere. */
static void describe_lines(const struct nomem__baseline_stream *baseline, const struct nomem__output *output,
                           char *text, size_t text_bytes) {
  bool is_reported;
  char quoted[NOMEM_QUOTE_BYTES];
  struct nomem__line_difference difference = compare_lines(baseline, output, &is_reported);
  if (difference.missing != 0) {
    const char *line = nomem__line_quote_text(nomem__output_line(baseline->texts[0], difference.missing), quoted);
    snprintf(text, text_bytes, "its output lacks line %zu of what it is without the fault, %s", difference.missing,
             line);
    return;
  }
  struct nomem__output_text all = read_text(output);
  const char *line = nomem__line_quote_text(nomem__output_line(all, difference.added), quoted);
  snprintf(text, text_bytes, "line %zu of its output is %s, which is not there without the fault", difference.added,
           line);
  free((char *)all.text);
}

/* Where it does not, the first byte that differs is shown. */
static void describe_bytes(const struct nomem__baseline_stream *baseline, const struct nomem__output *output,
                           char *text, size_t text_bytes) {
  struct difference difference = find_difference(baseline, output);
  if (difference.line == 0) {
    snprintf(text, text_bytes, "its output differs after the first %zu bytes", TEXT_MAX_BYTES);
    return;
  }
  char is[NOMEM_QUOTE_BYTES], was[NOMEM_QUOTE_BYTES];
  const char *shown_is = nomem__line_quote(difference.is_at_end, difference.is, difference.column, is);
  const char *shown_was = nomem__line_quote(difference.was_at_end, difference.was, difference.column, was);
  if (strcmp(shown_is, shown_was) == 0) /* they differ in what is not quoted: far behind, or behind a zero byte */
    snprintf(text, text_bytes, "its output differs from byte %zu on, in line %" PRIu64, difference.byte + 1,
             difference.line);
  else
    snprintf(text, text_bytes, "line %" PRIu64 " of its output is %s, without the fault it is %s", difference.line,
             shown_is, shown_was);
}

/* Whether the first byte that differs is in the first line that differs in more than what always may. */
static bool shows_first_byte(const struct nomem__baseline_stream *baseline, const struct nomem__output *output) {
  bool is_reported;
  if (baseline->is_cut) return true;
  if (!baseline->is_stable) return false;
  struct nomem__line_difference difference = compare_lines(baseline, output, &is_reported);
  size_t line = find_difference(baseline, output).line;
  bool is_nowhere = difference.missing == 0 && difference.added == 0;
  return is_nowhere || line == difference.missing || line == difference.added;
}

void nomem__output_difference(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                              char *text, size_t text_bytes) {
  if (shows_first_byte(&baseline->output, output))
    describe_bytes(&baseline->output, output, text, text_bytes);
  else
    describe_lines(&baseline->output, output, text, text_bytes);
}

/* Quotes the first line that ends so. */
static void describe_success(struct nomem__output_text text, char *sentence, size_t sentence_bytes) {
  char quoted[NOMEM_QUOTE_BYTES];
  struct nomem__output_text line = {0};
  size_t number = 1;
  do line = nomem__output_line(text, number++);
  while (line.text != NULL && !ends_with_success(line.text, line.bytes));
  snprintf(sentence, sentence_bytes, "it says %s: errno was lost", nomem__line_quote_text(line, quoted));
}

bool nomem__output_says_success(const struct nomem__baseline_output *baseline, const struct nomem__output *error,
                                char *text, size_t text_bytes) {
  bool result = false;
  const struct nomem__baseline_stream *stream = &baseline->error;
  if (error->bytes == 0 || error->hash == stream->hash || says_success_anyway(stream)) return false;
  struct nomem__output_text written = read_text(error);
  if (!speaks_of_memory(&written)) nomem__stable_lines_compare(&stream->lines, written, ends_with_success, &result);
  if (result && text != NULL) describe_success(written, text, text_bytes);
  free((char *)written.text);
  return result;
}

/* Quotes the first line that says so. */
static void quote_said(struct nomem__output_text text, bool (*is_said)(const char *line, size_t bytes), char *quoted,
                       size_t quoted_bytes) {
  char copy[NOMEM__LINE_BYTES];
  struct nomem__output_text line = {0};
  size_t number = 1;
  do line = nomem__output_line(text, number++);
  while (line.text != NULL && !is_said(line.text, line.bytes));
  nomem__line_copy(copy, line.text != NULL ? line.text : "", line.bytes);
  nomem__quote(copy + strspn(copy, " \t"), quoted, quoted_bytes);
}

static bool stream_says(const struct nomem__baseline_stream *baseline, const struct nomem__output *stream,
                        bool (*is_said)(const char *line, size_t bytes), char *text, size_t text_bytes) {
  bool result = false;
  if (stream->bytes == 0 || stream->hash == baseline->hash || baseline->is_cut) return false;
  struct nomem__output_text written = read_text(stream);
  nomem__stable_lines_compare(&baseline->lines, written, is_said, &result);
  if (result && text != NULL) quote_said(written, is_said, text, text_bytes);
  free((char *)written.text);
  return result;
}

bool nomem__output_says(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                        const struct nomem__output *error, bool (*is_said)(const char *line, size_t bytes), char *text,
                        size_t text_bytes) {
  return stream_says(&baseline->error, error, is_said, text, text_bytes) ||
         stream_says(&baseline->output, output, is_said, text, text_bytes);
}
