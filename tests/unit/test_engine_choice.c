/* SPDX-License-Identifier: MIT */
/* Which engines are safe for a program, and when a run that missed its call is tried again: docs/engines.md, and the
 * row of unreached in docs/verdicts.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/engine_choice.h"
#include "../../faults/explore/process/syscall_effects.h"

/* Every single effect, and whether it keeps a program from snapshots, from forks, and from forks of isolated runs. */
static void obstacles(void **state) {
  static const struct {
    unsigned effect;
    bool snapshots, forks, isolated_forks;
  } cases[] = {
      {0, false, false, false},
      {NOMEM_EFFECT_PROCESSES, true, true, true},
      {NOMEM_EFFECT_PROGRAMS, true, true, true},
      {NOMEM_EFFECT_THREADS, true, false, false},
      {NOMEM_EFFECT_FILES, true, false, true},
      {NOMEM_EFFECT_CHANNELS, false, false, false},
      {NOMEM_EFFECT_EVENTS, false, false, false},
      {NOMEM_EFFECT_MEMORY, true, false, false},
      {NOMEM_EFFECT_UNFORKED, true, true, true},
      {NOMEM_EFFECT_TIMERS, true, false, false},
      {NOMEM_EFFECT_SIGNALS, true, false, false},
      {NOMEM_EFFECT_LOCKS, true, false, false},
      {NOMEM_EFFECT_SYSTEM, true, true, true},
      {NOMEM_EFFECT_UNKNOWN, true, true, true},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned effect = cases[i].effect;
    assert_int_equal(nomem__engine_obstacles(NOMEM_ENGINE_SNAPSHOT, effect, false), cases[i].snapshots ? effect : 0);
    assert_int_equal(nomem__engine_obstacles(NOMEM_ENGINE_SERVER, effect, false), cases[i].forks ? effect : 0);
    assert_int_equal(nomem__engine_obstacles(NOMEM_ENGINE_SERVER, effect, true), cases[i].isolated_forks ? effect : 0);
    assert_int_equal(nomem__engine_obstacles(NOMEM_ENGINE_EXEC, effect, true), 0);
  }
}

/* What an isolated run wrote, another one must not find; without isolation there is no other view to give. */
static void fresh_files(void **state) {
  (void)state;
  assert_true(nomem__engine_needs_fresh_files(NOMEM_EFFECT_FILES, true));
  assert_true(nomem__engine_needs_fresh_files(NOMEM_EFFECT_MEMORY, true));
  assert_true(nomem__engine_needs_fresh_files(NOMEM_EFFECT_UNKNOWN, true));
  assert_false(nomem__engine_needs_fresh_files(NOMEM_EFFECT_FILES, false));
  assert_false(nomem__engine_needs_fresh_files(NOMEM_EFFECT_THREADS | NOMEM_EFFECT_CHANNELS, true));
}

/* Threads, processes, and sites that did not come in both runs without a fault. */
static void races(void **state) {
  (void)state;
  assert_true(nomem__engine_may_race(NOMEM_EFFECT_THREADS, 0));
  assert_true(nomem__engine_may_race(NOMEM_EFFECT_PROCESSES, 0));
  assert_true(nomem__engine_may_race(NOMEM_EFFECT_UNKNOWN, 0));
  assert_true(nomem__engine_may_race(0, 1));
  assert_false(nomem__engine_may_race(NOMEM_EFFECT_FILES | NOMEM_EFFECT_TIMERS, 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(obstacles),
      cmocka_unit_test(fresh_files),
      cmocka_unit_test(races),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
