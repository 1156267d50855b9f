/* SPDX-License-Identifier: MIT */
/* What an instruction moves where. Only what pointers and results pass through is told in full; of all else, what it
 * may write. */
#include "instruction_parts.h"

enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

static bool is_same_register(const struct nomem__operand *a, const struct nomem__operand *b) {
  return a->kind == NOMEM_OPERAND_REGISTER && b->kind == NOMEM_OPERAND_REGISTER && a->base == b->base;
}

/* A comparison with what is no number. Memory is put second: the first operand of such an operation may be written. */
static void set_compared(struct nomem__instruction *instruction, struct nomem__operand one,
                         struct nomem__operand other) {
  bool is_first = one.kind == NOMEM_OPERAND_REGISTER;
  instruction->compares = true;
  instruction->to = is_first ? one : other;
  instruction->from = is_first ? other : one;
}

static void set_test(struct nomem__instruction *instruction, struct nomem__operand to, struct nomem__operand from) {
  instruction->operation = NOMEM_OPERATION_TEST;
  instruction->compares = true;
  instruction->to = to;
  instruction->from = from;
}

/* Addition, comparison and the like, whose flags tell of the result. */
static void set_alu(struct nomem__instruction *instruction, unsigned kind, struct nomem__operand to,
                    struct nomem__operand from) {
  bool is_same = is_same_register(&to, &from), is_number = from.kind == NOMEM_OPERAND_NUMBER;
  bool is_cleared = is_same && (kind == ALU_XOR || kind == ALU_SUB), is_filled = is_number && from.value == -1;
  if (is_cleared || (is_filled && kind == ALU_OR)) { /* a short way to write a number */
    set_move(instruction, to, number_operand(is_cleared ? 0 : -1, to.bytes));
    instruction->sets_flags = true;
  } else if (is_same && (kind == ALU_OR || kind == ALU_AND)) {
    set_test(instruction, to, number_operand(0, to.bytes));
  } else if (kind == ALU_CMP && is_number) {
    set_test(instruction, to, from);
  } else if (kind == ALU_ADD || (kind == ALU_SUB && is_number)) {
    instruction->operation = NOMEM_OPERATION_ADD;
    instruction->to = to;
    instruction->from = from;
    if (kind == ALU_SUB) instruction->from.value = -from.value;
  } else if (kind != ALU_CMP) {
    set_written(instruction, to);
  } else {
    set_compared(instruction, to, from);
  }
}

static void understand_alu(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  unsigned kind = parts->opcode >> 3 & 7, form = parts->opcode & 7;
  unsigned bytes = form & 1 ? operand_bytes(parts) : 1;
  if (form < 2)
    set_alu(instruction, kind, rm_operand(parts, bytes), reg_operand(parts, bytes));
  else if (form < 4)
    set_alu(instruction, kind, reg_operand(parts, bytes), rm_operand(parts, bytes));
  else
    set_alu(instruction, kind, register_operand(NOMEM_RAX, bytes), number_operand(parts->immediate, bytes));
}

static void set_push(struct nomem__instruction *instruction, struct nomem__operand from) {
  instruction->operation = NOMEM_OPERATION_PUSH;
  instruction->from = from;
  instruction->sets_flags = false;
}

static void set_pop(struct nomem__instruction *instruction, struct nomem__operand to) {
  instruction->operation = NOMEM_OPERATION_POP;
  instruction->to = to;
  instruction->sets_flags = false;
}

/* FE and FF: what has one operand. */
static void understand_single(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  unsigned bytes = parts->opcode == 0xfe ? 1 : operand_bytes(parts);
  switch (parts->extension) {
    case 0:
    case 1:
      set_alu(instruction, ALU_ADD, rm_operand(parts, bytes), number_operand(parts->extension == 0 ? 1 : -1, bytes));
      return;
    case 2:
    case 4:
      instruction->operation = parts->extension == 2 ? NOMEM_OPERATION_CALL : NOMEM_OPERATION_JUMP;
      instruction->from = rm_operand(parts, 8);
      return;
    case 6:
      set_push(instruction, rm_operand(parts, 8));
      return;
    default:
      return;
  }
}

/* F6 and F7: test, not, neg, and the four that multiply and divide. */
static void understand_unary(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  unsigned bytes = parts->opcode == 0xf6 ? 1 : operand_bytes(parts);
  if (parts->extension >= 4)
    instruction->written = BIT(NOMEM_RAX) | BIT(NOMEM_RDX);
  else if (parts->extension >= 2)
    set_written(instruction, rm_operand(parts, bytes));
  if (parts->extension == 2) instruction->sets_flags = false;
}

/* 80 to 8F: numbers to operands, moves, and what else has two operands. */
static void understand_two(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  unsigned bytes = parts->opcode & 1 ? operand_bytes(parts) : 1;
  struct nomem__operand rm = rm_operand(parts, bytes), reg = reg_operand(parts, bytes);
  switch (parts->opcode) {
    case 0x80 ... 0x83:
      set_alu(instruction, parts->extension, rm, number_operand(parts->immediate, bytes));
      return;
    case 0x84:
    case 0x85:
      if (is_same_register(&rm, &reg)) set_test(instruction, rm, number_operand(0, bytes));
      return;
    case 0x86:
    case 0x87:
      set_exchanged(instruction, reg.base, rm);
      return;
    case 0x88:
    case 0x89:
      set_move(instruction, rm, reg);
      return;
    case 0x8a:
    case 0x8b:
      set_move(instruction, reg, rm);
      return;
    case 0x8d:
      set_move(instruction, reg_operand(parts, operand_bytes(parts)), rm_operand(parts, 0));
      instruction->operation = NOMEM_OPERATION_ADDRESS;
      return;
    case 0x8f:
      set_pop(instruction, rm_operand(parts, 8));
      return;
    default:
      set_written(instruction, rm);
      instruction->sets_flags = false;
  }
}

static void set_string(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  bool reads = parts->opcode < 0xaa || parts->opcode >= 0xac, is_scan = parts->opcode >= 0xae;
  bool writes = parts->opcode == 0xa4 || parts->opcode == 0xa5 || parts->opcode == 0xaa || parts->opcode == 0xab;
  instruction->written = BIT(NOMEM_RDI) | BIT(NOMEM_RSI) | BIT(NOMEM_RCX);
  if (parts->opcode == 0xac || parts->opcode == 0xad) instruction->written |= BIT(NOMEM_RAX);
  struct nomem__operand memory = {.kind = NOMEM_OPERAND_MEMORY, .index = NOMEM_NO_REGISTER};
  memory.base = reads && !is_scan ? NOMEM_RSI : NOMEM_RDI;
  if (writes) instruction->to = (struct nomem__operand){.kind = NOMEM_OPERAND_MEMORY, .base = NOMEM_NO_REGISTER};
  instruction->memory = memory;
}

/* 50 to 7F: the stack, numbers with a sign, multiplication, and short jumps. */
static void understand_stack(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  switch (parts->opcode) {
    case 0x50 ... 0x57:
      set_push(instruction, register_operand(parts->reg, 8));
      return;
    case 0x58 ... 0x5f:
      set_pop(instruction, register_operand(parts->reg, 8));
      return;
    case 0x63:
      set_move(instruction, reg_operand(parts, operand_bytes(parts)), rm_operand(parts, 4));
      return;
    case 0x68:
    case 0x6a:
      set_push(instruction, number_operand(parts->immediate, 8));
      return;
    case 0x69:
    case 0x6b:
      set_written(instruction, reg_operand(parts, operand_bytes(parts)));
      return;
    case 0x70 ... 0x7f:
      set_jump(parts, instruction, NOMEM_OPERATION_JUMP_IF);
      return;
    default:
      return;
  }
}

/* 90 to BF: exchanges, signs, strings, and numbers to registers. */
static void understand_register(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  unsigned bytes = operand_bytes(parts);
  switch (parts->opcode) {
    case 0x90 ... 0x97:
      instruction->sets_flags = false;
      if (parts->reg != NOMEM_RAX) set_exchanged(instruction, NOMEM_RAX, register_operand(parts->reg, 8));
      return;
    case 0x98: /* with its sign in a wider register */
      set_move(instruction, register_operand(NOMEM_RAX, bytes), register_operand(NOMEM_RAX, bytes / 2));
      return;
    case 0x99:
      instruction->written = BIT(NOMEM_RDX);
      instruction->sets_flags = false;
      return;
    case 0x9f:
      instruction->written = BIT(NOMEM_RAX);
      return;
    case 0xa4 ... 0xa7:
    case 0xaa ... 0xaf:
      set_string(parts, instruction);
      return;
    case 0xb0 ... 0xb7:
      set_move(instruction, register_operand(byte_register(parts, parts->reg), 1), number_operand(parts->immediate, 1));
      return;
    case 0xb8 ... 0xbf:
      set_move(instruction, register_operand(parts->reg, bytes), number_operand(parts->immediate, 8));
      return;
    default:
      return;
  }
}

/* C0 to FF: shifts, calls and returns, and what has one operand. */
static void understand_control(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  unsigned bytes = parts->opcode & 1 ? operand_bytes(parts) : 1;
  switch (parts->opcode) {
    case 0xc0:
    case 0xc1:
    case 0xd0 ... 0xd3:
      set_written(instruction, rm_operand(parts, bytes));
      return;
    case 0xc2:
    case 0xc3:
      instruction->operation = NOMEM_OPERATION_RETURN;
      return;
    case 0xc6:
    case 0xc7:
      set_move(instruction, rm_operand(parts, bytes), number_operand(parts->immediate, bytes));
      return;
    case 0xc9:
      instruction->operation = NOMEM_OPERATION_LEAVE;
      instruction->sets_flags = false;
      return;
    case 0xcc:
    case 0xf4:
      instruction->operation = NOMEM_OPERATION_STOP;
      return;
    case 0xd7:
    case 0xe4:
    case 0xe5:
    case 0xec:
    case 0xed:
      instruction->written = BIT(NOMEM_RAX);
      return;
    case 0xe0 ... 0xe3: /* by the counter, not by flags */
      set_jump(parts, instruction, NOMEM_OPERATION_JUMP_IF);
      instruction->sets_flags = true;
      instruction->written = BIT(NOMEM_RCX);
      return;
    case 0xe8:
      set_jump(parts, instruction, NOMEM_OPERATION_CALL);
      return;
    case 0xe9:
    case 0xeb:
      set_jump(parts, instruction, NOMEM_OPERATION_JUMP);
      return;
    case 0xf6:
    case 0xf7:
      understand_unary(parts, instruction);
      return;
    case 0xfe:
    case 0xff:
      understand_single(parts, instruction);
      return;
    default:
      return;
  }
}

static void understand_byte_map(const struct nomem__instruction_parts *parts, struct nomem__instruction *instruction) {
  switch (parts->opcode) {
    case 0x00 ... 0x3f:
      understand_alu(parts, instruction);
      return;
    case 0x50 ... 0x7f:
      understand_stack(parts, instruction);
      return;
    case 0x80 ... 0x8f:
      understand_two(parts, instruction);
      return;
    case 0x90 ... 0xbf:
      understand_register(parts, instruction);
      return;
    default:
      understand_control(parts, instruction);
  }
}

void nomem__instruction_understand(const struct nomem__instruction_parts *parts,
                                   struct nomem__instruction *instruction) {
  bool is_accessed = parts->rm.kind == NOMEM_OPERAND_MEMORY;
  if (is_accessed) instruction->memory = parts->rm;
  instruction->sets_flags = true;
  if (parts->map == NOMEM_MAP_BYTE)
    understand_byte_map(parts, instruction);
  else
    nomem__instruction_understand_long(parts, instruction);
  if (instruction->operation == NOMEM_OPERATION_ADDRESS) instruction->memory = (struct nomem__operand){0};
  if (parts->map == NOMEM_MAP_0F && parts->opcode >= 0x18 && parts->opcode <= 0x1f && !parts->is_vector_form)
    instruction->memory = (struct nomem__operand){0}; /* these say where memory may be needed, and access none */
}
