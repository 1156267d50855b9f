/* SPDX-License-Identifier: MIT */
#include "error_names.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The largest number that the kernel knows as an errno. */
#define ERRNO_MAX 4095
#define WORDS_MAX 16
#define WORD_BYTES 24

/* The words of a name, in lower case: between underscores, and where a small letter is followed by a capital. Without
 * the parameters of a function. */
struct words {
  char list[WORDS_MAX][WORD_BYTES];
  size_t count;
};

static bool is_boundary(const char *name, size_t i) {
  return islower((unsigned char)name[i - 1]) && isupper((unsigned char)name[i]);
}

/* A longer word is cut: no word that is looked for is as long. */
static void split(const char *name, struct words *words) {
  size_t length = 0;
  *words = (struct words){0};
  for (size_t i = 0; name[i] != '\0' && name[i] != '(' && words->count < WORDS_MAX; i++) {
    bool is_letter = isalnum((unsigned char)name[i]) != 0;
    if (length > 0 && (!is_letter || is_boundary(name, i))) {
      words->count++;
      length = 0;
    }
    if (is_letter && words->count < WORDS_MAX && length + 1 < WORD_BYTES)
      words->list[words->count][length++] = (char)tolower((unsigned char)name[i]);
  }
  words->count += length > 0;
}

static bool is_one_of(const char *word, const char *const *list) {
  for (; *list != NULL; list++)
    if (strcmp(word, *list) == 0) return true;
  return false;
}

static bool is_memory(const char *word) {
  static const char *const names[] = {"mem", "memory", NULL};
  return is_one_of(word, names);
}

static bool is_failure(const char *word) {
  static const char *const names[] = {"err",       "error",    "errors",       "fail",  "failed",   "failure", "full",
                                      "exhausted", "exceeded", "insufficient", "short", "shortage", NULL};
  return is_one_of(word, names);
}

bool nomem__names_want_of_memory(const char *name) {
  static const char *const whole[] = {"nomem",        "enomem", "nomemory", "oom",        "outofmemory", "outofmem",
                                      "badalloc",     "alloc",  "malloc",   "allocation", "allocfail",   "allocfailed",
                                      "allocfailure", "ealloc", "memerr",   "memerror",   NULL};
  struct words words;
  split(name, &words);
  for (size_t i = 0; i < words.count; i++) {
    const char *word = words.list[i], *next = i + 1 < words.count ? words.list[i + 1] : "";
    const char *third = i + 2 < words.count ? words.list[i + 2] : "";
    if (is_one_of(word, whole)) return true;
    if (is_memory(word) && is_failure(next)) return true;
    if ((strcmp(word, "no") == 0 || is_failure(word)) && is_memory(next)) return true;
    if (strcmp(word, "out") == 0 && strcmp(next, "of") == 0 && is_memory(third)) return true;
  }
  return false;
}

bool nomem__names_clean_up(const char *function) {
  static const char *const whole[] = {"close",  "free",      "destroy", "delete", "dispose",  "shutdown", "cleanup",
                                      "deinit", "uninit",    "fini",    "final",  "finalize", "finalise", "teardown",
                                      "stop",   "terminate", "release", "unref",  "quit",     NULL};
  static const char *const before_up[] = {"clean", "tidy", NULL}, *const before_down[] = {"shut", "tear", "close",
                                                                                          NULL};
  struct words words;
  if (strchr(function, '~') != NULL) return true;
  split(function, &words);
  for (size_t i = 0; i < words.count; i++) {
    const char *word = words.list[i], *next = i + 1 < words.count ? words.list[i + 1] : "";
    if (is_one_of(word, whole)) return true;
    if (is_one_of(word, before_up) && strcmp(next, "up") == 0) return true;
    if (is_one_of(word, before_down) && strcmp(next, "down") == 0) return true;
  }
  return false;
}

bool nomem__names_allocation(const char *function) {
  static const char *const whole[] = {"alloc", "malloc", "calloc", "zalloc", "realloc", "alloc0", "memalloc", NULL};
  struct words words;
  split(function, &words);
  for (size_t i = 0; i < words.count; i++)
    if (is_one_of(words.list[i], whole)) return true;
  return false;
}

bool nomem__names_status(const char *name) {
  static const char *const whole[] = {
      "err",     "errno",  "error", "errors", "errcode", "errcount", "fail",     "failed", "fails",   "stat",
      "state",   "status", "code",  "rc",     "failure", "ok",       "failures", "broken", "okay",    "valid",
      "invalid", "bad",    "good",  "oom",    "success", "nomem",    "flag",     "flags",  "aborted", NULL};
  struct words words;
  if (nomem__names_want_of_memory(name)) return true;
  split(name, &words);
  for (size_t i = 0; i < words.count; i++)
    if (is_one_of(words.list[i], whole)) return true;
  return false;
}

void nomem__returned_enum_note(void *returned, const char *name, int64_t value) {
  struct nomem__returned_enum *type = returned;
  bool says_memory = nomem__names_want_of_memory(name);
  if (says_memory && value == type->value) type->is_want_of_memory = true;
  if (value == type->value && type->name[0] == '\0') snprintf(type->name, sizeof type->name, "%s", name);
  if (says_memory && type->memory_name[0] == '\0') snprintf(type->memory_name, sizeof type->memory_name, "%s", name);
}

bool nomem__returned_enum_is_wrong(const struct nomem__returned_enum *returned, int64_t usual) {
  return returned->value != usual && returned->memory_name[0] != '\0' && !returned->is_want_of_memory;
}

bool nomem__returned_errno_is_wrong(int64_t value, int64_t usual, bool knows_errno) {
  return knows_errno && value < -1 && value >= -ERRNO_MAX && value != -ENOMEM && usual >= 0;
}
