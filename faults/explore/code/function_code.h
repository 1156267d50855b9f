/* SPDX-License-Identifier: MIT */
/* The instructions of one function, and which of them can come before which. Addresses are those of the module's symbol
 * table. */
#ifndef NOMEM_FUNCTION_CODE_H
#define NOMEM_FUNCTION_CODE_H

#include "instruction.h"

/* A function may lie in several pieces: what is unlikely to be executed is moved away. */
#define NOMEM_CODE_RANGES 4

struct nomem__code_range {
  uint64_t address;
  const uint8_t *bytes;
  size_t byte_count;
};

struct nomem__code_jump {
  uint32_t target, source; /* numbers of instructions */
};

/* What value_source.h has found out about a function, which is asked again for each run that ends there. */
struct nomem__code_answers {
  struct nomem__code_answer *list; /* owned */
  size_t count, room;
};

struct nomem__function_code {
  uint64_t start;
  bool has_frame_pointer;          /* rbp points to the function's own variables, rather than to anything */
  struct nomem__instruction *list; /* one piece after the other, each by address; the first one has the start */
  size_t count;
  size_t piece_ends[NOMEM_CODE_RANGES]; /* the number behind the last instruction of each */
  size_t piece_count;
  struct nomem__code_jump *jumps; /* by target */
  size_t jump_count;
  uint32_t *unknown_jumps; /* those whose targets are not known, as of a switch */
  size_t unknown_count;
  struct nomem__code_answers *answers; /* what was found out about it before; owned */
};

/* In place of the number of an instruction: there is none. */
#define NOMEM_NO_INSTRUCTION UINT32_MAX

/* Reads a function whose pieces these are, the first one from its start on. The caller's; NULL: it is too large, or its
 * first instruction cannot be read. A piece ends where an instruction cannot be read. */
struct nomem__function_code *nomem__function_code_new(const struct nomem__code_range *ranges, size_t count);

/* NULL is allowed. */
void nomem__function_code_free(struct nomem__function_code *code);

/* The instruction that begins at an address, or the one that ends there, such as the call before a return address. */
uint32_t nomem__function_code_find(const struct nomem__function_code *code, uint64_t address);
uint32_t nomem__function_code_find_before(const struct nomem__function_code *code, uint64_t address);

/* Whether the instruction that follows a number's in memory is executed after it, unless that jumps. */
bool nomem__function_code_falls_through(const struct nomem__function_code *code, uint32_t number);

/* The jumps that lead to an instruction: so many from *first on. */
size_t nomem__function_code_jumps_to(const struct nomem__function_code *code, uint32_t number, size_t *first);

#endif
