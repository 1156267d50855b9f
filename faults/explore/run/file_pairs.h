/* SPDX-License-Identifier: MIT */
/* Which file of one run is which of another, whose names may be others. Pure. */
#ifndef NOMEM_FILE_PAIRS_H
#define NOMEM_FILE_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

#include "../residue/written_files.h"

/* The files of two runs that do not have the same name in both. Where one has more of them, all are left out. */
#define NOMEM__UNPAIRED_MAX 128

struct nomem__file_pairs {
  const struct nomem__written_files *here, *there;
  const struct nomem__written_file *here_alone[NOMEM__UNPAIRED_MAX], *there_alone[NOMEM__UNPAIRED_MAX];
  size_t here_count, there_count;
  bool are_many;
};

/* Borrows from both. */
void nomem__file_pairs_make(struct nomem__file_pairs *pairs, const struct nomem__written_files *here,
                            const struct nomem__written_files *there);

/* What a file of here is there: the one with its name; or else the only one with a similar name, if it is the only one
 * here. NULL: none is; *is_unclear: more than one may be. */
const struct nomem__written_file *nomem__file_pairs_find(const struct nomem__file_pairs *pairs,
                                                         const struct nomem__written_file *file, bool *is_unclear);

#endif
