/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "unwind_rules.h"

#include <string.h>

#include "module_names.h"

#include "forbidden_calls.h"

/* The unwinder's own look-up of the tables for an address. Their format is defined by the Linux Standard Base and
 * DWARF. */
struct dwarf_eh_bases {
  void *text, *data, *function;
};
extern const uint8_t *_Unwind_Find_FDE(void *pc, struct dwarf_eh_bases *bases) __attribute__((weak));

enum { REGISTER_RBP = 6, REGISTER_RSP = 7 };
enum { OP_BREG_RBP = 0x76, OP_DEREF = 0x06 };

/* Real functions nest remembered states one or two deep. */
#define STATES 4

/* Where the caller's frame pointer is: still in rbp, in the word at cfa or rbp plus rbp_offset, or lost. */
enum rbp_rule { RBP_KEPT, RBP_AT_CFA, RBP_AT_RBP, RBP_LOST };

/* What the frame address is: rsp or rbp plus cfa_offset, or the word at rbp plus cfa_offset. */
enum cfa_rule { CFA_UNKNOWN, CFA_BY_RSP, CFA_BY_RBP, CFA_AT_RBP };

struct state {
  enum cfa_rule cfa;
  int64_t cfa_offset;
  enum rbp_rule rbp;
  int64_t rbp_offset;
};

struct program {
  const uint8_t *at, *end;
  bool is_bad; /* ends early, or contains something that is not supported here */
  uint64_t code_align;
  int64_t data_align;
  uint64_t location, stop; /* stop: the address that is looked up */
  struct state now, initial, saved[STATES];
  unsigned saved_count;
};

static uint64_t fixed(struct program *program, unsigned bytes) {
  uint64_t value = 0;
  if ((size_t)(program->end - program->at) < bytes) {
    program->is_bad = true;
    return 0;
  }
  for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)program->at[i] << (8 * i);
  program->at += bytes;
  return value;
}

static uint64_t uleb(struct program *program) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 63 && program->at < program->end; shift += 7) {
    uint8_t byte = *program->at++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  program->is_bad = true;
  return 0;
}

static int64_t sleb(struct program *program) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 63 && program->at < program->end;) {
    uint8_t byte = *program->at++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    shift += 7;
    if (byte < 0x80) return (byte & 0x40) ? (int64_t)(value | ~UINT64_C(0) << shift) : (int64_t)value;
  }
  program->is_bad = true;
  return 0;
}

static void skip(struct program *program, uint64_t bytes) {
  if (bytes > (uint64_t)(program->end - program->at))
    program->is_bad = true;
  else
    program->at += bytes;
}

/* The size of an encoded pointer; 0 for unsupported kinds. */
static unsigned pointer_bytes(unsigned encoding) {
  static const uint8_t bytes[8] = {8, 0, 2, 4, 8, 0, 0, 0};
  return encoding == 0xff ? 0 : bytes[encoding & 7];
}

static void set_cfa(struct program *program, uint64_t base, int64_t offset) {
  program->now.cfa = base == REGISTER_RSP ? CFA_BY_RSP : base == REGISTER_RBP ? CFA_BY_RBP : CFA_UNKNOWN;
  program->now.cfa_offset = offset;
}

static void set_rbp(struct program *program, uint64_t which, enum rbp_rule rule, int64_t offset) {
  if (which != REGISTER_RBP) return;
  program->now.rbp = rule;
  program->now.rbp_offset = offset;
}

/* Whether the expression is "rbp plus a number", for a frame address the word at that place. Compilers use it in frames
 * that they align. Anything else is not supported. */
static bool is_rbp_expression(struct program *program, bool dereferenced, int64_t *offset) {
  uint64_t length = uleb(program);
  struct program inner = {.at = program->at, .end = program->at};
  skip(program, length);
  inner.end = program->at;
  if (fixed(&inner, 1) != OP_BREG_RBP) return false;
  *offset = sleb(&inner);
  if (dereferenced && fixed(&inner, 1) != OP_DEREF) return false;
  return !inner.is_bad && inner.at == inner.end;
}

static void remember_state(struct program *program, bool restore) {
  if (restore ? program->saved_count == 0 : program->saved_count == STATES) {
    program->is_bad = true;
    return;
  }
  if (restore)
    program->now = program->saved[--program->saved_count];
  else
    program->saved[program->saved_count++] = program->now;
}

static void cfa_instruction(struct program *program, unsigned code) {
  uint64_t base;
  int64_t offset = 0;
  switch (code) {
    case 0x0c:
      base = uleb(program);
      set_cfa(program, base, (int64_t)uleb(program));
      break;
    case 0x0d:
      set_cfa(program, uleb(program), program->now.cfa_offset);
      break;
    case 0x0e:
      program->now.cfa_offset = (int64_t)uleb(program);
      break;
    case 0x0f:
      program->now.cfa = is_rbp_expression(program, true, &offset) ? CFA_AT_RBP : CFA_UNKNOWN;
      program->now.cfa_offset = offset;
      break;
    case 0x12:
      base = uleb(program);
      set_cfa(program, base, sleb(program) * program->data_align);
      break;
    case 0x13:
      program->now.cfa_offset = sleb(program) * program->data_align;
      break;
    default:
      program->is_bad = true;
  }
}

static void register_instruction(struct program *program, unsigned code) {
  uint64_t which = uleb(program);
  int64_t offset = 0;
  switch (code) {
    case 0x05:
      set_rbp(program, which, RBP_AT_CFA, (int64_t)uleb(program) * program->data_align);
      break;
    case 0x06:
      set_rbp(program, which, program->initial.rbp, program->initial.rbp_offset);
      break;
    case 0x07:
      set_rbp(program, which, RBP_LOST, 0);
      break;
    case 0x08:
      set_rbp(program, which, RBP_KEPT, 0);
      break;
    case 0x10: {
      bool known = is_rbp_expression(program, false, &offset);
      set_rbp(program, which, known ? RBP_AT_RBP : RBP_LOST, offset);
      break;
    }
    case 0x11:
      set_rbp(program, which, RBP_AT_CFA, sleb(program) * program->data_align);
      break;
    case 0x09:
    case 0x14:
      uleb(program);
      set_rbp(program, which, RBP_LOST, 0);
      break;
    case 0x15:
      sleb(program);
      set_rbp(program, which, RBP_LOST, 0);
      break;
    case 0x16:
      skip(program, uleb(program));
      set_rbp(program, which, RBP_LOST, 0);
      break;
    default:
      program->is_bad = true;
  }
}

/* Executes one call-frame instruction. Returns false when it moves past the address that is looked up. */
static bool advance(struct program *program) {
  unsigned code = (unsigned)fixed(program, 1), low = code & 0x3f;
  uint64_t delta = 0;
  switch (code >> 6) {
    case 1:
      delta = low;
      break;
    case 2:
      set_rbp(program, low, RBP_AT_CFA, (int64_t)uleb(program) * program->data_align);
      break;
    case 3:
      set_rbp(program, low, program->initial.rbp, program->initial.rbp_offset);
      break;
    default:
      if (code >= 0x02 && code <= 0x04)
        delta = fixed(program, 1u << (code - 2));
      else if (code == 0x0a || code == 0x0b)
        remember_state(program, code == 0x0b);
      else if (code == 0x2e) /* bytes of arguments: of no importance here */
        uleb(program);
      else if ((code >= 0x0c && code <= 0x0f) || code == 0x12 || code == 0x13)
        cfa_instruction(program, code);
      else if (code != 0)
        register_instruction(program, code);
  }
  program->location += delta * program->code_align;
  return program->location <= program->stop;
}

static void execute(struct program *program) {
  while (!program->is_bad && program->at < program->end && advance(program)) continue;
}

/* Reads the entry that the functions of one compilation have in common, and executes its instructions. *encoding is
 * that of the addresses in a function's own entry. */
static void read_common(struct program *program, const uint8_t *entry, unsigned *encoding, bool *has_size) {
  uint32_t length;
  memcpy(&length, entry, sizeof length);
  program->at = entry + 8;
  program->end = entry + 4 + length;
  uint64_t version = fixed(program, 1);
  const char *letters = (const char *)program->at;
  while (!program->is_bad && fixed(program, 1) != 0) continue;
  if (version == 4) skip(program, 2);
  program->code_align = uleb(program);
  program->data_align = sleb(program);
  if (version == 1)
    skip(program, 1);
  else
    uleb(program);
  *has_size = *letters == 'z';
  *encoding = 0;
  if (!*has_size) program->is_bad |= *letters != '\0';
  const uint8_t *instructions = program->at;
  if (*has_size) {
    uint64_t bytes = uleb(program);
    instructions = program->at + bytes;
    for (letters++; *letters != '\0' && !program->is_bad; letters++) {
      if (*letters == 'R')
        *encoding = (unsigned)fixed(program, 1);
      else if (*letters == 'L')
        skip(program, 1);
      else if (*letters == 'P')
        skip(program, pointer_bytes((unsigned)fixed(program, 1)));
      else if (*letters != 'B')
        program->is_bad = true; /* S: a signal's frame */
    }
  }
  if (program->is_bad || instructions > program->end) {
    program->is_bad = true;
    return;
  }
  program->at = instructions;
  execute(program);
  program->initial = program->now;
}

/* The state of a function's frame at the call that returns to this address. Returns false when it is not known. */
static bool read_state(uintptr_t return_address, struct state *state) {
  *state = (struct state){.cfa = CFA_UNKNOWN};
  struct dwarf_eh_bases bases;
  if (&_Unwind_Find_FDE == NULL) return false;
  const uint8_t *entry = _Unwind_Find_FDE((void *)(return_address - 1), &bases);
  if (entry == NULL) return false;
  uint32_t length;
  int32_t distance;
  memcpy(&length, entry, sizeof length);
  memcpy(&distance, entry + 4, sizeof distance);
  if (length >= 0xfffffff0) return false; /* 64-bit tables, which no compiler makes */
  struct program program = {.stop = UINT64_MAX, .now = {.cfa = CFA_UNKNOWN, .rbp = RBP_KEPT}};
  unsigned encoding;
  bool has_size;
  read_common(&program, entry + 4 - distance, &encoding, &has_size);
  program.at = entry + 8;
  program.end = entry + 4 + length;
  program.location = (uintptr_t)bases.function;
  program.stop = return_address - 1;
  unsigned bytes = pointer_bytes(encoding);
  if (bytes == 0) return false;
  skip(&program, (uint64_t)2 * bytes);
  if (has_size) skip(&program, uleb(&program));
  execute(&program);
  *state = program.now;
  return !program.is_bad;
}

/* States that were read before: one word each, and beside it the same word mixed with its address, by which a reader
 * sees without a lock whether both come from one writer. Programs allocate from stacks with a few thousand return
 * addresses altogether. */
#define STATES_KEPT 4096
#define OFFSET_BITS 28
static struct { _Atomic uint64_t packed, check; } kept[STATES_KEPT];

static uint64_t pack_offset(int64_t offset) {
  return (uint64_t)offset & ((UINT64_C(1) << OFFSET_BITS) - 1);
}

static int64_t unpack_offset(uint64_t packed) {
  return (int64_t)(packed << (64 - OFFSET_BITS)) >> (64 - OFFSET_BITS);
}

static bool find_state(uintptr_t return_address, uint64_t generation, struct state *state) {
  uint64_t name = nomem__hash(nomem__hash(0, return_address), generation);
  size_t place = (name >> 32) % STATES_KEPT;
  uint64_t packed = atomic_load_explicit(&kept[place].packed, memory_order_relaxed);
  if ((atomic_load_explicit(&kept[place].check, memory_order_relaxed) ^ packed) != name) {
    if (!read_state(return_address, state) || unpack_offset(pack_offset(state->cfa_offset)) != state->cfa_offset)
      *state = (struct state){.cfa = CFA_UNKNOWN};
    packed = (uint64_t)state->cfa | (uint64_t)state->rbp << 4 | pack_offset(state->cfa_offset) << 8 |
             pack_offset(state->rbp_offset) << (8 + OFFSET_BITS);
    atomic_store_explicit(&kept[place].packed, packed, memory_order_relaxed);
    atomic_store_explicit(&kept[place].check, name ^ packed, memory_order_relaxed);
  }
  state->cfa = packed & 0xf;
  state->rbp = packed >> 4 & 0xf;
  state->cfa_offset = unpack_offset(packed >> 8);
  state->rbp_offset = unpack_offset(packed >> (8 + OFFSET_BITS));
  return state->cfa != CFA_UNKNOWN;
}

/* The walk through the stack, outwards. rbp_at is where the current frame's frame pointer is saved. */
struct trail {
  const uintptr_t **words;
  unsigned count;
  uint64_t generation;
  uintptr_t rbp_at; /* 0: unknown */
};

static uintptr_t load(uintptr_t address) {
  return __atomic_load_n((const uintptr_t *)address, __ATOMIC_RELAXED);
}

static bool follow(struct trail *trail, uintptr_t return_address, uintptr_t inner_cfa, uintptr_t cfa) {
  struct state state;
  uintptr_t rbp = 0;
  if (!find_state(return_address, trail->generation, &state)) return false;
  if (state.cfa != CFA_BY_RSP || state.rbp == RBP_AT_RBP) {
    if (trail->rbp_at == 0) return false;
    rbp = load(trail->rbp_at);
    trail->words[trail->count++] = (const uintptr_t *)trail->rbp_at;
  }
  uintptr_t offset = (uintptr_t)state.cfa_offset;
  if (state.cfa == CFA_BY_RSP && inner_cfa + offset != cfa) return false;
  if (state.cfa == CFA_BY_RBP && rbp + offset != cfa) return false;
  if (state.cfa == CFA_AT_RBP) {
    if (rbp + offset < inner_cfa || rbp + offset >= cfa || load(rbp + offset) != cfa) return false;
    trail->words[trail->count++] = (const uintptr_t *)(rbp + offset);
  }
  if (state.rbp == RBP_AT_CFA) trail->rbp_at = cfa + (uintptr_t)state.rbp_offset;
  if (state.rbp == RBP_AT_RBP) trail->rbp_at = rbp + (uintptr_t)state.rbp_offset;
  if (state.rbp == RBP_LOST) trail->rbp_at = 0;
  return trail->rbp_at == 0 || (state.rbp == RBP_KEPT) || (trail->rbp_at >= inner_cfa && trail->rbp_at < cfa);
}

int nomem__unwind_trail(uintptr_t cfa, const uintptr_t *address, const uintptr_t *slot, unsigned depth,
                        uint64_t generation, const uintptr_t **words) {
  struct trail trail = {.words = words, .generation = generation, .rbp_at = cfa - 2 * sizeof(uintptr_t)};
  if (depth == 0 || load(slot[0]) != address[0]) return -1;
  for (unsigned i = 1; i < depth; i++) {
    if (slot[i] <= slot[i - 1] || slot[i] - cfa > INT32_MAX || load(slot[i]) != address[i]) return -1;
    if (!follow(&trail, address[i - 1], slot[i - 1] + sizeof(uintptr_t), slot[i] + sizeof(uintptr_t))) return -1;
    words[trail.count++] = (const uintptr_t *)slot[i];
  }
  return (int)trail.count;
}
