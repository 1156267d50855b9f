/* SPDX-License-Identifier: MIT */
/* Run with the plan "in=tested": every allocation function fails there as its manual says, and works outside. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* Volatile, so that no compiler reasons about what an allocation of a constant size returns. */
static volatile size_t some = 100, zero = 0, huge = SIZE_MAX / 2 + 1;
static char *block, *early_string;

#define FAILS(call) (errno = 0, (call) == NULL && errno == ENOMEM)

static __attribute__((noinline)) void tested(void) {
  char *text = NULL;
  size_t room = 0;
  void *out = &room;

  CHECK(FAILS(malloc(some)));
  CHECK(FAILS(malloc(zero)));
  CHECK(FAILS(calloc(some, 1)));
  CHECK(FAILS(calloc(huge, 4)));
  CHECK(FAILS(reallocarray(NULL, huge, 4)));
  CHECK(FAILS(realloc(NULL, some)));
  CHECK(FAILS(realloc(block, 2 * some)));
  CHECK(FAILS(realloc(block, some / 2)));
  CHECK(FAILS(reallocarray(block, 2, some)));
  for (size_t i = 0; i < some; i++) CHECK(block[i] == (char)i);
  CHECK(FAILS(aligned_alloc(64, 128)));
  CHECK(FAILS(memalign(64, some)));
  CHECK(FAILS(valloc(some)));
  CHECK(FAILS(pvalloc(some)));

  errno = EDOM;
  CHECK(posix_memalign(&out, 64, some) == ENOMEM && errno == EDOM && out == &room);
  CHECK(posix_memalign(&out, 3, some) == EINVAL && out == &room);

  CHECK(FAILS(strdup(early_string)));
  CHECK(FAILS(strndup(early_string, 2)));
  CHECK(asprintf(&text, "%d", 5) == -1);
  CHECK(FAILS(fopen("/dev/null", "r")));
  CHECK(FAILS(opendir("/")));
  CHECK(FAILS(realpath("/", NULL)));
  CHECK(FAILS(open_memstream(&text, &room)));

  errno = EDOM;
  free(NULL);
  CHECK(errno == EDOM);
  free(early_string);
  CHECK(errno == EDOM);
  early_string = NULL;

  /* A size of 0 frees: a plan cannot fail that. */
  void *gone = block;
  block = realloc(gone, zero);
  CHECK(block == NULL);
}

static __attribute__((noinline)) void tested_getline(FILE *file) {
  char *line = NULL;
  size_t room = 0;
  errno = 0;
  CHECK(getline(&line, &room, file) == -1 && errno == ENOMEM && line == NULL);
}

static void works(void) {
  void *out = NULL;
  char *text = NULL;
  for (size_t size = 0; size < 300; size++) {
    char *made = malloc(size);
    CHECK(made != NULL);
    CHECK((made = realloc(made, size + 500)) != NULL);
    memset(made, 1, size + 500);
    free(made);
  }
  CHECK(posix_memalign(&out, 256, 10) == 0 && (uintptr_t)out % 256 == 0);
  free(out);
  CHECK((out = reallocarray(NULL, 3, 5)) != NULL && malloc_usable_size(out) >= 15);
  free(out);
  CHECK((out = aligned_alloc(64, 64)) != NULL && (uintptr_t)out % 64 == 0);
  free(out);
  CHECK((out = memalign(512, 5)) != NULL && (uintptr_t)out % 512 == 0);
  free(out);
  CHECK((out = valloc(5)) != NULL && (uintptr_t)out % 4096 == 0);
  free(out);
  CHECK((out = pvalloc(5)) != NULL && malloc_usable_size(out) >= 4096);
  free(out);
  CHECK(FAILS(malloc(huge)));
  CHECK(FAILS(calloc(huge, 2)));
  CHECK(asprintf(&text, "%d", 5) == 1 && strcmp(text, "5") == 0);
  free(text);
  CHECK(malloc_usable_size(NULL) == 0);
}

int main(void) {
  FILE *file = fopen("/proc/self/maps", "r");
  CHECK(file != NULL);
  block = malloc(some);
  early_string = strdup("early");
  CHECK(block != NULL && early_string != NULL);
  for (size_t i = 0; i < some; i++) block[i] = (char)i;
  tested();
  tested_getline(file);
  works();
  fclose(file);
  return 0;
}
