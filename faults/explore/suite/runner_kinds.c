/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "runner_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../text/memory.h"
#include "../text/words.h"

/* More words than any kind has to be told. */
#define TOLD_MAX 4

struct kind {
  const char *globs;            /* of the programs' names, as in nomem__matches_any */
  const char *commands;         /* by which tests are run, likewise */
  const char *server;           /* the program of its server; NULL: it has none */
  const char *server_name;      /* and what that one's first word begins with */
  const char *end_server;       /* the command that ends it */
  const char *told[TOLD_MAX];   /* the options, behind the command, by which every test is started */
  const char *starts_all_globs; /* any of these options has no result taken from a cache, as in nomem__matches_any */
};

/* A test that Bazel runs in a sandbox runs in a folder that is gone when it has ended. */
static const struct kind kinds[] = {
    {.globs = "bazel,bazel-*,bazelisk*",
     .commands = "test,coverage",
     .server = "java",
     .server_name = "bazel(",
     .end_server = "shutdown",
     .told = {"--nocache_test_results", "--strategy=TestRunner=local"},
     .starts_all_globs =
         "--nocache_test_results,--cache_test_results=n*,--cache_test_results=f*,--cache_test_results=0"},
    {.globs = "go,go1.*",
     .commands = "test",
     .told = {"-count=1"},
     .starts_all_globs = "-count=*,--count=*,-count,--count"},
};

static const struct kind *find_kind(const char *path) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (nomem__matches_any(kinds[i].globs, nomem__base_name(path))) return &kinds[i];
  return NULL;
}

bool nomem__runner_kind_needs_words(const char *path) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (kinds[i].server != NULL && strcmp(nomem__base_name(path), kinds[i].server) == 0) return true;
  return find_kind(path) != NULL;
}

/* The place of the command among the words of a runner; 0: it runs no tests. What stands before it are options. */
static size_t find_command(const struct kind *kind, char *const *words) {
  size_t i = 1;
  while (words[0] != NULL && words[i] != NULL && !nomem__matches_any(kind->commands, words[i])) i++;
  return words[0] != NULL && words[i] != NULL ? i : 0;
}

static size_t count_words(char *const *words) {
  size_t count = 0;
  while (words[count] != NULL) count++;
  return count;
}

char **nomem__runner_kind_complete(char *const *program) {
  const struct kind *kind = find_kind(program[0]);
  size_t command = kind != NULL ? find_command(kind, program) : 0, count = count_words(program), told = 0;
  if (command == 0) return NULL;
  char **list = nomem__calloc(count + TOLD_MAX + 1, sizeof *list);
  memcpy(list, program, (command + 1) * sizeof *list);
  for (; told < TOLD_MAX && kind->told[told] != NULL; told++) list[command + 1 + told] = (char *)kind->told[told];
  memcpy(list + command + 1 + told, program + command + 1, (count - command - 1) * sizeof *list);
  return list;
}

char **nomem__runner_kind_end_server(char *const *program) {
  const struct kind *kind = find_kind(program[0]);
  size_t command = kind != NULL && kind->server != NULL ? find_command(kind, program) : 0;
  if (command == 0) return NULL;
  char **list = nomem__calloc(command + 2, sizeof *list);
  memcpy(list, program, command * sizeof *list);
  list[command] = (char *)kind->end_server;
  return list;
}

/* The words of an image, as a list that is the caller's; NULL: they are not known. */
static char **list_words(const struct nomem__recorded_image *image) {
  if (!image->is_whole) return NULL;
  size_t count = 0;
  const char *end = image->words + image->word_bytes;
  for (const char *word = image->words; word < end; word += strlen(word) + 1) count++;
  char **list = nomem__calloc(count + 1, sizeof *list);
  size_t i = 0;
  for (char *word = image->words; i < count; word += strlen(word) + 1) list[i++] = word;
  return list;
}

static bool has_server(const struct nomem__recording *recording, const struct kind *kind) {
  for (size_t i = 0; i < recording->count; i++) {
    const struct nomem__recorded_image *image = &recording->images[i];
    if (image->is_whole && strcmp(nomem__base_name(image->path), kind->server) == 0 &&
        strncmp(image->words, kind->server_name, strlen(kind->server_name)) == 0)
      return true;
  }
  return false;
}

static bool starts_all(const struct kind *kind, char *const *words) {
  for (size_t i = 1; words[i] != NULL; i++)
    if (nomem__matches_any(kind->starts_all_globs, words[i])) return true;
  return false;
}

static char *describe(const struct nomem__recording *recording, const struct kind *kind, char *const *words,
                      bool *is_certain) {
  const char *name = nomem__base_name(words[0]);
  size_t command = find_command(kind, words);
  if (command == 0) return NULL;
  if (kind->server != NULL && !has_server(recording, kind)) {
    *is_certain = true;
    return nomem__format(
        "%s %s had its tests started by a server that was there before nomem: they are not known: end "
        "it first, by '%s %s', and have each test started, by %s",
        name, words[command], name, kind->end_server, kind->told[0]);
  }
  if (starts_all(kind, words)) return NULL;
  return nomem__format(
      "%s %s starts no test again whose result it has already: such tests are not known: have each test "
      "started, by %s",
      name, words[command], kind->told[0]);
}

char *nomem__runner_kind_describe_unseen(const struct nomem__recording *recording, bool *is_certain) {
  char *sentence = NULL;
  *is_certain = false;
  for (size_t i = 0; i < recording->count && !*is_certain; i++) {
    const struct nomem__recorded_image *image = &recording->images[i];
    const struct kind *kind = find_kind(image->path);
    char **words = kind != NULL && !image->has_successor ? list_words(image) : NULL;
    char *found = words != NULL ? describe(recording, kind, words, is_certain) : NULL;
    free(words);
    if (found != NULL && (sentence == NULL || *is_certain)) {
      free(sentence);
      sentence = found;
    } else {
      free(found);
    }
  }
  return sentence;
}
