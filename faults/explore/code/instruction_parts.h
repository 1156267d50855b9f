/* SPDX-License-Identifier: MIT */
/* An instruction as it is encoded: what instruction.c takes apart, and instruction_meaning.c understands. */
#ifndef NOMEM_INSTRUCTION_PARTS_H
#define NOMEM_INSTRUCTION_PARTS_H

#include "instruction.h"

/* Tables of operations: one byte; 0F; 0F 38; 0F 3A; and those that vector encodings can name, too. */
enum { NOMEM_MAP_BYTE, NOMEM_MAP_0F, NOMEM_MAP_0F38, NOMEM_MAP_0F3A, NOMEM_MAP_LAST = 7 };

struct nomem__instruction_parts {
  uint8_t map, opcode;
  uint8_t repeat;      /* F2 or F3, of which some instructions are made; 0: neither */
  bool has_66;         /* the same */
  bool is_wide;        /* 64 bits */
  bool is_vector_form; /* VEX or EVEX: three operands, one of which is third */
  bool has_prefix;     /* REX: byte registers 4 to 7 are the low bytes of registers */
  bool has_modrm;
  uint8_t reg, third;       /* with all their bits; of an operation without operands, reg is in its last three */
  uint8_t extension;        /* reg, where it is a part of the operation */
  bool is_register;         /* rm is one */
  struct nomem__operand rm; /* of no bytes */
  int64_t immediate;
  uint8_t immediate_bytes;
  uint64_t end; /* the address behind it */
};

#define BIT(number) (UINT32_C(1) << (number))

static inline struct nomem__operand register_operand(unsigned number, unsigned bytes) {
  return (struct nomem__operand){
      .kind = NOMEM_OPERAND_REGISTER, .bytes = (uint8_t)bytes, .base = (uint8_t)number, .index = NOMEM_NO_REGISTER};
}

static inline struct nomem__operand number_operand(int64_t value, unsigned bytes) {
  return (struct nomem__operand){.kind = NOMEM_OPERAND_NUMBER, .bytes = (uint8_t)bytes, .value = value};
}

/* Without a REX prefix, byte registers 4 to 7 are the second bytes of registers 0 to 3. */
static inline unsigned byte_register(const struct nomem__instruction_parts *parts, unsigned number) {
  return !parts->has_prefix && number >= 4 && number < 8 ? number - 4 : number;
}

static inline struct nomem__operand reg_operand(const struct nomem__instruction_parts *parts, unsigned bytes) {
  return register_operand(bytes == 1 ? byte_register(parts, parts->reg) : parts->reg, bytes);
}

static inline struct nomem__operand rm_operand(const struct nomem__instruction_parts *parts, unsigned bytes) {
  struct nomem__operand operand = parts->rm;
  operand.bytes = (uint8_t)bytes;
  if (bytes == 1 && parts->is_register) operand.base = (uint8_t)byte_register(parts, operand.base);
  return operand;
}

static inline struct nomem__operand vector_operand(unsigned number, unsigned bytes, unsigned part) {
  struct nomem__operand operand = register_operand(NOMEM_VECTOR + (number & 15), bytes);
  operand.part = (uint8_t)part;
  return operand;
}

/* An operand that is a vector register or memory. */
static inline struct nomem__operand vector_rm_operand(const struct nomem__instruction_parts *parts, unsigned bytes) {
  return parts->is_register ? vector_operand(parts->rm.base, bytes, 0) : rm_operand(parts, bytes);
}

static inline unsigned operand_bytes(const struct nomem__instruction_parts *parts) {
  return parts->is_wide ? 8 : parts->has_66 ? 2 : 4;
}

static inline void set_move(struct nomem__instruction *instruction, struct nomem__operand to,
                            struct nomem__operand from) {
  instruction->operation = NOMEM_OPERATION_MOVE;
  instruction->sets_flags = false;
  instruction->to = to;
  instruction->from = from;
}

/* It writes an operand with something that is not told. */
static inline void set_written(struct nomem__instruction *instruction, struct nomem__operand to) {
  instruction->to = to;
  if (to.kind == NOMEM_OPERAND_REGISTER) instruction->written |= BIT(to.base);
}

static inline void set_jump(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction,
                            enum nomem__operation operation) {
  instruction->operation = operation;
  instruction->condition = parts->opcode & 15;
  instruction->target = parts->end + (uint64_t)parts->immediate;
  instruction->sets_flags = false;
}

/* An exchange of two operands. */
static inline void set_exchanged(struct nomem__instruction *instruction, unsigned number, struct nomem__operand other) {
  set_written(instruction, other);
  instruction->written |= BIT(number);
  instruction->sets_flags = false;
}

/* Fills in what the instruction does. */
void nomem__instruction_understand(const struct nomem__instruction_parts *parts,
                                   struct nomem__instruction *instruction);

/* The same of one that is not of the first table. */
void nomem__instruction_understand_long(const struct nomem__instruction_parts *parts,
                                        struct nomem__instruction *instruction);

#endif
