/* SPDX-License-Identifier: MIT */
/* A library (with LIB) that joins words, and leaves out the one that it has no memory for; and its test, which notices.
 * Nobody is told, unless
 *   LATE      text_failed() says so, when it is asked
 *   ERROR     text_error() says so, by a text in place of NULL
 *   ERRNO     errno says so
 *   HANDLER   a function of the test's is called then, and only then
 *   STATUS    a function of the test's is called in any case, with a status
 *   RETURNS   join() returns NULL
 *   JUMPS     join() does not return
 *   MEMBER    a member of what it returned says so, which no call shows
 *   SAYS      it says so on standard error, which tells people, not the program
 * The test compares the text; or with COUNTS, how many words it has; or by a function of its own, with CHECKS; or in a
 * thread, with THREAD; or it aborts, with ASSERTS; or by a test framework, with CMOCKA; or by one that is linked in,
 * with UNITY; or a runner calls it through a pointer, with TABLE. With LAST it only looks for the last word. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
  char *bytes;
  unsigned count;
  int has_failed;
};

typedef void (*note_status)(int status, void *user);

struct text *join(const char *const *words, int count, note_status note, void *user);
int text_failed(const struct text *text);
const char *text_error(const struct text *text);
unsigned text_count(const struct text *text);
void text_free(struct text *text);
extern jmp_buf text_jump;

#ifdef LIB
jmp_buf text_jump;

static int append(struct text *text, const char *word) {
  size_t used = text->bytes != NULL ? strlen(text->bytes) : 0;
  char *bytes = realloc(text->bytes, used + strlen(word) + 1);
  if (bytes == NULL) return -1;
  strcpy(bytes + used, word);
  text->bytes = bytes;
  text->count++;
  return 0;
}

struct text *join(const char *const *words, int count, note_status note, void *user) {
  int status = 0;
  struct text *text = calloc(1, sizeof *text);
  if (text == NULL) return NULL;
  for (int i = 0; i < count; i++) status |= append(text, words[i]);
#ifdef SAYS
  if (status != 0) fputs("text: out of memory\n", stderr);
#endif
#if defined LATE || defined ERROR || defined MEMBER
  text->has_failed = status;
#elif defined HANDLER
  if (status != 0) note(status, user);
#elif defined STATUS
  note(status, user);
#elif defined RETURNS
  if (status != 0) {
    text_free(text);
    return NULL;
  }
#elif defined JUMPS
  if (status != 0) {
    text_free(text);
    longjmp(text_jump, 1);
  }
#endif
#ifndef ERRNO
  errno = 0;
#endif
  (void)note, (void)user;
  return text;
}

int text_failed(const struct text *text) {
  return text->has_failed;
}
const char *text_error(const struct text *text) {
  return text->has_failed ? "a word is missing" : NULL;
}
unsigned text_count(const struct text *text) {
  return text->count;
}

void text_free(struct text *text) {
  free(text->bytes);
  free(text);
}
#else
#ifdef CMOCKA
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void joins(void **state) {
  static const char *const words[] = {"one", "two", "three"};
  struct text *text = join(words, 3, NULL, NULL);
  (void)state;
  assert_non_null(text);
  assert_false(text_failed(text));
  assert_string_equal(text->bytes, "onetwothree");
  text_free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(joins)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
static void note(int status, void *user) {
  int *noted = user;
  *noted = status;
}

#ifdef CHECKS
static int failures;

static void check(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "not so: %s\n", what);
  failures++;
}
#endif

#ifdef UNITY
void UnityAssertEqualString(const char *expected, const char *actual);
unsigned UnityEnd(void);
#endif

static int compare(const struct text *text) {
#if defined COUNTS
  return text_count(text) != 3;
#elif defined LAST
  return text->bytes == NULL || strstr(text->bytes, "three") == NULL;
#elif defined CHECKS
  check(strcmp(text->bytes, "onetwothree") == 0, "the text");
  return failures != 0;
#elif defined UNITY
  UnityAssertEqualString("onetwothree", text->bytes);
  return UnityEnd() != 0;
#elif defined ASSERTS
  assert(strcmp(text->bytes, "onetwothree") == 0);
  return 0;
#else
  if (strcmp(text->bytes, "onetwothree") == 0) return 0;
  fprintf(stderr, "joined: '%s'\n", text->bytes);
  return 1;
#endif
}

static int test(void) {
  static const char *const words[] = {"one", "two", "three"};
  int noted = 0;
#ifdef JUMPS
  if (setjmp(text_jump) != 0) return 1;
#endif
#ifdef ERRNO
  errno = 0;
#endif
  struct text *text = join(words, 3, note, &noted);
  if (text == NULL) return 1;
  int status = 0;
#if defined LATE
  status = text_failed(text) != 0;
#elif defined ERROR
  status = text_error(text) != NULL;
#elif defined ERRNO
  status = errno == ENOMEM;
#elif defined HANDLER || defined STATUS
  status = noted != 0;
#elif defined MEMBER
  status = text->has_failed != 0;
#endif
  if (status == 0) status = compare(text);
  text_free(text);
  return status;
}

#ifdef THREAD
static void *run(void *result) {
  *(int *)result = test();
  return NULL;
}
#endif

int main(void) {
#ifdef THREAD
  pthread_t thread;
  int result = 1;
  if (pthread_create(&thread, NULL, run, &result) != 0) return 0;
  pthread_join(thread, NULL);
  return result;
#elif defined TABLE
  static int (*volatile const tests[])(void) = {test};
  int result = tests[0]();
  puts(result == 0 ? "ok" : "not ok");
  return result;
#else
  return test();
#endif
}
#endif
#endif
