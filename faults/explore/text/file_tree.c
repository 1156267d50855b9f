/* SPDX-License-Identifier: MIT */
#include "file_tree.h"

#include <stddef.h>
#include <unistd.h>

#include "memory.h"

void nomem__file_tree_walk(const char *path, void (*visit)(void *user, FTSENT *entry), void *user) {
  char *paths[] = {(char *)path, NULL};
  FTS *files = nomem__checked(fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL));
  for (FTSENT *entry; files != NULL && (entry = fts_read(files)) != NULL;) visit(user, entry);
  if (files != NULL) fts_close(files);
}

static void remove_entry(void *user, FTSENT *entry) {
  (void)user;
  if (entry->fts_info == FTS_DP)
    rmdir(entry->fts_accpath);
  else if (entry->fts_info != FTS_D)
    unlink(entry->fts_accpath);
}

void nomem__file_tree_remove(const char *path) {
  nomem__file_tree_walk(path, remove_entry, NULL);
}
