/* SPDX-License-Identifier: MIT */
/* A fuzz target whose library keeps something from one input to the next. With -DBUG_... it keeps what a failed call
 * has damaged; with -DCLEAN_... it rightly runs differently after a failed call; by default neither. Only with
 * -DREPORTS does it know of nomem, and reports the library's results. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef REPORTS
#include "../../faults/nomem.h"
#define REPORT(result) nomem_fuzz_result(result)
#else
#define REPORT(result) (void)(result)
#endif

#define NODES_KEPT 64

struct node {
  struct node *next;
  char *word;
};

static struct {
  int users;
  struct node **slots;
  size_t slot_count;
  int failed;    /* the last operation that was carried out */
  char *scratch; /* kept from input to input */
  size_t scratch_bytes;
  struct node *spare; /* CLEAN_SPARE */
  int is_short;       /* of memory, once */
  size_t spare_count;
  int without_index; /* CLEAN_GIVES_UP */
} library;

static void *get(size_t size) {
  void *block = malloc(size);
  __asm__ volatile("" : "+r"(block)); /* lest the compiler leave it out */
  return block;
}

static int open_library(void) {
#ifdef BUG_TABLE
  if (library.users++ > 0) return library.slots == NULL ? -1 : 0;
  library.slots = calloc(16, sizeof *library.slots); /* NOLINT(bugprone-sizeof-expression): of pointers */
  if (library.slots == NULL) return -1;              /* and yet has been counted as a user */
#else
  if (library.users > 0) return -1;
  library.slots = calloc(16, sizeof *library.slots); /* NOLINT(bugprone-sizeof-expression): of pointers */
  if (library.slots == NULL) return -1;
  library.users++;
#endif
  library.slot_count = 16;
  return 0;
}

static void close_library(void) {
  if (library.slots == NULL || --library.users > 0) return;
  free(library.slots);
  library.slots = NULL;
}

static struct node *get_node(void) {
#ifdef CLEAN_SPARE
  struct node *node = library.spare;
  if (node != NULL) {
    library.spare = node->next;
    library.spare_count--;
    return node;
  }
#endif
  return get(sizeof(struct node));
}

static void put_node(struct node *node) {
#ifdef CLEAN_SPARE
  if (library.is_short && library.spare_count < NODES_KEPT) { /* keeps its blocks from now on */
    node->next = library.spare;
    library.spare = node;
    library.spare_count++;
    return;
  }
#endif
  free(node);
}

/* Room for this word. Once a buffer had to be made large, it is kept for good. */
__attribute__((unused)) static char *scratch_for(size_t length) {
  if (length < library.scratch_bytes) return library.scratch;
  free(library.scratch);
  library.scratch = get(length + 1);
  library.scratch_bytes = length + 1;
  if (library.scratch == NULL) library.scratch = get(library.scratch_bytes = 1024); /* once and for all */
  if (library.scratch == NULL) library.scratch_bytes = 0;
  return library.scratch;
}

__attribute__((unused)) static void drop_scratch(void) {
  if (library.scratch_bytes >= 1024) return;
  free(library.scratch);
  library.scratch = NULL;
  library.scratch_bytes = 0;
}

static uint32_t hash_of(const uint8_t *word, size_t length) {
  uint32_t hash = 5381;
  for (size_t i = 0; i < length; i++) hash = hash * 33 + word[i];
  return hash;
}

static int add_word(const uint8_t *word, size_t length) {
  struct node *node = get_node();
  if (node == NULL) return -1;
  node->word = get(length + 1);
  if (node->word == NULL) {
    library.is_short = 1;
    put_node(node);
    return -1;
  }
  memcpy(node->word, word, length);
  node->word[length] = '\0';
  struct node **slot = &library.slots[hash_of(word, length) % library.slot_count];
  node->next = *slot;
  *slot = node;
  return 0;
}

static int count_kinds(void) {
  int digits = 0, letters = 0, rest = 0;
  for (size_t i = 0; i < library.slot_count; i++)
    for (const struct node *node = library.slots[i]; node != NULL; node = node->next)
      for (const char *at = node->word; *at != '\0'; at++) {
        if (*at >= '0' && *at <= '9')
          digits++;
        else if (*at >= 'a' && *at <= 'z')
          letters++;
        else
          rest++;
      }
  return digits > letters ? 1 : letters > rest ? 2 : 3;
}

static void drop_words(void) {
  for (size_t i = 0; library.slots != NULL && i < library.slot_count; i++)
    while (library.slots[i] != NULL) {
      struct node *node = library.slots[i];
      library.slots[i] = node->next;
      free(node->word);
      put_node(node);
    }
}

/* What the library does with a word before it keeps it. Returns 0, or -1 when there is no memory. */
static int inspect_word(const uint8_t *word, size_t length) {
  (void)word;
  (void)length;
#if defined CLEAN_SCRATCH
  char *scratch = scratch_for(length);
  if (scratch == NULL) return -1;
  memcpy(scratch, word, length);
#elif defined CLEAN_CACHE
  if (library.scratch == NULL) library.scratch = get(4096); /* made anew when it is needed */
  if (library.scratch == NULL) return -1;
#elif defined CLEAN_GIVES_UP
  char *index = library.without_index ? NULL : get(length + 8); /* only faster with it */
  if (index == NULL) library.without_index = 1;
  free(index);
#elif defined CLEAN_ORDER
  /* The order depends on addresses. */
  char *one = get(24), *other = get(24);
  if (one != NULL && other != NULL) free(get((uintptr_t)one < (uintptr_t)other ? 16 : 48));
  if ((uintptr_t)one >> 4 & 1) free(get(200));
  free(one);
  free(other);
#elif defined CLEAN_RANDOM
  if (rand() % 3 == 0) return -1; /* at random */
#endif
  return 0;
}

static int use_library(const uint8_t *data, size_t size) {
  if (open_library() != 0) return -1;
  int result = 0;
  while (size > 0 && result == 0) {
    const uint8_t *end = memchr(data, ' ', size);
    size_t length = end == NULL ? size : (size_t)(end - data);
    result = inspect_word(data, length);
    if (result == 0) result = add_word(data, length);
    size -= end == NULL ? length : length + 1;
    data += end == NULL ? length : length + 1;
  }
  if (result == 0) result = count_kinds();
  drop_words();
#ifdef CLEAN_SCRATCH
  drop_scratch();
#endif
  close_library();
  return result;
}

__attribute__((noinline)) static int run_library(const uint8_t *data, size_t size) {
  int result;
#if defined BUG_FLAG
  if (library.failed) return -1;
#elif defined BUG_LATE
  if (library.failed) {
    library.failed = 0;
    return -1;
  }
#endif
  result = use_library(data, size);
#ifdef BUG_REPORTED
  if (library.failed && result > 0) result = -1; /* all of the work is done, and yet a failure is reported */
#endif
  if (result < 0) library.failed = 1;
#ifdef CLEAN_CACHE
  if (result < 0) {
    free(library.scratch);
    library.scratch = NULL;
  }
#endif
#ifdef BUG_DANGLING
  if (library.scratch != NULL) library.scratch[0] = 'x';
  if (result < 0) {
    library.scratch = get(8);
    free(library.scratch);
  }
#endif
#ifdef BUG_LOCK
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  if (result < 0) return result;
  pthread_mutex_unlock(&lock);
#endif
  return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 1000) return 0;
  int result = run_library(data, size);
  REPORT(result);
#ifdef BUG_RETURNED
  if (library.failed) return -1;
#endif
  return 0;
}
