/* SPDX-License-Identifier: MIT */
/* How what a run writes to standard output and standard error compares with what the baseline wrote. */
#ifndef NOMEM_OUTPUT_COMPARE_H
#define NOMEM_OUTPUT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output_capture.h"

/* What the baseline wrote; all zero at first. A stream is stable if every run without a fault writes the same to it. */
struct nomem__baseline_output {
  uint64_t output_hash, error_hash;
  bool is_output_stable, is_error_stable;
  char *text; /* the beginning of its standard output, owned; NULL: not kept */
  size_t text_bytes;
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

/* Whether a run wrote anything else to its standard output than the baseline, which always writes the same there, and
 * reported no failure: nothing on standard error but what the baseline writes, too, and no word of a failure in the
 * first line that differs. */
bool nomem__output_is_swallowed(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                const struct nomem__output *error);

/* Describes the first line of its standard output that differs. */
void nomem__output_difference(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                              char *text, size_t text_bytes);

#endif
