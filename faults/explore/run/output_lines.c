/* SPDX-License-Identifier: MIT */
#include "output_lines.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../text/hash.h"
#include "../text/memory.h"

/* Of a line with more words that varies, the later ones are compared: they make it differ, or not. */
#define WORDS 64

/* How much of a line makes its shape: words with a digit are left out, or all words. The second serves lines that the
 * first does not pair: names of months, and those that mkstemp makes, need not have a digit. */
enum { LEVEL_NUMBERS, LEVEL_WORDS, LEVELS, LEVEL_EXACT };

/* All lines that are the same but for words that are left out. */
struct nomem__line_shape {
  uint64_t hash;    /* with the level in it */
  uint64_t varying; /* bits: words that are not the same in all lines of the shape */
  bool is_exact;    /* all texts have the same lines of this shape */
  bool is_shared;   /* all texts have as many lines of it, which vary */
};

struct line {
  const char *text;
  size_t bytes;
  uint64_t shape;
  size_t source; /* the number of its text */
};

struct lines {
  struct line *list;
  size_t count;
};

static size_t word_length(const char *text, size_t bytes) {
  size_t length = 0;
  while (length < bytes) {
    bool is_point = text[length] == '.' && length > 0 && isdigit((unsigned char)text[length - 1]) &&
                    length + 1 < bytes && isdigit((unsigned char)text[length + 1]);
    if (!is_point && !isalnum((unsigned char)text[length]) && text[length] != '_') break;
    length++;
  }
  return length;
}

static bool has_digit(const char *text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (isdigit((unsigned char)text[i])) return true;
  return false;
}

/* The units that follow a duration. */
static bool is_unit(const char *text, size_t bytes) {
  static const char *const units[] = {"s", "ms", "us", "ns", "sec", "secs", "second", "seconds"};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (strlen(units[i]) == bytes && memcmp(text, units[i], bytes) == 0) return true;
  return false;
}

static size_t number_length(const char *text, size_t bytes) {
  size_t length = 0;
  while (length < bytes && (isdigit((unsigned char)text[length]) || text[length] == '.')) length++;
  return length;
}

/* Seconds since 1970, of the years 2017 to 2049. */
static bool is_time(const char *word, size_t whole) {
  return whole == 10 && ((word[0] == '1' && word[1] >= '5') || (word[0] == '2' && word[1] < '5'));
}

/* A pointer of a 64-bit process, 0x5555555592a0. */
static bool is_address(const char *word, size_t bytes) {
  size_t digits = 2;
  if (bytes < 11 || bytes > 14 || word[0] != '0' || word[1] != 'x') return false;
  while (digits < bytes && isxdigit((unsigned char)word[digits])) digits++;
  return digits == bytes;
}

static bool are_two_digits(const char *text) {
  return isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1]);
}

/* Two digits before or behind a colon and two more digits: a part of a time of day. The first one may have the day
 * before it, and the last one its zone behind it: 2026-01-31T14:50:01Z. length: of the word, without a fraction. */
static bool is_clock(const struct line *line, size_t at, size_t length) {
  const char *text = line->text, *word = text + at;
  bool has_day = length == 5 && are_two_digits(word) && word[2] == 'T' && are_two_digits(word + 3);
  bool has_zone = length == 3 && are_two_digits(word) && word[2] == 'Z';
  if (!has_day && !has_zone && !(length == 2 && are_two_digits(word))) return false;
  size_t end = at + length;
  bool follows = at >= 3 && text[at - 1] == ':' && are_two_digits(text + at - 3);
  bool is_followed = end + 3 <= line->bytes && text[end] == ':' && are_two_digits(text + end + 1);
  return (follows && !has_day) || (is_followed && !has_zone);
}

/* A number whose name says that it is a duration, as in reports of tests: time="0.003", "elapsed": 3. */
static bool is_named_duration(const struct line *line, size_t at) {
  static const char *const names[] = {"time", "duration", "elapsed"};
  const char *text = line->text;
  size_t end = at;
  while (end > 0 && at - end < 4 && strchr("\"'= :", text[end - 1]) != NULL) end--;
  if (memchr(text + end, '=', at - end) == NULL && memchr(text + end, ':', at - end) == NULL) return false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t length = strlen(names[i]);
    if (end >= length && strncasecmp(text + end - length, names[i], length) == 0) return true;
  }
  return false;
}

/* Whether a word says when something happened, how long it took, or where it lies in memory: that may differ, though no
 * two runs without a fault happened to differ in it. */
static bool is_volatile(const struct line *line, size_t at, size_t length) {
  const char *word = line->text + at;
  size_t rest = line->bytes - at - length, number = number_length(word, length);
  if (number == 0) return false;
  size_t whole = 0;
  while (whole < length && word[whole] != '.') whole++;
  if (is_clock(line, at, whole) || is_clock(line, at, length)) return true;
  if (number < length) return is_unit(word + number, length - number) || is_address(word, length);
  if (is_time(word, whole) || is_named_duration(line, at)) return true;
  return rest > 1 && word[length] == ' ' && is_unit(word + length + 1, word_length(word + length + 1, rest - 1));
}

/* The hash of a line without the words that may always differ, and without those that the level leaves out; of these
 * only the varying ones, by_varying. */
static uint64_t hash_line(const struct line *line, int level, uint64_t varying, bool by_varying) {
  uint64_t hash = nomem__hash_byte(NOMEM__HASH_START, (unsigned char)level);
  unsigned word = 0;
  for (size_t at = 0; at < line->bytes;) {
    size_t length = word_length(line->text + at, line->bytes - at);
    if (length == 0) {
      hash = nomem__hash_byte(hash, (unsigned char)line->text[at++]);
      continue;
    }
    bool is_left_out = level == LEVEL_WORDS || (level == LEVEL_NUMBERS && has_digit(line->text + at, length));
    if (by_varying) is_left_out = is_left_out && word < WORDS && (varying >> word & 1) != 0;
    is_left_out |= is_volatile(line, at, length);
    hash = is_left_out ? nomem__hash_byte(hash, 0) : nomem__hash_bytes(hash, line->text + at, length);
    at += length;
    word++;
  }
  return hash;
}

static uint64_t hash_exactly(const struct line *line) {
  return hash_line(line, LEVEL_EXACT, 0, false) | 1;
}

/* The bits of the words in which two lines of the same shape differ. */
static uint64_t differing_words(const struct line *one, const struct line *two) {
  uint64_t bits = 0;
  unsigned word = 0;
  for (size_t i = 0, j = 0; i < one->bytes && j < two->bytes;) {
    size_t length = word_length(one->text + i, one->bytes - i);
    size_t other = word_length(two->text + j, two->bytes - j);
    bool differs = length != other || memcmp(one->text + i, two->text + j, length) != 0;
    if (differs && word < WORDS) bits |= UINT64_C(1) << word;
    word += length > 0;
    i += length > 0 ? length : 1;
    j += other > 0 ? other : 1;
  }
  return bits;
}

static void split(struct lines *lines, struct nomem__output_text text, size_t source) {
  for (size_t at = 0; at < text.bytes;) {
    const char *end = memchr(text.text + at, '\n', text.bytes - at);
    size_t length = end != NULL ? (size_t)(end - text.text) - at : text.bytes - at;
    lines->list[lines->count++] = (struct line){.text = text.text + at, .bytes = length, .source = source};
    at += length + 1;
  }
}

static size_t count_lines(struct nomem__output_text text) {
  size_t count = 0;
  for (size_t i = 0; i < text.bytes; i++) count += text.text[i] == '\n' || i + 1 == text.bytes;
  return count;
}

static int by_shape(const void *left, const void *right) {
  const struct line *a = left, *b = right;
  if (a->shape != b->shape) return a->shape < b->shape ? -1 : 1;
  return a->source < b->source ? -1 : a->source > b->source;
}

static int by_number(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

static int by_hash(const void *left, const void *right) {
  const struct nomem__line_shape *a = left, *b = right;
  return a->hash < b->hash ? -1 : a->hash > b->hash;
}

/* Whether each text has the same lines, of which those of one text stand together: as many, and equal when sorted. */
static bool are_equal(const struct line *lines, size_t count, size_t texts) {
  size_t each = count / texts;
  uint64_t *hashes = nomem__calloc(count + 1, sizeof *hashes);
  for (size_t i = 0; i < count; i++) hashes[i] = hash_exactly(&lines[i]);
  for (size_t i = 0; i < texts; i++) qsort(hashes + i * each, each, sizeof *hashes, by_number);
  bool result = true;
  for (size_t i = 1; i < texts; i++) result &= memcmp(hashes, hashes + i * each, each * sizeof *hashes) == 0;
  free(hashes);
  return result;
}

static bool are_as_many(const struct line *lines, size_t count, size_t texts) {
  if (count % texts != 0) return false;
  for (size_t i = 0; i < count; i++)
    if (lines[i].source != i / (count / texts)) return false;
  return true;
}

static struct nomem__line_shape learn_shape(const struct line *lines, size_t count, size_t texts) {
  struct nomem__line_shape shape = {.hash = lines->shape};
  bool are_many = are_as_many(lines, count, texts);
  shape.is_exact = are_many && are_equal(lines, count, texts);
  shape.is_shared = are_many && !shape.is_exact;
  for (size_t i = 1; i < count && shape.is_shared; i++) shape.varying |= differing_words(&lines[0], &lines[i]);
  return shape;
}

/* Learns the shapes of one level, and leaves the lines that none of them serves. */
static void learn_level(struct nomem__stable_lines *stable, struct lines *lines, int level, size_t texts) {
  size_t left = 0;
  for (size_t i = 0; i < lines->count; i++) lines->list[i].shape = hash_line(&lines->list[i], level, 0, false);
  if (lines->count > 0) qsort(lines->list, lines->count, sizeof *lines->list, by_shape);
  for (size_t from = 0, to = 0; from < lines->count; from = to) {
    while (to < lines->count && lines->list[to].shape == lines->list[from].shape) to++;
    struct nomem__line_shape shape = learn_shape(lines->list + from, to - from, texts);
    if (shape.is_exact || shape.is_shared) {
      stable->shapes[stable->shape_count++] = shape;
      continue;
    }
    memmove(lines->list + left, lines->list + from, (to - from) * sizeof *lines->list);
    left += to - from;
  }
  lines->count = left;
}

static const struct nomem__line_shape *find_shape(const struct nomem__stable_lines *stable, uint64_t hash) {
  const struct nomem__line_shape key = {.hash = hash};
  if (stable->shape_count == 0) return NULL;
  return bsearch(&key, stable->shapes, stable->shape_count, sizeof key, by_hash);
}

/* Whether a part of the line is never compared. */
static bool has_volatile(const struct line *line) {
  for (size_t at = 0; at < line->bytes;) {
    size_t length = word_length(line->text + at, line->bytes - at);
    if (length > 0 && is_volatile(line, at, length)) return true;
    at += length > 0 ? length : 1;
  }
  return false;
}

/* What stands for a line when runs are compared; 0: it has no shape that all texts have. */
static uint64_t key_of(const struct nomem__stable_lines *stable, const struct line *line, bool *is_varying) {
  *is_varying = false;
  for (int level = 0; level < LEVELS; level++) {
    const struct nomem__line_shape *shape = find_shape(stable, hash_line(line, level, 0, false));
    if (shape == NULL) continue;
    *is_varying = shape->is_shared;
    return shape->is_exact ? hash_exactly(line) : hash_line(line, level, shape->varying, true) | 1;
  }
  return 0;
}

static void note_wanted(struct nomem__stable_lines *stable, struct nomem__output_text text) {
  struct lines lines = {.list = nomem__calloc(count_lines(text) + 1, sizeof *lines.list)};
  split(&lines, text, 0);
  stable->wanted = nomem__calloc(lines.count + 1, sizeof *stable->wanted);
  stable->line_count = lines.count;
  for (size_t i = 0; i < lines.count; i++) {
    bool is_varying;
    stable->wanted[i] = key_of(stable, &lines.list[i], &is_varying);
    stable->varying_lines += is_varying || (stable->wanted[i] != 0 && has_volatile(&lines.list[i]));
    stable->ignored_lines += stable->wanted[i] == 0;
  }
  free(lines.list);
}

void nomem__stable_lines_learn(struct nomem__stable_lines *stable, const struct nomem__output_text *texts,
                               size_t count) {
  nomem__stable_lines_free(stable);
  struct lines lines = {0};
  size_t all = 0;
  for (size_t i = 0; i < count; i++) all += count_lines(texts[i]);
  lines.list = nomem__calloc(all + 1, sizeof *lines.list);
  for (size_t i = 0; i < count; i++) split(&lines, texts[i], i);
  stable->shapes = nomem__calloc(all + 1, sizeof *stable->shapes);
  for (int level = 0; level < LEVELS; level++) learn_level(stable, &lines, level, count);
  stable->has_ignored_line = lines.count > 0;
  free(lines.list);
  if (stable->shape_count > 0) qsort(stable->shapes, stable->shape_count, sizeof *stable->shapes, by_hash);
  if (count > 0) note_wanted(stable, texts[0]);
  stable->has_order = count == 1;
}

void nomem__stable_lines_free(struct nomem__stable_lines *stable) {
  free(stable->shapes);
  free(stable->wanted);
  *stable = (struct nomem__stable_lines){0};
}

/* The lines of one side that are left when each has been paired with one of the other side: is_left of each. */
static void mark_unpaired(const uint64_t *keys, size_t count, const uint64_t *others, size_t other_count,
                          bool *is_left) {
  uint64_t *sorted = nomem__calloc(other_count + 1, sizeof *sorted);
  size_t *used = nomem__calloc(other_count + 1, sizeof *used);
  if (other_count > 0) memcpy(sorted, others, other_count * sizeof *sorted);
  qsort(sorted, other_count, sizeof *sorted, by_number);
  for (size_t i = 0; i < count; i++) {
    size_t low = 0, high = other_count;
    while (low < high) {
      size_t middle = low + (high - low) / 2;
      if (sorted[middle] < keys[i])
        low = middle + 1;
      else
        high = middle;
    }
    size_t next = low < other_count ? low + used[low] : other_count;
    is_left[i] = next >= other_count || sorted[next] != keys[i];
    if (!is_left[i]) used[low]++;
  }
  free(sorted);
  free(used);
}

struct nomem__line_difference nomem__stable_lines_compare(const struct nomem__stable_lines *stable,
                                                          struct nomem__output_text run,
                                                          bool (*is_said)(const char *line, size_t bytes),
                                                          bool *was_said) {
  struct nomem__line_difference difference = {0};
  struct lines lines = {.list = nomem__calloc(count_lines(run) + 1, sizeof *lines.list)};
  split(&lines, run, 0);
  uint64_t *keys = nomem__calloc(lines.count + 1, sizeof *keys);
  bool *is_left = nomem__calloc(lines.count + stable->line_count + 1, sizeof *is_left), ignored;
  for (size_t i = 0; i < lines.count; i++) keys[i] = key_of(stable, &lines.list[i], &ignored);
  mark_unpaired(stable->wanted, stable->line_count, keys, lines.count, is_left);
  for (size_t i = stable->line_count; i-- > 0;)
    if (is_left[i] && stable->wanted[i] != 0) difference.missing = i + 1;
  mark_unpaired(keys, lines.count, stable->wanted, stable->line_count, is_left);
  bool is_as_long = lines.count == stable->line_count;
  difference.is_reordered =
      stable->has_order && !(is_as_long && memcmp(keys, stable->wanted, lines.count * sizeof *keys) == 0);
  *was_said = false;
  for (size_t i = lines.count; i-- > 0;) {
    if (!is_left[i]) continue;
    if (is_said != NULL && is_said(lines.list[i].text, lines.list[i].bytes)) *was_said = true;
    if (!stable->has_ignored_line) difference.added = i + 1;
  }
  free(is_left);
  free(keys);
  free(lines.list);
  return difference;
}

struct nomem__output_text nomem__output_line(struct nomem__output_text text, size_t number) {
  const char *end = text.text + text.bytes;
  for (const char *line = text.text; line < end && number > 0; number--) {
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    if (stop == NULL) stop = end;
    if (number == 1) return (struct nomem__output_text){.text = line, .bytes = (size_t)(stop - line)};
    line = stop + 1;
  }
  return (struct nomem__output_text){0};
}
