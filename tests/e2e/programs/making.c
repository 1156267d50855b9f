/* SPDX-License-Identifier: MIT */
/* making WHAT: makes files, and copes with every failure. Those whose name begins with "bad" leave what they do not
 * leave without one; the others are right to leave what they do. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void make(const char *path, int flags) {
  int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);
  if (fd < 0 || write(fd, "made", 4) != 4) _exit(3);
  close(fd);
}

static void make_temporary(void) {
  char path[] = "/tmp/making-XXXXXX";
  close(mkstemp(path));
}

static int has_memory(void) {
  void *volatile block = malloc(100);
  free(block);
  return block != NULL;
}

/* A table that is made when it is first needed, and kept. */
static void need_cache(void) {
  if (access("cache", F_OK) != 0 && has_memory()) make("cache", O_EXCL);
}

/* Whoever finds what another run has left gives up. */
static __attribute__((noinline)) void bad_again(void) {
  if (has_memory()) return;
  mkdir("folder", 0700);
  make("folder/made", O_EXCL);
}

/* What cannot be put back, or is too much to be: whoever finds it gives up. */
static __attribute__((noinline)) void empty_file(void) {
  if (!has_memory() && truncate("kept", 0) != 0) _exit(3);
}

static __attribute__((noinline)) void make_many(void) {
  static int is_done;
  char path[64];
  if (has_memory() || is_done++) return;
  if (mkdir("many", 0700) != 0) _exit(3);
  for (int i = 0; i < 1100; i++) {
    snprintf(path, sizeof path, "many/%d", i);
    make(path, O_EXCL);
  }
}

static int is_empty(const char *path) {
  struct stat status;
  return stat(path, &status) != 0 || status.st_size == 0;
}

int main(int count, char **words) {
  const char *what = count > 1 ? words[1] : "";
  char path[64];
  int status = 0;
  if (strcmp(what, "cache") == 0) {
    need_cache();
    need_cache();
  } else if (strcmp(what, "always") == 0) {
    make_temporary();
    has_memory();
  } else if (strcmp(what, "bad-output") == 0) {
    make("output", 0);
    if (has_memory()) make("output", O_APPEND);
  } else if (strcmp(what, "numbers") == 0) {
    snprintf(path, sizeof path, "result.%d%s", (int)getpid(), has_memory() ? "" : "1");
    make(path, 0);
  } else if (strcmp(what, "log") == 0) {
    if (!has_memory()) make("errors.log", O_APPEND);
  } else if (strcmp(what, "bad-again") == 0) {
    bad_again();
    bad_again();
    bad_again();
  } else if (strcmp(what, "empty") == 0) {
    if (is_empty("kept")) return 3;
    empty_file();
    empty_file();
    empty_file();
  } else if (strcmp(what, "many") == 0) {
    make_many();
    make_many();
    make_many();
  } else if (strcmp(what, "bad-refusal") == 0) {
    make("journal", O_EXCL);
    status = has_memory() ? 0 : 1;
    if (status == 0) unlink("journal");
  } else if (strcmp(what, "bad-one-more") == 0) {
    make_temporary();
    if (!has_memory()) make_temporary();
  } else if (strcmp(what, "bad-half") == 0) {
    make("output.tmp", 0);
    if (has_memory()) rename("output.tmp", "output");
  } else if (strcmp(what, "bad-leak") == 0) {
    char *volatile name = strdup("held");
    if (name != NULL) make(name, O_EXCL);
    if (name == NULL || !has_memory()) return 0;
    unlink(name);
    free(name);
  }
  return status;
}
