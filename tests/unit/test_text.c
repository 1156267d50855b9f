/* SPDX-License-Identifier: MIT */
/* The ground that everything else of the command stands on: growing lists, hashes, shared strings, words, and text that
 * is printed into memory. Each is right, or ends the command when memory is short: every allocation of this program can
 * be made to fail. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/text/entities.h"
#include "explore/text/grow.h"
#include "explore/text/hash.h"
#include "explore/text/json_values.h"
#include "explore/text/memory.h"
#include "explore/text/memory_stream.h"
#include "explore/text/printable.h"
#include "explore/text/quote.h"
#include "explore/text/strings.h"
#include "explore/text/words.h"
#include "explore/text/write_error.h"
#include "fixtures/short_memory.h"

static void a_list_grows_and_keeps_what_is_in_it(void **state) {
  (void)state;
  uint32_t *list = NULL;
  size_t room = 0;
  for (uint32_t i = 0; i < 1000; i++) {
    list = nomem__grow(list, i, &room, sizeof *list);
    assert_true(room > i);
    list[i] = i;
  }
  for (uint32_t i = 0; i < 1000; i++) assert_int_equal(list[i], i);
  free(list);
}

static bool grow_once(const void *arg) {
  size_t room = 0;
  return nomem__grow(NULL, 0, &room, *(const size_t *)arg) != NULL && room > 0;
}

/* An allocation that fails ends the command, with one line; and so does one of more than there can be. */
static void a_list_that_cannot_grow_ends_the_command(void **state) {
  (void)state;
  size_t bytes = 1;
  assert_int_equal(work_short(grow_once, &bytes, NEVER, false), NEVER_FAILED);
  assert_int_equal(work_short(grow_once, &bytes, 0, true), GAVE_UP);
  bytes = SIZE_MAX / 8;
  assert_int_equal(work_short(grow_once, &bytes, NEVER, false), GAVE_UP);
}

static bool allocate_each(const void *arg) {
  (void)arg;
  char *moved = nomem__realloc(nomem__malloc(1), 1000), *zero = nomem__calloc(2, 3);
  moved = nomem__reallocarray(moved, 10, 1000);
  char *copy = nomem__strdup("copy"), *cut = nomem__strndup("cut off", 3), *text = nomem__format("%d", 7);
  bool is_right = moved != NULL && memcmp(zero, "\0\0\0\0\0", 6) == 0 && strcmp(copy, "copy") == 0 &&
                  strcmp(cut, "cut") == 0 && strcmp(text, "7") == 0;
  free(moved), free(zero), free(copy), free(cut), free(text);
  return is_right;
}

static bool open_file(const void *arg) {
  FILE *file = nomem__checked(fopen(arg, "r"));
  if (file == NULL) return true;
  char *line = NULL;
  size_t room = 0;
  bool is_right = nomem__getline(&line, &room, file) == 0 || line != NULL;
  free(line);
  fclose(file);
  return is_right;
}

/* Each of the functions in place of the C library's ends the command; that a file is not there does not. */
static void each_allocation_ends_the_command(void **state) {
  (void)state;
  assert_int_equal(count_giving_up(allocate_each, NULL, true), 7);
  assert_int_equal(count_giving_up(open_file, "/proc/self/status", true), 2); /* its buffer is not needed */
  assert_int_equal(work_short(open_file, "/proc/self/none", NEVER, false), NEVER_FAILED);
}

/* What was being written is removed. */
static void what_is_unfinished_is_removed(void **state) {
  (void)state;
  char path[] = "/tmp/nomem-unfinished-XXXXXX";
  size_t bytes = 1;
  int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  nomem__memory_set_unfinished(path);
  assert_int_equal(work_short(grow_once, &bytes, NEVER, true), NEVER_FAILED);
  assert_int_equal(access(path, F_OK), 0);
  assert_int_equal(work_short(grow_once, &bytes, 0, true), GAVE_UP);
  assert_int_not_equal(access(path, F_OK), 0);
  nomem__memory_set_unfinished(NULL);
}

/* Stores keep hashes: they must not change from version to version. The values are FNV-1a's. */
static void hashes_are_fnv_1a(void **state) {
  (void)state;
  assert_true(nomem__hash_bytes(NOMEM__HASH_START, "", 0) == UINT64_C(0xcbf29ce484222325));
  assert_true(nomem__hash_bytes(NOMEM__HASH_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
  assert_true(nomem__hash_bytes(NOMEM__HASH_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
  assert_true(nomem__hash_text(NOMEM__HASH_START, "foobar") == nomem__hash_byte(UINT64_C(0x85944171f73967e8), '\n'));
  assert_true(nomem__hash_number(NOMEM__HASH_START, UINT64_C(0x6162636465666768)) ==
              nomem__hash_bytes(NOMEM__HASH_START, "hgfedcba", 8));
  assert_true(nomem__hash_text(NOMEM__HASH_START, NULL) == nomem__hash_text(NOMEM__HASH_START, ""));
}

static void where_a_text_ends_makes_a_difference(void **state) {
  (void)state;
  uint64_t one = nomem__hash_text(nomem__hash_text(NOMEM__HASH_START, "ab"), "c");
  assert_true(one != nomem__hash_text(nomem__hash_text(NOMEM__HASH_START, "a"), "bc"));
  assert_true(one != nomem__hash_text(NOMEM__HASH_START, "abc"));
}

static void equal_strings_are_kept_once(void **state) {
  (void)state;
  struct nomem__strings strings = {0};
  char text[16];
  const char *first = NULL;
  for (int i = 0; i < 100; i++) {
    snprintf(text, sizeof text, "%d", i);
    const char *added = nomem__strings_add(&strings, text);
    if (i == 0) first = added;
    assert_string_equal(added, text);
  }
  assert_ptr_equal(nomem__strings_add(&strings, "0"), first); /* however often the list has moved */
  assert_int_equal(strings.count, 100);
  nomem__strings_free(&strings);
  assert_int_equal(strings.count, 0);
}

static char *printed(void (*print)(FILE *out, const void *arg), const void *arg) {
  struct nomem__memory_stream stream;
  print(nomem__memory_stream_open(&stream), arg);
  return nomem__memory_stream_close(&stream);
}

static void print_nothing(FILE *out, const void *arg) {
  (void)out, (void)arg;
}

static void print_numbers(FILE *out, const void *arg) {
  for (int i = 0; i < 2000; i++) fprintf(out, "%d%s", i, (const char *)arg);
}

static void printed_text_is_whole(void **state) {
  (void)state;
  char *text = printed(print_nothing, NULL);
  assert_string_equal(text, "");
  free(text);
  text = printed(print_numbers, ",");
  const char *at = text;
  for (int i = 0; i < 2000; i++) {
    char *end;
    assert_int_equal(strtol(at, &end, 10), i);
    assert_int_equal(*end, ',');
    at = end + 1;
  }
  assert_int_equal(*at, '\0');
  free(text);
}

static bool prints_whole(const void *arg) {
  char *text = printed(print_numbers, ",");
  bool is_whole = strcmp(text, arg) == 0;
  free(text);
  return is_whole;
}

/* Whichever allocation fails: there is never a piece of a text. */
static void a_text_without_memory_ends_the_command(void **state) {
  (void)state;
  char *whole = printed(print_numbers, ",");
  assert_true(count_giving_up(prints_whole, whole, true) > 5);
  assert_true(count_giving_up(prints_whole, whole, false) > 5);
  free(whole);
}

static void print_safe(FILE *out, const void *arg) {
  nomem__print_safe(out, arg);
}

static void check_safe(const char *text, const char *wanted) {
  char *safe = printed(print_safe, text);
  assert_string_equal(safe, wanted);
  free(safe);
  assert_int_equal(nomem__is_printable(text), strcmp(text, wanted) == 0);
}

static void nothing_that_drives_a_terminal_is_printed(void **state) {
  (void)state;
  check_safe("", "");
  check_safe("std::vector<int>::~vector()", "std::vector<int>::~vector()");
  check_safe("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9b", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9b");
  check_safe("\033[31mred\a\r\n\x7f", "\\x1b[31mred\\x07\\x0d\\x0a\\x7f");
  check_safe(
      "\xc2\x9b"
      "31m",
      "\\xc2\\x9b31m");
  check_safe(
      "a\xe2\x80\xae"
      "b\xe2\x81\xa7",
      "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa7");
  check_safe("\xff\xc0\xaf\xed\xa0\x80\xe2\x82", "\\xff\\xc0\\xaf\\xed\\xa0\\x80\\xe2\\x82");
  check_safe("\xf4\x90\x80\x80\xf8", "\\xf4\\x90\\x80\\x80\\xf8");
}

static void check_quoted(const char *text, const char *wanted) {
  char quoted[NOMEM_QUOTE_BYTES];
  assert_string_equal(nomem__quote(text, quoted, sizeof quoted), wanted);
  assert_true(nomem__is_printable(quoted));
}

/* The same where it is quoted in a message, in which a backslash is escaped, too. */
static void nothing_that_drives_a_terminal_is_quoted(void **state) {
  (void)state;
  check_quoted("caf\xc3\xa9 it's\\", "'caf\xc3\xa9 it's\\\\'");
  check_quoted("\033[31m\n\t\r\x7f", "'\\x1b[31m\\n\\t\\r\\x7f'");
  check_quoted("a\xe2\x80\xae\xe2\x80\xa8", "'a\\xe2\\x80\\xae\\xe2\\x80\\xa8'");
  check_quoted("\xff\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82", "'\\xff\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\\xe2\\x82'");
}

static void bytes_come_back_from_json(void **state) {
  static const char *const texts[] = {"", "a", "\033\n\"\\", "caf\xc3\xa9", "\xff", "\xed\xa0\x80", "a\xe2\x82"};
  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    json_t *value = nomem__json_bytes(texts[i]);
    assert_non_null(value);
    char *text = nomem__json_take_bytes(value);
    assert_non_null(text);
    assert_string_equal(text, texts[i]);
    free(text);
    json_decref(value);
  }
  json_t *number = json_integer(1), *object = json_object();
  assert_null(nomem__json_take_bytes(number));
  assert_null(nomem__json_take_bytes(object));
  assert_null(nomem__json_take_bytes(NULL));
  json_decref(number);
  json_decref(object);
}

/* Words come back as they were, empty ones included. */
static void a_command_comes_back_word_by_word(void **state) {
  (void)state;
  char *words[] = {"a program", "", "it's", "", NULL}, *none[] = {NULL};
  size_t bytes;
  char *joined = nomem__join_words(words, &bytes);
  char **split = nomem__split_words(joined, bytes);
  assert_int_equal(bytes, sizeof "a program" + 1 + sizeof "it's" + 1);
  for (size_t i = 0; words[i] != NULL; i++) assert_string_equal(split[i], words[i]);
  assert_null(split[4]);
  free(split);
  free(joined);
  joined = nomem__join_words(none, &bytes);
  split = nomem__split_words(joined, bytes);
  assert_int_equal(bytes, 0);
  assert_null(split[0]);
  free(split);
  free(joined);
}

static void print_command(FILE *out, const void *arg) {
  nomem__print_command(out, (char **)(uintptr_t)arg);
}

/* What is printed is what bash reads, and shows no control character on the way. */
static void a_command_can_be_pasted_into_a_shell(void **state) {
  (void)state;
  char *words[] = {"./a.out",     "",       "a b",    "it's", "$HOME;`id`", "\033[2J\n'\\", "\xff",
                   "caf\xc3\xa9", "-x=1,2", "*.[ch]", NULL};
  char *command = printed(print_command, words), *script = NULL;
  assert_true(nomem__is_printable(command));
  assert_true(asprintf(&script, "bash -c \"$(cat <<'END'\nprintf '%%s|' %s\nEND\n)\"", command) > 0);
  FILE *shell = popen(script, "r");
  char seen[512];
  size_t count = fread(seen, 1, sizeof seen - 1, shell);
  seen[count] = '\0';
  assert_int_equal(pclose(shell), 0);
  assert_string_equal(seen, "./a.out||a b|it's|$HOME;`id`|\033[2J\n'\\|\xff|caf\xc3\xa9|-x=1,2|*.[ch]|");
  free(script);
  free(command);
}

static void what_is_not_there_reads_as_nothing(void **state) {
  (void)state;
  json_t *object = json_pack("{s:s, s:i, s:i}", "text", "x", "number", 7, "negative", -7);
  assert_string_equal(nomem__json_string(object, "text"), "x");
  assert_string_equal(nomem__json_string(object, "number"), "");
  assert_string_equal(nomem__json_string(object, "none"), "");
  assert_string_equal(nomem__json_string(NULL, "none"), "");
  assert_int_equal(nomem__json_count(object, "number"), 7);
  assert_int_equal(nomem__json_count(object, "negative"), 0);
  assert_int_equal(nomem__json_count(object, "text"), 0);
  assert_int_equal(nomem__json_count(NULL, "none"), 0);
  json_decref(object);
}

static json_t *make_value(struct nomem__json *json) {
  json_t *object = json_object(), *array = json_array();
  nomem__json_text(json, object, "text", "\033");
  nomem__json_text(json, object, "absent", NULL);
  nomem__json_format(json, object, "format", "%d-%s", 7, "\n");
  nomem__json_number(json, object, "number", UINT64_MAX);
  nomem__json_add(json, array, nomem__json_safe("a\tb"));
  nomem__json_put(json, object, "array", array);
  return object;
}

static bool makes_value(const void *arg) {
  struct nomem__json json = {0};
  json_t *value = make_value(&json);
  char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
  bool is_right = !json.failed && strcmp(text, arg) == 0;
  free(text);
  json_decref(value);
  return is_right;
}

/* Whichever allocation fails, Jansson's included: no value lacks something. */
static void a_value_without_memory_ends_the_command(void **state) {
  (void)state;
  static const char wanted[] =
      "{\"array\":[\"a\\\\x09b\"],\"format\":\"7-\\\\x0a\",\"number\":9223372036854775807,"
      "\"text\":\"\\\\x1b\"}";
  assert_true(count_giving_up(makes_value, wanted, true) > 20);
}

/* A text that is no UTF-8 is no JSON string: that is remembered. */
static void json_remembers_what_could_not_be_made(void **state) {
  (void)state;
  struct nomem__json json = {0};
  json_t *object = json_object();
  nomem__json_put(&json, object, "right", json_string("text"));
  assert_false(json.failed);
  nomem__json_put(&json, object, "wrong", json_string("\xff"));
  assert_true(json.failed);
  json_decref(object);
}

/* Five characters are written as entities, and no other. */
static void markup_is_written_as_entities(void **state) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  (void)state;
  assert_non_null(out);
  for (int character = 1; character < 256; character++)
    assert_int_equal(nomem__print_entity(out, (char)character), strchr("&<>\"'", character) != NULL);
  char *text = nomem__memory_stream_close(&stream);
  assert_string_equal(text, "&quot;&amp;&#39;&lt;&gt;");
  free(text);
}

/* Why what was written did not arrive is known, even if it was noticed long before. */
static void what_was_not_written_has_its_reason(void **state) {
  (void)state;
  static char text[20000];
  FILE *full = fopen("/dev/full", "we"), *closed = fopen("/dev/null", "we"), *null = fopen("/dev/null", "we");
  assert_true(full != NULL && closed != NULL && null != NULL);
  fputs("little", full);
  assert_int_equal(nomem__flush(full), -ENOSPC);
  clearerr(full);
  memset(text, 'a', sizeof text - 1);
  fputs(text, full);
  assert_true(ferror(full));
  errno = EACCES;
  assert_int_equal(nomem__flush(full), -ENOSPC);
  fputs("little", null);
  assert_int_equal(nomem__flush(null), 0);
  close(fileno(closed));
  fputs(text, closed);
  assert_int_equal(nomem__flush(closed), -EBADF);
  fclose(full);
  fclose(null);
  fclose(closed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_list_grows_and_keeps_what_is_in_it),
      cmocka_unit_test(a_list_that_cannot_grow_ends_the_command),
      cmocka_unit_test(each_allocation_ends_the_command),
      cmocka_unit_test(what_is_unfinished_is_removed),
      cmocka_unit_test(hashes_are_fnv_1a),
      cmocka_unit_test(where_a_text_ends_makes_a_difference),
      cmocka_unit_test(equal_strings_are_kept_once),
      cmocka_unit_test(printed_text_is_whole),
      cmocka_unit_test(a_text_without_memory_ends_the_command),
      cmocka_unit_test(nothing_that_drives_a_terminal_is_printed),
      cmocka_unit_test(markup_is_written_as_entities),
      cmocka_unit_test(nothing_that_drives_a_terminal_is_quoted),
      cmocka_unit_test(bytes_come_back_from_json),
      cmocka_unit_test(a_command_comes_back_word_by_word),
      cmocka_unit_test(a_command_can_be_pasted_into_a_shell),
      cmocka_unit_test(what_is_not_there_reads_as_nothing),
      cmocka_unit_test(a_value_without_memory_ends_the_command),
      cmocka_unit_test(json_remembers_what_could_not_be_made),
      cmocka_unit_test(what_was_not_written_has_its_reason),
  };
  nomem__memory_set_libraries();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
