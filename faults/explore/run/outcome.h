/* SPDX-License-Identifier: MIT */
/* How one run ended, and what it wrote and left behind. */
#ifndef NOMEM_OUTCOME_H
#define NOMEM_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "../../channel.h"
#include "../process/openings.h"
#include "../process/process_tree.h"
#include "../residue/child_residue.h"
#include "../residue/written_files.h"
#include "executed_programs.h"
#include "output_capture.h"
#include "sanitizer_report.h"

/* So many bytes of a run's output, the last ones, are kept for the report. */
#define NOMEM_OUTPUT_TAIL 2048

/* The channel belongs to the worker: a copy, in which only what the injector may have reported is left. */
struct nomem__outcome {
  struct nomem__end end;
  const struct nomem_channel *channel;
  uint64_t duration_us, starved_us; /* the latter: see run_clock.h */
  struct nomem__output output, error;
  char tail[NOMEM_OUTPUT_TAIL]; /* of standard error, or of standard output when nothing was written there */
  struct nomem__sanitizer_report report;
  uint32_t rank;        /* of a snapshot's run: the rank of its point */
  bool is_early;        /* it was ended before its time was up, and counts as timed out */
  bool is_damaged;      /* it has written over the pages that it shares with the command */
  bool was_caught;      /* where it blew up is where the first signal was caught that counts: end.caught */
  bool has_marked_view; /* it has changed files that later runs of the worker would have found changed */
  /* It wrote more than NOMEM_OUTPUT_MAX_BYTES, and was ended for that if it had not ended yet. How far it had come by
   * then is chance: end says nothing of deaths, stacks and time, and nothing of the output is read but its tail. */
  bool is_flooded;
  const struct nomem__stack
      *creator; /* of the call that created the file at the request's created_path; NULL: none did */
  const struct nomem__openings *openings; /* NULL: they were not asked for */
  /* Both belong to the worker and are cleared after done: of the process that was injected first; and of the process in
   * which the first call was failed, where that is another one. A run with an empty plan has every injected process in
   * the second, as far as there is time for them. */
  struct nomem__process_residue *residue;
  struct nomem__child_residue *child_residue;
  struct nomem__written_files *files; /* of a run that asked for it; the worker's, and cleared after done, too. NULL: it
                                         is not known what it wrote */
  const struct nomem__executed_programs *not_injected; /* of a run with an empty plan that was traced: the programs that
                                                          it executed without the injector. Cleared after done, too */
};

#endif
