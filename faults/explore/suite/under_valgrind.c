/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "under_valgrind.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../program_kinds.h"
#include "../target/target_elf.h"
#include "../text/memory.h"
#include "../text/regular_file.h"
#include "../text/words.h"
#include "recording.h"
#include "suite_cases.h"

/* What its launcher sets: it has the C++ library free all it has, and finds the C library's debug information on
 * Debian.
 */
#define LAUNCHERS_VARIABLES "VALGRIND_*,GLIBCPP_FORCE_NEW=*,GLIBCXX_FORCE_NEW=*,LD_LIBRARY_PATH=/usr/lib/debug"
#define MAGIC_BYTES 4

bool nomem__is_valgrinds_tool(const char *path) {
  static const char folder[] = "/valgrind/";
  const char *at = strstr(path, folder);
  return at != NULL && nomem__matches_any("*-linux", at + strlen(folder));
}

/* Valgrind's options are one word each. The first word is the launcher's name. NULL: there is no program. */
static const char *find_program(const struct nomem__recorded_image *image) {
  const char *end = image->words + image->word_bytes, *word = image->words + strlen(image->words) + 1;
  while (word < end && word[0] == '-') word += strlen(word) + 1;
  return word < end ? word : NULL;
}

static bool is_elf(const char *path) {
  char start[MAGIC_BYTES];
  int fd = nomem__regular_file_open(path, NULL);
  bool is_it = fd >= 0 && read(fd, start, sizeof start) == sizeof start && nomem__elf_is_magic(start, sizeof start);
  if (fd >= 0) close(fd);
  return is_it;
}

char *nomem__find_started_program(const struct nomem__recorded_image *image, const char *word) {
  /* Without a slash it is not the project's. */
  if (strchr(word, '/') == NULL) return NULL;
  char *path = word[0] == '/' ? nomem__strdup(word) : nomem__format("%s/%s", image->folder, word);
  char *file = nomem__checked(realpath(path, NULL));
  free(path);
  if (file != NULL && nomem__suite_may_be_case(file) && is_elf(file)) return file;
  free(file);
  return NULL;
}

void nomem__take_from_valgrind(struct nomem__recorded_image *image) {
  const char *program = find_program(image);
  char *file = program != NULL ? nomem__find_started_program(image, program) : NULL;
  if (file == NULL) return;
  free(image->path);
  image->path = file;
  image->word_bytes -= (size_t)(program - image->words);
  memmove(image->words, program, image->word_bytes);
  nomem__recorded_image_drop_variables(image, LAUNCHERS_VARIABLES);
}
