/* SPDX-License-Identifier: MIT */
/* What a run made and did not remove: files, folders, sockets, FIFOs, and shared memory that has a name.
 *
 * Read from the upper layers of the view that an isolated run has of the files: they hold what it changed, and no more.
 * The names are the program's and hostile; how many there are is bounded.
 */
#ifndef NOMEM_CREATED_FILES_H
#define NOMEM_CREATED_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../isolation/isolation.h"
#include "written_files.h"

/* A run that makes more of them is not looked at. */
#define NOMEM__CREATED_FILES_MAX 1024

struct nomem__created_file {
  char *path; /* as the program had it, from the root on */
  mode_t type;
};

/* All zero: not known. */
struct nomem__created_files {
  bool is_known;
  struct nomem__created_file *list; /* by path, so a folder comes before what is in it; owned */
  size_t count;
  bool has_changed_others; /* files that were there before were changed, or removed */
};

/* Lists what a run has created that entered a fresh view with the other end of this socket, and reads all that it has
 * written; call it for each such run. Both lists are empty, and the caller's; written may be NULL. They stay unknown
 * where views of files are not possible, and for a run that created too many. */
void nomem__created_files_list_fresh(struct nomem__created_files *files, struct nomem__written_files *written,
                                     const struct nomem__sandbox *sandbox, int scratch_socket);

/* The same of a run that shared its view, in which nothing may run any more. Removes all of it, so that the next run
 * does not find it. Returns whether it does not: what could not be removed, and changes to files that were there
 * before, stay. */
bool nomem__created_files_list_shared(struct nomem__created_files *files, struct nomem__written_files *written,
                                      struct nomem__sandbox *sandbox);

/* Lists what is in the upper layers, below the folder scratch, and not in the folders that they lie over, and notes
 * whether anything else than folders is in both. written, which is empty or NULL, gets what is in them; where it alone
 * has too many, it is all zero. What made had is not freed. Returns 0, or a negative error code, and then both are all
 * zero: -E2BIG for too many. */
int nomem__created_files_read(struct nomem__created_files *made, struct nomem__written_files *written,
                              const struct nomem__view *view, int scratch);

void nomem__created_files_free(struct nomem__created_files *made);

/* What is in here and in neither of the others, whose names may be others: a folder comes rather than what is in it.
 * What programs leave on purpose (logs, caches, coverage data, core files) is passed over. NULL: nothing, or not all
 * are known. */
const struct nomem__created_file *nomem__created_files_find_new(const struct nomem__created_files *here,
                                                                const struct nomem__created_files *one,
                                                                const struct nomem__created_files *two);

/* What it is and where, in words. other: the path that a second run gave to the same file; where they differ stands an
 * asterisk. NULL: not known. */
void nomem__created_files_describe(const struct nomem__created_file *file, const char *other, char *text,
                                   size_t text_bytes);

#endif
