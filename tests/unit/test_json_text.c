/* SPDX-License-Identifier: MIT */
/* Documents as text in a file: written as they are, and read as they were written. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/text/json_text.h"

/* Longer than what is written at a time. */
static json_t *make_long(void) {
  json_t *list = json_array();
  for (int i = 0; i < 5000; i++)
    json_array_append_new(list, json_pack("{s:i, s:s}", "number", i, "text", "\"\n\xc3\xa9"));
  return list;
}

static void comes_back(void **state) {
  (void)state;
  int fd = memfd_create("document", MFD_CLOEXEC);
  json_t *document = make_long();
  assert_int_equal(nomem__json_write(document, fd), 0);
  char *text = json_dumps(document, JSON_COMPACT);
  assert_int_equal(lseek(fd, 0, SEEK_CUR), strlen(text));
  json_t *read = nomem__json_read(fd);
  assert_true(json_equal(document, read));
  free(text);
  json_decref(document);
  json_decref(read);
  close(fd);
}

static void is_refused(void **state) {
  (void)state;
  json_t *document = make_long();
  int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  assert_int_equal(nomem__json_write(document, full), -ENOSPC);
  close(full);
  json_decref(document);
  int fd = memfd_create("document", MFD_CLOEXEC);
  assert_null(nomem__json_read(fd));
  assert_int_equal(write(fd, "[1,", 3), 3);
  assert_null(nomem__json_read(fd));
  assert_int_equal(write(fd, "2] 3", 4), 4);
  assert_null(nomem__json_read(fd));
  close(fd);
  assert_null(nomem__json_read(fd));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(comes_back), cmocka_unit_test(is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
