/* SPDX-License-Identifier: MIT */
#include "fault_address.h"

#include <inttypes.h>
#include <signal.h>

/* Unless told to, the kernel maps nothing below this: an address there is NULL plus the offset of a member or of an
 * element. An address as far below NULL is NULL minus such an offset. */
#define NULL_REACH 65536

const char *const nomem__address_kind_names[NOMEM_ADDRESS_COUNT] = {
#define X(upper, name) [NOMEM_ADDRESS_##upper] = name,
    NOMEM_ADDRESS_MAP(X)
#undef X
};

bool nomem__is_near_null(uint64_t address) {
  return address < NULL_REACH || address > UINT64_MAX - NULL_REACH;
}

enum nomem__address_kind nomem__address_kind_find(const struct nomem__stack *stack) {
  if (stack->signal != SIGSEGV && stack->signal != SIGBUS) return NOMEM_ADDRESS_NONE;
  if (stack->code <= 0) return NOMEM_ADDRESS_SENT;
  if (stack->freed_pointer != 0) return NOMEM_ADDRESS_FREED;
  if (!stack->has_fault_address) return stack->code == SI_KERNEL ? NOMEM_ADDRESS_NO_ADDRESS : NOMEM_ADDRESS_NONE;
  if (stack->is_overflow) return NOMEM_ADDRESS_OVERFLOW;
  if (stack->fault_address == stack->ip) return NOMEM_ADDRESS_CALL;
  if (nomem__is_near_null(stack->fault_address)) return NOMEM_ADDRESS_NULL;
  if (stack->signal == SIGSEGV && stack->code == SEGV_ACCERR) return NOMEM_ADDRESS_PROTECTED;
  return stack->signal == SIGSEGV ? NOMEM_ADDRESS_WILD : NOMEM_ADDRESS_PROTECTED;
}

bool nomem__address_kind_may_be_freed(enum nomem__address_kind address_kind) {
  return address_kind == NOMEM_ADDRESS_WILD || address_kind == NOMEM_ADDRESS_PROTECTED ||
         address_kind == NOMEM_ADDRESS_CALL || address_kind == NOMEM_ADDRESS_NO_ADDRESS ||
         address_kind == NOMEM_ADDRESS_FREED || address_kind == NOMEM_ADDRESS_FREED_BLOCK;
}

bool nomem__address_kind_has_address(enum nomem__address_kind address_kind) {
  return address_kind == NOMEM_ADDRESS_NULL || address_kind == NOMEM_ADDRESS_WILD ||
         address_kind == NOMEM_ADDRESS_PROTECTED || address_kind == NOMEM_ADDRESS_CALL ||
         address_kind == NOMEM_ADDRESS_OVERFLOW || address_kind == NOMEM_ADDRESS_FREED_BLOCK ||
         address_kind == NOMEM_ADDRESS_PAST_END || address_kind == NOMEM_ADDRESS_BEFORE;
}

static void print_address(FILE *out, uint64_t address) {
  if (!nomem__is_near_null(address)) {
    fprintf(out, "0x%" PRIx64, address);
    return;
  }
  bool is_below = address > NULL_REACH;
  fputs("NULL", out);
  if (address != 0) fprintf(out, " %c 0x%" PRIx64, is_below ? '-' : '+', is_below ? -address : address);
}

void nomem__address_kind_print(FILE *out, enum nomem__address_kind address_kind, uint64_t address) {
  static const char *const after[NOMEM_ADDRESS_COUNT] = {
      [NOMEM_ADDRESS_WILD] = ", where nothing is mapped",
      [NOMEM_ADDRESS_PROTECTED] = ", which may not be accessed in that way",
      [NOMEM_ADDRESS_CALL] = ", which was called and is not code",
      [NOMEM_ADDRESS_OVERFLOW] = ", a stack overflow",
      [NOMEM_ADDRESS_NO_ADDRESS] = " at a non-canonical address, or at one that is not aligned",
      [NOMEM_ADDRESS_SENT] = ", sent by a process",
      [NOMEM_ADDRESS_FREED] = " at a pointer that was read from a block after it was freed"};
  if (nomem__address_kind_has_address(address_kind)) {
    fputs(" at ", out);
    print_address(out, address);
  }
  if (after[address_kind] != NULL) fputs(after[address_kind], out);
}
