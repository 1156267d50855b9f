/* SPDX-License-Identifier: MIT */
/* What a function does with what a call has returned, by its machine code. */
#include "fixtures/machine_code.h"

#include <string.h>

#include "explore/code/value_use.h"

static struct nomem__value_use use;

static const struct nomem__returned null = {true, 0}, unknown = {0};

/* The uses of what the first call returned. */
static void ask(struct nomem__function_code *function, const struct nomem__returned *value) {
  take_code(function);
  assert_true(nomem__find_uses(code, return_address(code, 0), value, &use));
}

/* clang-format off */
MACHINE_CODE(checked, "call 0; testq %rax, %rax; je 1f; movl $1, (%rax); ret; 1: movl $-1, %eax; ret;");
MACHINE_CODE(checked_number, "call 0; cmpl $-1, %eax; je 1f; xorl %eax, %eax; ret; 1: movl $5, %eax; ret;");
MACHINE_CODE(checked_in_memory, "pushq %rbp; movq %rsp, %rbp; movq %rdi, -8(%rbp); call 0; movq %rax, %rdx;"
             "movq -8(%rbp), %rax; movq %rdx, 8(%rax); movq -8(%rbp), %rax; movq 8(%rax), %rax; testq %rax, %rax;"
             "jne 1f; movl $-1, %eax; jmp 2f; 1: movl $0, %eax; 2: leave; ret;");
MACHINE_CODE(checked_again, "pushq %rbx; movq %rdi, %rbx; movq (%rbx), %rbp; call 0; movq (%rbx), %rdi;"
             "movq %rax, 24(%rbp); cmpq $0, 24(%rdi); je 1f; xorl %eax, %eax; popq %rbx; ret; 1: movl $-1, %eax;"
             "popq %rbx; ret;");
MACHINE_CODE(another_checked, "pushq %rbx; movq %rdi, %rbx; movq (%rbx), %rbp; call 0; movq (%rbx), %rdi;"
             "movq %rax, 24(%rbp); cmpq $0, 32(%rdi); je 1f; xorl %eax, %eax; popq %rbx; ret; 1: movl $-1, %eax;"
             "popq %rbx; ret;");
MACHINE_CODE(stored, "pushq %rbx; movq %rdi, %rbx; call 0; movq %rax, 8(%rbx); movq %rbx, %rax; popq %rbx; ret;");
MACHINE_CODE(stored_in_variable, "call 0; movq %rax, 0x40(%rip); ret;");
MACHINE_CODE(stored_pair, "call 0; movq %rax, %xmm0; movq %rsi, %xmm1; punpcklqdq %xmm0, %xmm1;"
             "movups %xmm1, (%rbx); ret;");
MACHINE_CODE(stored_on_stack, "subq $24, %rsp; call 0; movq %rax, 8(%rsp); addq $24, %rsp; movl $0, %eax; ret;");
MACHINE_CODE(returned, "pushq %rbx; call 0; movq %rax, %rbx; call 0; movq %rbx, %rax; popq %rbx; ret;");
MACHINE_CODE(passed, "call 0; movq %rax, %rdi; call 0; ret;");
MACHINE_CODE(jumped, "call 0; movq %rax, %rsi; jmp 0;");
MACHINE_CODE(followed, "call 0; movq $1, 8(%rax); ret;");
MACHINE_CODE(ignored, "call 0; call 0; xorl %eax, %eax; ret;");
MACHINE_CODE(checked_twice, "pushq %rbx; call 0; movq %rax, %rbx; testq %rax, %rax; je 1f; movl $1, (%rax);"
             "1: testq %rbx, %rbx; jne 2f; xorl %eax, %eax; 2: popq %rbx; ret;");
MACHINE_CODE(checked_later, "call 0; cmpl $4, %esi; je 1f; testq %rax, %rax; je 2f; ret;"
             "1: testq %rax, %rax; jne 2f; xorl %eax, %eax; ret; 2: movl $-1, %eax; ret;");
MACHINE_CODE(never_returns, "call 0; ud2;");
/* clang-format on */

/* Of a value that is known, only the way is followed that it leads to. */
static void what_is_checked(void **state) {
  (void)state;
  ask(READ_CODE(checked), &null);
  assert_true(use.is_checked && use.does_return && use.result.is_known);
  assert_int_equal(use.result.value, -1);
  assert_false(use.is_followed || use.is_returned);
  ask(READ_CODE(checked), &unknown);
  assert_true(use.is_checked && use.is_followed);
  assert_false(use.result.is_known);
  ask(READ_CODE(checked_number), &(struct nomem__returned){true, -1});
  assert_true(use.is_checked && use.result.is_known);
  assert_int_equal(use.result.value, 5);
  ask(READ_CODE(checked_number), &null);
  assert_int_equal(use.result.value, 0);
}

/* Also after it was stored, and read again by way of another register. */
static void what_is_checked_in_memory(void **state) {
  (void)state;
  ask(READ_CODE(checked_in_memory), &null);
  assert_true(use.is_checked && use.is_whole);
  assert_int_equal(use.stored_count, 1);
  assert_int_equal(use.stored[0].displacement[use.stored[0].steps - 1], 8);
  assert_int_equal(use.result.value, -1);
}

/* Also after the address of the object was loaded anew, because the store may have changed it; but not another member.
 */
static void what_is_checked_in_an_object(void **state) {
  (void)state;
  ask(READ_CODE(checked_again), &null);
  assert_true(use.is_checked);
  assert_int_equal(use.result.value, -1);
  ask(READ_CODE(another_checked), &null);
  assert_false(use.is_checked);
}

/* Memory of others counts, the function's own does not. */
static void what_is_stored(void **state) {
  (void)state;
  ask(READ_CODE(stored), &null);
  assert_int_equal(use.stored_count, 1);
  assert_int_equal(use.stored[0].displacement[use.stored[0].steps - 1], 8);
  assert_false(use.is_checked || use.is_returned || nomem__is_ignored(&use));
  ask(READ_CODE(stored_in_variable), &null);
  assert_int_equal(use.stored_count, 1);
  assert_int_equal(use.stored[0].core, NOMEM_ABSOLUTE);
  ask(READ_CODE(stored_pair), &null);
  assert_int_equal(use.stored_count, 1);
  assert_int_equal(use.stored[0].displacement[0], 8);
  ask(READ_CODE(stored_on_stack), &null);
  assert_int_equal(use.stored_count, 0);
  assert_true(nomem__is_ignored(&use));
}

static void where_else_it_goes(void **state) {
  (void)state;
  ask(READ_CODE(returned), &null);
  assert_true(use.is_returned);
  assert_false(use.is_checked || use.is_passed || nomem__is_ignored(&use));
  ask(READ_CODE(passed), &null);
  assert_true(use.is_passed);
  assert_false(use.is_returned);
  ask(READ_CODE(jumped), &null);
  assert_true(use.is_passed && use.does_return);
  ask(READ_CODE(followed), &null);
  assert_true(use.is_followed);
  assert_false(use.does_return); /* it blows up there */
  ask(READ_CODE(ignored), &null);
  assert_true(nomem__is_ignored(&use) && use.result.is_known);
  ask(READ_CODE(never_returns), &null);
  assert_false(use.does_return);
}

static size_t find_checks(struct nomem__function_code *function, uint64_t checks[NOMEM_CHECKS_MAX]) {
  take_code(function);
  return nomem__find_checks(code, return_address(code, 0), checks);
}

/* Only what decides whether it is NULL, and only the first time on each way. */
static void where_it_is_checked(void **state) {
  (void)state;
  uint64_t checks[NOMEM_CHECKS_MAX];
  assert_int_equal(find_checks(READ_CODE(checked), checks), 1);
  uint32_t number = nomem__function_code_find(code, checks[0]);
  assert_int_equal(code->list[number].operation, NOMEM_OPERATION_JUMP_IF);
  assert_int_equal(find_checks(READ_CODE(checked_number), checks), 0);
  assert_int_equal(find_checks(READ_CODE(checked_in_memory), checks), 1);
  assert_int_equal(find_checks(READ_CODE(checked_twice), checks), 1);
  assert_int_equal(find_checks(READ_CODE(checked_later), checks), 2);
  assert_int_equal(find_checks(READ_CODE(ignored), checks), 0);
  assert_int_equal(find_checks(READ_CODE(passed), checks), 0);
}

/* On one way is enough. */
static void what_may_be_returned(void **state) {
  (void)state;
  ask(READ_CODE(checked_twice), &unknown);
  assert_false(use.is_returned);
  ask(READ_CODE(checked_later), &unknown);
  assert_true(use.may_be_returned && !use.is_returned);
  ask(READ_CODE(returned), &unknown);
  assert_true(use.may_be_returned);
  ask(READ_CODE(stored), &unknown);
  assert_false(use.may_be_returned);
}

static void no_such_call(void **state) {
  (void)state;
  struct nomem__function_code *function = READ_CODE(ignored);
  assert_false(nomem__find_uses(function, return_address(function, 0) + 1, &null, &use));
  nomem__function_code_free(function);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_checked),
      cmocka_unit_test(what_is_checked_in_memory),
      cmocka_unit_test(what_is_checked_in_an_object),
      cmocka_unit_test(what_is_stored),
      cmocka_unit_test(where_else_it_goes),
      cmocka_unit_test(no_such_call),
      cmocka_unit_test(where_it_is_checked),
      cmocka_unit_test(what_may_be_returned),
  };
  return cmocka_run_group_tests(tests, NULL, discard_code);
}
