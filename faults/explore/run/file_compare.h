/* SPDX-License-Identifier: MIT */
/* How what a run writes to files compares with what the runs without a fault wrote to the same ones. Pure: what was
 * read of the files goes in. docs/evidence.md has the rules, under "Swallowed". */
#ifndef NOMEM_FILE_COMPARE_H
#define NOMEM_FILE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "../residue/written_files.h"
#include "output_compare.h"

/* Room for the sentence of nomem__baseline_files_note. */
#define NOMEM__FILES_NOTE_BYTES 256

struct nomem__expected_file;

/* What the runs without a fault wrote; all zero at first. It is known once there are two of them of which all is known.
 */
struct nomem__baseline_files {
  struct nomem__written_files runs[NOMEM__BASELINE_TEXTS]; /* owned */
  unsigned run_count;
  bool has_unknown;                      /* of one of the runs it is not known what it wrote: nothing is compared */
  struct nomem__expected_file *expected; /* of the files of the first run: what is the same in all of them; owned */
  size_t expected_count;
};

/* Adds what a run without a fault wrote, and takes it over: files is empty then. */
void nomem__baseline_files_add(struct nomem__baseline_files *baseline, struct nomem__written_files *files);

void nomem__baseline_files_free(struct nomem__baseline_files *baseline);

/* How a run differs. */
enum nomem__file_change {
  NOMEM_FILE_SAME,
  NOMEM_FILE_MISSING,   /* it made none */
  NOMEM_FILE_EMPTY,     /* nothing is in it, where something always is */
  NOMEM_FILE_LACKS,     /* a line */
  NOMEM_FILE_ADDS,      /* a line */
  NOMEM_FILE_REORDERED, /* its lines */
  NOMEM_FILE_LENGTH,    /* it is longer or shorter */
  NOMEM_FILE_CONTENT,   /* something else is in it */
  NOMEM_FILE_KIND,      /* it is no file, say, but a folder */
  NOMEM_FILE_LEFT,      /* it is there still, where it is always removed */
  NOMEM_FILE_UNCHANGED, /* as it was before, where it is always changed */
  NOMEM_FILE_CHANGED,   /* where it is always as before */
  NOMEM_FILE_REMOVED    /* where it always stays */
};

/* The first difference, in the order of the paths. */
struct nomem__file_difference {
  enum nomem__file_change change;
  const char *path, *other;                   /* the latter: which another run gave to the same file; NULL: none */
  const struct nomem__written_file *was, *is; /* of the first run without a fault, and of the run; NULL: none */
  size_t line;                                /* from 1: of was, or of is where it is added */
};

/* Compares a run with them. What is new, and in none of them, is no difference: see created_files.h. */
struct nomem__file_difference nomem__baseline_files_compare(const struct nomem__baseline_files *baseline,
                                                            const struct nomem__written_files *run);

/* Whether a line that the run wrote to a file, and that no run without a fault writes there, reports a failure. */
bool nomem__baseline_files_mention_failure(const struct nomem__baseline_files *baseline,
                                           const struct nomem__written_files *run);

/* Whether nothing is left of what all runs without a fault write to the files that the command's arguments name: at
 * least one, each of them missing or empty. */
bool nomem__baseline_files_are_gone(const struct nomem__baseline_files *baseline,
                                    const struct nomem__written_files *run, char *const *argv);

/* Describes a difference. */
void nomem__file_difference_describe(const struct nomem__file_difference *difference, char *text, size_t text_bytes);

/* Says in a sentence how much of the files is not compared; "": all is, as far as is known. */
void nomem__baseline_files_note(const struct nomem__baseline_files *baseline, char *text, size_t text_bytes);

#endif
