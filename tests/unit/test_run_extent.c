/* SPDX-License-Identifier: MIT */
/* Whether a run without a fault came as far as the baselines: by the programs that were injected, and by how many
 * allocations they made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/run_extent.h"
#include "fixtures/empty_channel.h"

static struct nomem__run_extent extent_of(const char *const paths[], uint32_t injected, uint64_t allocations) {
  struct nomem_channel *channel = make_channel();
  assert_non_null(channel);
  for (uint32_t i = 0; paths[i] != NULL; i++) {
    struct nomem_image *image = &channel->images[channel->image_count++];
    image->ready = 1;
    image->injected = injected >> i & 1;
    snprintf(image->path, sizeof image->path, "%s", paths[i]);
  }
  channel->screening.allocations = allocations;
  struct nomem__run_extent extent = nomem__run_extent_of(channel);
  free_channel(channel);
  return extent;
}

#define EXTENT(injected, allocations, ...) extent_of((const char *const[]){__VA_ARGS__, NULL}, injected, allocations)

static bool is_same(struct nomem__run_extent first, struct nomem__run_extent second, struct nomem__run_extent run) {
  const struct nomem__baseline_extent baseline = nomem__baseline_extent_of(&first, &second, false);
  return nomem__run_extent_is_same(&baseline, &run);
}

static void programs(void **state) {
  (void)state;
  struct nomem__run_extent one = EXTENT(1, 5, "/a"), two = EXTENT(3, 5, "/a", "/b");
  assert_true(is_same(two, two, two));
  assert_false(is_same(two, two, one));
  assert_false(is_same(two, two, EXTENT(3, 5, "/a", "/a")));
  assert_false(is_same(two, two, EXTENT(3, 5, "/b", "/a")));
  assert_true(is_same(one, two, one)); /* it is not the same in the baselines */
}

/* A launcher starts the program that is explored; in a run that is forked it has no part. */
static void launchers(void **state) {
  (void)state;
  struct nomem__run_extent with = EXTENT(2, 5, "/bin/env", "/a");
  assert_true(is_same(with, with, EXTENT(1, 5, "/a")));
  assert_false(is_same(with, with, EXTENT(0, 5, "/bin/env")));
}

static void allocations(void **state) {
  (void)state;
  struct nomem__run_extent five = EXTENT(1, 5, "/a"), six = EXTENT(1, 6, "/a"), unknown = EXTENT(1, 0, "/a");
  assert_true(is_same(five, five, five));
  assert_false(is_same(five, five, six));
  assert_false(is_same(five, five, unknown));
  assert_true(is_same(five, six, unknown));     /* it varies by itself */
  assert_true(is_same(unknown, unknown, five)); /* nobody counted */
  const struct nomem__baseline_extent racing = nomem__baseline_extent_of(&five, &five, true);
  assert_true(nomem__run_extent_is_same(&racing, &six));
}

/* What a program has scribbled over its images: nothing is read beyond them. */
static void hostile(void **state) {
  (void)state;
  struct nomem_channel *channel = make_channel();
  assert_non_null(channel);
  channel->image_count = UINT32_MAX;
  for (uint32_t i = 0; i < NOMEM_IMAGES; i++) {
    channel->images[i].ready = channel->images[i].injected = 1;
    memset(channel->images[i].path, 'x', NOMEM_PATH_BYTES);
  }
  struct nomem__run_extent extent = nomem__run_extent_of(channel);
  assert_true(is_same(extent, extent, extent));
  free_channel(channel);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(programs),
      cmocka_unit_test(launchers),
      cmocka_unit_test(allocations),
      cmocka_unit_test(hostile),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
