/* SPDX-License-Identifier: MIT */
/* By which words an interpreter says that a module in C has broken its rules, and which only resemble them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/judge/internal_error.h"

static bool is_error(const char *line) {
  return nomem__is_internal_error(line, strlen(line));
}

/* As Python, pytest, unittest and a warning that a destructor's exception is ignored print it. */
static void python(void **state) {
  static const char *const lines[] = {
      "SystemError: <built-in function twice> returned NULL without setting an exception",
      "SystemError: <class 'a.B'> returned a result with an exception set",
      "SystemError: ../Objects/listobject.c:338: bad argument to internal function",
      "SystemError: error return without exception set",
      "SystemError: initialization of a failed without raising an exception",
      "SystemError: initialization of a raised unreported exception",
      "E       SystemError: <built-in function twice> returned NULL without setting an exception",
      "FAILED test_a.py::test - SystemError: <built-in function twice> returned NULL ...",
      "    SystemError: null argument to internal routine",
      "repr: SystemError('unknown opcode')",
      "Fatal Python error: _Py_CheckFunctionResult: a function returned NULL without setting an exception",
      "..Fatal Python error: Segmentation fault",
      "Fatal Python error: none_dealloc: deallocating None"};
  (void)state;
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if (!is_error(lines[i])) fail_msg("not: %s", lines[i]);
}

static void perl_and_ruby(void **state) {
  (void)state;
  assert_true(is_error("panic: sv_setpvn called with negative strlen -1 at t/a.t line 3."));
  assert_true(is_error("Attempt to free unreferenced scalar: SV 0x55d, Perl interpreter: 0x55c at t/a.t line 3."));
  assert_true(is_error("Bizarre copy of UNKNOWN in subroutine entry at t/a.t line 3."));
  assert_true(is_error("t.rb:2: [BUG] try to mark T_NONE object (0x000)"));
}

/* What a module is supposed to do when it has no memory, and what a script may say. */
static void others(void **state) {
  static const char *const lines[] = {"MemoryError",
                                      "MemoryError: no memory",
                                      "E       MemoryError",
                                      "NoMemoryError: failed to allocate memory",
                                      "not enough memory",
                                      "Out of memory in perl:util:safesysmalloc",
                                      "FileSystemError: cannot read",
                                      "class SystemErrorTest",
                                      "no panic: all is well",
                                      "[DEBUG] x",
                                      ""};
  (void)state;
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if (is_error(lines[i])) fail_msg("wrongly: %s", lines[i]);
}

/* The line ends where it says, whatever is behind it. */
static void end_of_line(void **state) {
  static const char text[] = "x\nSystemError: y";
  (void)state;
  assert_false(nomem__is_internal_error(text, 1));
  assert_false(nomem__is_internal_error(text + 2, strlen("SystemError")));
  assert_true(nomem__is_internal_error(text + 2, strlen(text + 2)));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(python), cmocka_unit_test(perl_and_ruby),
                                     cmocka_unit_test(others), cmocka_unit_test(end_of_line)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
