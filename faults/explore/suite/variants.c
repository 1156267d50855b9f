/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "variants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../run/surroundings.h"
#include "../text/grow.h"
#include "../text/memory.h"
#include "../text/memory_stream.h"
#include "../text/varying_names.h"
#include "../text/words.h"
#include "suite_cases.h"

/* What runners of tests, shells and helpers of tests set anew each time. */
static const char *const passing[] = {
    "MALLOC_PERTURB_", "*SAN_OPTIONS",  "PYTEST_*",       "BATS_*",      "HARNESS_*",
    "NEXTEST_*",       "MESON_TEST_*",  "CTEST_*",        "*TMP",        "*TMPDIR",
    "*TMP_DIR",        "*TEMP",         "*TEMPDIR",       "*TEMP_DIR",   "*SEED*",
    "RANDOM*",         "*PORT",         "*PID",           "*TIMESTAMP*", "*SOCK",
    "*SOCKET*",        "DBUS_*",        "DISPLAY",        "XAUTHORITY",  "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR", "INVOCATION_ID", "JOURNAL_STREAM", "FAKEROOTKEY", "XML_OUTPUT_FILE",
    "GTEST_OUTPUT",    "*LOG",          "*LOG_FILE",      "*LOGFILE",    "LLVM_PROFILE_FILE",
    "GCOV_PREFIX*"};

static size_t name_length(const char *entry) {
  return strcspn(entry, "=");
}

/* The image's entry about a variable: "NAME=value", or the NAME of one that was taken away. NULL: it is as in the
 * command's own environment. */
static const char *find_entry(const struct nomem__recorded_image *image, const char *name, size_t length) {
  const char *end = image->variables + image->variable_bytes;
  for (const char *entry = image->variables; entry < end; entry += strlen(entry) + 1)
    if (name_length(entry) == length && strncmp(entry, name, length) == 0) return entry;
  return NULL;
}

static bool is_passing(const char *entry) {
  if (nomem__environment_is_passing(entry)) return true;
  char *name = nomem__strndup(entry, name_length(entry));
  bool is_found = false;
  for (size_t i = 0; i < sizeof passing / sizeof *passing && !is_found; i++) is_found = nomem__glob(passing[i], name);
  free(name);
  return is_found;
}

/* Whether it is a path where files are only for a while. */
static bool is_temporary(const char *path) {
  static const char *const folders[] = {"/tmp/", "/var/tmp/", "/dev/shm/", "/run/"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
    if (strncmp(path, folders[i], strlen(folders[i])) == 0) return true;
  return false;
}

static const char *find_temporary_path(const char *entry) {
  const char *equals = strchr(entry, '=');
  return equals != NULL && is_temporary(equals + 1) ? equals + 1 : NULL;
}

/* A folder that a runner makes anew for each start of a test, in two of them: up to where the names are the same again.
 * Lengths of 0: there is none. */
struct remade {
  const char *one, *other;
  size_t length, other_length;
};

/* Whether two words, of which both may be NULL, are the same but for the names of temporary files and of that folder.
 */
static bool are_similar(const char *one, const char *other, const struct remade *remade) {
  if (one == NULL || other == NULL) return one == other;
  if (strcmp(one, other) == 0) return true;
  const char *in = remade->length > 0 ? memmem(one, strlen(one), remade->one, remade->length) : NULL;
  size_t before = in != NULL ? (size_t)(in - one) : 0;
  if (in != NULL && strncmp(one, other, before) == 0 &&
      strncmp(other + before, remade->other, remade->other_length) == 0 &&
      strcmp(in + remade->length, other + before + remade->other_length) == 0)
    return true;
  size_t same = 0;
  while (!is_temporary(one + same) && one[same] != '\0' && one[same] == other[same]) same++;
  return is_temporary(one + same) && is_temporary(other + same) && nomem__names_are_similar(one + same, other + same);
}

/* Compares the folders of two starts. They may be anywhere, as long as what differs is numbers or a hash. */
static struct remade find_remade(const char *one, const char *other) {
  size_t length = strlen(one), other_length = strlen(other);
  if (strcmp(one, other) == 0 || !nomem__names_are_similar(one, other)) return (struct remade){0};
  while (length > 0 && other_length > 0 && one[length - 1] == other[other_length - 1]) length--, other_length--;
  length += strcspn(one + length, "/");
  other_length += strcspn(other + other_length, "/");
  return (struct remade){.one = one, .other = other, .length = length, .other_length = other_length};
}

bool nomem__variants_are_similar(const struct nomem__recorded_image *one, const struct nomem__recorded_image *other,
                                 bool is_gone) {
  if (!one->is_whole || !other->is_whole) return false;
  const struct remade remade = is_gone ? find_remade(one->folder, other->folder) : (struct remade){0};
  if (!are_similar(one->path, other->path, &remade) || !are_similar(one->folder, other->folder, &remade) ||
      !are_similar(one->input_path, other->input_path, &remade))
    return false;
  const char *word = one->words, *its = other->words;
  const char *end = word + one->word_bytes, *its_end = its + other->word_bytes;
  for (; word < end && its < its_end; word += strlen(word) + 1, its += strlen(its) + 1)
    if (!are_similar(word, its, &remade)) return false;
  return word == end && its == its_end;
}

/* Whether an entry of one image is no matter of chance, and the other image has another. */
static bool tells_apart(const char *entry, const struct nomem__recorded_image *other) {
  const char *its = find_entry(other, entry, name_length(entry));
  if ((its != NULL && strcmp(its, entry) == 0) || is_passing(entry)) return false;
  const char *path = find_temporary_path(entry), *its_path = its != NULL ? find_temporary_path(its) : NULL;
  if (path == NULL || (its != NULL && its_path == NULL)) return true;
  return its != NULL && !nomem__names_are_similar(path, its_path);
}

static bool has_own(const struct nomem__recorded_image *one, const struct nomem__recorded_image *other) {
  const char *end = one->variables + one->variable_bytes;
  for (const char *entry = one->variables; entry < end; entry += strlen(entry) + 1)
    if (tells_apart(entry, other)) return true;
  return false;
}

bool nomem__variants_are_same(const struct nomem__recorded_image *one, const struct nomem__recorded_image *other) {
  return !has_own(one, other) && !has_own(other, one);
}

struct names {
  char **list;
  size_t count, room;
};

static void add_name(struct names *names, const char *entry) {
  size_t length = name_length(entry);
  for (size_t i = 0; i < names->count; i++)
    if (strlen(names->list[i]) == length && strncmp(names->list[i], entry, length) == 0) return;
  names->list = nomem__grow(names->list, names->count, &names->room, sizeof *names->list);
  names->list[names->count++] = nomem__strndup(entry, length);
}

/* Adds those of the variables of one in which the other differs. */
static void add_names(struct names *names, const struct nomem__recorded_image *one,
                      const struct nomem__recorded_image *other) {
  const char *end = one->variables + one->variable_bytes;
  for (const char *entry = one->variables; entry < end; entry += strlen(entry) + 1)
    if (tells_apart(entry, other)) add_name(names, entry);
}

static int by_text(const void *left, const void *right) {
  return strcmp(*(char *const *)left, *(char *const *)right);
}

static void print_variable(FILE *out, const char *entry, const char *folder) {
  size_t length = name_length(entry);
  if (entry[length] == '\0') fputs("without ", out);
  char *name = nomem__strndup(entry, length);
  nomem__print_word(out, name);
  free(name);
  if (entry[length] == '\0' || nomem__environment_is_secret(entry)) return;
  fputc('=', out);
  nomem__print_word(out, nomem__suite_shorten(entry + length + 1, folder));
}

/* Adds the names of what differs between any two of those cases that have this command. Returns their number. */
static size_t collect_names(struct names *names, const struct nomem__suite_case *cases, size_t count,
                            const struct nomem__recorded_image *image) {
  size_t same = 0;
  for (size_t i = 0; i < count; i++) {
    if (!nomem__suite_is_same_command(cases[i].image, image)) continue;
    same++;
    for (size_t other = 0; other < count; other++)
      if (nomem__suite_is_same_command(cases[other].image, image)) add_names(names, cases[i].image, cases[other].image);
  }
  return same;
}

char *nomem__variant_describe(const struct nomem__suite_case *cases, size_t count, size_t number, const char *folder) {
  const struct nomem__recorded_image *image = cases[number].image;
  struct names names = {0};
  if (collect_names(&names, cases, count, image) < 2) return NULL;
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  if (names.count > 0) qsort(names.list, names.count, sizeof *names.list, by_text);
  const char *between = "";
  for (size_t i = 0; i < names.count; i++) {
    const char *entry = find_entry(image, names.list[i], strlen(names.list[i]));
    if (entry != NULL) {
      fputs(between, out);
      print_variable(out, entry, folder);
      between = ", ";
    }
    free(names.list[i]);
  }
  free(names.list);
  return nomem__memory_stream_close(&stream);
}
