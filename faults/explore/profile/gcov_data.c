/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "gcov_data.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../text/complain.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "../text/regular_file.h"
#include "source_paths.h"
#include "tool_output.h"

/* So many files are read by one process. */
#define FILES_AT_ONCE 100
/* A line has no more ways out of it that anybody would look at. */
#define WAYS_MAX 64
#define DATA_END ".gcda"
#define NOTES_END ".gcno"

const char *nomem__gcov_name(void) {
  return nomem__tool_name("NOMEM_GCOV", "gcov");
}

/* Data lies at FOLDER/absolute/path.gcda, the notes at /absolute/path.gcno. */
static void link_notes(const char *folder, const char *file) {
  const char *original = file + strlen(folder);
  int length = (int)(strlen(original) - strlen(DATA_END));
  char *notes = nomem__format("%.*s" NOTES_END, length, original);
  char *beside = nomem__format("%s%.*s" NOTES_END, folder, length, original);
  if (symlink(notes, beside) != 0) errno = 0; /* it is there, or gcov says that it is not */
  free(notes);
  free(beside);
}

/* A way that is taken by an exception is none of a condition. */
static void read_ways(const json_t *line, uint64_t *taken, struct nomem__line_report *report) {
  const json_t *branches = json_object_get(line, "branches");
  for (size_t i = 0; i < json_array_size(branches); i++) {
    const json_t *branch = json_array_get(branches, i);
    if (json_is_true(json_object_get(branch, "throw"))) continue;
    if (report->taken_count < WAYS_MAX)
      taken[report->taken_count++] = nomem__json_count(branch, "count");
    else
      report->is_ambiguous = true;
  }
  report->is_ambiguous |= report->taken_count % 2 != 0;
  report->taken = taken;
}

static void read_file(const json_t *source, const char *directory, enum nomem__coverage_phase phase,
                      struct nomem__line_counts *counts) {
  const json_t *lines = json_object_get(source, "lines");
  char *path = nomem__source_path(directory, nomem__json_string(source, "file"));
  struct nomem__counted_file *file = nomem__line_counts_file(counts, path);
  for (size_t i = 0; i < json_array_size(lines); i++) {
    const json_t *line = json_array_get(lines, i);
    uint64_t taken[WAYS_MAX];
    struct nomem__line_report report = {.number = (unsigned)nomem__json_count(line, "line_number"),
                                        .reached = nomem__json_count(line, "count")};
    read_ways(line, taken, &report);
    nomem__line_counts_add(file, phase, &report);
  }
  free(path);
}

/* gcov prints one document for each file. Returns how many there were. */
static size_t read_documents(const char *text, size_t bytes, enum nomem__coverage_phase phase,
                             struct nomem__line_counts *counts) {
  size_t read = 0;
  while (bytes > 0) {
    json_error_t error;
    json_t *document = json_loadb(text, bytes, JSON_DISABLE_EOF_CHECK, &error);
    if (document == NULL) break;
    const json_t *files = json_object_get(document, "files");
    for (size_t i = 0; i < json_array_size(files); i++)
      read_file(json_array_get(files, i), nomem__json_string(document, "current_working_directory"), phase, counts);
    read += json_array_size(files) > 0;
    text += error.position;
    bytes -= (size_t)error.position;
    json_decref(document);
  }
  return read;
}

static int read_some(const char *folder, char **files, size_t count, enum nomem__coverage_phase phase,
                     struct nomem__line_counts *counts, size_t *unread) {
  char *options[] = {(char *)nomem__gcov_name(), "--json-format", "--stdout", "--branch-probabilities"}, *text;
  enum { OPTIONS = sizeof options / sizeof *options };
  char *words[OPTIONS + FILES_AT_ONCE + 1] = {NULL};
  size_t bytes;
  memcpy(words, options, sizeof options);
  memcpy(words + OPTIONS, files, count * sizeof *files);
  int status = nomem__tool_run(words, folder, &text, &bytes);
  size_t read = status < 0 ? 0 : read_documents(text, bytes, phase, counts);
  free(text);
  *unread += read < count ? count - read : 0;
  if (read > 0 || status == 0) return 0;
  nomem__complain(
      "%s cannot read the coverage data in %s: it must be of the same version as the compiler: name the one "
      "that is in NOMEM_GCOV",
      nomem__gcov_name(), folder);
  return -EINVAL;
}

int nomem__gcov_data_read(const char *folder, const struct nomem__strings *files, enum nomem__coverage_phase phase,
                          struct nomem__line_counts *counts, size_t *unread) {
  int result = 0;
  for (size_t i = 0; i < files->count; i++) link_notes(folder, files->list[i]);
  for (size_t i = 0; i < files->count && result == 0; i += FILES_AT_ONCE) {
    size_t rest = files->count - i, some = rest < FILES_AT_ONCE ? rest : FILES_AT_ONCE;
    result = read_some(folder, files->list + i, some, phase, counts, unread);
  }
  return result;
}

/* A line is "libgcov profiling error:PATH.gcda:REASON", or in older versions "profiling:PATH.gcda:REASON". */
static void note_complaint(struct nomem__strings *paths, char *line) {
  char *path = strchr(line, '/'), *end = path != NULL ? strstr(path, DATA_END) : NULL;
  if (end == NULL) return;
  *end = '\0';
  nomem__strings_add(paths, path);
}

size_t nomem__gcov_data_count_damaged(const char *folder) {
  struct nomem__strings paths = {0};
  char *name = nomem__format("%s/" NOMEM_COVERAGE_ERRORS, folder), *line = NULL;
  size_t room = 0;
  int fd = nomem__regular_file_open(name, NULL);
  FILE *file = fd >= 0 ? nomem__checked(fdopen(fd, "r")) : NULL;
  while (file != NULL && nomem__getline(&line, &room, file) > 0) note_complaint(&paths, line);
  if (file != NULL) fclose(file);
  size_t count = paths.count;
  nomem__strings_free(&paths);
  free(name);
  free(line);
  return count;
}
