/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "loaded_module.h"

#include <string.h>

/* What _dl_find_object fills in: its header is as new as itself. */
struct found {
  unsigned long long flags;
  void *start, *end;
  struct link_map *module;
  void *unwind_table;
  unsigned long long reserved[7];
};

extern int find_object(void *address, struct found *found) __asm__("_dl_find_object") __attribute__((weak));

struct search {
  uintptr_t address;
  uintptr_t base;
  const char *name; /* NULL: not found */
};

static int look_at_module(struct dl_phdr_info *info, size_t size, void *argument) {
  struct search *search = argument;
  (void)size;
  for (unsigned i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    uintptr_t offset = search->address - info->dlpi_addr - segment->p_vaddr;
    if (segment->p_type != PT_LOAD || offset >= segment->p_memsz) continue;
    search->base = info->dlpi_addr;
    search->name = info->dlpi_name;
    return 1;
  }
  return 0;
}

/* Its one use inside the program under test: see the header for why it may be called here. */
const struct link_map *nomem__loaded_module_by_list(uintptr_t address) {
  struct search search = {.address = address};
  dl_iterate_phdr(look_at_module, &search);
  if (search.name == NULL) return NULL;
  if (_r_debug.r_map == NULL) { /* the program is static: it is the only module */
    static struct link_map alone = {.l_name = ""};
    alone.l_addr = search.base;
    return &alone;
  }
  for (const struct link_map *module = _r_debug.r_map; module != NULL; module = module->l_next)
    if (module->l_addr == search.base && strcmp(module->l_name, search.name) == 0) return module;
  return NULL;
}

const struct link_map *nomem__loaded_module(uintptr_t address) {
  struct found found;
  if (&find_object == NULL) return nomem__loaded_module_by_list(address);
  return find_object((void *)address, &found) == 0 ? found.module : NULL;
}
