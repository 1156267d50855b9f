/* SPDX-License-Identifier: MIT */
#include "imports.h"

#include <elf.h>
#include <gelf.h>

#include "code_ranges.h"

/* A stub jumps by the table in one of its first instructions. */
#define STUB_BYTES 16

/* The address of the table's entry that an instruction reads where to go from; 0: none. */
static uint64_t entry_of(const struct nomem__instruction *instruction) {
  bool is_read = instruction->from.kind == NOMEM_OPERAND_MEMORY && instruction->from.base == NOMEM_ABSOLUTE;
  bool is_jump = instruction->operation == NOMEM_OPERATION_CALL || instruction->operation == NOMEM_OPERATION_JUMP;
  return is_read && is_jump ? (uint64_t)instruction->from.value : 0;
}

static uint64_t entry_of_stub(Elf *elf, uint64_t address) {
  struct nomem__code_range range;
  struct nomem__instruction instruction;
  if (!nomem__code_range_at(elf, address, STUB_BYTES, &range)) return 0;
  for (size_t at = 0; at < STUB_BYTES; at += instruction.length) {
    if (!nomem__instruction_read(range.bytes + at, STUB_BYTES - at, address + at, &instruction)) return 0;
    uint64_t entry = entry_of(&instruction);
    if (entry != 0) return entry;
    if (instruction.operation != NOMEM_OPERATION_OTHER) return 0;
  }
  return 0;
}

/* The name of the symbol whose address a section has put into an entry. */
static const char *find_in_section(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, uint64_t entry) {
  Elf_Data *data = elf_getdata(section, NULL);
  Elf_Scn *symbols = elf_getscn(elf, header->sh_link);
  GElf_Shdr symbols_header;
  Elf_Data *symbols_data = symbols != NULL ? elf_getdata(symbols, NULL) : NULL;
  if (data == NULL || symbols_data == NULL || gelf_getshdr(symbols, &symbols_header) == NULL) return NULL;
  for (int i = 0; header->sh_entsize > 0 && (uint64_t)i < header->sh_size / header->sh_entsize; i++) {
    GElf_Rela relocation;
    GElf_Sym symbol;
    if (gelf_getrela(data, i, &relocation) == NULL) return NULL;
    if (relocation.r_offset != entry) continue;
    if (gelf_getsym(symbols_data, (int)GELF_R_SYM(relocation.r_info), &symbol) == NULL) return NULL;
    return elf_strptr(elf, symbols_header.sh_link, symbol.st_name);
  }
  return NULL;
}

const char *nomem__import_find(Elf *elf, const struct nomem__instruction *call) {
  uint64_t entry = call->target != 0 ? entry_of_stub(elf, call->target) : entry_of(call);
  Elf_Scn *section = NULL;
  while (entry != 0 && (section = elf_nextscn(elf, section)) != NULL) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == NULL || header.sh_type != SHT_RELA) continue;
    const char *name = find_in_section(elf, section, &header, entry);
    if (name != NULL) return name;
  }
  return NULL;
}
