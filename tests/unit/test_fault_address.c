/* SPDX-License-Identifier: MIT */
/* What a bad address is called. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../faults/explore/stack/fault_address.h"

static void expect(struct nomem__stack stack, const char *name, const char *text) {
  char *printed = NULL;
  size_t bytes;
  enum nomem__address_kind address_kind = nomem__address_kind_find(&stack);
  FILE *out = open_memstream(&printed, &bytes);
  nomem__address_kind_print(out, address_kind, stack.fault_address);
  fclose(out);
  assert_string_equal(nomem__address_kind_names[address_kind], name);
  assert_string_equal(printed, text);
  free(printed);
}

static struct nomem__stack at(uint64_t address) {
  return (struct nomem__stack){
      .signal = SIGSEGV, .code = SEGV_MAPERR, .has_fault_address = true, .fault_address = address, .ip = 0x400000};
}

/* NULL and what is near it, on both sides, as far as nothing can be mapped there. */
static void null(void **state) {
  (void)state;
  expect(at(0), "null", " at NULL");
  expect(at(0x18), "null", " at NULL + 0x18");
  expect(at(0xffff), "null", " at NULL + 0xffff");
  expect(at(UINT64_MAX - 7), "null", " at NULL - 0x8");
  expect(at(0x10000), "wild", " at 0x10000, where nothing is mapped");
}

static void child_residue(void **state) {
  (void)state;
  struct nomem__stack stack = at(0x7fff00001000);
  stack.code = SEGV_ACCERR;
  expect(stack, "protected", " at 0x7fff00001000, which may not be accessed in that way");
  stack.is_overflow = true;
  expect(stack, "stack-overflow", " at 0x7fff00001000, a stack overflow");
  stack = at(0x18);
  stack.ip = 0x18;
  expect(stack, "call", " at NULL + 0x18, which was called and is not code");
  stack = at(0xdead0000);
  stack.ip = 0xdead0000;
  expect(stack, "call", " at 0xdead0000, which was called and is not code");
}

/* Without an address none is made up, 0 least of all. */
static void no_address(void **state) {
  (void)state;
  expect((struct nomem__stack){.signal = SIGSEGV, .code = SI_KERNEL}, "non-canonical",
         " at a non-canonical address, or at one that is not aligned");
  expect((struct nomem__stack){.signal = SIGSEGV, .code = SI_TKILL}, "sent", ", sent by a process");
  expect((struct nomem__stack){.signal = SIGABRT, .code = SI_TKILL}, "", "");
  expect((struct nomem__stack){.signal = SIGFPE, .code = FPE_INTDIV, .has_fault_address = true, .ip = 1}, "", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(null), cmocka_unit_test(child_residue),
                                     cmocka_unit_test(no_address)};
  return cmocka_run_group_tests_name("touch", tests, NULL, NULL);
}
