/* SPDX-License-Identifier: MIT */
/* A fuzz target that allocates before it looks at its input, so that the empty one, with which libFuzzer begins, makes
 * the same call and hardly anything else. With -DBUG it is spoiled for good by the first failure. With -DKEEPS it keeps
 * what an input made it allocate, and so makes the call once for each. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef KEEPS
#define KEPT 4096
static char *kept[KEPT];
#endif
static int is_spoiled;

__attribute__((noinline)) static int count(const uint8_t *data, size_t size, int from, int to) {
  int found = 0;
  for (size_t i = 0; i < size; i++)
    if (data[i] >= from && data[i] <= to) found++;
  __asm__ volatile("" : "+r"(found)); /* lest it be computed at once for all */
  return found;
}

static int weigh(const uint8_t *data, size_t size) {
  int digits = count(data, size, '0', '9'), letters = count(data, size, 'a', 'z');
  if (size == 0) return 0;
  if (digits > letters) return 1 + count(data, size, 'A', 'Z');
  if (letters > 0) return 2 + count(data, size, 'A', 'Z');
  return size > 1 ? 3 + count(data, size, ' ', ' ') : 4;
}

__attribute__((noinline)) static int take(const uint8_t *data, size_t size) {
  if (is_spoiled || size > 100) return 0;
#ifdef KEEPS
  char **slot = &kept[((unsigned)weigh(data, size) * 31 + size) % KEPT];
  if (*slot != NULL) return 0;
#endif
  char *copy = malloc(size + 1);
  __asm__ volatile("" : "+r"(copy)); /* lest the compiler leave it out */
#ifdef BUG
  is_spoiled = copy == NULL;
#endif
  if (copy == NULL) return 0;
  memcpy(copy, data, size);
  copy[size] = (char)weigh(data, size);
#ifdef KEEPS
  *slot = copy;
#else
  free(copy);
#endif
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  take(data, size);
  return 0;
}
