/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "option_sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../text/memory.h"
#include "../text/quote.h"
#include "../text/regular_file.h"

/* No options take more than this, and no file that somebody put there by mistake is read whole. */
#define FILE_MAX_BYTES ((off_t)1 << 20)

static int add_source(struct nomem__option_sources *sources, const char *name, bool is_file, const char *text,
                      FILE *err) {
  unsigned line;
  size_t number = sources->count++;
  sources->list[number].name = nomem__strdup(name);
  sources->list[number].is_file = is_file;
  if (nomem__option_words_split(&sources->list[number].words, text, is_file, &line) == 0) return 0;
  if (is_file)
    fprintf(err, "nomem: %s:%u: a quote is not closed\n", name, line);
  else
    fprintf(err, "nomem: %s: a quote is not closed\n", name);
  return -EINVAL;
}

/* Why the file is not to be trusted; NULL: it is. */
static const char *find_objection(const struct stat *status) {
  if (status->st_uid != geteuid()) return "it belongs to another user";
  if ((status->st_mode & S_IWOTH) != 0) return "everybody may write to it: use 'chmod o-w'";
  return NULL;
}

/* Returns the text of an open file, which is the caller's; NULL: errno says why not. */
static char *read_text(int file, const struct stat *status) {
  char *text = nomem__malloc((size_t)status->st_size + 1);
  ssize_t length = pread(file, text, (size_t)status->st_size, 0);
  if (length < 0) {
    free(text);
    return NULL;
  }
  text[length] = '\0';
  return text;
}

static int complain_of_file(FILE *err, const char *name, const char *reason, bool is_left_alone) {
  fprintf(err, "nomem: %s: %s%s\n", name, is_left_alone ? "not read: " : "cannot be read: ", reason);
  return is_left_alone ? 0 : -EINVAL;
}

/* shown: the path as messages have it. */
static int read_file(struct nomem__option_sources *sources, const char *path, FILE *err) {
  struct stat status;
  char shown[NOMEM_QUOTE_BYTES];
  nomem__quote(path, shown, sizeof shown);
  int file = nomem__regular_file_open(path, &status);
  if (file == -ENOENT || file == -ENOTDIR) return 0;
  if (file == -EACCES && stat(path, &status) != 0) return 0; /* in another user's folder, as HOME is after su */
  if (file == -EINVAL) return complain_of_file(err, shown, "it is no regular file", true);
  if (file < 0) return complain_of_file(err, shown, strerror(-file), false);
  const char *objection = find_objection(&status);
  int result = 0;
  if (objection != NULL)
    result = complain_of_file(err, shown, objection, true);
  else if (status.st_size > FILE_MAX_BYTES)
    result = complain_of_file(err, shown, "it is larger than 1 MiB", false);
  else {
    char *text = read_text(file, &status);
    result = text == NULL ? complain_of_file(err, shown, strerror(errno), false)
                          : add_source(sources, shown, true, text, err);
    free(text);
  }
  close(file);
  return result;
}

static bool is_same_file(const char *path, const char *other) {
  struct stat a, b;
  return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int nomem__option_sources_read(struct nomem__option_sources *sources, FILE *err) {
  const char *home = getenv("HOME"), *text = getenv(NOMEM_OPTIONS_ENV);
  int result = 0;
  *sources = (struct nomem__option_sources){0};
  char *path = home != NULL && *home == '/' ? nomem__format("%s/" NOMEM_OPTIONS_FILE, home) : NULL;
  bool is_home = path != NULL && is_same_file(path, NOMEM_OPTIONS_FILE);
  if (path != NULL) result = read_file(sources, path, err);
  free(path);
  if (result == 0 && text != NULL) result = add_source(sources, NOMEM_OPTIONS_ENV, false, text, err);
  if (result == 0 && !is_home) result = read_file(sources, "./" NOMEM_OPTIONS_FILE, err);
  return result;
}

void nomem__option_sources_free(struct nomem__option_sources *sources) {
  for (size_t i = 0; i < sources->count; i++) {
    free(sources->list[i].name);
    nomem__option_words_free(&sources->list[i].words);
  }
  *sources = (struct nomem__option_sources){0};
}
