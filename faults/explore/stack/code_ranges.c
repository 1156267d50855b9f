/* SPDX-License-Identifier: MIT */
#include "code_ranges.h"

#include <elf.h>
#include <gelf.h>
#include <string.h>

/* How the search table of .eh_frame_hdr is encoded by every linker: relative addresses of four bytes. */
static const uint8_t header_encoding[] = {1, 0x1b, 0x03, 0x3b};
#define HEADER_BYTES 12
#define ENTRY_BYTES 8
/* A table's entry begins with its length, its common part, the code's address and how long that is. */
#define FDE_BYTES 16

/* Bytes that a segment of the file has at an address. NULL: there are not so many. */
static const uint8_t *find_bytes(Elf *elf, uint64_t address, uint64_t count, bool is_code) {
  size_t headers = 0;
  GElf_Phdr header;
  if (elf_getphdrnum(elf, &headers) != 0) return NULL;
  for (size_t i = 0; i < headers; i++) {
    if (gelf_getphdr(elf, (int)i, &header) == NULL || header.p_type != PT_LOAD) continue;
    if (is_code && (header.p_flags & PF_X) == 0) continue;
    if (address < header.p_vaddr || address - header.p_vaddr >= header.p_filesz) continue;
    if (count > header.p_filesz - (address - header.p_vaddr)) return NULL;
    /* The whole segment, because libelf remembers each piece that it was asked for. */
    Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)header.p_offset, header.p_filesz, ELF_T_BYTE);
    return data != NULL && data->d_size == header.p_filesz ? (const uint8_t *)data->d_buf + (address - header.p_vaddr)
                                                           : NULL;
  }
  return NULL;
}

static int32_t read_signed(const uint8_t *bytes) {
  int32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

static uint32_t read_unsigned(const uint8_t *bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

static uint64_t find_table_address(Elf *elf) {
  size_t headers = 0;
  GElf_Phdr header;
  if (elf_getphdrnum(elf, &headers) != 0) return 0;
  for (size_t i = 0; i < headers; i++)
    if (gelf_getphdr(elf, (int)i, &header) != NULL && header.p_type == PT_GNU_EH_FRAME) return header.p_vaddr;
  return 0;
}

/* The address of the unwind entry whose code begins last at or before an address; 0: there is none. */
static uint64_t find_entry(Elf *elf, uint64_t address) {
  uint64_t table = find_table_address(elf);
  const uint8_t *header = table != 0 ? find_bytes(elf, table, HEADER_BYTES, false) : NULL;
  if (header == NULL || memcmp(header, header_encoding, sizeof header_encoding) != 0) return 0;
  uint64_t count = read_unsigned(header + 8);
  const uint8_t *entries = find_bytes(elf, table + HEADER_BYTES, count * ENTRY_BYTES, false);
  size_t low = 0, high = entries != NULL ? count : 0;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (table + (uint64_t)(int64_t)read_signed(entries + middle * ENTRY_BYTES) <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low > 0 ? table + (uint64_t)(int64_t)read_signed(entries + (low - 1) * ENTRY_BYTES + 4) : 0;
}

bool nomem__code_range_at(Elf *elf, uint64_t address, uint64_t byte_count, struct nomem__code_range *range) {
  *range = (struct nomem__code_range){address, find_bytes(elf, address, byte_count, true), byte_count};
  return range->bytes != NULL;
}

bool nomem__code_range_find(Elf *elf, uint64_t address, struct nomem__code_range *range) {
  uint64_t entry = find_entry(elf, address);
  const uint8_t *bytes = entry != 0 ? find_bytes(elf, entry, FDE_BYTES, false) : NULL;
  if (bytes == NULL) return false;
  uint64_t start = entry + 8 + (uint64_t)(int64_t)read_signed(bytes + 8), length = read_unsigned(bytes + 12);
  return address >= start && address - start < length && nomem__code_range_at(elf, start, length, range);
}
