/* SPDX-License-Identifier: MIT */
#include "function_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "../../plan.h"
#include "printable.h"

/* Template arguments that are no longer than this say more than they disturb. */
#define ARGUMENTS_BYTES 16
/* A name that is longer with its parameters does without them. */
#define WITH_PARAMETERS_BYTES 40
/* More brackets within one another, or such that are further apart, are not followed. */
#define NESTED_MAX 64
#define APART_BYTES 16384

static bool is_word(char c) {
  return isalnum((unsigned char)c) || c == '_';
}

/* The length of "operator" and its sign at this place of a name; 0: there is none. */
static size_t measure_operator(const char *name, size_t at) {
  static const char word[] = "operator";
  const char *sign = name + at + strlen(word);
  if (strncmp(name + at, word, strlen(word)) != 0 || (at > 0 && is_word(name[at - 1]))) return 0;
  bool is_pair = strncmp(sign, "()", 2) == 0 || strncmp(sign, "[]", 2) == 0;
  size_t length = is_pair ? 2 : strspn(sign, "+-*/%^&|~!=<>,");
  /* Template arguments stand apart from a sign: "operator< <int>". */
  return length > 0 ? strlen(word) + length + (sign[length] == ' ' && sign[length + 1] == '<') : 0;
}

static char closing(const char *name, size_t at) {
  switch (name[at]) {
    case '(':
      return ')';
    case '{':
      return '}';
    case '<': /* of template arguments; what else begins so has no name before it */
      return at > 0 && (is_word(name[at - 1]) || name[at - 1] == ' ' || name[at - 1] == ')') ? '>' : '\0';
    default:
      return '\0';
  }
}

/* The length of what stands in brackets, with them; 0: they are not closed. */
static size_t measure_brackets(const char *name, size_t at) {
  char closers[NESTED_MAX];
  size_t depth = 0, operator_bytes;
  for (size_t i = at; name[i] != '\0' && i - at < APART_BYTES; i++) {
    char close = closing(name, i);
    if ((operator_bytes = measure_operator(name, i)) > 0) {
      i += operator_bytes - 1;
    } else if (close != '\0') {
      if (depth == NESTED_MAX) return 0;
      closers[depth++] = close;
    } else if (depth > 0 && name[i] == closers[depth - 1] && !(name[i] == '>' && name[i - 1] == '-')) {
      if (--depth == 0) return i + 1 - at;
    }
  }
  return 0;
}

/* What is written in place of brackets at this place; NULL: they stay. */
static const char *short_form(const char *name, size_t at, size_t bytes, bool with_parameters) {
  static const char anonymous[] = "(anonymous namespace)";
  if (name[at] == '<') return bytes > ARGUMENTS_BYTES + strlen("<>") ? "<...>" : NULL;
  bool is_parameters = name[at] == '(' && strncmp(name + at, anonymous, strlen(anonymous)) != 0;
  return is_parameters && !with_parameters && bytes > strlen("(...)") ? "(...)" : NULL;
}

/* Returns how many bytes were written, without the zero. */
static size_t write_name(const char *name, bool with_parameters, char into[NOMEM_FUNCTION_NAME_BYTES]) {
  const size_t room = NOMEM_FUNCTION_NAME_BYTES - 1;
  size_t used = 0, length;
  for (size_t i = 0; name[i] != '\0' && used < room; i += length) {
    size_t operator_bytes = measure_operator(name, i);
    size_t bytes = operator_bytes == 0 && closing(name, i) != '\0' ? measure_brackets(name, i) : 0;
    const char *instead = bytes > 0 ? short_form(name, i, bytes, with_parameters) : NULL;
    length = instead != NULL ? bytes : operator_bytes > 0 ? operator_bytes : 1;
    const char *text = instead != NULL ? instead : name + i;
    size_t text_bytes = instead != NULL ? strlen(instead) : length;
    if (text_bytes > room - used) text_bytes = room - used;
    memcpy(into + used, text, text_bytes);
    used += text_bytes;
  }
  into[used] = '\0';
  return used;
}

const char *nomem__shorten_function(const char *name, char into[NOMEM_FUNCTION_NAME_BYTES]) {
  static const char cut[] = "...";
  size_t used = write_name(name, true, into);
  if (used > WITH_PARAMETERS_BYTES) used = write_name(name, false, into);
  if (used == NOMEM_FUNCTION_NAME_BYTES - 1) memcpy(into + used - strlen(cut), cut, sizeof cut);
  return into;
}

void nomem__print_function(FILE *out, const char *name) {
  char into[NOMEM_FUNCTION_NAME_BYTES];
  nomem__print_safe(out, nomem__shorten_function(name, into));
}

bool nomem__is_allocation_function(const char *name) {
  static const char *const globs[] = {"*malloc",    "*malloc0_n", "*malloc_n",     "*calloc", "*zalloc",  "*realloc",
                                      "*realloc_n", "*reallocf",  "*reallocarray", "*strdup", "*strndup", "*memdup"};
  char plain[NOMEM_FUNCTION_NAME_BYTES];
  size_t length = strlen(name);
  while (length > 0 && (name[length - 1] == '_' || isdigit((unsigned char)name[length - 1]))) length--;
  if (length >= sizeof plain) return false;
  for (size_t i = 0; i < length; i++) plain[i] = (char)tolower((unsigned char)name[i]);
  plain[length] = '\0';
  for (size_t i = 0; i < sizeof globs / sizeof *globs; i++)
    if (nomem__glob(globs[i], plain)) return true;
  return false;
}
