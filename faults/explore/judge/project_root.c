/* SPDX-License-Identifier: MIT */
#include "project_root.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_names.h"

/* A test's folder lies no deeper in its project than this. */
#define TEST_FOLDER_DEPTH_MAX 4

void nomem__project_root_cut(char *root, const char *path) {
  size_t common = 0;
  for (size_t i = 0; root[i] != '\0' && root[i] == path[i]; i++)
    if (root[i] == '/') common = i + 1;
  root[common] = '\0';
}

static size_t depth_of(const char *path) {
  size_t depth = 0;
  for (; *path != '\0'; path++) depth += *path == '/';
  return depth;
}

/* Whether a folder is too far up to be a project's: the root, one of its folders, or where home directories are. */
static bool is_above_projects(const char *folder) {
  const char *home = getenv("HOME");
  return depth_of(folder) < 3 || (home != NULL && strncmp(home, folder, strlen(folder) - 1) == 0);
}

void nomem__project_root_widen(char *root, const char *folder) {
  char common[PATH_MAX];
  snprintf(common, sizeof common, "%s", root);
  nomem__project_root_cut(common, folder);
  size_t length = strlen(common);
  if (root[length] == '\0' || is_above_projects(common)) return;
  if (depth_of(root + length) > TEST_FOLDER_DEPTH_MAX) return;
  if (nomem__test_source(root + length) == strcspn(root + length, "/") + 1) root[length] = '\0';
}
