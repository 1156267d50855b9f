/* SPDX-License-Identifier: MIT */
/* What lies below a folder. Symbolic links are not followed. */
#ifndef NOMEM_FILE_TREE_H
#define NOMEM_FILE_TREE_H

#include <fts.h>

/* Calls visit for the folder and all below it, as fts_read returns them; not at all where there is no such folder. */
void nomem__file_tree_walk(const char *path, void (*visit)(void *user, FTSENT *entry), void *user);

/* Removes the folder and all below it, as far as that is allowed. */
void nomem__file_tree_remove(const char *path);

#endif
