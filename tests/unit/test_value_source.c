/* SPDX-License-Identifier: MIT */
/* Where a NULL that is followed came from, through machine code as compilers make it. */
#include "fixtures/machine_code.h"

#include <string.h>

#include "explore/code/value_source.h"

static struct nomem__sources sources;

/* The access that is asked for: nothing else does it so. */
#define USE(base) "notq (%" base ");"

/* Asks where the pointer came from by which the code accesses memory. failing: so many of its calls, the last ones, led
 * to a failure. */
static void ask(struct nomem__function_code *function, unsigned failing) {
  uint64_t addresses[8];
  unsigned calls = 0;
  uint32_t used = NOMEM_NO_INSTRUCTION;
  take_code(function);
  for (uint32_t i = 0; i < code->count; i++) {
    calls += code->list[i].operation == NOMEM_OPERATION_CALL;
    bool is_use = code->list[i].operation == NOMEM_OPERATION_OTHER && code->list[i].to.kind == NOMEM_OPERAND_MEMORY;
    if (is_use) used = i;
  }
  assert_int_not_equal(used, NOMEM_NO_INSTRUCTION);
  for (unsigned i = 0; i < failing; i++) addresses[i] = return_address(code, calls - 1 - i);
  const struct nomem__place place = {.core = code->list[used].memory.base};
  nomem__find_sources(code, used, &place, addresses, failing, &sources);
}

static void assert_one_source(enum nomem__source_kind kind, uint64_t address) {
  assert_int_equal(sources.count, 1);
  assert_int_equal(sources.list[0].kind, kind);
  assert_int_equal(sources.list[0].return_address, address);
}

/* The call that may have written it comes first, and then what it was before that. */
static void assert_writer(uint64_t address) {
  assert_int_equal(sources.count, 2);
  assert_int_equal(sources.list[0].kind, NOMEM_SOURCE_MEMORY);
  assert_int_equal(sources.list[0].return_address, address);
  assert_int_equal(sources.list[1].kind, NOMEM_SOURCE_CALLER);
}

static void assert_place(unsigned core, unsigned steps, int64_t first, int64_t second) {
  const struct nomem__place *place = &sources.list[0].place;
  assert_int_equal(place->core, core);
  assert_int_equal(place->steps, steps);
  if (steps > 0) assert_int_equal(place->displacement[0], first);
  if (steps > 1) assert_int_equal(place->displacement[1], second);
}

/* clang-format off */
MACHINE_CODE(optimised, "pushq %rbx; call 0; movq %rax, %rbx; call 0; movq %rbx, %rdi;" USE("rdi") "popq %rbx; ret;");
MACHINE_CODE(unoptimised, "pushq %rbp; movq %rsp, %rbp; subq $16, %rsp; call 0; movq %rax, -8(%rbp);"
             "movl $1, -12(%rbp);"
                          "movq -8(%rbp), %rax;" USE("rax") "leave; ret;");
MACHINE_CODE(pushed, "call 0; pushq %rax; pushq %rbx; popq %rcx; popq %rdx; leaq 16(%rdx), %rdx; addq $8, %rdx;"
                     USE("rdx") "ret;");

MACHINE_CODE(given, "pushq %rbx; movq %rsi, %rbx; call 0; leaq 8(%rbx), %rax;" USE("rax") "popq %rbx; ret;");
MACHINE_CODE(given_on_stack, "subq $24, %rsp; movq 32(%rsp), %rax;" USE("rax") "addq $24, %rsp; ret;");
MACHINE_CODE(given_member, "movq 16(%rdi), %rax; movq 24(%rax), %rdx;" USE("rdx") "ret;");
MACHINE_CODE(variable, "movq 0x40(%rip), %rax; movq 8(%rax), %rax;" USE("rax") "ret;");

MACHINE_CODE(element, "call 0; movq (%rbx,%rsi,8), %rax; movq 16(%rax), %rdx;" USE("rdx") "ret;");
MACHINE_CODE(computed, "call 0; movq -8(%rbp), %rax; addq %rdx, %rax; movq (%rax), %rax;" USE("rax") "ret;");
MACHINE_CODE(computed_value, "call 0; movq %rbx, %rax; imulq $8, %rax;" USE("rax") "ret;");

MACHINE_CODE(checked, "call 0; testq %rax, %rax; je 1f;" USE("rax") "1: ret;");
MACHINE_CODE(checked_copy, "call 0; movq %rax, %rbx; testq %rax, %rax; movl $1, %ecx; jne 1f; ret; 1:" USE("rbx")
             "ret;");
MACHINE_CODE(checked_in_memory, "call 0; movq %rax, -8(%rbp); cmpq $0, -8(%rbp); jne 1f; ret; 1: movq -8(%rbp), %rax;"
                                USE("rax") "ret;");
MACHINE_CODE(checked_otherwise, "call 0; testq %rdx, %rdx; je 1f;" USE("rax") "1: ret;");
MACHINE_CODE(checked_for_error, "call 0; testq %rax, %rax; js 1f;" USE("rax") "1: ret;");

MACHINE_CODE(known_null, "call 0; testq %rax, %rax; jne 1f; call 0; xorl %edi, %edi; jmp 2f; 1: movq %rax, %rdi; 2:"
                         USE("rdi") "ret;");
MACHINE_CODE(always_null, "call 0; xorl %edi, %edi;" USE("rdi") "ret;");

MACHINE_CODE(chosen, "call 0; movq %rax, %rbx; call 0; testl %ebp, %ebp; cmovne %rbx, %rax;" USE("rax") "ret;");
MACHINE_CODE(joined, "call 0; testl %ebp, %ebp; je 1f; call 0; 1:" USE("rax") "ret;");
MACHINE_CODE(looped, "movq %rdi, %rax; 1: testl %ebp, %ebp; je 2f; movq 8(%rax), %rax; jmp 1b; 2:" USE("rax") "ret;");
MACHINE_CODE(switched, "call 0; movq %rax, %rbx; jmp *%rcx; ret; movq %rbx, %rdi;" USE("rdi") "ret;");

MACHINE_CODE(out_parameter, "subq $24, %rsp; leaq 8(%rsp), %rdi; call 0; movq 8(%rsp), %rax;" USE("rax") "ret;");
MACHINE_CODE(on_stack, "subq $24, %rsp; movq %rsp, %rdi; call 0; movq 8(%rsp), %rax;" USE("rax") "ret;");
MACHINE_CODE(own, "subq $24, %rsp; movq %rdi, 8(%rsp); call 0; movq 8(%rsp), %rax;" USE("rax") "ret;");
MACHINE_CODE(object, "pushq %rbx; movq %rdi, %rbx; call 0; movq 8(%rbx), %rax;" USE("rax") "ret;");
MACHINE_CODE(made, "call 0; movq 8(%rax), %rax;" USE("rax") "ret;");

MACHINE_CODE(stored_pair, "call 0; movq %rax, %xmm0; movq %rsi, %xmm1; punpcklqdq %xmm0, %xmm1; movups %xmm1, (%rbx);"
                          "movq 8(%rbx), %rax;" USE("rax") "ret;");
MACHINE_CODE(stored_elsewhere, "call 0; movq %rax, 16(%rbx); movq 8(%rbx), %rax;" USE("rax") "ret;");
MACHINE_CODE(cleared, "call 0; movq $0, 8(%rbx); movq 8(%rbx), %rax;" USE("rax") "ret;");
/* clang-format on */

/* A result passes through registers, variables and the stack; what is added to it is a member's offset. */
static void a_result(void **state) {
  (void)state;
  ask(READ_CODE(optimised), 0);
  assert_one_source(NOMEM_SOURCE_RETURNED, return_address(code, 0));
  assert_place(NOMEM_RAX, 0, 0, 0);
  assert_int_equal(sources.list[0].checked_at, 0);
  ask(READ_CODE(unoptimised), 0);
  assert_one_source(NOMEM_SOURCE_RETURNED, return_address(code, 0));
  ask(READ_CODE(pushed), 0);
  assert_one_source(NOMEM_SOURCE_RETURNED, return_address(code, 0));
  assert_true(sources.is_whole);
}

/* What a function was given: in a register, on the stack, or by way of an object; or what stands in a variable. */
static void the_callers(void **state) {
  (void)state;
  ask(READ_CODE(given), 0);
  assert_one_source(NOMEM_SOURCE_CALLER, 0);
  assert_place(NOMEM_RSI, 0, 0, 0);
  ask(READ_CODE(given_on_stack), 0);
  assert_one_source(NOMEM_SOURCE_CALLER, 0);
  assert_place(NOMEM_RSP, 1, 8, 0);
  ask(READ_CODE(given_member), 0);
  assert_one_source(NOMEM_SOURCE_CALLER, 0);
  assert_place(NOMEM_RDI, 2, 16, 24);
  ask(READ_CODE(variable), 0);
  assert_one_source(NOMEM_SOURCE_CALLER, 0);
  assert_place(NOMEM_ABSOLUTE, 2, (int64_t)((uintptr_t)variable_begin + 7 + 0x40), 8);
}

/* What was read from an element of an array may have been written by any call that led to a failure, or was there. */
static void what_was_in_an_array(void **state) {
  (void)state;
  ask(READ_CODE(element), 1);
  assert_writer(return_address(code, 0));
  assert_place(NOMEM_ELEMENT, 1, 0, 0);
  assert_false(sources.is_whole);
  ask(READ_CODE(element), 0);
  assert_one_source(NOMEM_SOURCE_CALLER, 0);
  assert_place(NOMEM_ELEMENT, 1, 0, 0);
  ask(READ_CODE(computed), 1);
  assert_writer(return_address(code, 0));
  ask(READ_CODE(computed_value), 1);
  assert_int_equal(sources.count, 0);
}

/* Where a jump shows that it was not NULL, it did not come that way; another comparison shows nothing. */
static void what_was_checked(void **state) {
  (void)state;
  ask(READ_CODE(checked), 0);
  assert_int_equal(sources.count, 0);
  assert_true(sources.is_whole);
  ask(READ_CODE(checked_copy), 0);
  assert_int_equal(sources.count, 0);
  ask(READ_CODE(checked_in_memory), 0);
  assert_int_equal(sources.count, 0);
  ask(READ_CODE(checked_otherwise), 0);
  assert_one_source(NOMEM_SOURCE_RETURNED, return_address(code, 0));
  ask(READ_CODE(checked_for_error), 0);
  assert_one_source(NOMEM_SOURCE_RETURNED, return_address(code, 0));
}

/* Where a comparison has shown it to be NULL, compilers write a zero in its place. */
static void what_was_found_to_be_null(void **state) {
  (void)state;
  ask(READ_CODE(known_null), 0);
  assert_one_source(NOMEM_SOURCE_RETURNED, return_address(code, 0));
  assert_int_not_equal(sources.list[0].checked_at, 0);
  ask(READ_CODE(always_null), 0);
  assert_int_equal(sources.count, 0);
}

/* There may be several ways. */
static void several_ways(void **state) {
  (void)state;
  ask(READ_CODE(chosen), 0);
  assert_int_equal(sources.count, 2);
  ask(READ_CODE(joined), 0);
  assert_int_equal(sources.count, 2);
  assert_true(sources.is_whole);
  ask(READ_CODE(looped), 0);
  assert_int_equal(sources.list[0].kind, NOMEM_SOURCE_CALLER);
  assert_false(sources.is_whole); /* any number of pointers may have been followed */
  ask(READ_CODE(switched), 0);
  assert_one_source(NOMEM_SOURCE_RETURNED, return_address(code, 0));
}

/* Memory may have been written by a call that led to a failure: a variable whose address was taken, or an object. */
static void memory(void **state) {
  (void)state;
  ask(READ_CODE(out_parameter), 1);
  assert_writer(return_address(code, 0));
  assert_int_equal(sources.list[0].within, 0);
  ask(READ_CODE(out_parameter), 0);
  assert_one_source(NOMEM_SOURCE_CALLER, 0); /* no call wrote it that is known to have failed */
  ask(READ_CODE(on_stack), 1);
  assert_writer(return_address(code, 0));
  assert_int_equal(sources.list[0].within, 8);
  ask(READ_CODE(own), 1);
  assert_one_source(NOMEM_SOURCE_CALLER, 0);
  assert_place(NOMEM_RDI, 0, 0, 0);
  ask(READ_CODE(object), 1);
  assert_writer(return_address(code, 0));
  assert_place(NOMEM_RBX, 1, 8, 0);
  assert_int_equal(sources.list[0].within, -1);
  ask(READ_CODE(made), 1);
  assert_one_source(NOMEM_SOURCE_RETURNED, return_address(code, 0));
  assert_place(NOMEM_RAX, 1, 8, 0);
}

/* The function may have written the memory itself, alone or as one of two words. */
static void what_was_stored(void **state) {
  (void)state;
  ask(READ_CODE(stored_pair), 0);
  assert_one_source(NOMEM_SOURCE_RETURNED, return_address(code, 0));
  assert_place(NOMEM_RAX, 0, 0, 0);
  ask(READ_CODE(stored_elsewhere), 0);
  assert_one_source(NOMEM_SOURCE_CALLER, 0);
  ask(READ_CODE(cleared), 0);
  assert_int_equal(sources.count, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_result),
      cmocka_unit_test(the_callers),
      cmocka_unit_test(what_was_in_an_array),
      cmocka_unit_test(what_was_checked),
      cmocka_unit_test(what_was_found_to_be_null),
      cmocka_unit_test(several_ways),
      cmocka_unit_test(memory),
      cmocka_unit_test(what_was_stored),
  };
  return cmocka_run_group_tests(tests, NULL, discard_code);
}
