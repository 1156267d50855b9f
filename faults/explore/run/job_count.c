/* SPDX-License-Identifier: MIT */
#include "job_count.h"

#define LEAST 5
/* What takes no longer mostly is the start of a program, of which its own use of the processor says little. */
#define SHORT_US 50000

unsigned nomem__run_load(uint64_t processor_us, uint64_t wall_us) {
  if (wall_us < SHORT_US) return NOMEM_LOAD_WHOLE;
  uint64_t load = processor_us * NOMEM_LOAD_WHOLE / wall_us;
  return load < LEAST ? LEAST : (unsigned)load;
}

unsigned nomem__job_count(unsigned processors, unsigned run_load) {
  unsigned waiting = processors * NOMEM_LOAD_WHOLE / run_load;
  if (waiting > NOMEM_WAITING_JOBS_MAX) waiting = NOMEM_WAITING_JOBS_MAX;
  return waiting > processors ? waiting : processors;
}
