/* SPDX-License-Identifier: MIT */
#include "look_verdict.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "error_names.h"

/* Where the pointers of a program lie. */
#define LEAST_POINTER 65536
#define GREATEST_POINTER (UINT64_C(1) << 47)
#define NAME_BYTES 128

static bool is_pointer(const struct nomem__look *look, uint64_t value) {
  return look->bytes == sizeof(uint64_t) && value >= LEAST_POINTER && value < GREATEST_POINTER;
}

static bool is_alike(const struct nomem__look *look, uint64_t value, uint64_t usual) {
  return value == usual || (is_pointer(look, value) && is_pointer(look, usual));
}

static bool is_positive(const struct nomem__look *look, uint64_t value) {
  return value != 0 && (value >> (8 * look->bytes - 1) & 1) == 0;
}

/* Whether two pointers are compared that were one, and are not, or the other way round. */
static bool is_other_object(const struct nomem__look *look, const struct nomem__look *usual) {
  for (size_t i = 0; i < 2; i++)
    if (!is_pointer(look, look->values[i]) || !is_pointer(look, usual->values[i])) return false;
  return (look->values[0] == look->values[1]) != (usual->values[0] == usual->values[1]);
}

enum nomem__look_difference nomem__look_compare(const struct nomem__look *look, const struct nomem__look *usual) {
  if (!look->is_known || !usual->is_known || look->bytes == 0) return NOMEM_LOOK_SAME;
  bool is_same[2];
  for (size_t i = 0; i < 2; i++) is_same[i] = is_alike(look, look->values[i], usual->values[i]);
  if (is_other_object(look, usual)) return NOMEM_LOOK_DATA;
  if (is_same[0] && is_same[1]) return NOMEM_LOOK_SAME;
  if (look->has_fraction) return NOMEM_LOOK_DATA;
  if (!is_same[0] && !is_same[1]) return NOMEM_LOOK_UNCLEAR;
  size_t differs = is_same[0] ? 1 : 0;
  uint64_t expected = usual->values[1 - differs];
  if (look->bytes == 1 && expected < 128 && isprint((int)expected)) return NOMEM_LOOK_DATA;
  bool are_numbers = is_positive(look, look->values[differs]) && is_positive(look, usual->values[differs]);
  return are_numbers ? NOMEM_LOOK_NUMBER : NOMEM_LOOK_UNCLEAR;
}

static size_t count_common(const struct nomem__looks *looks, const struct nomem__looks *usual) {
  size_t count = 0;
  while (count < looks->count && count < usual->count && looks->list[count].offset == usual->list[count].offset &&
         strcmp(looks->list[count].path, usual->list[count].path) == 0)
    count++;
  return count;
}

bool nomem__look_shows_result(const struct nomem__looks *looks, const struct nomem__looks *usual,
                              nomem__look_is_status is_status, void *user) {
  size_t common = count_common(looks, usual);
  bool has_turned = common < looks->count && common < usual->count, is_seen = false;
  bool has_ended = !has_turned && (common < looks->count || common < usual->count);
  if (!looks->is_whole && common == looks->count) return false;
  if (!usual->is_whole && common == usual->count) return false;
  enum nomem__look_difference difference = NOMEM_LOOK_SAME;
  for (size_t i = 0; i < common; i++) {
    const struct nomem__look *look = &looks->list[i];
    if (i == 0 || !look->is_outcome) difference = nomem__look_compare(look, &usual->list[i]);
    if (difference == NOMEM_LOOK_UNCLEAR || (difference == NOMEM_LOOK_NUMBER && is_status(user, look))) return false;
    bool is_last = i + 1 == common || !(has_turned || has_ended);
    is_seen = is_last && difference != NOMEM_LOOK_SAME ? true : is_seen && !(has_turned || has_ended);
  }
  return is_seen;
}

/* Whether a name is followed by what makes a call of it. */
static bool is_called(const char *behind) {
  return behind[strspn(behind, " ")] == '(';
}

/* Copies the next name in a line, or "" where what comes next is none, and goes on behind it. False: it is at the end.
 */
static bool next_name(const char **line, char name[NAME_BYTES]) {
  const char *text = *line;
  size_t length = 0;
  name[0] = '\0';
  if (*text == '\0') return false;
  if (*text == '"') { /* a text */
    for (text++; *text != '\0' && *text != '"'; text++) text += *text == '\\' && text[1] != '\0';
    *line = text + (*text == '"');
    return true;
  }
  while (isalnum((unsigned char)text[length]) || text[length] == '_') length++;
  size_t kept = length < NAME_BYTES ? length : NAME_BYTES - 1;
  if (!is_called(text + length)) snprintf(name, NAME_BYTES, "%.*s", (int)kept, text);
  *line = text + (length > 0 ? length : 1);
  return true;
}

bool nomem__line_names_status(const char *line) {
  char name[NAME_BYTES];
  while (next_name(&line, name))
    if (name[0] != '\0' && nomem__names_status(name)) return true;
  return false;
}

bool nomem__line_names_constant(const char *line) {
  char name[NAME_BYTES];
  while (next_name(&line, name)) {
    bool is_constant = strlen(name) > 1 && isupper((unsigned char)name[0]);
    for (const char *c = name; *c != '\0'; c++) is_constant = is_constant && !islower((unsigned char)*c);
    if (is_constant) return true;
  }
  return false;
}
