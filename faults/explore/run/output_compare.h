/* SPDX-License-Identifier: MIT */
/* What a run writes to standard output and standard error, and how that compares with what the baseline wrote. */
#ifndef NOMEM_OUTPUT_COMPARE_H
#define NOMEM_OUTPUT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output_capture.h"

/* What the baseline wrote, all zero at first. A stream is stable when no run without a fault wrote anything else. */
struct nomem__baseline_output {
  uint64_t output_hash, error_hash;
  bool is_output_stable, is_error_stable;
  char *text; /* the beginning of its output, owned; NULL: not kept */
  size_t text_bytes;
};

/* The first of its runs, and another one. */
void nomem__baseline_output_take(struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                 const struct nomem__output *error);
void nomem__baseline_output_compare(struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                    const struct nomem__output *error);

void nomem__baseline_output_free(struct nomem__baseline_output *baseline);

/* Whether what a run wrote is what the baseline did, as far as that is stable. */
bool nomem__output_is_same(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                           const struct nomem__output *error);

/* Whether a run wrote less, more or other things to its standard output than the baseline, which always writes the same
 * there, and said nothing of a failure: nothing on standard error that the baseline does not say, too, and no word of
 * it in the first line that differs. */
bool nomem__output_is_swallowed(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                                const struct nomem__output *error);

/* Says which line of its standard output is the first that differs, quoted. */
void nomem__output_difference(const struct nomem__baseline_output *baseline, const struct nomem__output *output,
                              char *text, size_t text_bytes);

#endif
