/* SPDX-License-Identifier: MIT */
/* Reads the instructions of x86-64: how long each is, where it goes, and, as far as a pointer can pass through it, what
 * it moves where. What it does not know it says to write whatever it may write. Pure; the bytes may be anything. */
#ifndef NOMEM_INSTRUCTION_H
#define NOMEM_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Registers have the numbers that instructions give them; those of vectors follow, and then what has no number. */
enum nomem__register {
  NOMEM_RAX,
  NOMEM_RCX,
  NOMEM_RDX,
  NOMEM_RBX,
  NOMEM_RSP,
  NOMEM_RBP,
  NOMEM_RSI,
  NOMEM_RDI,
  NOMEM_R8,
  NOMEM_R9,
  NOMEM_R10,
  NOMEM_R11,
  NOMEM_R12,
  NOMEM_R13,
  NOMEM_R14,
  NOMEM_R15,
  NOMEM_VECTOR,                       /* the first of 16; those that only AVX-512 has are not told apart from these */
  NOMEM_ABSOLUTE = NOMEM_VECTOR + 16, /* no register: the displacement is an address in the module */
  NOMEM_THREAD,                       /* the thread's own variables, by a displacement */
  NOMEM_ZERO,                         /* no place: the compiler knew that it was NULL */
  NOMEM_ELEMENT,                      /* no register: somewhere in memory, such as in an array */
  NOMEM_NO_REGISTER
};

#define NOMEM_GENERAL_REGISTERS 16

enum nomem__operand_kind { NOMEM_OPERAND_NONE, NOMEM_OPERAND_REGISTER, NOMEM_OPERAND_MEMORY, NOMEM_OPERAND_NUMBER };

struct nomem__operand {
  enum nomem__operand_kind kind;
  uint8_t bytes; /* of the value */
  uint8_t base;  /* enum nomem__register: the register itself, or the base of an address */
  uint8_t index; /* of an address; NOMEM_NO_REGISTER: none */
  uint8_t part;  /* which eight bytes of a vector register: 0 or 1 */
  int64_t value; /* the displacement of an address, or the number */
};

enum nomem__operation {
  NOMEM_OPERATION_OTHER,   /* writes the registers in written, and to if that is memory */
  NOMEM_OPERATION_MOVE,    /* to = from */
  NOMEM_OPERATION_MOVE_IF, /* to = from, under a condition */
  NOMEM_OPERATION_ADDRESS, /* to = the address of from */
  NOMEM_OPERATION_ADD,     /* to = to + from, a number */
  NOMEM_OPERATION_TEST,    /* compares to with from, a number */
  NOMEM_OPERATION_PUSH,    /* of from */
  NOMEM_OPERATION_POP,     /* to to */
  NOMEM_OPERATION_LEAVE,
  NOMEM_OPERATION_CALL,    /* to target, or to what from has */
  NOMEM_OPERATION_JUMP,    /* the same */
  NOMEM_OPERATION_JUMP_IF, /* to target, under a condition */
  NOMEM_OPERATION_RETURN,
  NOMEM_OPERATION_STOP /* nothing is executed after it */
};

struct nomem__instruction {
  uint64_t address;
  uint8_t length;
  uint8_t operation; /* enum nomem__operation */
  uint8_t condition; /* as in the instruction: 4 is "equal", 5 "not equal" */
  bool sets_flags;
  bool compares;    /* to with from, and no more than that */
  uint32_t written; /* a bit for each register, up to the last vector register, that it may write beside to */
  uint64_t target;  /* 0: not known */
  struct nomem__operand to, from;
  struct nomem__operand memory; /* what it accesses; kind NONE: nothing, or only by the stack pointer */
};

/* Reads the instruction at address, of which so many bytes are there. False: it is none that is known. */
bool nomem__instruction_read(const uint8_t *bytes, size_t byte_count, uint64_t address,
                             struct nomem__instruction *instruction);

/* Whether a condition holds after a value was compared with a number, both of so many bytes: 4 or 8. */
bool nomem__condition_holds(uint8_t condition, uint64_t value, int64_t number, unsigned bytes);

#endif
