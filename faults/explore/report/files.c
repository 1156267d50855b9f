/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../text/complain.h"
#include "../text/memory.h"
#include "../text/printable.h"
#include "../text/quote.h"
#include "../text/write_error.h"
#include "document.h"
#include "report.h"
#include "terminal.h"

/* How many names are tried for the temporary file beside a report. */
#define TEMPORARY_TRIES 100

static int (*const writers[NOMEM_REPORT_COUNT])(const json_t *document, FILE *out) = {
#define X(constant, function, option) [NOMEM_REPORT_##constant] = nomem__report_##function,
    NOMEM_REPORT_MAP(X)
#undef X
};

/* The option that names the file of the text. */
static const char text_option[] = "report";

/* A report that is being written. */
struct output {
  const char *asked; /* its path as the user gave it */
  char *path;        /* with links resolved; NULL: it is not a regular file, and is written to as it is */
  char *temporary;   /* the path of the file that will replace it */
  FILE *file;
};

static bool is_standard_output(const char *path) {
  return strcmp(path, "-") == 0;
}

static int complain(const struct output *output, const char *option, int error) {
  char quoted[NOMEM_QUOTE_BYTES];
  const char *how_to_correct = error == ENOENT   ? ": make its folder first"
                               : error == EISDIR ? ": name a file in it"
                                                 : "";
  nomem__complain("--%s: cannot write %s: %s%s", option, nomem__quote(output->asked, quoted, sizeof quoted),
                  strerror(error), how_to_correct);
  return -error;
}

static void discard(struct output *output) {
  if (output->file != NULL) fclose(output->file);
  nomem__memory_set_unfinished(NULL);
  if (output->temporary != NULL) unlink(output->temporary);
  free(output->temporary);
  free(output->path);
  *output = (struct output){.asked = output->asked};
}

/* Creates a new file beside path. Returns its descriptor and, in *name, its path, which is the caller's; or a negative
 * error code. */
static int create_beside(const char *path, char **name) {
  struct stat status;
  bool is_there = stat(path, &status) == 0;
  for (int try = 0; try < TEMPORARY_TRIES; try++) {
    char *tried = nomem__format("%s.%d-%d", path, (int)getpid(), try);
    int descriptor = open(tried, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    int error = errno;
    if (descriptor >= 0) {
      if (is_there) fchmod(descriptor, status.st_mode & 0777);
      *name = tried;
      return descriptor;
    }
    free(tried);
    if (error != EEXIST) return -error;
  }
  return -EEXIST;
}

static int open_temporary(struct output *output) {
  char *name = NULL;
  int descriptor = create_beside(output->path, &name);
  if (descriptor < 0) return -descriptor;
  output->temporary = name;
  nomem__memory_set_unfinished(name);
  output->file = nomem__checked(fdopen(descriptor, "w"));
  if (output->file != NULL) return 0;
  int error = errno;
  close(descriptor);
  return error;
}

/* Returns 0 or an errno value. */
static int open_output(struct output *output, const char *asked) {
  struct stat status;
  *output = (struct output){.asked = asked};
  if (stat(asked, &status) == 0 && !S_ISREG(status.st_mode)) { /* no file replaces a pipe or /dev/null */
    if (S_ISDIR(status.st_mode)) return EISDIR;
    output->file = nomem__checked(fopen(asked, "we"));
    return output->file != NULL ? 0 : errno;
  }
  output->path = nomem__checked(realpath(asked, NULL));
  if (output->path == NULL && errno == ENOENT) output->path = nomem__strdup(asked);
  return output->path != NULL ? open_temporary(output) : errno;
}

static int close_output(struct output *output) {
  int error = -nomem__flush(output->file);
  if (fclose(output->file) != 0 && error == 0) error = errno;
  output->file = NULL;
  if (error == 0 && output->temporary != NULL) {
    if (rename(output->temporary, output->path) != 0) return errno;
    nomem__memory_set_unfinished(NULL);
    free(output->temporary);
    output->temporary = NULL;
  }
  return error;
}

static int check_one(const char *option, const char *path) {
  struct stat status;
  struct output output = {.asked = path};
  if (path == NULL || is_standard_output(path)) return 0;
  /* Opening a pipe would wait for its reader, and closing it would end the reader's input. */
  if (stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
    return access(path, W_OK) == 0 ? 0 : complain(&output, option, errno);
  int error = open_output(&output, path);
  discard(&output);
  return error != 0 ? complain(&output, option, error) : 0;
}

int nomem__reports_check(const struct nomem__options *options) {
  int result = check_one(text_option, options->text_path);
  for (unsigned kind = 0; kind < NOMEM_REPORT_COUNT && result == 0; kind++)
    result = check_one(nomem__report_options[kind], options->reports[kind]);
  return result;
}

static int write_one(enum nomem__report kind, const char *path, const json_t *document) {
  struct output output = {.asked = path};
  if (is_standard_output(path)) {
    int result = writers[kind](document, stdout);
    return result != 0 && !ferror(stdout) ? complain(&output, nomem__report_options[kind], -result)
                                          : result; /* main says why */
  }
  int error = open_output(&output, path);
  if (error == 0) error = -writers[kind](document, output.file);
  if (output.file != NULL && ferror(output.file)) error = -nomem__flush(output.file);
  if (error == 0) error = close_output(&output);
  discard(&output);
  return error != 0 ? complain(&output, nomem__report_options[kind], error) : 0;
}

bool nomem__reports_have_standard_output(const struct nomem__options *options) {
  for (unsigned kind = 0; kind < NOMEM_REPORT_COUNT; kind++)
    if (options->reports[kind] != NULL && is_standard_output(options->reports[kind])) return true;
  return false;
}

/* Where the text goes when it has no file. */
static FILE *text_stream(const struct nomem__options *options) {
  if (options->text_path != NULL) return stdout;
  return options->is_wrapper || nomem__reports_have_standard_output(options) ? stderr : stdout;
}

/* Opens the file of the text, if it has one. Returns what to print to, which is to be closed by close_text; NULL, after
 * one line on standard error: it cannot be opened. */
static FILE *open_text(const struct nomem__options *options, struct output *output) {
  const char *path = options->text_path;
  *output = (struct output){0};
  if (path == NULL || is_standard_output(path)) return text_stream(options);
  int error = open_output(output, path);
  if (error != 0) complain(output, text_option, error);
  return error == 0 ? output->file : NULL;
}

static int close_text(struct output *output) {
  if (output->file == NULL) return 0;
  int error = close_output(output);
  discard(output);
  return error != 0 ? complain(output, text_option, error) : 0;
}

int nomem__report_note(const struct nomem__options *options, const char *line) {
  struct output output;
  if (options->text_path == NULL || is_standard_output(options->text_path)) return 0;
  FILE *out = open_text(options, &output);
  if (out == NULL) return -EIO;
  fputs("nomem: ", out);
  nomem__print_safe(out, line);
  fputc('\n', out);
  return close_text(&output);
}

bool nomem__reports_are_wanted(const struct nomem__options *options) {
  for (unsigned kind = 0; kind < NOMEM_REPORT_COUNT; kind++)
    if (options->reports[kind] != NULL) return true;
  return false;
}

int nomem__reports_write(const struct nomem__options *options, const json_t *document, nomem__text_func *print_text) {
  struct output output;
  FILE *out = open_text(options, &output);
  if (out != NULL) print_text(document, options->quiet, options->verbose, nomem__screen_open(out));
  nomem__screen_close();
  int printed = out != NULL ? close_text(&output) : -EIO, result = 0;
  for (unsigned kind = 0; kind < NOMEM_REPORT_COUNT; kind++) {
    if (options->reports[kind] == NULL) continue;
    int one = write_one((enum nomem__report)kind, options->reports[kind], document);
    if (result == 0) result = one;
  }
  return result != 0 ? result : printed;
}
