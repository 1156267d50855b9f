/* SPDX-License-Identifier: MIT */
#include "under_loader.h"

#include <stdlib.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../target/program_names.h"
#include "../text/memory.h"
#include "recording.h"
#include "under_valgrind.h"

bool nomem__is_loader(const char *path) {
  return nomem__is_part_of_system(path) &&
         nomem__matches_any("ld-linux*.so.*,ld-2.*.so,ld-musl-*.so.*", nomem__base_name(path));
}

/* What the loader is told, and what says the same to one that is not named. */
struct told {
  const char *name;                /* the word that the test is called by; NULL: its path */
  const char *libraries, *preload; /* NULL: not told */
};

/* Of these options the word that follows is a part. */
static bool has_value(const char *option) {
  return nomem__matches_any(
      "--library-path,--preload,--argv0,--audit,--inhibit-rpath,--glibc-hwcaps-mask,--glibc-hwcaps-prepend", option);
}

/* The word that names the program; NULL: none is run. */
static const char *find_program(const struct nomem__recorded_image *image, struct told *told) {
  const char *end = image->words + image->word_bytes, *word = image->words + strlen(image->words) + 1;
  while (word < end && word[0] == '-') {
    const char *next = word + strlen(word) + 1;
    if (nomem__matches_any("--list*,--verify,--help,--version", word)) return NULL;
    if (has_value(word) && next < end) {
      if (strcmp(word, "--library-path") == 0) told->libraries = next;
      if (strcmp(word, "--preload") == 0) told->preload = next;
      if (strcmp(word, "--argv0") == 0) told->name = next;
      next += strlen(next) + 1;
    }
    word = next;
  }
  return word < end ? word : NULL;
}

/* Puts a variable in place of what the image has of it. NULL: it stays. */
static void set_variable(struct nomem__recorded_image *image, const char *name, const char *value) {
  if (value == NULL) return;
  char *former = nomem__format("%s,%s=*", name, name), *entry = nomem__format("%s=%s", name, value);
  nomem__recorded_image_drop_variables(image, former);
  free(former);
  size_t kept = image->variable_bytes;
  image->variable_bytes = kept + strlen(entry) + 1;
  image->variables = nomem__realloc(image->variables, image->variable_bytes);
  memcpy(image->variables + kept, entry, strlen(entry) + 1);
  free(entry);
}

void nomem__take_from_loader(struct nomem__recorded_image *image) {
  struct told told = {0};
  const char *program = find_program(image, &told);
  char *file = program != NULL ? nomem__find_started_program(image, program) : NULL;
  if (file == NULL) return;
  set_variable(image, "LD_LIBRARY_PATH", told.libraries);
  set_variable(image, "LD_PRELOAD", told.preload);
  free(image->path);
  image->path = file;
  const char *first = told.name != NULL ? told.name : program, *rest = program + strlen(program) + 1;
  size_t first_bytes = strlen(first) + 1, rest_bytes = image->word_bytes - (size_t)(rest - image->words);
  char *words = nomem__malloc(first_bytes + rest_bytes);
  memcpy(words, first, first_bytes);
  memcpy(words + first_bytes, rest, rest_bytes);
  free(image->words);
  image->words = words;
  image->word_bytes = first_bytes + rest_bytes;
}
