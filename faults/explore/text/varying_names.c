/* SPDX-License-Identifier: MIT */
#include "varying_names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "hash.h"

/* Two names that differ in so few letters, other than digits, are two names. Those that mkstemp makes differ in six, of
 * which one or two may be the same by chance. */
#define VARYING_LEAST 4
/* As many letters as mkstemp replaces. */
#define TEMPLATE_LETTERS 6

/* The length of the part of a path up to the next slash. */
static size_t part_length(const char *path) {
  return strcspn(path, "/");
}

static bool is_letter(char letter) {
  return isalnum((unsigned char)letter) || letter == '_' || letter == '-';
}

/* The part in which two names of the same length differ: from *from to before *to. */
static void differing(const char *one, const char *two, size_t length, size_t *from, size_t *to) {
  *from = 0;
  *to = length;
  while (*from < length && one[*from] == two[*from]) (*from)++;
  while (*to > *from && one[*to - 1] == two[*to - 1]) (*to)--;
}

/* Whether two names are the same but for numbers in them. */
static bool differ_in_numbers(const char *one, size_t one_length, const char *two, size_t two_length) {
  size_t i = 0, j = 0;
  while (i < one_length && j < two_length) {
    bool is_number = isdigit((unsigned char)one[i]) && isdigit((unsigned char)two[j]);
    if (!is_number && one[i] != two[j]) return false;
    i++, j++;
    while (is_number && i < one_length && isdigit((unsigned char)one[i])) i++;
    while (is_number && j < two_length && isdigit((unsigned char)two[j])) j++;
  }
  return i == one_length && j == two_length;
}

/* Whether a whole name is a part of a hash. */
static bool is_hash(const char *name, size_t length) {
  return length > 1 && strspn(name, "0123456789abcdef") >= length;
}

/* Whether a program may have given both names to the same thing: numbers of processes and times are others in each run,
 * and so are hashes of them, and the letters that mkstemp makes. */
static bool are_alike(const char *one, size_t one_length, const char *two, size_t two_length) {
  size_t from, to;
  if (differ_in_numbers(one, one_length, two, two_length)) return true;
  if (one_length != two_length) return false;
  if (is_hash(one, one_length) && is_hash(two, two_length)) return true;
  differing(one, two, one_length, &from, &to);
  if (to - from < VARYING_LEAST) return false;
  for (size_t i = from; i < to; i++)
    if (!is_letter(one[i]) || !is_letter(two[i])) return false;
  return true;
}

bool nomem__names_are_similar(const char *one, const char *two) {
  for (;;) {
    size_t one_length = part_length(one), two_length = part_length(two);
    if (!are_alike(one, one_length, two, two_length)) return false;
    if (one[one_length] != two[two_length]) return false;
    if (one[one_length] == '\0') return true;
    one += one_length + 1;
    two += two_length + 1;
  }
}

/* Puts a part of a path, with an asterisk for what the other one has otherwise: for all the letters that mkstemp made,
 * though some may be the same by chance. */
static size_t put_part(char *text, const char *part, size_t length, const char *other, size_t other_length) {
  size_t from = 0, to = length;
  if (length == other_length) {
    differing(part, other, length, &from, &to);
  } else {
    size_t other_to = other_length;
    while (from < length && from < other_length && part[from] == other[from]) from++;
    while (to > from && other_to > from && part[to - 1] == other[other_to - 1]) to--, other_to--;
  }
  if (from == length && length == other_length) {
    memcpy(text, part, length);
    return length;
  }
  bool is_number = differ_in_numbers(part, length, other, other_length);
  while (to < length && (is_number ? isdigit((unsigned char)part[to]) : is_letter(part[to])) != 0) to++;
  while (from > 0 && (is_number ? isdigit((unsigned char)part[from - 1]) != 0
                                : to - from < TEMPLATE_LETTERS && is_letter(part[from - 1])))
    from--;
  memcpy(text, part, from);
  text[from] = '*';
  memcpy(text + from + 1, part + to, length - to);
  return from + 1 + length - to;
}

void nomem__names_pattern(const char *path, const char *other, char *pattern, size_t pattern_bytes) {
  const char *rest = path;
  size_t at = 0;
  bool is_pair = other != NULL && nomem__names_are_similar(path, other);
  while (is_pair && at + strlen(rest) < pattern_bytes) { /* no part becomes longer */
    size_t length = part_length(rest), other_length = part_length(other);
    at += put_part(pattern + at, rest, length, other, other_length);
    pattern[at] = rest[length];
    if (rest[length] == '\0') return;
    at++;
    rest += length + 1;
    other += other_length + 1;
  }
  snprintf(pattern, pattern_bytes, "%s", path);
}

uint64_t nomem__names_hash(const char *path, const char *other) {
  uint64_t hash = NOMEM__HASH_START;
  if (other == NULL || !nomem__names_are_similar(path, other)) other = path;
  for (;;) {
    size_t length = part_length(path), other_length = part_length(other);
    bool is_same = length == other_length && memcmp(path, other, length) == 0;
    bool is_number = !is_same && differ_in_numbers(path, length, other, other_length);
    for (size_t i = 0; i < length && (is_same || is_number); i++)
      if (!is_number || !isdigit((unsigned char)path[i])) hash = nomem__hash_byte(hash, (unsigned char)path[i]);
    if (!is_same && !is_number) hash = nomem__hash_byte(hash, (unsigned char)length);
    hash = nomem__hash_byte(hash, '/');
    if (path[length] == '\0') break;
    path += length + 1;
    other += other_length + 1;
  }
  return hash | 1;
}
