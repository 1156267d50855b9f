/* SPDX-License-Identifier: MIT */
/* What an instruction was about to do at an address: the operand that it writes decides, and where there are two
 * operands, the register that is near. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../faults/explore/stack/memory_access.h"

#define IP UINT64_C(0x401000)
#define HERE UINT64_C(0x7000)

struct access_case {
  uint8_t code[NOMEM_CODE_BYTES];
  enum nomem__access access;
};

static void by_instruction(void **state) {
  static const uint64_t registers[NOMEM_GENERAL_REGISTERS] = {[NOMEM_RDI] = HERE};
  static const struct access_case cases[] = {
      {{0x8b, 0x07}, NOMEM_ACCESS_READ},                                /* mov (%rdi),%eax */
      {{0x89, 0x07}, NOMEM_ACCESS_WRITE},                               /* mov %eax,(%rdi) */
      {{0xc6, 0x07, 0x01}, NOMEM_ACCESS_WRITE},                         /* movb $1,(%rdi) */
      {{0x83, 0x3f, 0x07}, NOMEM_ACCESS_READ},                          /* cmpl $7,(%rdi) */
      {{0x39, 0x07}, NOMEM_ACCESS_READ},                                /* cmp %eax,(%rdi) */
      {{0x85, 0x07}, NOMEM_ACCESS_READ},                                /* test %eax,(%rdi) */
      {{0xff, 0x17}, NOMEM_ACCESS_READ},                                /* call *(%rdi) */
      {{0xff, 0x37}, NOMEM_ACCESS_READ},                                /* push (%rdi) */
      {{0x83, 0x07, 0x01}, NOMEM_ACCESS_WRITE},                         /* addl $1,(%rdi) */
      {{0xff, 0x07}, NOMEM_ACCESS_WRITE},                               /* incl (%rdi) */
      {{0x09, 0x07}, NOMEM_ACCESS_WRITE},                               /* or %eax,(%rdi) */
      {{0xf0, 0x0f, 0xb1, 0x0f}, NOMEM_ACCESS_WRITE},                   /* lock cmpxchg %ecx,(%rdi) */
      {{0xf3, 0xaa}, NOMEM_ACCESS_WRITE},                               /* rep stos */
      {{0x0f, 0x11, 0x07}, NOMEM_ACCESS_WRITE},                         /* movups %xmm0,(%rdi) */
      {{0x0f, 0x10, 0x07}, NOMEM_ACCESS_READ},                          /* movups (%rdi),%xmm0 */
      {{0xc5, 0xfe, 0x7f, 0x07}, NOMEM_ACCESS_WRITE},                   /* vmovdqu %ymm0,(%rdi) */
      {{0xc5, 0xfd, 0x74, 0x07}, NOMEM_ACCESS_READ},                    /* vpcmpeqb (%rdi),%ymm0,%ymm0 */
      {{0x62, 0xf1, 0xfe, 0x28, 0x7f, 0x07}, NOMEM_ACCESS_WRITE},       /* vmovdqu64 %ymm0,(%rdi) */
      {{0x62, 0xf1, 0xfe, 0x28, 0x6f, 0x07}, NOMEM_ACCESS_READ},        /* vmovdqu64 (%rdi),%ymm0 */
      {{0x0f, 0x38, 0xf0, 0x07}, NOMEM_ACCESS_READ},                    /* movbe (%rdi),%eax */
      {{0x0f, 0x38, 0xf1, 0x07}, NOMEM_ACCESS_WRITE},                   /* movbe %eax,(%rdi) */
      {{0xf2, 0x0f, 0x38, 0xf1, 0x07}, NOMEM_ACCESS_READ},              /* crc32l (%rdi),%eax */
      {{0xc4, 0xe2, 0x70, 0xf2, 0x07}, NOMEM_ACCESS_READ},              /* andn (%rdi),%ecx,%eax */
      {{0xc4, 0xe2, 0x78, 0xf3, 0x0f}, NOMEM_ACCESS_READ},              /* blsr (%rdi),%eax */
      {{0xc4, 0xe3, 0x7b, 0xf0, 0x07, 0x03}, NOMEM_ACCESS_READ},        /* rorx $3,(%rdi),%eax */
      {{0xc4, 0xe2, 0x75, 0x2e, 0x07}, NOMEM_ACCESS_WRITE},             /* vmaskmovps %ymm0,%ymm1,(%rdi) */
      {{0xc4, 0xe2, 0x75, 0x2c, 0x07}, NOMEM_ACCESS_READ},              /* vmaskmovps (%rdi),%ymm1,%ymm0 */
      {{0xc4, 0xe2, 0x75, 0x8e, 0x07}, NOMEM_ACCESS_WRITE},             /* vpmaskmovd %ymm0,%ymm1,(%rdi) */
      {{0xc4, 0xe3, 0x7d, 0x39, 0x07, 0x01}, NOMEM_ACCESS_WRITE},       /* vextracti128 $1,%ymm0,(%rdi) */
      {{0xc4, 0xe3, 0x7d, 0x38, 0x07, 0x01}, NOMEM_ACCESS_READ},        /* vinserti128 $1,(%rdi),%ymm0,%ymm0 */
      {{0x66, 0x48, 0x0f, 0x3a, 0x16, 0x07, 0x01}, NOMEM_ACCESS_WRITE}, /* pextrq $1,%xmm0,(%rdi) */
      {{0x90}, NOMEM_ACCESS_UNKNOWN},                                   /* nop */
      {{0x0f, 0x04}, NOMEM_ACCESS_UNKNOWN},                             /* none */
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (nomem__memory_access_find(cases[i].code, NOMEM_CODE_BYTES, IP, HERE, registers) != cases[i].access)
      fail_msg("case %zu", i);
}

/* Of an instruction that copies, it is the place that its register is near. */
static void copying(void **state) {
  static const uint8_t code[] = {0xf3, 0xa4}; /* rep movsb */
  static const uint64_t reads[NOMEM_GENERAL_REGISTERS] = {[NOMEM_RSI] = HERE + 8, [NOMEM_RDI] = HERE * 100},
                        writes[NOMEM_GENERAL_REGISTERS] = {[NOMEM_RDI] = HERE - 8, [NOMEM_RSI] = HERE * 100};
  (void)state;
  assert_int_equal(nomem__memory_access_find(code, sizeof code, IP, HERE, reads), NOMEM_ACCESS_READ);
  assert_int_equal(nomem__memory_access_find(code, sizeof code, IP, HERE, writes), NOMEM_ACCESS_WRITE);
}

static void calls_and_ends(void **state) {
  static const uint64_t registers[NOMEM_GENERAL_REGISTERS];
  static const uint8_t code[] = {0x8b, 0x07};
  (void)state;
  assert_int_equal(nomem__memory_access_find(code, 0, IP, IP, registers), NOMEM_ACCESS_CALL);
  assert_int_equal(nomem__memory_access_find(code, 1, IP, HERE, registers), NOMEM_ACCESS_UNKNOWN);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_instruction),
      cmocka_unit_test(copying),
      cmocka_unit_test(calls_and_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
