/* SPDX-License-Identifier: MIT */
/* The folder of a project, as its source files tell it. Folders are absolute and end in a slash. */
#ifndef NOMEM_PROJECT_ROOT_H
#define NOMEM_PROJECT_ROOT_H

/* Cuts root to the folder that it has in common with another, or that a file lies in. root may be a file's path, too.
 */
void nomem__project_root_cut(char *root, const char *path);

/* Where a test program is linked with a shared library, all its own sources are tests: a folder of the library's
 * sources, when it lies beside the folder of the tests, says where the project begins. root is of at most PATH_MAX
 * bytes. */
void nomem__project_root_widen(char *root, const char *folder);

#endif
