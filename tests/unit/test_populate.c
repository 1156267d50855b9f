/* SPDX-License-Identifier: MIT */
/* Pages that the kernel provides at once: those that were asked for, with what was in them, and no others. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/inject/populate.h"

#define PAGE ((size_t)4096)
#define PAGES 16
#define POPULATE_WRITE 23

static char *map_pages(void) {
  char *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(pages != MAP_FAILED);
  madvise(pages, PAGES * PAGE, MADV_NOHUGEPAGE);
  return pages;
}

static unsigned count_resident(char *pages) {
  unsigned char resident[PAGES];
  unsigned count = 0;
  assert_int_equal(mincore(pages, PAGES * PAGE, resident), 0);
  for (unsigned i = 0; i < PAGES; i++) count += resident[i] & 1;
  return count;
}

static void are_there(void **state) {
  (void)state;
  char *pages = map_pages();
  if (madvise(pages, PAGE, POPULATE_WRITE) != 0) skip(); /* before Linux 5.14 */
  pages[3 * PAGE] = 'x';
  errno = EAGAIN;
  nomem__populate(pages + 3 * PAGE + 100, 2 * PAGE); /* begins and ends within a page */
  assert_int_equal(errno, EAGAIN);
  assert_int_equal(count_resident(pages), 4);
  assert_int_equal(pages[3 * PAGE], 'x');
  munmap(pages, PAGES * PAGE);
}

static void cannot_be_had(void **state) {
  (void)state;
  char *pages = map_pages();
  assert_int_equal(mprotect(pages, PAGES * PAGE, PROT_NONE), 0);
  errno = EAGAIN;
  nomem__populate(pages, PAGES * PAGE);
  assert_int_equal(errno, EAGAIN);
  munmap(pages, PAGES * PAGE);
  nomem__populate(pages, PAGES * PAGE);
  assert_int_equal(errno, EAGAIN);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(are_there), cmocka_unit_test(cannot_be_had)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
