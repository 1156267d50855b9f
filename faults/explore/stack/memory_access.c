/* SPDX-License-Identifier: MIT */
#include "memory_access.h"

static uint64_t distance(uint64_t a, uint64_t b) {
  return a > b ? a - b : b - a;
}

/* Whether it reads one place and writes another: then it comes to both at about the address that the register has. */
static bool copies(const struct nomem__instruction *instruction) {
  return instruction->to.base == NOMEM_NO_REGISTER && instruction->memory.kind == NOMEM_OPERAND_MEMORY &&
         instruction->memory.base == NOMEM_RSI;
}

enum nomem__access nomem__memory_access_find(const uint8_t *code, size_t code_bytes, uint64_t ip,
                                             uint64_t fault_address,
                                             const uint64_t registers[NOMEM_GENERAL_REGISTERS]) {
  struct nomem__instruction instruction;
  if (fault_address == ip) return NOMEM_ACCESS_CALL;
  if (!nomem__instruction_read(code, code_bytes, ip, &instruction)) return NOMEM_ACCESS_UNKNOWN;
  bool writes = instruction.to.kind == NOMEM_OPERAND_MEMORY && instruction.operation != NOMEM_OPERATION_TEST;
  if (writes && copies(&instruction)) {
    uint64_t from = distance(fault_address, registers[NOMEM_RSI]), to = distance(fault_address, registers[NOMEM_RDI]);
    return to < from ? NOMEM_ACCESS_WRITE : NOMEM_ACCESS_READ;
  }
  if (writes) return NOMEM_ACCESS_WRITE;
  return instruction.memory.kind == NOMEM_OPERAND_MEMORY ? NOMEM_ACCESS_READ : NOMEM_ACCESS_UNKNOWN;
}
