/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "call_redirection.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../program_kinds.h"

#if defined __x86_64__
#define IS_SLOT(type) ((type) == R_X86_64_JUMP_SLOT || (type) == R_X86_64_GLOB_DAT)
#elif defined __aarch64__
#define IS_SLOT(type) ((type) == R_AARCH64_JUMP_SLOT || (type) == R_AARCH64_GLOB_DAT)
#else
#error "add this machine's relocations"
#endif

struct request {
  const char *library;
  const struct nomem__redirection *redirections;
  size_t count;
};

/* The tables of a library, where it is loaded. */
struct tables {
  const ElfW(Sym) * symbols;
  const char *names;
  const ElfW(Rela) * relocations[2];
  size_t bytes[2];
};

static void read_tables(const struct dl_phdr_info *info, const ElfW(Dyn) * entry, struct tables *tables) {
  *tables = (struct tables){0};
  for (; entry->d_tag != DT_NULL; entry++) {
    /* The dynamic linker has added the load address already, except on some machines. */
    uintptr_t at = entry->d_un.d_ptr < info->dlpi_addr ? info->dlpi_addr + entry->d_un.d_ptr : entry->d_un.d_ptr;
    const void *place = (const void *)at; /* NOLINT: an address in memory */
    if (entry->d_tag == DT_SYMTAB) tables->symbols = place;
    if (entry->d_tag == DT_STRTAB) tables->names = place;
    if (entry->d_tag == DT_JMPREL) tables->relocations[0] = place;
    if (entry->d_tag == DT_RELA) tables->relocations[1] = place;
    if (entry->d_tag == DT_PLTRELSZ) tables->bytes[0] = entry->d_un.d_val;
    if (entry->d_tag == DT_RELASZ) tables->bytes[1] = entry->d_un.d_val;
  }
}

static void redirect_one(const struct request *request, const struct dl_phdr_info *info, const struct tables *tables,
                         const ElfW(Rela) * relocation) {
  if (!IS_SLOT(ELF64_R_TYPE(relocation->r_info))) return;
  const char *name = tables->names + tables->symbols[ELF64_R_SYM(relocation->r_info)].st_name;
  uintptr_t *slot = (uintptr_t *)(info->dlpi_addr + relocation->r_offset); /* NOLINT: an address in memory */
  for (size_t i = 0; i < request->count; i++)
    if (strcmp(request->redirections[i].name, name) == 0) *slot = request->redirections[i].target;
}

/* The part of a library's data that is read-only once it is loaded. Returns whether it could be changed to that. */
static bool protect(const struct dl_phdr_info *info, int protection) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    if (segment->p_type != PT_GNU_RELRO) continue;
    uintptr_t start = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
    uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
    return mprotect((void *)start, end - start, protection) == 0; /* NOLINT: an address in memory */
  }
  return true;
}

static int redirect_in(struct dl_phdr_info *info, size_t bytes, void *user) {
  const struct request *request = user;
  (void)bytes;
  if (!nomem__glob(request->library, nomem__base_name(info->dlpi_name))) return 0;
  struct tables tables = {0};
  for (size_t i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
      read_tables(info, (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), &tables); /* NOLINT */
  if (tables.symbols == NULL || tables.names == NULL || !protect(info, PROT_READ | PROT_WRITE)) return 0;
  for (size_t table = 0; table < 2; table++)
    for (size_t i = 0; i < tables.bytes[table] / sizeof(ElfW(Rela)); i++)
      redirect_one(request, info, &tables, &tables.relocations[table][i]);
  protect(info, PROT_READ);
  return 0;
}

void nomem__redirect_calls(const char *library, const struct nomem__redirection *redirections, size_t count) {
  struct request request = {library, redirections, count};
  dl_iterate_phdr(redirect_in, &request);
}
