/* SPDX-License-Identifier: MIT */
/* Every kind of damage to a pool is found by its check, and named. (The fuzz target mempool_check does so with pools of
 * its own making.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the fuzz target has, too; no library has it. NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../fuzz/common/damaged_pool.c"

enum { VALUES = 12 };

static struct hand_pool sound, damaged;

static void add_all(const uint32_t *sizes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    hand_pool_add(&sound, sizes[i], false);
    hand_pool_add(&sound, 1 + (uint32_t)i % 3, true);
  }
}

/* Lists of one size, trees of two and of many sizes, and the smallest blocks. */
static int lay_out(void **state) {
  static const uint32_t sizes[] = {1, 1, 2, 20, 20, 63, 64, 65, 65, 130, 129, 1027, 1030, 1024, 1027, 1600, 1625, 130};
  (void)state;
  hand_pool_begin(&sound);
  add_all(sizes, sizeof sizes / sizeof sizes[0]);
  hand_pool_add(&sound, 7, true); /* with no free neighbour before it */
  hand_pool_add(&sound, 7, true);
  hand_pool_end(&sound);
  return 0;
}

static void a_sound_pool_is_sound(void **state) {
  (void)state;
  assert_int_equal(mempool__check(&sound.pool), 0);
  sound.pool.high_water++;
  assert_int_equal(mempool__check(&sound.pool), 0);
  sound.pool.high_water--;
}

static int damage_and_check(unsigned kind, unsigned which, uint32_t value) {
  damaged = sound;
  damaged.pool.base = damaged.memory;
  damaged.pool.live = damaged.live;
  int wanted = hand_pool_damage(&damaged, kind, which, value);
  assert_int_equal(mempool__check(&damaged.pool), wanted);
  return wanted;
}

/* Each kind can be done to this pool, so that none is passed over in silence. */
static void every_damage_is_found_and_named(void **state) {
  static const uint32_t values[VALUES] = {0, 1, 2, 3, 5, 31, 32, 63, 0x100, 0x101, 0x102, 0xffff};
  (void)state;
  for (unsigned kind = 0; kind < hand_pool_kinds(); kind++) {
    unsigned found = 0;
    for (unsigned which = 0; which < sound.count; which++)
      for (unsigned v = 0; v < VALUES; v++) found += damage_and_check(kind, which, values[v]) != 0;
    if (!found) fail_msg("nothing of this pool can have damage of kind %u", kind);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_sound_pool_is_sound),
      cmocka_unit_test(every_damage_is_found_and_named),
  };
  return cmocka_run_group_tests(tests, lay_out, NULL);
}
