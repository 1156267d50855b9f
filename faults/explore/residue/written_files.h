/* SPDX-License-Identifier: MIT */
/* What a run has made of the files that it wrote: which are new, changed or removed, and what is in them.
 *
 * Names, kinds and contents are the program's and hostile. Nothing but regular files is opened, and how much of them is
 * read and kept is bounded: see the constants.
 */
#ifndef NOMEM_WRITTEN_FILES_H
#define NOMEM_WRITTEN_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Of a run with more of them, none is looked at. */
#define NOMEM__WRITTEN_FILES_MAX 1024
/* A file that is no longer is kept, to be compared line by line, as long as all that are kept take no more than this.
 */
#define NOMEM__WRITTEN_TEXT_BYTES ((size_t)256 << 10)
#define NOMEM__WRITTEN_KEPT_BYTES ((size_t)1 << 20)
/* So much is read of a file, at its beginning and at its end; holes are passed over. All that is read of a run is read
 * and hashed at one go, so that it must be little. */
#define NOMEM__WRITTEN_HEAD_BYTES (UINT64_C(3) << 20)
#define NOMEM__WRITTEN_TAIL_BYTES (UINT64_C(1) << 20)
#define NOMEM__WRITTEN_READ_BYTES (UINT64_C(8) << 20)

enum nomem__read_extent { NOMEM_READ_NOTHING, NOMEM_READ_ENDS, NOMEM_READ_ALL };

struct nomem__written_file {
  char *path;     /* as the program had it, from the root on; owned */
  mode_t type;    /* 0: it was removed */
  bool was_there; /* before the run */
  /* Of a regular file, or of what a symbolic link points to. */
  uint64_t bytes, hash; /* the latter of what was read; a page of zeros has the hash of a hole */
  enum nomem__read_extent extent;
  char *text;       /* all of it, with a zero byte behind it; NULL: it was not kept; owned */
  size_t old_bytes; /* so many whole lines at the beginning of the text were there before, in bytes */
};

/* All zero: nothing is known. */
struct nomem__written_files {
  bool is_known;
  struct nomem__written_file *list; /* by path; owned */
  size_t count, room;
  uint64_t read_bytes; /* of all of them together */
  size_t kept_bytes;
};

/* What is found in a folder of the upper layer. */
struct nomem__written_entry {
  int folder;
  const char *name, *path;   /* the latter as the program has it */
  const struct stat *status; /* of what is found there */
  const struct stat *below;  /* of what is at path without the run; NULL: nothing is */
  bool is_removed;           /* it is the mark of what was removed */
};

/* Notes it, unless the run has not changed what was there. Returns 0, or -E2BIG when there are too many. */
int nomem__written_files_note(struct nomem__written_files *files, const struct nomem__written_entry *entry);

/* All were noted. */
void nomem__written_files_finish(struct nomem__written_files *files);

void nomem__written_files_free(struct nomem__written_files *files);

/* Makes taken, whose files are freed, the owner of those of files, which is empty then. */
void nomem__written_files_take(struct nomem__written_files *taken, struct nomem__written_files *files);

/* The one with this path; NULL: there is none. Only once they are finished. */
const struct nomem__written_file *nomem__written_files_find(const struct nomem__written_files *files, const char *path);

#endif
