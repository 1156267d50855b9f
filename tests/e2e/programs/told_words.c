/* SPDX-License-Identifier: MIT */
/* A library (with LIB) that hands the words of a text to a function of its test's, one by one, and leaves out the one
 * that it has no memory for. With MENDED it says so; with STATUS that function is told, in place of the word. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void note_word(void *user, const char *word, int status);

int each_word(const char *text, note_word *note, void *user);

#ifdef LIB
int each_word(const char *text, note_word *note, void *user) {
  while (*text != '\0') {
    size_t length = strcspn(text, " ");
    char *word = strndup(text, length);
    if (word != NULL) note(user, word, 0);
#ifdef MENDED
    if (word == NULL) return -1;
#elif defined STATUS
    if (word == NULL) note(user, "", 12);
#endif
    free(word);
    text += length + (text[length] != '\0');
  }
  return 0;
}
#else
struct noted {
  char text[64];
  int status;
};

static void note(void *user, const char *word, int status) {
  struct noted *noted = user;
  noted->status |= status;
  strcat(noted->text, word);
  strcat(noted->text, "|");
}

int main(void) {
  struct noted noted = {.status = 0};
  if (each_word("one two three", note, &noted) != 0) return 1;
  if (noted.status != 0) return 1;
  return strcmp(noted.text, "one|two|three|") != 0;
}
#endif
