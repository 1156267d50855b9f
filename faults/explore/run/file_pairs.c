/* SPDX-License-Identifier: MIT */
#include "file_pairs.h"

#include "../text/varying_names.h"

/* Lists the files of one run whose names the other one does not have. */
static size_t list_alone(const struct nomem__written_files *files, const struct nomem__written_files *others,
                         const struct nomem__written_file **list, bool *are_many) {
  size_t count = 0;
  for (size_t i = 0; i < files->count && !*are_many; i++) {
    if (nomem__written_files_find(others, files->list[i].path) != NULL) continue;
    *are_many = count == NOMEM__UNPAIRED_MAX;
    if (!*are_many) list[count++] = &files->list[i];
  }
  return count;
}

void nomem__file_pairs_make(struct nomem__file_pairs *pairs, const struct nomem__written_files *here,
                            const struct nomem__written_files *there) {
  pairs->here = here;
  pairs->there = there;
  pairs->are_many = false;
  pairs->here_count = list_alone(here, there, pairs->here_alone, &pairs->are_many);
  pairs->there_count = list_alone(there, here, pairs->there_alone, &pairs->are_many);
}

const struct nomem__written_file *nomem__file_pairs_find(const struct nomem__file_pairs *pairs,
                                                         const struct nomem__written_file *file, bool *is_unclear) {
  const struct nomem__written_file *found = nomem__written_files_find(pairs->there, file->path);
  size_t here = 0, there = 0;
  *is_unclear = found == NULL && pairs->are_many;
  if (found != NULL || *is_unclear) return found;
  for (size_t i = 0; i < pairs->here_count; i++)
    here += nomem__names_are_similar(pairs->here_alone[i]->path, file->path);
  for (size_t i = 0; i < pairs->there_count; i++) {
    if (!nomem__names_are_similar(pairs->there_alone[i]->path, file->path)) continue;
    found = pairs->there_alone[i];
    there++;
  }
  *is_unclear = there > 0 && (here > 1 || there > 1);
  return *is_unclear ? NULL : found;
}
