/* SPDX-License-Identifier: MIT */
/* A fuzz target with one planted bug, chosen by -DBUG_..., none by default. It knows nothing of nomem.
 *
 * Lines "key=value" become a list; the bugs lie on its error paths. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  struct entry *next;
  char *key, *value;
};

static void free_list(struct entry *list) {
  while (list != NULL) {
    struct entry *next = list->next;
    free(list->key);
    free(list->value);
    free(list);
    list = next;
  }
}

__attribute__((noinline)) static char *copy(const uint8_t *from, size_t length) {
  char *text = malloc(length + 1);
#ifndef BUG_UNCHECKED_MALLOC
  if (text == NULL) return NULL;
#endif
  memcpy(text, from, length);
  text[length] = '\0';
  return text;
}

/* 0, or -1 when there is no memory. */
__attribute__((noinline)) static int add_entry(struct entry **list, const uint8_t *line, size_t length) {
  const uint8_t *sign = memchr(line, '=', length);
  if (sign == NULL) return 0;
  struct entry *entry = calloc(1, sizeof *entry);
  if (entry == NULL) return -1;
  entry->key = copy(line, (size_t)(sign - line));
  if (entry->key == NULL) {
    free(entry);
    return -1;
  }
  char *value = copy(sign + 1, length - (size_t)(sign + 1 - line));
  if (value == NULL) {
#ifdef BUG_DOUBLE_FREE
    free(entry->key);
#endif
#ifndef BUG_LEAK
    free(entry->key);
#endif
    free(entry);
    return -1;
  }
  entry->value = strdup(value);
  free(value);
#ifdef BUG_UNCHECKED_STRDUP
  if (entry->value[0] == '#') entry->value[0] = ' ';
#endif
  if (entry->value == NULL) {
    free(entry->key);
    free(entry);
    return -1;
  }
  entry->next = *list;
  *list = entry;
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct entry *list = NULL;
  char *scratch = malloc(size + 1);     /* not checked: the harness's own */
  __asm__ volatile("" : "+r"(scratch)); /* lest the compiler leave it out */
  memcpy(scratch, data, size);
  while (size > 0) {
    const uint8_t *end = memchr(data, '\n', size);
    size_t length = end == NULL ? size : (size_t)(end - data);
    if (add_entry(&list, data, length) != 0) break;
    size -= end == NULL ? length : length + 1;
    data += length + 1;
  }
  free(scratch);
  free_list(list);
  return 0;
}
