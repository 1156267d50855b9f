/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "suite_cases.h"

#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../../program_kinds.h"
#include "../target/interpreters.h"
#include "../target/program_names.h"
#include "../text/complain.h"
#include "../text/grow.h"
#include "../text/hash.h"
#include "../text/memory_stream.h"
#include "../text/quote.h"
#include "../text/words.h"
#include "recorded_input.h"
#include "split.h"
#include "variables.h"
#include "variants.h"

/* By which a test says that it was skipped. */
#define SKIP_CODE 77
/* A longer name is cut, and ends with a hash of the rest. */
#define NAME_BYTES 120
/* In so many environments a command is a test of its own each; what more there are is taken for chance. */
#define VARIANTS_MAX 16
/* Of an MD5 sum. */
#define BAZEL_HASH_DIGITS 32

const char *const nomem__left_out_names[NOMEM_LEFT_OUT_COUNT] = {
#define X(upper, name) [NOMEM_LEFT_OUT_##upper] = name,
    NOMEM_LEFT_OUT_MAP(X)
#undef X
};

/* Compilers, runners and what builds probe the system with, wherever they are installed; the launchers that are never
 * injected are known elsewhere. */
static bool is_tool(const char *name) {
  static const char globs[] =
      "gcc*,g++*,cc,c++,cc1*,collect2,clang*,ld,ld.*,ld-*,as,ar,ranlib,rustc,cargo*,rustup,go,node,java*,bazel*,samu,"
      "libtool*,ccache,sccache,distcc*,conftest,cmTC_*,gdb*,valgrind*,"
      "*-linux-*-gcc*,*-linux-*-g++*,*-linux-*-ld*,*-linux-*-as,*-linux-*-ar";
  return nomem__matches_any(globs, name);
}

/* Bazel unpacks itself, and the sandboxes that it starts tests in, in a folder with a hash as its name. */
static bool is_bazels_own(const char *path) {
  static const char above[] = "/install/";
  const char *at = strstr(path, above);
  size_t digits = at != NULL ? strspn(at + strlen(above), "0123456789abcdef") : 0;
  return digits == BAZEL_HASH_DIGITS && at[strlen(above) + digits] == '/';
}

bool nomem__suite_may_be_case(const char *path) {
  const char *name = nomem__base_name(path);
  return path[0] == '/' && !nomem__is_part_of_system(path) && nomem__is_injected("", name) && !is_tool(name) &&
         !is_bazels_own(path);
}

bool nomem__suite_may_run_case(const char *path) {
  return nomem__interpreter_of(path) != NULL && nomem__is_installed_program(path);
}

void nomem__suite_case_leave_out(struct nomem__suite_case *suite_case, enum nomem__left_out why, const char *format,
                                 ...) {
  va_list arguments;
  va_start(arguments, format);
  free(suite_case->reason);
  suite_case->left_out = why;
  suite_case->reason = nomem__vformat(format, arguments);
  va_end(arguments);
}

/* As ldd starts a program: the loader then only lists the libraries, and the program does not run. */
static bool is_only_listed(const struct nomem__recorded_image *image) {
  static const char lists[] = "LD_TRACE_LOADED_OBJECTS=";
  const char *end = image->variables + (image->is_whole ? image->variable_bytes : 0);
  for (const char *entry = image->variables; entry < end; entry += strlen(entry) + 1)
    if (strncmp(entry, lists, strlen(lists)) == 0) return true;
  return false;
}

static bool is_case(const struct nomem__recorded_image *image) {
  return !image->has_successor && !is_only_listed(image) &&
         (image->has_projects_module || nomem__suite_may_be_case(image->path));
}

/* The case that has started an image, in however many steps; NULL: none has. A process that has gone on to another
 * program may have started it before. */
static const struct nomem__recorded_image *find_starter(const struct nomem__recording *recording,
                                                        const struct nomem__recorded_image *image) {
  size_t number = image->parent;
  for (size_t steps = 0; number < recording->count && steps < recording->count; steps++) {
    const struct nomem__recorded_image *above = &recording->images[number];
    if (is_case(above)) return above;
    number = above->parent;
  }
  return NULL;
}

bool nomem__suite_is_started_by_case(const struct nomem__recording *recording,
                                     const struct nomem__recorded_image *image) {
  return find_starter(recording, image) != NULL;
}

/* "lt-name" is what libtool calls the program behind its wrapper script "name". */
static const char *drop_libtools(const char *path) {
  const char *name = nomem__base_name(path);
  bool is_libtools = strncmp(name, "lt-", 3) == 0 && name - path >= 6 && strncmp(name - 6, ".libs/", 6) == 0;
  return is_libtools ? name + 3 : name;
}

/* Programs with several names decide by the name what to do. An interpreter has all its names by chance. */
static const char *find_program_name(const struct nomem__recorded_image *image) {
  bool is_called = image->is_whole && nomem__suite_may_be_case(image->path);
  const char *called = is_called ? nomem__base_name(image->words) : "";
  return *called != '\0' ? drop_libtools(image->words) : drop_libtools(image->path);
}

const char *nomem__suite_shorten(const char *path, const char *folder) {
  size_t length = strlen(folder);
  if (path[0] != '/') return path;
  if (strncmp(path, folder, length) == 0 && path[length] == '/' && path[length + 1] != '\0') return path + length + 1;
  return nomem__base_name(path);
}

static void print_argument(FILE *out, const char *word, const char *folder) {
  const char *equals = word[0] == '-' ? strchr(word, '=') : NULL;
  if (equals == NULL || equals[1] != '/') {
    nomem__print_word(out, nomem__suite_shorten(word, folder));
    return;
  }
  char *joined = nomem__format("%.*s=%s", (int)(equals - word), word, nomem__suite_shorten(equals + 1, folder));
  nomem__print_word(out, joined);
  free(joined);
}

/* Cuts a name that is too long where a character begins, and tells it from others by a hash. */
static char *cut(char *name) {
  size_t length = strlen(name), kept = NAME_BYTES;
  if (length <= NAME_BYTES) return name;
  uint64_t hash = nomem__hash_text(NOMEM__HASH_START, name);
  while (kept > 0 && ((unsigned char)name[kept] & 0xc0) == 0x80) kept--;
  char *shorter = nomem__format("%.*s...%08x", (int)kept, name, (unsigned)(hash >> 32));
  free(name);
  return shorter;
}

static char *make_name(const struct nomem__recorded_image *image, const char *folder) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  nomem__print_word(out, find_program_name(image));
  const char *words = image->words, *end = words + (image->is_whole ? image->word_bytes : 0);
  for (const char *word = words; word < end; word += strlen(word) + 1) {
    if (word == words) continue;
    fputc(' ', out);
    if (image->test_at > 0 && word >= words + image->test_at)
      nomem__print_word(out, word);
    else
      print_argument(out, word, folder);
  }
  if (image->test != NULL) fprintf(out, " (%s)", image->test);
  if (image->input_path != NULL) {
    fputs(" < ", out);
    nomem__print_word(out, nomem__suite_shorten(image->input_path, folder));
  }
  return cut(nomem__memory_stream_close(&stream));
}

bool nomem__suite_is_same_command(const struct nomem__recorded_image *one, const struct nomem__recorded_image *other) {
  return one->is_whole && other->is_whole && strcmp(one->path, other->path) == 0 &&
         strcmp(one->folder, other->folder) == 0 && one->word_bytes == other->word_bytes &&
         memcmp(one->words, other->words, one->word_bytes) == 0 && nomem__input_is_same(one, other);
}

/* The case that the start of an image belongs to; NULL: there is none yet. What a case starts is explored with it in
 * whichever environment. */
static struct nomem__suite_case *find_same(struct nomem__suite_cases *cases, const struct nomem__recording *recording,
                                           const struct nomem__recorded_image *image) {
  struct nomem__suite_case *first = NULL;
  bool is_started = find_starter(recording, image) != NULL;
  size_t variants = 0;
  for (size_t i = 0; i < cases->count; i++) {
    struct nomem__suite_case *other = &cases->list[i];
    if (!nomem__suite_is_same_command(other->image, image)) continue;
    if (is_started || other->left_out == NOMEM_LEFT_OUT_STARTED_BY_CASE ||
        nomem__variants_are_same(other->image, image))
      return other;
    if (variants++ == 0) first = other;
  }
  return variants < VARIANTS_MAX ? NULL : first;
}

static void judge_status(struct nomem__suite_case *suite_case) {
  int status = suite_case->image->status;
  if (suite_case->image->was_let_go) return; /* its runs without a fault will show it */
  if (!suite_case->image->has_ended)
    nomem__suite_case_leave_out(suite_case, NOMEM_LEFT_OUT_NOT_ENDED, "it had not ended when the recording did");
  else if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP_CODE)
    nomem__suite_case_leave_out(suite_case, NOMEM_LEFT_OUT_SKIPPED, "it was skipped (exit status %d)", SKIP_CODE);
  else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
    nomem__suite_case_leave_out(suite_case, NOMEM_LEFT_OUT_FAILED, "without any fault it exits with %d",
                                WEXITSTATUS(status));
  else if (WIFSIGNALED(status) && sigabbrev_np(WTERMSIG(status)) != NULL)
    nomem__suite_case_leave_out(suite_case, NOMEM_LEFT_OUT_FAILED, "without any fault it is killed by SIG%s",
                                sigabbrev_np(WTERMSIG(status)));
  else if (WIFSIGNALED(status))
    nomem__suite_case_leave_out(suite_case, NOMEM_LEFT_OUT_FAILED, "without any fault it is killed by signal %d",
                                WTERMSIG(status));
}

static void judge(struct nomem__suite_case *suite_case, const struct nomem__recording *recording) {
  const struct nomem__recorded_image *starter = find_starter(recording, suite_case->image);
  char quoted[NOMEM_QUOTE_BYTES];
  if (starter != NULL)
    nomem__suite_case_leave_out(suite_case, NOMEM_LEFT_OUT_STARTED_BY_CASE, "%s starts it",
                                nomem__quote(find_program_name(starter), quoted, sizeof quoted));
  else if (!suite_case->image->is_whole)
    nomem__suite_case_leave_out(suite_case, NOMEM_LEFT_OUT_UNKNOWN,
                                "its arguments or its environment are too long, or cannot be read");
  else
    judge_status(suite_case);
}

/* The same command was started once more, this time perhaps by no case. */
static void add_start(struct nomem__suite_case *suite_case, const struct nomem__recorded_image *image,
                      const struct nomem__recording *recording) {
  suite_case->times++;
  if (suite_case->left_out != NOMEM_LEFT_OUT_STARTED_BY_CASE || find_starter(recording, image) != NULL) return;
  free(suite_case->reason);
  suite_case->reason = NULL;
  suite_case->left_out = NOMEM_LEFT_OUT_NO;
  suite_case->image = image;
  judge(suite_case, recording);
}

static int by_name(const void *left, const void *right) {
  const struct nomem__suite_case *a = left, *b = right;
  int order = strverscmp(a->name, b->name);
  if (order == 0) order = strcmp(a->image->path, b->image->path);
  if (order == 0 && a->image->is_whole && b->image->is_whole) order = strcmp(a->image->folder, b->image->folder);
  return order != 0 ? order : a->image < b->image ? -1 : a->image > b->image;
}

static void rename_case(struct nomem__suite_case *suite_case, char *name) {
  free(suite_case->name);
  suite_case->name = name;
}

/* These three give the cases of a run of equal names, from first on, what tells them apart: the variables, the folder,
 * or else a number, as for tests that differ in what they read. */
static void tell_variants(struct nomem__suite_cases *cases, size_t first, size_t end, const char *folder) {
  for (size_t i = first; i < end; i++) {
    struct nomem__suite_case *suite_case = &cases->list[i];
    free(suite_case->variant);
    suite_case->variant = nomem__variant_describe(&cases->list[first], end - first, i - first, folder);
    if (suite_case->variant != NULL && suite_case->variant[0] != '\0')
      rename_case(suite_case, cut(nomem__format("%s (%s)", suite_case->name, suite_case->variant)));
  }
}

static const char *find_place(const struct nomem__suite_case *suite_case) {
  return suite_case->image->is_whole ? suite_case->image->folder : suite_case->image->path;
}

static void tell_apart(struct nomem__suite_cases *cases, size_t first, size_t end, const char *folder) {
  bool is_one_place = true;
  for (size_t i = first + 1; i < end && is_one_place; i++)
    is_one_place = strcmp(find_place(&cases->list[first]), find_place(&cases->list[i])) == 0;
  for (size_t i = first; i < end && !is_one_place; i++) {
    struct nomem__suite_case *suite_case = &cases->list[i];
    const char *place = find_place(suite_case);
    const char *shown = strcmp(place, folder) == 0 ? "." : nomem__suite_shorten(place, folder);
    rename_case(suite_case, nomem__format("%s in %s", suite_case->name, shown));
  }
}

static void number_equals(struct nomem__suite_cases *cases, size_t first, size_t end) {
  for (size_t i = first + 1; i < end; i++)
    rename_case(&cases->list[i], nomem__format("%s (%zu)", cases->list[i].name, i - first + 1));
}

/* Calls back for each run of equal names in the sorted list. */
static void make_unique(struct nomem__suite_cases *cases, const char *folder) {
  for (int round = 0; round < 3; round++) {
    if (cases->count > 0) qsort(cases->list, cases->count, sizeof *cases->list, by_name);
    for (size_t first = 0, end; first < cases->count; first = end) {
      for (end = first + 1; end < cases->count && strcmp(cases->list[first].name, cases->list[end].name) == 0;) end++;
      if (end - first > 1 && round == 0) tell_variants(cases, first, end, folder);
      if (end - first > 1 && round == 1) tell_apart(cases, first, end, folder);
      if (end - first > 1 && round == 2) number_equals(cases, first, end);
    }
  }
}

void nomem__suite_cases_make(struct nomem__suite_cases *cases, const struct nomem__recording *recording,
                             const char *folder) {
  for (size_t i = 0; i < recording->count; i++) {
    const struct nomem__recorded_image *image = &recording->images[i];
    if (!is_case(image)) {
      cases->other_count += !image->has_successor;
      continue;
    }
    struct nomem__suite_case *same = find_same(cases, recording, image);
    if (same != NULL) {
      add_start(same, image, recording);
      continue;
    }
    cases->list = nomem__grow(cases->list, cases->count, &cases->room, sizeof *cases->list);
    struct nomem__suite_case *added = &cases->list[cases->count++];
    *added = (struct nomem__suite_case){.name = make_name(image, folder),
                                        .program = nomem__strdup(find_program_name(image)),
                                        .image = image,
                                        .times = 1};
    judge(added, recording);
  }
  make_unique(cases, folder);
}

static void free_case(struct nomem__suite_case *suite_case) {
  free(suite_case->name);
  free(suite_case->program);
  free(suite_case->variant);
  free(suite_case->reason);
  if (suite_case->own != NULL) nomem__split_free(suite_case->own);
}

/* Adds a case for a test of this one, which has the image. */
static void add_test(struct nomem__suite_cases *cases, size_t number, struct nomem__recorded_image *image,
                     const char *folder) {
  cases->list = nomem__grow(cases->list, cases->count, &cases->room, sizeof *cases->list);
  const struct nomem__suite_case *whole = &cases->list[number];
  cases->list[cases->count++] = (struct nomem__suite_case){.name = make_name(image, folder),
                                                           .program = nomem__strdup(whole->program),
                                                           .image = image,
                                                           .own = image,
                                                           .times = whole->times};
}

/* One of which only some tests fail is split, too: the others are explored. */
static bool may_be_split(const struct nomem__suite_case *suite_case) {
  return suite_case->reason == NULL || (suite_case->left_out == NOMEM_LEFT_OUT_FAILED && suite_case->image->is_whole);
}

/* Whether a program of the first so many has become a test: a runner such as libuv's starts itself for each. */
static bool is_among(const struct nomem__suite_cases *cases, size_t whole, const struct nomem__suite_case *started) {
  for (size_t i = whole; i < cases->count && started->left_out == NOMEM_LEFT_OUT_STARTED_BY_CASE; i++)
    if (nomem__suite_is_same_command(started->image, cases->list[i].image)) return true;
  return false;
}

/* Those that were added come last; each takes the number that is left. */
void nomem__suite_cases_split(struct nomem__suite_cases *cases, const char *folder) {
  size_t kept = 0, whole = cases->count;
  bool *is_split = nomem__calloc(whole + 1, sizeof *is_split);
  for (size_t i = 0; i < whole; i++) {
    size_t tests = 0;
    struct nomem__recorded_image **images =
        may_be_split(&cases->list[i]) ? nomem__split(cases->list[i].image, &tests) : NULL;
    for (size_t t = 0; t < tests; t++) add_test(cases, i, images[t], folder);
    free(images);
    is_split[i] = tests > 0;
  }
  for (size_t i = 0; i < whole; i++) {
    if (is_split[i] || is_among(cases, whole, &cases->list[i]))
      free_case(&cases->list[i]);
    else
      cases->list[kept++] = cases->list[i];
  }
  free(is_split);
  for (size_t i = whole; i < cases->count; i++) cases->list[kept++] = cases->list[i];
  cases->count = kept;
  make_unique(cases, folder);
}

int nomem__suite_cases_choose(struct nomem__suite_cases *cases, const char *pattern) {
  regex_t regex;
  char text[256];
  int error = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
  if (error != 0) {
    regerror(error, &regex, text, sizeof text);
    nomem__complain("--tests: %s", text);
    return -EINVAL;
  }
  for (size_t i = 0; i < cases->count; i++)
    if (regexec(&regex, cases->list[i].name, 0, NULL, 0) != 0)
      nomem__suite_case_leave_out(&cases->list[i], NOMEM_LEFT_OUT_NOT_CHOSEN, "--tests does not match it");
  regfree(&regex);
  return 0;
}

void nomem__suite_cases_free(struct nomem__suite_cases *cases) {
  for (size_t i = 0; i < cases->count; i++) free_case(&cases->list[i]);
  free(cases->list);
  *cases = (struct nomem__suite_cases){0};
}
