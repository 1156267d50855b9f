/* SPDX-License-Identifier: MIT */
#include "source_paths.h"

#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"

char *nomem__source_path(const char *directory, const char *file) {
  char *joined = *file == '/' || *directory == '\0' ? nomem__strdup(file) : nomem__format("%s/%s", directory, file);
  char *real = nomem__checked(realpath(joined, NULL));
  if (real == NULL) return joined;
  free(joined);
  return real;
}

const char *nomem__source_path_from(const char *directory, const char *path) {
  size_t length = directory != NULL ? strlen(directory) : 0;
  return length > 1 && strncmp(path, directory, length) == 0 && path[length] != '\0' ? path + length : path;
}
