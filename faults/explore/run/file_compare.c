/* SPDX-License-Identifier: MIT */
#include "file_compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../residue/by_products.h"
#include "../text/memory.h"
#include "../text/varying_names.h"
#include "failure_words.h"
#include "file_pairs.h"
#include "shown_line.h"

/* A file of the first run without a fault. */
struct nomem__expected_file {
  const struct nomem__written_file *files[NOMEM__BASELINE_TEXTS]; /* what it is in each run; NULL: there is none */
  bool is_left_out;    /* it is not in each run, or not as the same kind of thing */
  bool is_by_product;  /* what is in it does not count */
  bool is_stable;      /* it is the same in each run */
  bool has_length;     /* it is as long in each run */
  bool is_never_empty; /* in any run */
  bool has_lines;      /* it is a text in each run */
  struct nomem__stable_lines lines;
};

/* What a run has of the files that are expected. */
struct match {
  struct nomem__file_pairs pairs;
  struct found {
    const struct nomem__written_file *file; /* NULL: none */
    bool is_unclear;                        /* more than one may be it */
  } * found;                                /* of each; owned */
};

static bool is_link_or_regular(mode_t type) {
  return S_ISREG(type) || S_ISLNK(type);
}

static bool is_text(const struct nomem__written_file *file) {
  return S_ISREG(file->type) && file->text != NULL && memchr(file->text, '\0', file->bytes) == NULL;
}

/* Whether two have the same in them. What was not read of either is not known, and not the same. */
static bool are_same(const struct nomem__written_file *one, const struct nomem__written_file *two) {
  return one->bytes == two->bytes && one->extent == two->extent && one->extent != NOMEM_READ_NOTHING &&
         one->hash == two->hash;
}

static struct nomem__output_text text_of(const struct nomem__written_file *file) {
  return (struct nomem__output_text){.text = file->text, .bytes = file->bytes};
}

static void learn_file(struct nomem__expected_file *expected, unsigned runs) {
  const struct nomem__written_file *first = expected->files[0];
  struct nomem__output_text texts[NOMEM__BASELINE_TEXTS] = {text_of(first)};
  size_t text_count = 1;
  expected->is_by_product = nomem__is_by_product(first->path);
  expected->is_never_empty = first->bytes > 0;
  expected->has_lines = is_text(first);
  expected->has_length = true;
  expected->is_stable = first->extent != NOMEM_READ_NOTHING;
  for (unsigned i = 1; i < runs; i++) {
    const struct nomem__written_file *file = expected->files[i];
    expected->is_left_out |= file == NULL || file->type != first->type;
    if (expected->is_left_out) return;
    bool is_same = are_same(file, first);
    expected->is_stable &= is_same;
    expected->has_length &= file->bytes == first->bytes;
    expected->is_never_empty &= file->bytes > 0;
    expected->has_lines &= is_text(file);
    if (!is_same) texts[text_count++] = text_of(file);
  }
  if (expected->has_lines) nomem__stable_lines_learn(&expected->lines, texts, text_count);
}

static void free_expected(struct nomem__baseline_files *baseline) {
  for (size_t i = 0; i < baseline->expected_count; i++) nomem__stable_lines_free(&baseline->expected[i].lines);
  free(baseline->expected);
  baseline->expected = NULL;
  baseline->expected_count = 0;
}

static void learn(struct nomem__baseline_files *baseline) {
  const struct nomem__written_files *first = &baseline->runs[0];
  struct nomem__file_pairs pairs;
  bool is_unclear;
  free_expected(baseline);
  baseline->expected_count = first->count;
  baseline->expected = nomem__calloc(first->count + 1, sizeof *baseline->expected);
  for (size_t i = 0; i < first->count; i++) baseline->expected[i].files[0] = &first->list[i];
  for (unsigned run = 1; run < baseline->run_count; run++) {
    nomem__file_pairs_make(&pairs, first, &baseline->runs[run]);
    for (size_t i = 0; i < first->count; i++)
      baseline->expected[i].files[run] = nomem__file_pairs_find(&pairs, &first->list[i], &is_unclear);
  }
  for (size_t i = 0; i < first->count; i++) learn_file(&baseline->expected[i], baseline->run_count);
}

void nomem__baseline_files_add(struct nomem__baseline_files *baseline, struct nomem__written_files *files) {
  baseline->has_unknown |= !files->is_known;
  if (baseline->has_unknown || baseline->run_count == NOMEM__BASELINE_TEXTS) {
    nomem__written_files_free(files);
    return;
  }
  nomem__written_files_take(&baseline->runs[baseline->run_count++], files);
  learn(baseline);
}

void nomem__baseline_files_free(struct nomem__baseline_files *baseline) {
  free_expected(baseline);
  for (unsigned i = 0; i < baseline->run_count; i++) nomem__written_files_free(&baseline->runs[i]);
  *baseline = (struct nomem__baseline_files){0};
}

static bool is_comparable(const struct nomem__baseline_files *baseline, const struct nomem__written_files *run) {
  return !baseline->has_unknown && baseline->run_count > 1 && run->is_known &&
         (baseline->expected_count > 0 || run->count > 0);
}

static void match_files(const struct nomem__baseline_files *baseline, const struct nomem__written_files *run,
                        struct match *match) {
  match->found = nomem__calloc(baseline->expected_count + 1, sizeof *match->found);
  nomem__file_pairs_make(&match->pairs, &baseline->runs[0], run);
  for (size_t i = 0; i < baseline->expected_count; i++) {
    struct found *found = &match->found[i];
    found->file = nomem__file_pairs_find(&match->pairs, baseline->expected[i].files[0], &found->is_unclear);
  }
}

/* Whether some run without a fault writes the file, too, under whichever name. */
static bool is_known_file(const struct nomem__baseline_files *baseline, const struct nomem__written_file *file) {
  for (unsigned run = 0; run < baseline->run_count; run++) {
    const struct nomem__written_files *files = &baseline->runs[run];
    if (nomem__written_files_find(files, file->path) != NULL) return true;
    for (size_t i = 0; i < files->count; i++)
      if (nomem__names_are_similar(files->list[i].path, file->path)) return true;
  }
  return false;
}

static enum nomem__file_change compare_lines(const struct nomem__expected_file *expected,
                                             const struct nomem__written_file *is, size_t *line) {
  bool ignored;
  const struct nomem__written_file *was = expected->files[0];
  struct nomem__line_difference difference = nomem__stable_lines_compare(&expected->lines, text_of(is), NULL, &ignored);
  bool lacks_end = expected->is_stable && was->bytes > 0 && is->text[is->bytes - 1] != was->text[was->bytes - 1];
  *line = difference.missing != 0 ? difference.missing : difference.added;
  if (difference.missing != 0) return NOMEM_FILE_LACKS;
  if (difference.added != 0) return NOMEM_FILE_ADDS;
  if (lacks_end) return NOMEM_FILE_LENGTH;
  return difference.is_reordered ? NOMEM_FILE_REORDERED : NOMEM_FILE_SAME;
}

static enum nomem__file_change compare_content(const struct nomem__expected_file *expected,
                                               const struct nomem__written_file *is, size_t *line) {
  const struct nomem__written_file *was = expected->files[0];
  if (!is_link_or_regular(was->type) || are_same(was, is)) return NOMEM_FILE_SAME;
  if (is->bytes == 0) return expected->is_never_empty ? NOMEM_FILE_EMPTY : NOMEM_FILE_SAME;
  if (expected->has_lines && is->text != NULL) return compare_lines(expected, is, line);
  if ((expected->is_stable || expected->has_length) && is->bytes != was->bytes) return NOMEM_FILE_LENGTH;
  bool is_read = is->extent != NOMEM_READ_NOTHING && is->extent == was->extent;
  return expected->is_stable && is_read ? NOMEM_FILE_CONTENT : NOMEM_FILE_SAME;
}

/* is: NULL: the run has made nothing of it. */
static enum nomem__file_change compare_file(const struct nomem__expected_file *expected,
                                            const struct nomem__written_file *is, size_t *line) {
  const struct nomem__written_file *was = expected->files[0];
  if (was->type == 0) return is != NULL && is->type == 0 ? NOMEM_FILE_SAME : NOMEM_FILE_LEFT;
  if (is == NULL) return was->was_there ? NOMEM_FILE_UNCHANGED : NOMEM_FILE_MISSING;
  if (is->type == 0) return NOMEM_FILE_MISSING;
  return is->type != was->type ? NOMEM_FILE_KIND : compare_content(expected, is, line);
}

static struct nomem__file_difference describe_expected(const struct nomem__expected_file *expected,
                                                       const struct nomem__written_file *is,
                                                       enum nomem__file_change change, size_t line) {
  return (struct nomem__file_difference){.change = change,
                                         .path = expected->files[0]->path,
                                         .was = expected->files[0],
                                         .is = is,
                                         .other = is != NULL ? is->path : expected->files[1]->path,
                                         .line = line};
}

/* Looks at the files that are expected: at files and links, or at all else. */
static struct nomem__file_difference compare_expected(const struct nomem__baseline_files *baseline,
                                                      const struct match *match, bool of_files) {
  for (size_t i = 0; i < baseline->expected_count; i++) {
    const struct nomem__expected_file *expected = &baseline->expected[i];
    size_t line = 0;
    if (expected->is_left_out || expected->is_by_product || match->found[i].is_unclear ||
        is_link_or_regular(expected->files[0]->type) != of_files)
      continue;
    enum nomem__file_change change = compare_file(expected, match->found[i].file, &line);
    if (change != NOMEM_FILE_SAME) return describe_expected(expected, match->found[i].file, change, line);
  }
  return (struct nomem__file_difference){0};
}

/* Looks at what the run has made of files that were there before. */
static struct nomem__file_difference find_unexpected(const struct nomem__baseline_files *baseline,
                                                     const struct match *match) {
  for (size_t i = 0; i < match->pairs.there_count && !match->pairs.are_many; i++) {
    const struct nomem__written_file *file = match->pairs.there_alone[i];
    if (!file->was_there || nomem__is_by_product(file->path) || is_known_file(baseline, file)) continue;
    enum nomem__file_change change = file->type == 0 ? NOMEM_FILE_REMOVED : NOMEM_FILE_CHANGED;
    return (struct nomem__file_difference){.change = change, .path = file->path, .is = file};
  }
  return (struct nomem__file_difference){0};
}

struct nomem__file_difference nomem__baseline_files_compare(const struct nomem__baseline_files *baseline,
                                                            const struct nomem__written_files *run) {
  struct nomem__file_difference difference = {0};
  struct match match;
  if (!is_comparable(baseline, run)) return difference;
  match_files(baseline, run, &match);
  difference = compare_expected(baseline, &match, true);
  if (difference.change == NOMEM_FILE_SAME) difference = compare_expected(baseline, &match, false);
  if (difference.change == NOMEM_FILE_SAME) difference = find_unexpected(baseline, &match);
  free(match.found);
  return difference;
}

/* Of a file that no run without a fault writes: the lines that were not there before the run. */
static bool says_failure(const struct nomem__written_file *file) {
  struct nomem__output_text rest = {.text = file->text + file->old_bytes, .bytes = file->bytes - file->old_bytes};
  while (rest.bytes > 0) {
    if (nomem__line_reports_failure(rest.text, rest.bytes)) return true;
    const char *end = memchr(rest.text, '\n', rest.bytes);
    size_t length = end != NULL ? (size_t)(end - rest.text) + 1 : rest.bytes;
    rest.text += length;
    rest.bytes -= length;
  }
  return false;
}

bool nomem__baseline_files_mention_failure(const struct nomem__baseline_files *baseline,
                                           const struct nomem__written_files *run) {
  bool is_said = false;
  struct match match;
  if (!is_comparable(baseline, run)) return false;
  match_files(baseline, run, &match);
  for (size_t i = 0; i < baseline->expected_count && !is_said; i++) {
    const struct nomem__expected_file *expected = &baseline->expected[i];
    const struct nomem__written_file *file = match.found[i].file;
    if (expected->has_lines && file != NULL && is_text(file))
      nomem__stable_lines_compare(&expected->lines, text_of(file), nomem__line_reports_failure, &is_said);
  }
  for (size_t i = 0; i < match.pairs.there_count && !match.pairs.are_many && !is_said; i++) {
    const struct nomem__written_file *file = match.pairs.there_alone[i];
    is_said = is_text(file) && !is_known_file(baseline, file) && says_failure(file);
  }
  free(match.found);
  return is_said;
}

/* Whether an argument is the path, or as much of its end as it may be from some folder on: "out", "./out", "-oout",
 * "--output=out". */
static bool is_named_by(const char *path, const char *argument) {
  const char *equals = strrchr(argument, '='), *name = equals != NULL ? equals + 1 : argument;
  if (equals == NULL && name[0] == '-' && name[1] != '-' && name[1] != '\0') name += 2;
  if (strncmp(name, "./", 2) == 0) name += 2;
  size_t length = strlen(name), path_length = strlen(path);
  if (length == 0 || length > path_length || strcmp(path + path_length - length, name) != 0) return false;
  return length == path_length || (name[0] != '/' && path[path_length - length - 1] == '/');
}

static bool is_named(const char *path, char *const *argv) {
  for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; i++)
    if (is_named_by(path, argv[i])) return true;
  return false;
}

bool nomem__baseline_files_are_gone(const struct nomem__baseline_files *baseline,
                                    const struct nomem__written_files *run, char *const *argv) {
  size_t gone = 0, left = 0;
  struct match match;
  if (!is_comparable(baseline, run)) return false;
  match_files(baseline, run, &match);
  for (size_t i = 0; i < baseline->expected_count; i++) {
    const struct nomem__expected_file *expected = &baseline->expected[i];
    const struct nomem__written_file *was = expected->files[0], *is = match.found[i].file;
    bool counts = S_ISREG(was->type) && !expected->is_left_out && !expected->is_by_product && expected->is_never_empty;
    if (!counts || !is_named(was->path, argv)) continue;
    bool is_there = is != NULL ? is->type != 0 && is->bytes > 0 : was->was_there || match.found[i].is_unclear;
    gone += !is_there;
    left += is_there;
  }
  free(match.found);
  return gone > 0 && left == 0;
}

static const char *kind_of(mode_t type) {
  return S_ISDIR(type)    ? "a folder"
         : S_ISLNK(type)  ? "a symbolic link"
         : S_ISSOCK(type) ? "a socket"
         : S_ISFIFO(type) ? "a FIFO"
         : S_ISREG(type)  ? "a file"
                          : "a device";
}

static void describe_lines(const struct nomem__file_difference *difference, const char *path, char *text,
                           size_t text_bytes) {
  char quoted[NOMEM_QUOTE_BYTES];
  bool is_added = difference->change == NOMEM_FILE_ADDS;
  const struct nomem__written_file *file = is_added ? difference->is : difference->was;
  const char *line = nomem__line_quote_text(nomem__output_line(text_of(file), difference->line), quoted);
  if (is_added)
    snprintf(text, text_bytes, "line %zu of file %s is %s, which is not there without the fault", difference->line,
             path, line);
  else
    snprintf(text, text_bytes, "file %s lacks line %zu of what it is without the fault, %s", path, difference->line,
             line);
}

void nomem__file_difference_describe(const struct nomem__file_difference *difference, char *text, size_t text_bytes) {
  const struct nomem__written_file *was = difference->was, *is = difference->is;
  char pattern[NOMEM__CREATED_PATH_BYTES], path[NOMEM_QUOTE_BYTES];
  text[0] = '\0';
  if (difference->change == NOMEM_FILE_SAME) return;
  nomem__names_pattern(difference->path, difference->other, pattern, sizeof pattern);
  nomem__quote(pattern, path, sizeof path);
  switch (difference->change) {
    case NOMEM_FILE_SAME:
      break;
    case NOMEM_FILE_MISSING:
      snprintf(text, text_bytes, "%s is missing, which is there without the fault: %s", kind_of(was->type), path);
      break;
    case NOMEM_FILE_EMPTY:
      snprintf(text, text_bytes, "file %s is empty, without the fault it has %" PRIu64 " byte%s", path, was->bytes,
               was->bytes == 1 ? "" : "s");
      break;
    case NOMEM_FILE_LACKS:
    case NOMEM_FILE_ADDS:
      describe_lines(difference, path, text, text_bytes);
      break;
    case NOMEM_FILE_REORDERED:
      snprintf(text, text_bytes, "the lines of file %s are in another order than without the fault", path);
      break;
    case NOMEM_FILE_LENGTH:
      snprintf(text, text_bytes, "file %s has %" PRIu64 " bytes, without the fault %" PRIu64, path, is->bytes,
               was->bytes);
      break;
    case NOMEM_FILE_CONTENT:
      snprintf(text, text_bytes, "%s has other content than without the fault: %s", kind_of(was->type), path);
      break;
    case NOMEM_FILE_KIND:
      snprintf(text, text_bytes, "%s is %s, without the fault it is %s", path, kind_of(is->type), kind_of(was->type));
      break;
    case NOMEM_FILE_LEFT:
      snprintf(text, text_bytes, "%s is still there, which is removed without the fault", path);
      break;
    case NOMEM_FILE_UNCHANGED:
      snprintf(text, text_bytes, "%s is as it was before, which is changed without the fault", path);
      break;
    case NOMEM_FILE_CHANGED:
      snprintf(text, text_bytes, "%s is changed, which is as it was before without the fault", path);
      break;
    case NOMEM_FILE_REMOVED:
      snprintf(text, text_bytes, "%s is removed, which stays without the fault", path);
      break;
  }
}

/* Whether what is in it is compared in part only, or not at all. */
static bool is_compared_in_part(const struct nomem__expected_file *expected) {
  const struct nomem__stable_lines *lines = &expected->lines;
  if (expected->is_stable) return expected->files[0]->extent != NOMEM_READ_ALL;
  return expected->has_lines ? lines->ignored_lines < lines->line_count : expected->has_length;
}

void nomem__baseline_files_note(const struct nomem__baseline_files *baseline, char *text, size_t text_bytes) {
  size_t files = 0, left_out = 0, in_part = 0;
  text[0] = '\0';
  if (baseline->has_unknown)
    snprintf(text, text_bytes,
             "the program writes too many files, or has no view of them of its own: what it writes "
             "to them is not compared");
  for (size_t i = 0; i < baseline->expected_count && baseline->run_count > 1; i++) {
    const struct nomem__expected_file *expected = &baseline->expected[i];
    const struct nomem__written_file *file = expected->files[0];
    if (!S_ISREG(file->type) || expected->is_by_product) continue;
    bool is_compared = !expected->is_left_out && expected->is_stable && file->extent == NOMEM_READ_ALL;
    bool is_in_part = !expected->is_left_out && !is_compared && is_compared_in_part(expected);
    files++;
    in_part += is_in_part;
    left_out += !is_compared && !is_in_part;
  }
  if (left_out + in_part == 0 || baseline->has_unknown) return;
  snprintf(
      text, text_bytes,
      "of the %zu file%s that the program writes, %zu %s not compared, %zu in part: what is in them varies without "
      "any fault, or is too long",
      files, files == 1 ? "" : "s", left_out, left_out == 1 ? "is" : "are", in_part);
}
