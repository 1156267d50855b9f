/* SPDX-License-Identifier: MIT */
#include "code_coverage.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../judge/project_root.h"
#include "../judge/test_names.h"
#include "../target/program_names.h"
#include "../text/complain.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "allocation_checks.h"
#include "coverage_folder.h"
#include "gcov_data.h"
#include "line_counts.h"
#include "llvm_data.h"
#include "source_paths.h"

/* All that is known when the runs are over. */
struct measured {
  const struct nomem__options *options;
  struct nomem__symbols *symbols;
  struct nomem__strings modules;
  struct nomem__line_counts counts;
  struct nomem__check_lines checks;
  char root[PATH_MAX]; /* the folder that the sources have in common, with a slash */
  size_t unread;       /* files of data that could not be read */
};

static int read_phase(struct measured *measured, enum nomem__coverage_phase phase) {
  const char *folder = measured->options->coverage;
  struct nomem__coverage_files files = {0};
  char *part = nomem__format("%s/%s", folder, nomem__coverage_folders[phase]);
  nomem__coverage_files_list(folder, phase, &files);
  int result = nomem__gcov_data_read(part, &files.gcc, phase, &measured->counts, &measured->unread);
  if (result == 0) result = nomem__llvm_data_read(part, &files.clang, &measured->modules, phase, &measured->counts);
  nomem__coverage_files_free(&files);
  free(part);
  return result;
}

/* What is in a header of the system is none of the project's. */
static bool is_systems(const char *path) {
  return *path != '/' || nomem__is_part_of_system(path);
}

static void find_root(struct measured *measured) {
  char *root = measured->root;
  for (size_t i = 0; i < measured->counts.count; i++) {
    const char *path = measured->counts.list[i].path;
    if (is_systems(path) || strlen(path) >= PATH_MAX) continue;
    if (*root == '\0') memcpy(root, path, strlen(path) + 1);
    nomem__project_root_cut(root, path);
  }
}

/* Whether it would be test code by its name, or by --under-test. */
static bool is_tests(const struct measured *measured, const char *path) {
  const char *globs = measured->options->under_test;
  if (globs != NULL) return !nomem__is_under_test(globs, path, "");
  return nomem__test_source(path + strlen(measured->root)) > 0;
}

/* Where all that was measured is test code, all is under test. */
static bool *choose_files(const struct measured *measured) {
  const struct nomem__line_counts *counts = &measured->counts;
  bool *are_chosen = nomem__calloc(counts->count + 1, sizeof *are_chosen), has_any = false;
  for (size_t i = 0; i < counts->count; i++) {
    const char *path = counts->list[i].path;
    are_chosen[i] = !is_systems(path) && !is_tests(measured, path);
    has_any |= are_chosen[i];
  }
  for (size_t i = 0; i < counts->count && !has_any; i++) are_chosen[i] = !is_systems(counts->list[i].path);
  return are_chosen;
}

struct sums {
  uint64_t lines, baseline, failures_only;
};

static json_t *make_file(struct nomem__json *json, const struct nomem__counted_file *file, const char *name,
                         struct sums *all) {
  json_t *object = json_object(), *only = json_array();
  struct sums sums = {.lines = file->count};
  for (size_t i = 0; i < file->count; i++) {
    const struct nomem__line_count *line = &file->list[i];
    bool is_usual = line->reached[NOMEM_COVERAGE_BASELINE] > 0;
    sums.baseline += is_usual;
    if (is_usual || line->reached[NOMEM_COVERAGE_FAILURES] == 0) continue;
    sums.failures_only++;
    nomem__json_add(json, only, json_integer(line->number));
  }
  nomem__json_text(json, object, "file", name);
  nomem__json_number(json, object, "lines", sums.lines);
  nomem__json_number(json, object, "lines_without_failure", sums.baseline);
  nomem__json_put(json, object, "lines_by_failures_only", only);
  all->lines += sums.lines;
  all->baseline += sums.baseline;
  all->failures_only += sums.failures_only;
  return object;
}

static void put_lines(struct nomem__json *json, json_t *object, const struct measured *measured,
                      const bool *are_chosen) {
  struct sums sums = {0};
  json_t *files = json_array();
  const char *directory = nomem__symbols_directory(measured->symbols);
  for (size_t i = 0; i < measured->counts.count; i++) {
    const struct nomem__counted_file *file = &measured->counts.list[i];
    if (are_chosen[i])
      nomem__json_add(json, files, make_file(json, file, nomem__source_path_from(directory, file->path), &sums));
  }
  nomem__json_number(json, object, "lines", sums.lines);
  nomem__json_number(json, object, "lines_without_failure", sums.baseline);
  nomem__json_number(json, object, "lines_by_failures_only", sums.failures_only);
  nomem__json_put(json, object, "files", files);
}

static json_t *make_check(struct nomem__json *json, const struct nomem__check_line *check, const char *directory,
                          bool is_reached) {
  json_t *object = json_object();
  nomem__json_text(json, object, "file", nomem__source_path_from(directory, check->path));
  nomem__json_number(json, object, "line", check->line);
  nomem__json_text(json, object, "function", check->function);
  nomem__json_text(json, object, "called", check->called);
  nomem__json_put(json, object, "reached", json_boolean(is_reached));
  return object;
}

static bool is_chosen(const struct measured *measured, const bool *are_chosen, const char *path) {
  for (size_t i = 0; i < measured->counts.count; i++)
    if (strcmp(measured->counts.list[i].path, path) == 0) return are_chosen[i];
  return false;
}

static void put_checks(struct nomem__json *json, json_t *object, struct measured *measured, const bool *are_chosen) {
  const char *directory = nomem__symbols_directory(measured->symbols);
  uint64_t states[NOMEM_CHECK_UNKNOWN + 1] = {0}, all = 0;
  json_t *missing = json_array();
  for (size_t i = 0; i < measured->checks.count; i++) {
    const struct nomem__check_line *check = &measured->checks.list[i];
    if (!is_chosen(measured, are_chosen, check->path)) continue;
    const struct nomem__line_count *line = nomem__line_counts_find(&measured->counts, check->path, check->line);
    enum nomem__check_state state = nomem__check_decide(line, check->count);
    states[state]++;
    all++;
    if (state == NOMEM_CHECK_NOT_ENTERED || state == NOMEM_CHECK_NOT_REACHED)
      nomem__json_add(json, missing, make_check(json, check, directory, state == NOMEM_CHECK_NOT_ENTERED));
  }
  nomem__json_number(json, object, "checks", all);
  nomem__json_number(json, object, "checks_entered", states[NOMEM_CHECK_ENTERED]);
  nomem__json_number(json, object, "checks_not_entered",
                     states[NOMEM_CHECK_NOT_ENTERED] + states[NOMEM_CHECK_NOT_REACHED]);
  nomem__json_number(json, object, "checks_unknown", states[NOMEM_CHECK_UNKNOWN]);
  nomem__json_put(json, object, "not_entered", missing);
}

static int measure(struct measured *measured, const json_t *object) {
  const json_t *modules = json_object_get(object, "modules");
  for (size_t i = 0; i < json_array_size(modules); i++)
    nomem__strings_add(&measured->modules, json_string_value(json_array_get(modules, i)));
  int result = nomem__coverage_folder_check(measured->options, true);
  for (unsigned phase = 0; phase < NOMEM_COVERAGE_PHASES && result == 0; phase++) result = read_phase(measured, phase);
  if (result != 0) return result;
  measured->unread += nomem__gcov_data_count_damaged(measured->options->coverage);
  nomem__line_counts_sort(&measured->counts);
  find_root(measured);
  nomem__allocation_checks_find(measured->symbols, &measured->modules, json_object_get(object, "calls"),
                                &measured->checks);
  return 0;
}

static int put_all(json_t *object, struct measured *measured) {
  struct nomem__json json = {0};
  bool *are_chosen = choose_files(measured);
  nomem__json_text(&json, object, "folder",
                   nomem__source_path_from(nomem__symbols_directory(measured->symbols), measured->options->coverage));
  put_lines(&json, object, measured, are_chosen);
  put_checks(&json, object, measured, are_chosen);
  nomem__json_number(&json, object, "data_files_unread", measured->unread);
  free(are_chosen);
  return json.failed ? -EILSEQ : 0;
}

int nomem__code_coverage_put(json_t *document, const struct nomem__options *options) {
  json_t *object = json_object_get(document, "code_coverage");
  if (options->coverage == NULL || object == NULL) return 0;
  struct measured measured = {.options = options, .symbols = nomem__symbols_open()};
  int result = measure(&measured, object);
  if (result == 0) result = put_all(object, &measured);
  json_object_del(object, "modules");
  json_object_del(object, "calls");
  if (result != 0) json_object_del(document, "code_coverage");
  nomem__check_lines_free(&measured.checks);
  nomem__line_counts_free(&measured.counts);
  nomem__strings_free(&measured.modules);
  nomem__symbols_close(measured.symbols);
  return result;
}
