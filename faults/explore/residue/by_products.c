/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "by_products.h"

#include <stddef.h>
#include <string.h>

static bool ends_with(const char *name, const char *end) {
  size_t length = strlen(name), end_length = strlen(end);
  return length > end_length && strcmp(name + length - end_length, end) == 0;
}

static bool has_one(const char *name, const char *const *list, size_t count,
                    bool (*fits)(const char *name, const char *one)) {
  for (size_t i = 0; i < count; i++)
    if (fits(name, list[i])) return true;
  return false;
}

bool nomem__is_tool_data(const char *path) {
  static const char *const ends[] = {".gcda", ".profraw", ".core"};
  const char *name = strrchr(path, '/') + 1;
  bool is_core = strcmp(name, "core") == 0 || strncmp(name, "core.", strlen("core.")) == 0;
  return is_core || has_one(name, ends, sizeof ends / sizeof *ends, ends_with);
}

bool nomem__is_left_on_purpose(const char *path) {
  const char *name = strrchr(path, '/') + 1;
  return nomem__is_tool_data(path) || ends_with(name, ".log") || strcmp(name, ".cache") == 0 ||
         strstr(path, "/.cache/") != NULL;
}

static bool has_part(const char *path, const char *part) {
  return strstr(path, part) != NULL;
}

bool nomem__is_by_product(const char *path) {
  static const char *const folders[] = {"/__pycache__/", "/.ccache/", "/cache/", "/log/", "/logs/"};
  static const char *const ends[] = {".profdata", ".pyc", "_history", "/gmon.out", "/perf.data", "/.coverage"};
  const char *name = strrchr(path, '/') + 1;
  return nomem__is_left_on_purpose(path) || has_one(path, folders, sizeof folders / sizeof *folders, has_part) ||
         has_one(path, ends, sizeof ends / sizeof *ends, ends_with) || strstr(name, ".log.") != NULL ||
         strcasestr(name, "cache") != NULL;
}
