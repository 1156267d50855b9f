/* SPDX-License-Identifier: MIT */
/* What a terminal cannot show in one line goes on in the next; a command can still be pasted. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/text/fold.h"
#include "explore/text/memory_stream.h"

#define COLUMNS 20
#define WORDS_BYTES 4096

static char *fold(const char *text) {
  struct nomem__memory_stream stream;
  nomem__fold(nomem__memory_stream_open(&stream), text, COLUMNS);
  return nomem__memory_stream_close(&stream);
}

static void assert_folded(const char *text, const char *wanted) {
  char *folded = fold(text);
  assert_string_equal(folded, wanted);
  free(folded);
}

/* A line that fits stays as it is, but for its marks; a wider one goes on further in; a last line may have no end. */
static void at_blanks(void **state) {
  (void)state;
  assert_folded("", "");
  assert_folded("\n\nx\n", "\n\nx\n");
  assert_folded("twenty columns wide.\n", "twenty columns wide.\n");
  assert_folded("twenty columns, and 1\n", "twenty columns, and\n    1\n");
  assert_folded("  one two three four five six seven", "  one two three four\n      five six seven");
  assert_folded("one two three four  five\nsix\n", "one two three four\n    five\nsix\n");
}

/* A word that is wider is divided, though not within a character, nor a sequence that sets a colour. */
static void within_words(void **state) {
  (void)state;
  assert_folded("abcdefghijklmnopqrstuvwxyz\n", "abcdefghijklmnopqrst\n    uvwxyz\n");
  assert_folded("at /abcdefghijklmnopqrstuvwxyz\n", "at /abcdefghijklmnop\n    qrstuvwxyz\n");
  assert_folded("abcdefghijklmnopqrs\xc3\xa4\xc3\xb6\n", "abcdefghijklmnopqrs\xc3\xa4\n    \xc3\xb6\n");
  assert_folded("\033[1mabcdefghijklmnopqrst\033[0m uvw\n", "\033[1mabcdefghijklmnopqrst\033[0m\n    uvw\n");
  /* Characters of three bytes may be two columns wide. */
  assert_folded(
      "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
      "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\n",
      "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
      "\xe4\xb8\xad\xe4\xb8\xad\n    \xe4\xb8\xad\n");
}

/* What goes on begins where the mark stands, with the line at the left of a source, and in its colours. */
static void hangs(void **state) {
  (void)state;
  assert_folded("  a  \001place\n", "  a  place\n");
  assert_folded("  a  \001place in a file that\n", "  a  place in a file\n     that\n");
  assert_folded("\033[34m  | \033[0m\033[33m  ^ \001crash at NULL\033[0m\n",
                "\033[34m  | \033[0m\033[33m  ^ crash at\n\033[34m  | \033[0m\033[33m    NULL\033[0m\n");
  assert_folded("            ^     \001one two three\n",
                "            ^     on\n               e two\n               three\n");
}

/* What the shell makes of a command, folded or not: its words in brackets. The caller's. */
static char *words_of(const char *command) {
  char script[] = "/tmp/nomem-fold-XXXXXX", *line = NULL, *words = calloc(1, WORDS_BYTES);
  FILE *file = fdopen(mkstemp(script), "w");
  assert_non_null(words);
  assert_non_null(file);
  fprintf(file, "printf '[%%s]' %s\n", command);
  assert_int_equal(fclose(file), 0);
  assert_true(asprintf(&line, "bash %s", script) > 0);
  FILE *shell = popen(line, "r");
  assert_non_null(shell);
  size_t bytes = fread(words, 1, WORDS_BYTES - 1, shell);
  assert_int_equal(pclose(shell), 0);
  words[bytes] = '\0';
  unlink(script);
  free(line);
  return words;
}

static void assert_pasted(const char *command) {
  char *text = NULL;
  assert_true(asprintf(&text, "  x: \002%s", command) > 0);
  char *folded = fold(text), *wanted = words_of(command), *pasted = words_of(folded + strlen("  x: "));
  assert_non_null(strchr(folded, '\n'));
  assert_string_equal(pasted, wanted);
  free(pasted);
  free(wanted);
  free(folded);
  free(text);
}

static void commands(void **state) {
  (void)state;
  assert_folded("  reproduce: \002a b\n", "  reproduce: a b\n");
  assert_folded("  reproduce: \002run -- ./test\n", "  reproduce: run \\\n    -- ./test\n");
  assert_folded("  reproduce: \002/tmp/longer/test\n", "  reproduce: \\\n    /tmp/longer/test\n");
  assert_folded("  x: \002/tmp/a/long/name/of/a/test\n", "  x: /tmp/a/long/n\\\name/of/a/test\n");
  assert_folded("  x: \002'a quoted word is not divided' b\n", "  x: 'a quoted word is not divided' \\\n    b\n");
  assert_pasted("one 'two  three' four five");
  assert_pasted("'one two three four five six' seven");
  assert_pasted("'it'\\''s one two' three 'f'\\''o ur' five six");
  assert_pasted("$'one\\' two three four' five six $'\\x01 \\\\' seven eight");
  assert_pasted("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz/abcdefg hij");
  assert_pasted("aaaaaaaaaaaaaaaaaaaa\\ b\\ cccccccccccccccccccccccccccccccc d");
  assert_pasted("\"a b $(echo c d) e f g\" h i j k l m n o p");
}

/* However a text is made, no line is wider, but for a quoted word, and no word of it is lost. */
static void never_wider(void **state) {
  static const char alphabet[] = "ab  \xc3\xa4x|";
  (void)state;
  srand(1);
  for (unsigned round = 0; round < 5000; round++) {
    char text[128] = "";
    size_t length = (size_t)rand() % (sizeof text - 4);
    for (size_t i = 0; i < length; i++) {
      char c = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
      text[i] = (unsigned char)c >= 0x80 ? 'u' : c;
    }
    if (length > 0 && rand() % 3 == 0) text[(size_t)rand() % length] = NOMEM_FOLD_HANG;
    char *folded = fold(text);
    for (char *line = folded; *line != '\0'; line += strcspn(line, "\n") + (strchr(line, '\n') != NULL))
      assert_in_range(strcspn(line, "\n"), 0, COLUMNS);
    size_t in = 0, out = 0;
    for (const char *c = text; *c != '\0'; c++) in += *c != ' ' && *c != '|' && *c != NOMEM_FOLD_HANG;
    for (const char *c = folded; *c != '\0'; c++) out += *c != ' ' && *c != '|' && *c != '\n';
    assert_int_equal(in, out);
    free(folded);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(at_blanks), cmocka_unit_test(within_words),
                                     cmocka_unit_test(hangs), cmocka_unit_test(commands),
                                     cmocka_unit_test(never_wider)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
