/* SPDX-License-Identifier: MIT */
#include "engine_choice.h"

#include "../process/syscall_effects.h"

/* A fork before main() does not share what is opened later, but a later fork does. What is shared only while it is open
 * is looked for at each point. */
static unsigned obstacles_to_snapshots(unsigned effects) {
  return effects & ~(unsigned)NOMEM_EFFECTS_WHILE_OPEN;
}

/* Processes that a fork starts count on pages of their own, so that points would not mean the run any more; and a
 * program that it executes does not take part in the run. All forks of one process have one view of the files and of
 * the system: isolated runs that write files are started one by one. What was asked for memory before main() is not
 * told from what comes later. */
static unsigned obstacles_to_forks(unsigned effects, bool is_isolated) {
  unsigned files = is_isolated ? NOMEM_EFFECT_FILES : 0;
  return effects & (NOMEM_EFFECT_PROCESSES | NOMEM_EFFECT_PROGRAMS | NOMEM_EFFECT_UNFORKED | NOMEM_EFFECT_SYSTEM |
                    NOMEM_EFFECT_UNKNOWN | files);
}

unsigned nomem__engine_obstacles(enum nomem_engine engine, unsigned effects, bool is_isolated) {
  if (engine == NOMEM_ENGINE_SNAPSHOT) return obstacles_to_snapshots(effects);
  return engine == NOMEM_ENGINE_SERVER ? obstacles_to_forks(effects, is_isolated) : 0;
}

bool nomem__engine_needs_fresh_files(unsigned effects, bool is_isolated) {
  return is_isolated && (effects & (NOMEM_EFFECT_FILES | NOMEM_EFFECT_MEMORY | NOMEM_EFFECT_UNKNOWN)) != 0;
}

bool nomem__engine_may_race(unsigned effects, size_t unstable_sites) {
  return unstable_sites > 0 || (effects & (NOMEM_EFFECT_THREADS | NOMEM_EFFECT_PROCESSES | NOMEM_EFFECT_UNKNOWN)) != 0;
}
