/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "divided_root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../text/grow.h"
#include "../text/memory.h"

/* With more entries, the view of each run would become expensive. */
#define ENTRIES_MAX 500

/* As in <linux/mount.h>, which cannot be included beside <sys/mount.h> everywhere. */
struct mount_attributes {
  uint64_t set, clear, propagation, user_namespace;
};
#define ATTRIBUTE_READ_ONLY 1

static bool has_mount_below(const char *path, char *const *mounts) {
  for (; *mounts != NULL; mounts++)
    if (nomem__is_below(*mounts, path)) return true;
  return false;
}

static bool is_mount(const char *path, char *const *mounts) {
  for (; *mounts != NULL; mounts++)
    if (strcmp(*mounts, path) == 0) return true;
  return false;
}

/* The path of an entry of a folder, for the caller to free. NULL: it is the folder itself or its parent. */
static char *entry_path(const char *folder, const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? NULL : nomem__format("%s/%s", folder, name);
}

/* Folders that the user cannot enter are left out: he could change nothing in them. */
static int add_parts(struct nomem__view *view, unsigned number, char *const *mounts) {
  const char *root = view->roots[number].path;
  DIR *folder = nomem__checked(opendir(root));
  int result = 0;
  for (const struct dirent *entry; folder != NULL && result == 0 && (entry = readdir(folder)) != NULL;) {
    struct stat status;
    char *path = entry_path(root, entry->d_name);
    if (path != NULL && lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && !is_mount(path, mounts) &&
        faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
      result = nomem__view_add_root(view, path, true);
    free(path);
  }
  if (folder != NULL) closedir(folder);
  return result;
}

int nomem__divide_roots(struct nomem__view *view, char *const *mounts) {
  int result = 0;
  for (unsigned i = 0; i < view->root_count && result == 0; i++) {
    view->roots[i].is_divided = has_mount_below(view->roots[i].path, mounts);
    if (view->roots[i].is_divided) result = add_parts(view, i, mounts);
  }
  return result;
}

static bool is_root(const struct nomem__view *view, const char *path) {
  for (unsigned i = 0; i < view->root_count; i++)
    if (strcmp(view->roots[i].path, path) == 0) return true;
  return false;
}

/* Owns the path from here on. */
static int add_entry(struct nomem__view *view, size_t *room, unsigned root, char *path) {
  struct stat status;
  if (lstat(path, &status) != 0) {
    free(path);
    return 0;
  }
  struct nomem__view_entry *entries = nomem__grow(view->entries, view->entry_count, room, sizeof *entries);
  view->entries = entries;
  if (view->entry_count == ENTRIES_MAX) {
    free(path);
    return -E2BIG;
  }
  bool is_bound = !S_ISLNK(status.st_mode) && !is_root(view, path);
  entries[view->entry_count++] = (struct nomem__view_entry){path, root, status.st_mode & S_IFMT, is_bound};
  return 0;
}

int nomem__list_divided_roots(struct nomem__view *view) {
  size_t room = 0;
  int result = 0;
  for (unsigned i = 0; i < view->root_count && result == 0; i++) {
    DIR *folder = view->roots[i].is_divided ? nomem__checked(opendir(view->roots[i].path)) : NULL;
    for (const struct dirent *entry; folder != NULL && result == 0 && (entry = readdir(folder)) != NULL;) {
      char *path = entry_path(view->roots[i].path, entry->d_name);
      if (path != NULL) result = add_entry(view, &room, i, path);
    }
    if (folder != NULL) closedir(folder);
  }
  return result;
}

static const char *name_of(const struct nomem__view *view, const struct nomem__view_entry *entry) {
  return entry->path + strlen(view->roots[entry->root].path) + 1;
}

void nomem__fill_frame(const struct nomem__view *view, unsigned number, int root, int frame) {
  for (size_t i = 0; i < view->entry_count; i++) {
    const struct nomem__view_entry *entry = &view->entries[i];
    const char *name = name_of(view, entry);
    char target[PATH_MAX];
    if (entry->root != number) continue;
    if (S_ISDIR(entry->type)) {
      mkdirat(frame, name, 0755);
    } else if (!S_ISLNK(entry->type)) {
      mknodat(frame, name, S_IFREG | 0644, 0);
    } else {
      ssize_t length = readlinkat(root, name, target, sizeof target - 1);
      if (length < 0) continue;
      target[length] = '\0';
      if (symlinkat(target, frame, name) != 0) continue;
    }
  }
}

/* File systems that are mounted below the entry are bound with it. */
static int bind_entry(const struct nomem__view *view, const struct nomem__view_entry *entry, int root) {
  char source[NOMEM_VIEW_SHORT_PATH + NAME_MAX + 2];
  stpcpy(stpcpy(nomem__put_descriptor(source, root), "/"), name_of(view, entry));
  if (mount(source, entry->path, NULL, MS_BIND | MS_REC, NULL) != 0) return 0;
  if (!S_ISREG(entry->type)) return 0;
  struct mount_attributes attributes = {.set = ATTRIBUTE_READ_ONLY};
  return syscall(SYS_mount_setattr, AT_FDCWD, entry->path, 0, &attributes, sizeof attributes) != 0 ? -errno : 0;
}

int nomem__bind_entries(const struct nomem__view *view, unsigned number, int root) {
  int result = 0;
  for (size_t i = 0; i < view->entry_count && result == 0; i++)
    if (view->entries[i].root == number && view->entries[i].is_bound)
      result = bind_entry(view, &view->entries[i], root);
  return result;
}
