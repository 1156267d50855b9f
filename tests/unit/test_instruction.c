/* SPDX-License-Identifier: MIT */
/* Reading machine code: what stands in the processor's manual, what a process really does, and whatever bytes. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/code/instruction.h"
#include "skip_because.h"

/* No instruction is longer. */
#define LONGEST 15
/* So many instructions of a process are compared with what it does. */
#define STEPS 30000

/* clang-format off */
static const struct {
  const char *bytes;
  unsigned length;
  enum nomem__operation operation;
  const char *operands; /* to, from */
} cases[] = {
    {"\x48\x89\xc3", 3, NOMEM_OPERATION_MOVE, "r3, r0"},                            /* mov %rax, %rbx */
    {"\x4c\x8b\x67\xf8", 4, NOMEM_OPERATION_MOVE, "r12, 8(-8+r7)"},                 /* mov -8(%rdi), %r12 */
    {"\x48\xc7\x44\x24\x08\x05\x00\x00\x00", 9, NOMEM_OPERATION_MOVE, "8(8+r4), 5"}, /* movq $5, 8(%rsp) */
    {"\x48\x8b\x05\x40\x00\x00\x00", 7, NOMEM_OPERATION_MOVE, "r0, 8(4167)"},       /* mov 0x40(%rip), %rax */
    {"\x64\x48\x8b\x04\x25\x28\x00\x00\x00", 9, NOMEM_OPERATION_MOVE, "r0, 8(40+thread)"}, /* mov %fs:0x28, %rax */
    {"\x48\x8b\x04\xc7", 4, NOMEM_OPERATION_MOVE, "r0, 8(0+r7+r0)"},                /* mov (%rdi,%rax,8), %rax */
    {"\x31\xc0", 2, NOMEM_OPERATION_MOVE, "r0, 0"},                                 /* xor %eax, %eax */
    {"\x83\xc8\xff", 3, NOMEM_OPERATION_MOVE, "r0, -1"},                            /* or $-1, %eax */
    {"\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08", 10, NOMEM_OPERATION_MOVE, "r0, 578437695752307201"},
    {"\xb8\xff\xff\xff\xff", 5, NOMEM_OPERATION_MOVE, "r0, -1"},                    /* mov $-1, %eax */
    {"\x48\x8d\x7f\x10", 4, NOMEM_OPERATION_ADDRESS, "r7, 0(16+r7)"},               /* lea 16(%rdi), %rdi */
    {"\x48\x83\xc4\x18", 4, NOMEM_OPERATION_ADD, "r4, 24"},                         /* add $24, %rsp */
    {"\x48\x83\xec\x18", 4, NOMEM_OPERATION_ADD, "r4, -24"},                        /* sub $24, %rsp */
    {"\x48\x85\xc0", 3, NOMEM_OPERATION_TEST, "r0, 0"},                             /* test %rax, %rax */
    {"\x48\x83\x7d\xf8\x00", 5, NOMEM_OPERATION_TEST, "8(-8+r5), 0"},               /* cmpq $0, -8(%rbp) */
    {"\x83\xf8\xff", 3, NOMEM_OPERATION_TEST, "r0, -1"},                            /* cmp $-1, %eax */
    {"\x48\x0f\x44\xc3", 4, NOMEM_OPERATION_MOVE_IF, "r0, r3"},                     /* cmove %rbx, %rax */
    {"\x41\x54", 2, NOMEM_OPERATION_PUSH, ", r12"},
    {"\x5d", 1, NOMEM_OPERATION_POP, "r5, "},
    {"\xe8\x10\x00\x00\x00", 5, NOMEM_OPERATION_CALL, ", "},
    {"\xff\x53\x18", 3, NOMEM_OPERATION_CALL, ", 8(24+r3)"},                        /* call *24(%rbx) */
    {"\x74\x05", 2, NOMEM_OPERATION_JUMP_IF, ", "},
    {"\xf3\xc3", 2, NOMEM_OPERATION_RETURN, ", "},
    {"\x0f\x0b", 2, NOMEM_OPERATION_STOP, ", "},
    {"\x66\x48\x0f\x6e\xc0", 5, NOMEM_OPERATION_MOVE, "r16, r0"},                   /* movq %rax, %xmm0 */
    {"\x66\x0f\x6c\xc8", 4, NOMEM_OPERATION_MOVE, "r17.1, r16"},                    /* punpcklqdq %xmm0, %xmm1 */
    {"\x0f\x11\x0b", 3, NOMEM_OPERATION_MOVE, "16(0+r3), r17"},                     /* movups %xmm1, (%rbx) */
    {"\xc5\xfe\x6f\x06", 4, NOMEM_OPERATION_MOVE, "r16, 16(0+r6)"},                 /* vmovdqu (%rsi), %ymm0 */
    {"\x62\xb3\x7d\x20\x3f\x07\x00", 7, NOMEM_OPERATION_OTHER, ", "}, /* vpcmpeqb $0, (%rdi), %ymm16, %k0 */
    {"\xf3\x0f\x1e\xfa", 4, NOMEM_OPERATION_OTHER, ", "},                           /* endbr64 */
    {"\x66\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00", 11, NOMEM_OPERATION_OTHER, ", "},
};
/* clang-format on */

static void print_operand(FILE *out, const struct nomem__operand *operand) {
  if (operand->kind == NOMEM_OPERAND_NUMBER) fprintf(out, "%jd", (intmax_t)operand->value);
  if (operand->kind == NOMEM_OPERAND_REGISTER) fprintf(out, operand->part ? "r%u.1" : "r%u", operand->base);
  if (operand->kind != NOMEM_OPERAND_MEMORY) return;
  fprintf(out, "%u(%jd", operand->bytes, (intmax_t)operand->value);
  if (operand->base == NOMEM_THREAD) fputs("+thread", out);
  if (operand->base < NOMEM_GENERAL_REGISTERS) fprintf(out, "+r%u", operand->base);
  if (operand->index != NOMEM_NO_REGISTER) fprintf(out, "+r%u", operand->index);
  fputc(')', out);
}

static void what_instructions_say(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct nomem__instruction instruction;
    char text[100] = "";
    assert_true(nomem__instruction_read((const uint8_t *)cases[i].bytes, cases[i].length, 0x1000, &instruction));
    FILE *out = fmemopen(text, sizeof text, "w");
    assert_non_null(out);
    print_operand(out, &instruction.to);
    fputs(", ", out);
    print_operand(out, &instruction.from);
    fclose(out);
    if (instruction.length != cases[i].length || instruction.operation != cases[i].operation ||
        (cases[i].operation != NOMEM_OPERATION_OTHER && strcmp(text, cases[i].operands) != 0))
      fail_msg("case %zu: operation %u of %u bytes: %s", i, instruction.operation, instruction.length, text);
    for (size_t cut = 0; cut < cases[i].length; cut++)
      if (nomem__instruction_read((const uint8_t *)cases[i].bytes, cut, 0x1000, &instruction))
        assert_true(instruction.length <= cut);
  }
}

/* What only compares, and what: of two operands memory is the second. */
static void comparisons(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    unsigned length, to, from_bytes;
    enum nomem__operand_kind from;
  } known[] = {
      {"\x39\xd8", 2, NOMEM_RAX, 4, NOMEM_OPERAND_REGISTER},                      /* cmp %ebx, %eax */
      {"\x48\x39\x43\x08", 4, NOMEM_RAX, 8, NOMEM_OPERAND_MEMORY},                /* cmp %rax, 8(%rbx) */
      {"\x3b\x43\x08", 3, NOMEM_RAX, 4, NOMEM_OPERAND_MEMORY},                    /* cmp 8(%rbx), %eax */
      {"\x66\x0f\x2f\xc1", 4, NOMEM_VECTOR, 8, NOMEM_OPERAND_REGISTER},           /* comisd %xmm1, %xmm0 */
      {"\x0f\x2e\x05\x40\x00\x00\x00", 7, NOMEM_VECTOR, 4, NOMEM_OPERAND_MEMORY}, /* ucomiss 0x40(%rip), %xmm0 */
      {"\x83\xf8\x03", 3, NOMEM_RAX, 4, NOMEM_OPERAND_NUMBER},                    /* cmp $3, %eax */
  };
  struct nomem__instruction instruction;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    assert_true(nomem__instruction_read((const uint8_t *)known[i].bytes, known[i].length, 0x1000, &instruction));
    bool is_right = instruction.compares && instruction.written == 0 && instruction.to.base == known[i].to &&
                    instruction.from.kind == known[i].from && instruction.from.bytes == known[i].from_bytes;
    if (!is_right) fail_msg("case %zu", i);
  }
  assert_true(nomem__instruction_read((const uint8_t *)"\x29\xd8", 2, 0x1000, &instruction)); /* sub %ebx, %eax */
  assert_false(instruction.compares);
}

static void where_jumps_go(void **state) {
  (void)state;
  struct nomem__instruction instruction;
  assert_true(nomem__instruction_read((const uint8_t *)"\x74\xfe", 2, 0x1000, &instruction));
  assert_int_equal(instruction.target, 0x1000);
  assert_int_equal(instruction.condition, 4);
  assert_true(nomem__instruction_read((const uint8_t *)"\xe8\x10\x00\x00\x00", 5, 0x1000, &instruction));
  assert_int_equal(instruction.target, 0x1015);
}

/* Whether the processor finds a condition to hold. */
#define HOLDS(name)                                                                     \
  __extension__({                                                                       \
    uint8_t holds;                                                                      \
    __asm__("cmpq %2, %1\n\tset" name " %0" : "=r"(holds) : "r"(one), "r"(two) : "cc"); \
    holds;                                                                              \
  })

/* The conditions of jumps after a comparison, as the processor has them. */
static void conditions(void **state) {
  (void)state;
  static const int64_t numbers[] = {0, 1, -1, 5, INT32_MAX, INT32_MIN, 0x100000000};
  for (size_t a = 0; a < sizeof numbers / sizeof *numbers; a++)
    for (size_t b = 0; b < sizeof numbers / sizeof *numbers; b++) {
      int64_t one = numbers[a], two = numbers[b];
      const uint8_t real[16] = {HOLDS("o"),  HOLDS("no"), HOLDS("b"),  HOLDS("ae"), HOLDS("e"), HOLDS("ne"),
                                HOLDS("be"), HOLDS("a"),  HOLDS("s"),  HOLDS("ns"), HOLDS("p"), HOLDS("np"),
                                HOLDS("l"),  HOLDS("ge"), HOLDS("le"), HOLDS("g")};
      for (uint8_t condition = 0; condition < 16; condition++)
        assert_int_equal(nomem__condition_holds(condition, (uint64_t)one, two, 8), real[condition]);
    }
  assert_true(nomem__condition_holds(8, 0xffffffff, 0, 4)); /* a negative number of four bytes */
  assert_false(nomem__condition_holds(8, 0xffffffff, 0, 8));
}

/* Whatever bytes are read, no more than there are, and no instruction is longer than the processor allows. */
static void any_bytes(void **state) {
  (void)state;
  uint64_t random = 1;
  for (unsigned i = 0; i < 200000; i++) {
    uint8_t *bytes = malloc(LONGEST); /* of the size that is said, for sanitizers */
    assert_non_null(bytes);
    for (unsigned b = 0; b < LONGEST; b++) {
      random = random * 6364136223846793005 + 1442695040888963407;
      bytes[b] = (uint8_t)(random >> 56);
    }
    struct nomem__instruction instruction;
    size_t count = i % (LONGEST + 1);
    if (nomem__instruction_read(bytes + (LONGEST - count), count, i, &instruction)) {
      assert_in_range(instruction.length, 1, count);
      assert_true(instruction.to.base <= NOMEM_NO_REGISTER && instruction.from.base <= NOMEM_NO_REGISTER);
      assert_true(instruction.memory.base <= NOMEM_NO_REGISTER);
    }
    free(bytes);
  }
}

static int by_length(const void *left, const void *right) {
  return (int)strlen(*(char *const *)left) - (int)strlen(*(char *const *)right);
}

/* What is compared: code of the C library, and of this program. */
static _Noreturn void be_stepped(void) {
  char *words[] = {"one", "seventeen", "three", "", "eleven"}, text[200];
  if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(1);
  raise(SIGSTOP);
  for (;;) {
    qsort(words, sizeof words / sizeof *words, sizeof *words, by_length);
    snprintf(text, sizeof text, "%s %d %g %10s %lx", words[2], 17, 3.25, words[3], strtoul("12345", NULL, 16));
    free(strdup(text));
  }
}

static void get_registers(pid_t pid, struct user_regs_struct *all, uint64_t values[NOMEM_GENERAL_REGISTERS]) {
  assert_int_equal(ptrace(PTRACE_GETREGS, pid, NULL, all), 0);
  const uint64_t general[] = {all->rax, all->rcx, all->rdx, all->rbx, all->rsp, all->rbp, all->rsi, all->rdi,
                              all->r8,  all->r9,  all->r10, all->r11, all->r12, all->r13, all->r14, all->r15};
  memcpy(values, general, sizeof general);
}

/* The registers that an instruction may write. */
static uint32_t writes(const struct nomem__instruction *instruction) {
  uint32_t written = instruction->written;
  bool is_written = instruction->operation != NOMEM_OPERATION_TEST && instruction->to.kind == NOMEM_OPERAND_REGISTER;
  if (is_written) written |= UINT32_C(1) << instruction->to.base;
  switch (instruction->operation) {
    case NOMEM_OPERATION_LEAVE:
      written |= UINT32_C(1) << NOMEM_RBP;
      return written | UINT32_C(1) << NOMEM_RSP;
    case NOMEM_OPERATION_PUSH:
    case NOMEM_OPERATION_POP:
    case NOMEM_OPERATION_CALL:
    case NOMEM_OPERATION_RETURN:
      return written | UINT32_C(1) << NOMEM_RSP;
    default:
      return written;
  }
}

static void compare_step(pid_t pid) {
  struct user_regs_struct before, after;
  uint64_t old[NOMEM_GENERAL_REGISTERS], new[NOMEM_GENERAL_REGISTERS];
  uint8_t bytes[LONGEST] = {0};
  struct nomem__instruction instruction;
  int status;
  get_registers(pid, &before, old);
  struct iovec here = {bytes, sizeof bytes}, there = {(void *)before.rip, sizeof bytes};
  assert_true(process_vm_readv(pid, &here, 1, &there, 1, 0) > 0);
  assert_true(nomem__instruction_read(bytes, sizeof bytes, before.rip, &instruction));
  assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSTOPPED(status));
  get_registers(pid, &after, new);
  for (unsigned i = 0; i < NOMEM_GENERAL_REGISTERS; i++)
    if (old[i] != new[i] && (writes(&instruction) >> i & 1) == 0)
      fail_msg("register %u: %02x %02x %02x %02x %02x", i, bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]);
  bool goes_on = after.rip == before.rip + instruction.length || after.rip == before.rip; /* of a repeated one */
  bool jumps = instruction.operation >= NOMEM_OPERATION_CALL && instruction.operation <= NOMEM_OPERATION_RETURN;
  if (!goes_on && (!jumps || (instruction.target != 0 && after.rip != instruction.target)))
    fail_msg("to %llx: %02x %02x %02x %02x", after.rip, bytes[0], bytes[1], bytes[2], bytes[3]);
}

/* A process is executed instruction by instruction: it writes no register that is not said, and goes nowhere else. */
static void what_a_process_does(void **state) {
  (void)state;
  int status;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) be_stepped();
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (!WIFSTOPPED(status)) skip_because("processes cannot be traced here");
  for (unsigned i = 0; i < STEPS; i++) compare_step(pid);
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_instructions_say),
      cmocka_unit_test(comparisons),
      cmocka_unit_test(where_jumps_go),
      cmocka_unit_test(conditions),
      cmocka_unit_test(any_bytes),
      cmocka_unit_test(what_a_process_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
