/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "split.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../text/memory.h"
#include "../text/words.h"
#include "split_names.h"
#include "variables.h"

/* A list takes no time; one that is made by running the tests takes as long as they do. */
#define LIST_SECONDS 60
#define LIST_BYTES ((size_t)4 << 20)

static const struct nomem__test_framework *find_framework(const char *path) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) != 0 || status.st_size <= 0) {
    if (fd >= 0) close(fd);
    return NULL;
  }
  void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (bytes == MAP_FAILED) return NULL;
  const struct nomem__test_framework *framework = nomem__test_framework_of(bytes, (size_t)status.st_size);
  munmap(bytes, (size_t)status.st_size);
  return framework;
}

/* The words of the case, with those behind them that have the framework list its tests. */
static char **make_words(const struct nomem__recorded_image *image, const struct nomem__test_framework *framework) {
  char **own = nomem__split_words(image->words, image->word_bytes);
  size_t count = 0;
  while (own[count] != NULL) count++;
  char **words = nomem__calloc(count + NOMEM_LIST_WORDS + 1, sizeof *words);
  memcpy(words, own, count * sizeof *words);
  for (size_t i = 0; i < NOMEM_LIST_WORDS && framework->list[i] != NULL; i++)
    words[count + i] = (char *)framework->list[i];
  free(own);
  return words;
}

static _Noreturn void become_list(const struct nomem__recorded_image *image,
                                  const struct nomem__test_framework *framework, int out) {
  char **words = make_words(image, framework);
  char **variables = nomem__variables_apply(environ, image->variables, image->variable_bytes);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  int listed = framework->lists_on_error ? STDERR_FILENO : STDOUT_FILENO;
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (null < 0 || dup2(fd == listed ? out : null, fd) < 0) _exit(1);
  environ = variables;
  if (framework->list_variable != NULL) putenv((char *)framework->list_variable);
  if (chdir(image->folder) != 0) _exit(1);
  alarm(LIST_SECONDS);
  execv(image->path, words);
  _exit(1);
}

/* What the program prints when it is to list its tests; the caller's. */
static char *list(const struct nomem__recorded_image *image, const struct nomem__test_framework *framework) {
  int out = memfd_create("nomem-list", MFD_CLOEXEC);
  char *text = nomem__calloc(LIST_BYTES + 1, 1);
  pid_t pid = out >= 0 ? fork() : -1;
  if (pid == 0) become_list(image, framework, out);
  if (pid > 0) waitpid(pid, NULL, 0);
  ssize_t got = pid > 0 ? pread(out, text, LIST_BYTES, 0) : 0;
  text[got > 0 ? got : 0] = '\0';
  if (out >= 0) close(out);
  return text;
}

/* Copies a block of words, each with its NUL, and adds a word (NULL: none). */
static char *append(const char *block, size_t bytes, const char *word, size_t *result_bytes) {
  size_t length = word != NULL ? strlen(word) + 1 : 0;
  char *result = nomem__malloc(bytes + length + 1);
  if (bytes > 0) memcpy(result, block, bytes);
  if (length > 0) memcpy(result + bytes, word, length);
  *result_bytes = bytes + length;
  return result;
}

static void append_to(char **block, size_t *bytes, const char *word) {
  char *before = *block;
  *block = append(before, *bytes, word, bytes);
  free(before);
}

static struct nomem__recorded_image *make_image(const struct nomem__recorded_image *whole,
                                                const struct nomem__test_framework *framework,
                                                const struct nomem__listed_test *test, size_t count) {
  struct nomem__recorded_image *image = nomem__malloc(sizeof *image);
  char *filter = nomem__test_filter_make(framework, test->name);
  bool is_variable = framework->filter == NULL;
  *image = *whole;
  image->path = nomem__strdup(whole->path);
  image->folder = nomem__strdup(whole->folder);
  image->input_path = whole->input_path != NULL ? nomem__strdup(whole->input_path) : NULL;
  image->test_at = whole->word_bytes;
  image->words = append(whole->words, whole->word_bytes, framework->also, &image->word_bytes);
  if (!is_variable) append_to(&image->words, &image->word_bytes, filter);
  if (test->is_repeated) append_to(&image->words, &image->word_bytes, filter);
  image->variables =
      append(whole->variables, whole->variable_bytes, is_variable ? filter : NULL, &image->variable_bytes);
  image->test = is_variable ? nomem__strdup(test->name) : NULL;
  image->wall_us = whole->wall_us / count;
  free(filter);
  return image;
}

/* Whether the words of the command may name some of the tests, and the list would have all. libuv's runner takes its
 * first word for the name of a test, whatever follows. */
static bool chooses_tests(const struct nomem__recorded_image *image, const struct nomem__test_framework *framework) {
  const char *end = image->words + image->word_bytes, *word = image->words + strlen(image->words) + 1;
  bool has_words = word < end, has_names = false;
  for (; word < end; word += strlen(word) + 1) has_names |= word[0] != '-';
  return framework->lists_all ? has_names : framework->format == NOMEM_LIST_LIBUV && has_words;
}

struct nomem__recorded_image **nomem__split(const struct nomem__recorded_image *image, size_t *count) {
  const struct nomem__test_framework *framework = find_framework(image->path);
  struct nomem__test_names names = {0};
  struct nomem__recorded_image **images = NULL;
  *count = 0;
  if (framework == NULL || chooses_tests(image, framework)) return NULL;
  char *text = list(image, framework);
  nomem__test_names_read(&names, framework->format, text);
  free(text);
  if (names.count > 1) {
    images = nomem__calloc(names.count, sizeof(struct nomem__recorded_image *));
    for (size_t i = 0; i < names.count; i++) images[i] = make_image(image, framework, &names.list[i], names.count);
    *count = names.count;
  }
  nomem__test_names_free(&names);
  return images;
}

void nomem__split_free(struct nomem__recorded_image *image) {
  free(image->path);
  free(image->words);
  free(image->folder);
  free(image->variables);
  free(image->input_path);
  free(image->test);
  free(image);
}
