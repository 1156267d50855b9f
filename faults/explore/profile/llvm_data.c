/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "llvm_data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../text/complain.h"
#include "../text/grow.h"
#include "../text/memory.h"
#include "source_paths.h"
#include "tool_output.h"

const char *nomem__llvm_profdata_name(void) {
  return nomem__tool_name("NOMEM_LLVM_PROFDATA", "llvm-profdata");
}

const char *nomem__llvm_cov_name(void) {
  return nomem__tool_name("NOMEM_LLVM_COV", "llvm-cov");
}

static int merge(const char *folder, const struct nomem__strings *files, const char *merged) {
  enum { OPTIONS = 5 };
  char **words = nomem__calloc(files->count + OPTIONS + 1, sizeof *words), *text;
  char *options[OPTIONS] = {(char *)nomem__llvm_profdata_name(), "merge", "-sparse", "-o", (char *)merged};
  size_t bytes;
  memcpy(words, options, sizeof options);
  memcpy(words + OPTIONS, files->list, files->count * sizeof *words);
  int status = nomem__tool_run(words, folder, &text, &bytes);
  free(text);
  free(words);
  if (status == 0) return 0;
  nomem__complain(
      "%s cannot merge the coverage data in %s: it must be of the same version as the compiler: name the one "
      "that is in NOMEM_LLVM_PROFDATA, and llvm-cov in NOMEM_LLVM_COV",
      nomem__llvm_profdata_name(), folder);
  return -EINVAL;
}

/* The lines of one file, in the form of lcov: what DA says of a line, and BRDA of each way out of its conditions. */
struct lcov_reader {
  struct nomem__line_counts *counts;
  enum nomem__coverage_phase phase;
  struct nomem__counted_file *file; /* NULL: none has begun */
  unsigned line;                    /* whose ways are being read; 0: none */
  uint64_t *taken;
  size_t taken_count, room;
};

static void end_line(struct lcov_reader *reader) {
  const struct nomem__line_report report = {.number = reader->line,
                                            .taken = reader->taken,
                                            .taken_count = reader->taken_count,
                                            .is_ambiguous = reader->taken_count % 2 != 0};
  if (reader->line != 0) nomem__line_counts_add(reader->file, reader->phase, &report);
  reader->line = 0;
  reader->taken_count = 0;
}

/* "LINE,BLOCK,WAY,COUNT", where COUNT is "-" if the condition was not come to. */
static void read_way(struct lcov_reader *reader, const char *text) {
  char *end;
  unsigned line = (unsigned)strtoul(text, &end, 10);
  const char *count = strrchr(text, ',');
  if (*end != ',' || count == NULL) return;
  if (line != reader->line) end_line(reader);
  reader->line = line;
  reader->taken = nomem__grow(reader->taken, reader->taken_count, &reader->room, sizeof *reader->taken);
  reader->taken[reader->taken_count++] = count[1] == '-' ? 0 : strtoull(count + 1, NULL, 10);
}

static void read_line(struct lcov_reader *reader, char *text) {
  char *end;
  if (strncmp(text, "SF:", 3) == 0) {
    end_line(reader);
    char *path = nomem__source_path("", text + 3);
    reader->file = nomem__line_counts_file(reader->counts, path);
    free(path);
  } else if (reader->file != NULL && strncmp(text, "DA:", 3) == 0) {
    struct nomem__line_report report = {.number = (unsigned)strtoul(text + 3, &end, 10)};
    if (*end == ',') report.reached = strtoull(end + 1, NULL, 10);
    nomem__line_counts_add(reader->file, reader->phase, &report);
  } else if (reader->file != NULL && strncmp(text, "BRDA:", 5) == 0) {
    read_way(reader, text + 5);
  } else if (strcmp(text, "end_of_record") == 0) {
    end_line(reader);
    reader->file = NULL;
  }
}

static void read_lcov(char *text, enum nomem__coverage_phase phase, struct nomem__line_counts *counts) {
  struct lcov_reader reader = {.counts = counts, .phase = phase};
  for (char *line = text, *next; line != NULL && *line != '\0'; line = next) {
    next = strchr(line, '\n');
    if (next != NULL) *next++ = '\0';
    read_line(&reader, line);
  }
  free(reader.taken);
}

int nomem__llvm_data_read(const char *folder, const struct nomem__strings *files, const struct nomem__strings *modules,
                          enum nomem__coverage_phase phase, struct nomem__line_counts *counts) {
  if (files->count == 0) return 0;
  char *merged = nomem__format("%s.profdata", folder);
  size_t read = 0;
  int result = merge(folder, files, merged);
  for (size_t i = 0; i < modules->count && result == 0; i++) {
    char *words[] =
        {(char *)nomem__llvm_cov_name(), "export", "--format=lcov", "--instr-profile", merged, modules->list[i], NULL},
         *text;
    size_t bytes;
    if (nomem__tool_run(words, folder, &text, &bytes) == 0) {
      read_lcov(text, phase, counts);
      read++;
    }
    free(text);
  }
  free(merged);
  if (result != 0 || read > 0) return result;
  nomem__complain(
      "%s reads none of the programs and libraries that were run: compile them with -fcoverage-mapping, too",
      nomem__llvm_cov_name());
  return -EINVAL;
}
