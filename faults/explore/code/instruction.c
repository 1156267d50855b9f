/* SPDX-License-Identifier: MIT */
#include "instruction.h"

#include "instruction_parts.h"

/* No instruction is longer. */
#define LENGTH_MAX 15
/* Bits of a REX prefix. */
enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

struct reader {
  const uint8_t *bytes;
  size_t count, at;
  bool has_failed;
  bool is_in_thread; /* a segment register says so: the thread's variables */
  bool is_relative;  /* the displacement is from the next instruction */
  uint8_t rex;
  struct nomem__instruction_parts parts;
};

static uint8_t read_byte(struct reader *reader) {
  if (reader->at < reader->count && reader->at < LENGTH_MAX) return reader->bytes[reader->at++];
  reader->has_failed = true;
  return 0;
}

/* A number with its sign. */
static int64_t read_number(struct reader *reader, unsigned bytes) {
  uint64_t value = 0;
  if (bytes == 0) return 0;
  for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)read_byte(reader) << 8 * i;
  unsigned unused = 64 - 8 * bytes;
  return (int64_t)(value << unused) >> unused;
}

/* Reads all prefixes and returns the byte behind them. */
static uint8_t read_prefixes(struct reader *reader) {
  for (;;) {
    uint8_t byte = read_byte(reader);
    switch (byte) {
      case 0x66:
        reader->parts.has_66 = true;
        break;
      case 0xf2:
      case 0xf3:
        reader->parts.repeat = byte;
        break;
      case 0x64:
      case 0x65:
        reader->is_in_thread = true;
        break;
      case 0x26:
      case 0x2e:
      case 0x36:
      case 0x3e:
      case 0x67:
      case 0xf0:
        break;
      case 0x40 ... 0x4f: /* must be the last one */
        reader->rex = byte;
        reader->parts.has_prefix = true;
        return read_byte(reader);
      default:
        return byte;
    }
    if (reader->has_failed) return 0;
  }
}

/* The operation prefix that is in two bits of a vector encoding. */
static void set_vector_prefix(struct reader *reader, unsigned bits) {
  reader->parts.has_66 = bits == 1;
  reader->parts.repeat = bits == 2 ? 0xf3 : bits == 3 ? 0xf2 : 0;
  reader->parts.is_vector_form = true;
}

static void read_vex(struct reader *reader, uint8_t first) {
  uint8_t second = read_byte(reader), last = first == 0xc5 ? second : read_byte(reader);
  reader->parts.map = first == 0xc5 ? NOMEM_MAP_0F : second & 0x1f;
  reader->rex = (uint8_t)(second & 0x80 ? 0 : REX_R);
  if (first == 0xc4) {
    reader->rex |= (uint8_t)((second & 0x40 ? 0 : REX_X) | (second & 0x20 ? 0 : REX_B) | (last & 0x80 ? REX_W : 0));
  }
  reader->parts.third = (uint8_t)(~last >> 3 & 15);
  set_vector_prefix(reader, last & 3);
  reader->parts.opcode = read_byte(reader);
}

static void read_evex(struct reader *reader) {
  uint8_t first = read_byte(reader), second = read_byte(reader);
  read_byte(reader); /* masks and lengths */
  reader->parts.map = first & 7;
  reader->rex = (uint8_t)((first & 0x80 ? 0 : REX_R) | (first & 0x40 ? 0 : REX_X) | (first & 0x20 ? 0 : REX_B) |
                          (second & 0x80 ? REX_W : 0));
  reader->parts.third = (uint8_t)(~second >> 3 & 15);
  set_vector_prefix(reader, second & 3);
  reader->parts.opcode = read_byte(reader);
}

static void read_operation(struct reader *reader) {
  struct nomem__instruction_parts *parts = &reader->parts;
  uint8_t byte = read_prefixes(reader);
  if (byte == 0xc4 || byte == 0xc5) {
    read_vex(reader, byte);
  } else if (byte == 0x62) {
    read_evex(reader);
  } else if (byte == 0x0f) {
    parts->opcode = read_byte(reader);
    parts->map = NOMEM_MAP_0F;
    if (parts->opcode == 0x38 || parts->opcode == 0x3a) {
      parts->map = parts->opcode == 0x38 ? NOMEM_MAP_0F38 : NOMEM_MAP_0F3A;
      parts->opcode = read_byte(reader);
    }
  } else {
    parts->opcode = byte;
  }
  parts->is_wide = (reader->rex & REX_W) != 0;
}

static bool has_modrm_byte_map(uint8_t opcode) {
  switch (opcode) {
    case 0x00 ... 0x3f:
      return (opcode & 7) < 4;
    case 0x63:
    case 0x69:
    case 0x6b:
    case 0x80 ... 0x8f:
    case 0xc0:
    case 0xc1:
    case 0xc6:
    case 0xc7:
    case 0xd0 ... 0xd3:
    case 0xd8 ... 0xdf:
    case 0xf6:
    case 0xf7:
    case 0xfe:
    case 0xff:
      return true;
    default:
      return false;
  }
}

static bool has_modrm_0f_map(uint8_t opcode) {
  switch (opcode) {
    case 0x04 ... 0x0c:
    case 0x0e:
    case 0x30 ... 0x37:
    case 0x77:
    case 0x80 ... 0x8f:
    case 0xa0 ... 0xa2:
    case 0xa8 ... 0xaa:
    case 0xc8 ... 0xcf:
      return false;
    default:
      return true;
  }
}

static bool has_modrm(const struct nomem__instruction_parts *parts) {
  if (parts->map == NOMEM_MAP_BYTE) return has_modrm_byte_map(parts->opcode);
  return parts->map != NOMEM_MAP_0F || has_modrm_0f_map(parts->opcode);
}

/* Numbers of this many bytes are never of 64 bits, but for those of mov to a register. */
static unsigned wide_number(const struct nomem__instruction_parts *parts) {
  return parts->has_66 ? 2 : 4;
}

static unsigned number_bytes_byte_map(const struct nomem__instruction_parts *parts) {
  switch (parts->opcode) {
    case 0x00 ... 0x3f:
      return (parts->opcode & 7) == 4 ? 1 : (parts->opcode & 7) == 5 ? wide_number(parts) : 0;
    case 0x6a:
    case 0x6b:
    case 0x70 ... 0x80:
    case 0x82:
    case 0x83:
    case 0xa8:
    case 0xb0 ... 0xb7:
    case 0xc0:
    case 0xc1:
    case 0xc6:
    case 0xcd:
    case 0xe0 ... 0xe7:
    case 0xeb:
      return 1;
    case 0x68:
    case 0x69:
    case 0x81:
    case 0xa9:
    case 0xc7:
      return wide_number(parts);
    case 0xb8 ... 0xbf:
      return parts->is_wide ? 8 : wide_number(parts);
    case 0xa0 ... 0xa3:
      return 8;
    case 0xc2:
    case 0xca:
      return 2;
    case 0xc8:
      return 3;
    case 0xe8:
    case 0xe9:
      return 4;
    case 0xf6:
      return parts->extension < 2 ? 1 : 0;
    case 0xf7:
      return parts->extension < 2 ? wide_number(parts) : 0;
    default:
      return 0;
  }
}

static unsigned number_bytes(const struct nomem__instruction_parts *parts) {
  if (parts->map == NOMEM_MAP_BYTE) return number_bytes_byte_map(parts);
  if (parts->map == NOMEM_MAP_0F3A) return 1;
  if (parts->map != NOMEM_MAP_0F) return 0;
  switch (parts->opcode) {
    case 0x80 ... 0x8f:
      return 4;
    case 0x70 ... 0x73:
    case 0xa4:
    case 0xac:
    case 0xba:
    case 0xc2:
    case 0xc4 ... 0xc6:
      return 1;
    default:
      return 0;
  }
}

/* Reads the address of a memory operand, whose first byte is known. */
static void read_memory(struct reader *reader, unsigned mode, unsigned rm) {
  struct nomem__operand *memory = &reader->parts.rm;
  unsigned base = rm, index = 4;
  if (rm == 4) {
    uint8_t sib = read_byte(reader);
    base = sib & 7;
    index = (sib >> 3 & 7) | (reader->rex & REX_X ? 8 : 0);
  }
  bool has_no_base = base == 5 && mode == 0;
  memory->kind = NOMEM_OPERAND_MEMORY;
  memory->base = (uint8_t)(has_no_base ? NOMEM_ABSOLUTE : base | (reader->rex & REX_B ? 8 : 0));
  memory->index = index == 4 ? NOMEM_NO_REGISTER : (uint8_t)index;
  memory->value = read_number(reader, mode == 1 ? 1 : mode == 2 || has_no_base ? 4 : 0);
  reader->is_relative = has_no_base && rm == 5;
  if (reader->is_in_thread) memory->base = has_no_base && !reader->is_relative ? NOMEM_THREAD : NOMEM_NO_REGISTER;
}

static void read_operands(struct reader *reader) {
  struct nomem__instruction_parts *parts = &reader->parts;
  parts->has_modrm = has_modrm(parts);
  if (!parts->has_modrm) {
    parts->reg = (uint8_t)((parts->opcode & 7) | (reader->rex & REX_B ? 8 : 0));
    return;
  }
  uint8_t modrm = read_byte(reader);
  unsigned mode = modrm >> 6, rm = modrm & 7;
  parts->extension = modrm >> 3 & 7;
  parts->reg = (uint8_t)(parts->extension | (reader->rex & REX_R ? 8 : 0));
  if (mode != 3) {
    read_memory(reader, mode, rm);
    return;
  }
  parts->is_register = true;
  parts->rm = (struct nomem__operand){.kind = NOMEM_OPERAND_REGISTER,
                                      .base = (uint8_t)(rm | (reader->rex & REX_B ? 8 : 0)),
                                      .index = NOMEM_NO_REGISTER};
}

bool nomem__instruction_read(const uint8_t *bytes, size_t byte_count, uint64_t address,
                             struct nomem__instruction *instruction) {
  struct reader reader = {.bytes = bytes, .count = byte_count};
  struct nomem__instruction_parts *parts = &reader.parts;
  read_operation(&reader);
  if (parts->map > NOMEM_MAP_LAST || (parts->is_vector_form && parts->map == NOMEM_MAP_BYTE)) return false;
  read_operands(&reader);
  parts->immediate_bytes = (uint8_t)number_bytes(parts);
  parts->immediate = read_number(&reader, parts->immediate_bytes);
  if (reader.has_failed) return false;
  parts->end = address + reader.at;
  if (reader.is_relative) parts->rm.value += (int64_t)parts->end;
  *instruction = (struct nomem__instruction){.address = address, .length = (uint8_t)reader.at};
  nomem__instruction_understand(parts, instruction);
  return true;
}

/* The flags that comparing leaves: of the difference of two numbers. */
bool nomem__condition_holds(uint8_t condition, uint64_t value, int64_t number, unsigned bytes) {
  unsigned unused = 64 - 8 * bytes;
  uint64_t a = value << unused >> unused, b = (uint64_t)number << unused >> unused;
  int64_t signed_a = (int64_t)(value << unused), signed_b = (int64_t)((uint64_t)number << unused);
  bool is_negative = (int64_t)((value - (uint64_t)number) << unused) < 0;
  bool is_less = signed_a < signed_b;
  bool holds = false;
  switch (condition >> 1) {
    case 0: /* overflow */
      holds = is_less != is_negative;
      break;
    case 1: /* below */
      holds = a < b;
      break;
    case 2: /* equal */
      holds = a == b;
      break;
    case 3: /* below or equal */
      holds = a <= b;
      break;
    case 4: /* negative */
      holds = is_negative;
      break;
    case 5: /* parity of the lowest byte */
      holds = !__builtin_parity((unsigned)(a - b) & 0xff);
      break;
    case 6: /* less */
      holds = is_less;
      break;
    default: /* less or equal */
      holds = is_less || a == b;
      break;
  }
  return holds != (condition & 1);
}
