/* SPDX-License-Identifier: MIT */
/* Instructions of two bytes and more: those of vectors, of which pairs of pointers are often moved, and a few others.
 */
#include "instruction_parts.h"

/* Moves of vector registers, of which pointers are often made pairs. False: it is none. */
static bool understand_vector_move(const struct nomem__instruction_parts *parts,
                                   struct nomem__instruction *instruction) {
  bool is_whole = parts->repeat == 0 || (parts->repeat == 0xf3 && (parts->opcode & 0x6f) == 0x6f);
  unsigned bytes = is_whole ? 16 : parts->repeat == 0xf2 ? 8 : 4;
  struct nomem__operand vector = vector_operand(parts->reg, bytes, 0), low = vector_operand(parts->reg, 8, 0);
  switch (parts->opcode) {
    case 0x10:
    case 0x28:
    case 0x6f:
      set_move(instruction, vector, vector_rm_operand(parts, bytes));
      return true;
    case 0x11:
    case 0x29:
    case 0x7f:
    case 0xe7:
    case 0x2b:
      set_move(instruction, vector_rm_operand(parts, bytes), vector);
      return true;
    case 0x12:
    case 0x13:
      if (parts->is_register || parts->repeat != 0) return false;
      set_move(instruction, parts->opcode == 0x12 ? low : rm_operand(parts, 8),
               parts->opcode == 0x12 ? rm_operand(parts, 8) : low);
      return true;
    case 0x16:
    case 0x6c: /* the lower half of one becomes the upper half of the other */
      if (parts->repeat != 0 || parts->is_vector_form) return false;
      set_move(instruction, vector_operand(parts->reg, 8, 1), vector_rm_operand(parts, 8));
      return true;
    case 0x17:
      set_move(instruction, rm_operand(parts, 8), vector_operand(parts->reg, 8, 1));
      return true;
    case 0x57:
    case 0xef:
      if (!parts->is_register || parts->rm.base != (parts->is_vector_form ? parts->third : parts->reg)) return false;
      set_move(instruction, vector_operand(parts->reg, 16, 0), number_operand(0, 8));
      return true;
    case 0x6e:
      set_move(instruction, low, rm_operand(parts, parts->is_wide ? 8 : 4));
      return true;
    case 0x7e:
      if (parts->repeat == 0xf3)
        set_move(instruction, low, vector_rm_operand(parts, 8));
      else
        set_move(instruction, rm_operand(parts, parts->is_wide ? 8 : 4), low);
      return true;
    case 0xd6:
      set_move(instruction, vector_rm_operand(parts, 8), low);
      return true;
    default:
      return false;
  }
}

/* What of the vector operations writes a general register or memory; all others write a vector register. */
static void understand_vector(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  bool tests_masks = parts->is_vector_form && (parts->opcode == 0x98 || parts->opcode == 0x99);
  instruction->sets_flags = parts->opcode == 0x2e || parts->opcode == 0x2f || tests_masks;
  if (understand_vector_move(parts, instruction)) return;
  instruction->operation = NOMEM_OPERATION_OTHER;
  switch (parts->opcode) {
    case 0x2c:
    case 0x2d:
      set_written(instruction, parts->repeat != 0 ? reg_operand(parts, 8) : vector_operand(parts->reg, 8, 0));
      return;
    case 0x50:
    case 0x93:
    case 0xc5:
    case 0xd7:
      set_written(instruction, reg_operand(parts, 8));
      return;
    case 0x13:
    case 0x17:
      set_written(instruction, rm_operand(parts, 8));
      return;
    case 0x2e:
    case 0x2f: /* two numbers with a fraction */
      instruction->compares = true;
      instruction->to = vector_operand(parts->reg, parts->has_66 ? 8 : 4, 0);
      instruction->from = vector_rm_operand(parts, parts->has_66 ? 8 : 4);
      return;
    default:
      set_written(instruction, vector_operand(parts->reg, 16, 0));
  }
}

/* 00 to 8F: calls of the system, hints, moves and jumps under a condition. False: it is one of the others. */
static bool understand_lower(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  unsigned bytes = operand_bytes(parts);
  switch (parts->opcode) {
    case 0x05:
      instruction->written = BIT(NOMEM_RAX) | BIT(NOMEM_RCX) | BIT(NOMEM_R11);
      return true;
    case 0x0b:
      instruction->operation = NOMEM_OPERATION_STOP;
      return true;
    case 0x01:
    case 0x31 ... 0x33:
      instruction->written = BIT(NOMEM_RAX) | BIT(NOMEM_RCX) | BIT(NOMEM_RDX);
      return true;
    case 0x0d:
    case 0x18 ... 0x1f:
      instruction->sets_flags = false;
      return true;
    case 0x40 ... 0x4f:
      set_move(instruction, reg_operand(parts, bytes), rm_operand(parts, bytes));
      instruction->operation = NOMEM_OPERATION_MOVE_IF;
      instruction->condition = parts->opcode & 15;
      return true;
    case 0x80 ... 0x8f:
      set_jump(parts, instruction, NOMEM_OPERATION_JUMP_IF);
      return true;
    default:
      return false;
  }
}

/* 90 to FF: of general registers. False: it is one of the others. */
static bool understand_upper(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  unsigned bytes = operand_bytes(parts);
  switch (parts->opcode) {
    case 0x90 ... 0x9f:
      set_written(instruction, rm_operand(parts, 1));
      instruction->sets_flags = false;
      return true;
    case 0xa2:
    case 0xc7:
      instruction->written = BIT(NOMEM_RAX) | BIT(NOMEM_RBX) | BIT(NOMEM_RCX) | BIT(NOMEM_RDX);
      if (parts->is_register) instruction->written |= BIT(parts->rm.base);
      return true;
    case 0xa3:
      return true;
    case 0xa4:
    case 0xa5:
    case 0xab ... 0xad:
    case 0xb3:
    case 0xba:
    case 0xbb:
      set_written(instruction, rm_operand(parts, bytes));
      return true;
    case 0xae:
      instruction->sets_flags = false;
      return true;
    case 0xaf:
    case 0xb8:
    case 0xbc:
    case 0xbd:
      set_written(instruction, reg_operand(parts, bytes));
      return true;
    case 0xb0:
    case 0xb1:
    case 0xc0:
    case 0xc1:
      set_exchanged(instruction, parts->opcode < 0xc0 ? NOMEM_RAX : parts->reg, rm_operand(parts, bytes));
      instruction->sets_flags = true;
      return true;
    case 0xb6:
    case 0xb7:
    case 0xbe:
    case 0xbf: /* with its sign, or without */
      set_move(instruction, reg_operand(parts, bytes), rm_operand(parts, parts->opcode & 1 ? 2 : 1));
      return true;
    case 0xc3:
      set_move(instruction, rm_operand(parts, bytes), reg_operand(parts, bytes));
      return true;
    case 0xc8 ... 0xcf:
      set_written(instruction, register_operand(parts->reg, 8));
      instruction->sets_flags = false;
      return true;
    case 0xff:
      instruction->operation = NOMEM_OPERATION_STOP;
      return true;
    default:
      return false;
  }
}

/* Whether an instruction of these maps writes its operand rm, which the others only read. */
static bool writes_rm(const struct nomem__instruction_parts *parts) {
  uint8_t opcode = parts->opcode;
  if (parts->map == NOMEM_MAP_0F3A) {
    bool is_extract = opcode >= 0x14 && opcode <= 0x17;
    bool is_part = opcode == 0x19 || opcode == 0x1b || opcode == 0x1d || opcode == 0x39 || opcode == 0x3b;
    return is_extract || (parts->is_vector_form && is_part);
  }
  bool is_masked_store = opcode == 0x2e || opcode == 0x2f || opcode == 0x8a || opcode == 0x8b || opcode == 0x8e;
  if (parts->is_vector_form) return parts->map == NOMEM_MAP_0F38 && is_masked_store;
  return (opcode == 0xf1 && parts->repeat != 0xf2) || opcode == 0xf9; /* movbe, movdiri */
}

/* 0F 38 and 0F 3A, and what only vector encodings have: vectors, and a few of general registers, which may write any of
 * these. */
static void understand_other_map(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  bool is_general = parts->map == NOMEM_MAP_0F38 ? parts->opcode >= 0xf0 : parts->opcode == 0xf0;
  instruction->written = BIT(NOMEM_VECTOR + (parts->reg & 15));
  if (is_general) instruction->written |= BIT(parts->reg & 15) | BIT(parts->third & 15);
  if (writes_rm(parts) || (is_general && parts->is_register)) set_written(instruction, rm_operand(parts, 8));
  if (parts->map != NOMEM_MAP_0F3A || parts->is_vector_form || !parts->is_wide) return;
  unsigned part = parts->immediate & 1;
  if (parts->opcode == 0x16) set_move(instruction, rm_operand(parts, 8), vector_operand(parts->reg, 8, part));
  if (parts->opcode == 0x22) set_move(instruction, vector_operand(parts->reg, 8, part), rm_operand(parts, 8));
}

void nomem__instruction_understand_long(const struct nomem__instruction_parts *parts,
                                        struct nomem__instruction *instruction) {
  if (parts->map != NOMEM_MAP_0F)
    understand_other_map(parts, instruction);
  else if (parts->is_vector_form || !(parts->opcode < 0x90 ? understand_lower : understand_upper)(parts, instruction))
    understand_vector(parts, instruction);
}
