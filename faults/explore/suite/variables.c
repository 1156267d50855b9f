/* SPDX-License-Identifier: MIT */
#include "variables.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"

static size_t name_length(const char *entry) {
  return strcspn(entry, "=");
}

static bool has_name(const char *entry, const char *name, size_t length) {
  return name_length(entry) == length && strncmp(entry, name, length) == 0;
}

/* The last of the block's entries with this name; NULL: it has none. */
static const char *find_in_block(const char *block, size_t bytes, const char *name, size_t length) {
  const char *found = NULL;
  for (const char *entry = block; entry < block + bytes; entry += strlen(entry) + 1)
    if (has_name(entry, name, length) && entry[length] == '=') found = entry;
  return found;
}

static const char *find_in_list(char *const *list, const char *name, size_t length) {
  for (; *list != NULL; list++)
    if (has_name(*list, name, length)) return *list;
  return NULL;
}

struct difference {
  char *bytes;
  size_t count;
};

static void append(struct difference *difference, const char *text, size_t length) {
  difference->bytes = nomem__realloc(difference->bytes, difference->count + length + 1);
  memcpy(difference->bytes + difference->count, text, length);
  difference->bytes[difference->count + length] = '\0';
  difference->count += length + 1;
}

static size_t count_entries(const char *block, size_t bytes) {
  size_t count = 0;
  for (const char *entry = block; entry < block + bytes; entry += strlen(entry) + 1) count++;
  return count;
}

char *nomem__variables_compare(char *const *before, const char *block, size_t bytes, size_t *difference_bytes) {
  if (bytes > 0 && block[bytes - 1] != '\0') bytes = 0; /* it was cut */
  if (count_entries(block, bytes) > NOMEM_VARIABLES_MAX) return NULL;
  struct difference difference = {.bytes = nomem__calloc(1, 1)};
  for (const char *entry = block; entry < block + bytes; entry += strlen(entry) + 1) {
    size_t length = name_length(entry);
    if (length == 0 || entry[length] != '=' || find_in_block(block, bytes, entry, length) != entry) continue;
    const char *former = find_in_list(before, entry, length);
    if (former == NULL || strcmp(former, entry) != 0) append(&difference, entry, strlen(entry));
  }
  for (; *before != NULL; before++) {
    size_t length = name_length(*before);
    if (length > 0 && find_in_block(block, bytes, *before, length) == NULL) append(&difference, *before, length);
  }
  *difference_bytes = difference.count;
  return difference.bytes;
}

/* The entry of a difference that is about a variable; NULL: there is none. */
static char *find_change(char *difference, size_t bytes, const char *name, size_t length) {
  for (char *entry = difference; entry < difference + bytes; entry += strlen(entry) + 1)
    if (has_name(entry, name, length)) return entry;
  return NULL;
}

char **nomem__variables_apply(char *const *before, char *difference, size_t bytes) {
  size_t room = 1, count = 0;
  for (char *const *entry = before; *entry != NULL; entry++) room++;
  for (char *entry = difference; entry < difference + bytes; entry += strlen(entry) + 1) room++;
  char **list = nomem__calloc(room, sizeof *list);
  for (char *const *entry = before; *entry != NULL; entry++)
    if (find_change(difference, bytes, *entry, name_length(*entry)) == NULL) list[count++] = *entry;
  for (char *entry = difference; entry < difference + bytes; entry += strlen(entry) + 1)
    if (strchr(entry, '=') != NULL) list[count++] = entry;
  return list;
}
