/* SPDX-License-Identifier: MIT */
/* The paths of sources, as different tools name them. */
#ifndef NOMEM_SOURCE_PATHS_H
#define NOMEM_SOURCE_PATHS_H

/* The absolute path of a file that is named from a directory on, with no link in it where the file is there. The
 * caller's. */
char *nomem__source_path(const char *directory, const char *file);

/* The same as people see it from a directory, which ends in a slash; NULL: from nowhere. It points into path. */
const char *nomem__source_path_from(const char *directory, const char *path);

#endif
