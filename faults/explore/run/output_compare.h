/* SPDX-License-Identifier: MIT */
/* How what a run writes to standard output and standard error compares with what the baseline wrote. */
#ifndef NOMEM_OUTPUT_COMPARE_H
#define NOMEM_OUTPUT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output_capture.h"
#include "output_lines.h"

/* Room for the sentence of nomem__output_note. */
#define NOMEM__OUTPUT_NOTE_BYTES 192

/* So many runs without a fault are kept: the two baselines, and what is run later to see whether the output varies. */
#define NOMEM__BASELINE_TEXTS 4

/* What the runs without a fault wrote to one stream; all zero at first. It is stable if they all wrote the same. */
struct nomem__baseline_stream {
  uint64_t hash, bytes;   /* of the first run's */
  bool is_stable, is_cut; /* the latter: there was more than is kept, which is compared as a whole only */
  struct nomem__output_text texts[NOMEM__BASELINE_TEXTS]; /* different ones, owned */
  size_t text_count;
  struct nomem__stable_lines lines;
};

struct nomem__baseline_output {
  struct nomem__baseline_stream output, error;
};

/* Keeps the output of the first run without a fault, and compares that of another one with it. */
void nomem__baseline_output_set(struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                const struct nomem__output *error);
void nomem__baseline_output_compare(struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                    const struct nomem__output *error);

void nomem__baseline_output_free(struct nomem__baseline_output *baseline);

/* Whether a run wrote the same as the baseline, as far as that is stable. */
bool nomem__output_is_same(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                           const struct nomem__output *error);

/* Whether the standard output of a run differs from the baseline's in more than varies without a fault. */
bool nomem__output_differs(const struct nomem__baseline_output *baseline, const struct nomem__output *output);

/* Whether the run mentioned a failure: by a line on standard error that the baseline may not write there, too, or by a
 * word of a failure in the lines of its standard output that differ. */
bool nomem__output_mentions_failure(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                    const struct nomem__output *error);

/* Whether nothing is left of a standard output that is never empty without a fault. */
bool nomem__output_is_gone(const struct nomem__baseline_output *baseline, const struct nomem__output *output);

/* Whether no run without a fault writes anything there. */
bool nomem__output_is_never_there(const struct nomem__baseline_output *baseline);

/* Whether a run says on standard error, in a line that no run without a fault writes there, that "Success" is the
 * reason of a failure, and nothing of memory: what errno was is lost. text, which may be NULL, then quotes the line. */
bool nomem__output_says_success(const struct nomem__baseline_output *baseline, const struct nomem__output *error,
                                char *text, size_t text_bytes);

/* Whether standard error speaks of memory, or of its allocation: so somebody was told. */
bool nomem__output_speaks_of_memory(const struct nomem__output *error);

/* Whether a run says something on either stream, in a line that no run without a fault writes there. text, which may be
 * NULL, then quotes the line. What is longer than 1 MiB without a fault is not searched. */
bool nomem__output_says(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                        const struct nomem__output *error, bool (*is_said)(const char *line, size_t bytes), char *text,
                        size_t text_bytes);

/* Says in a sentence how much of standard output is not compared because it varies without a fault; "": it is stable.
 */
void nomem__output_note(const struct nomem__baseline_output *baseline, char *text, size_t text_bytes);

/* Describes the first line of its standard output that differs. */
void nomem__output_difference(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                              char *text, size_t text_bytes);

#endif
