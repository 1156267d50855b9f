#include "fault_address.h"

#include <inttypes.h>
#include <signal.h>

/* The kernel maps nothing below this, unless it was told to: an address there is NULL and the offset of a member or of
 * an element. The same distance below it is a step back from NULL. */
#define NULL_REACH 65536

const char *const nomem__touch_names[NOMEM_TOUCH_COUNT] = {
#define X(upper, name) [NOMEM_TOUCH_##upper] = name,
    NOMEM_TOUCH_MAP(X)
#undef X
};

static bool is_near_null(uint64_t address) {
  return address < NULL_REACH || address > UINT64_MAX - NULL_REACH;
}

enum nomem__touch nomem__touch_of(const struct nomem__stack *stack) {
  if (stack->signal != SIGSEGV && stack->signal != SIGBUS) return NOMEM_TOUCH_NONE;
  if (stack->code <= 0) return NOMEM_TOUCH_SENT;
  if (stack->freed_pointer != 0) return NOMEM_TOUCH_FREED;
  if (!stack->has_fault_address) return stack->code == SI_KERNEL ? NOMEM_TOUCH_NO_ADDRESS : NOMEM_TOUCH_NONE;
  if (stack->is_overflow) return NOMEM_TOUCH_OVERFLOW;
  if (stack->fault_address == stack->ip) return NOMEM_TOUCH_CALL;
  if (is_near_null(stack->fault_address)) return NOMEM_TOUCH_NULL;
  if (stack->signal == SIGSEGV && stack->code == SEGV_ACCERR) return NOMEM_TOUCH_PROTECTED;
  return stack->signal == SIGSEGV ? NOMEM_TOUCH_WILD : NOMEM_TOUCH_PROTECTED;
}

bool nomem__touch_may_be_freed(enum nomem__touch touch) {
  return touch == NOMEM_TOUCH_WILD || touch == NOMEM_TOUCH_PROTECTED || touch == NOMEM_TOUCH_CALL ||
         touch == NOMEM_TOUCH_NO_ADDRESS || touch == NOMEM_TOUCH_FREED;
}

bool nomem__touch_has_address(enum nomem__touch touch) {
  return touch == NOMEM_TOUCH_NULL || touch == NOMEM_TOUCH_WILD || touch == NOMEM_TOUCH_PROTECTED ||
         touch == NOMEM_TOUCH_CALL || touch == NOMEM_TOUCH_OVERFLOW;
}

static void print_address(FILE *out, uint64_t address) {
  if (!is_near_null(address)) {
    fprintf(out, "0x%" PRIx64, address);
    return;
  }
  bool is_below = address > NULL_REACH;
  fputs("NULL", out);
  if (address != 0) fprintf(out, " %c 0x%" PRIx64, is_below ? '-' : '+', is_below ? -address : address);
}

void nomem__touch_print(FILE *out, enum nomem__touch touch, uint64_t address) {
  static const char *const after[NOMEM_TOUCH_COUNT] = {
      [NOMEM_TOUCH_WILD] = ", where nothing is",
      [NOMEM_TOUCH_PROTECTED] = ", which may not be touched so",
      [NOMEM_TOUCH_CALL] = ", which was called and is no code",
      [NOMEM_TOUCH_OVERFLOW] = ", a stack overflow",
      [NOMEM_TOUCH_NO_ADDRESS] = " at an address that no pointer can hold, or at one that is not aligned",
      [NOMEM_TOUCH_SENT] = ", sent by a process",
      [NOMEM_TOUCH_FREED] = " at a pointer that was read from a block after it was freed"};
  if (nomem__touch_has_address(touch)) {
    fputs(" at ", out);
    print_address(out, address);
  }
  if (after[touch] != NULL) fputs(after[touch], out);
}
