/* SPDX-License-Identifier: MIT */
/* Finds the operator new of a sanitizer that is linked into the program. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include "operator_new.h"
#include "sanitizer.h"

#define WEAK __attribute__((weak))

/* Each is NULL where it is not linked. */
#define X(function, parameters, arguments, throws) extern void *function parameters WEAK;
NOMEM_NEW_MAP(X)
#undef X
extern void throw_bad_alloc(void) __asm__(NOMEM_NEW_THROW) WEAK;
extern void get_new_handler(void) __asm__(NOMEM_NEW_GET_HANDLER) WEAK;
extern void __asan_init(void) WEAK, __hwasan_init(void) WEAK;

/* An operator that the program defines itself is left alone, because it calls malloc. AddressSanitizer's has a weak
 * name to allow for that; beside another sanitizer's there can be no second definition. */
static bool is_sanitizers(uintptr_t function) {
  Dl_info info;
  const ElfW(Sym) *symbol = NULL;
  if (function == 0 || !nomem__has_sanitizer) return false;
  if (&__asan_init == NULL && &__hwasan_init == NULL) return true;
  return dladdr1((void *)function, &info, (void **)&symbol, RTLD_DL_SYMENT) != 0 && symbol != NULL &&
         ELF64_ST_BIND(symbol->st_info) == STB_WEAK;
}

void nomem__new_find(struct nomem__new_functions *found) {
  const uintptr_t forms[NOMEM_NEW_FORMS] = {
#define X(function, parameters, arguments, throws) [NOMEM_NEW##function] = (uintptr_t)function,
      NOMEM_NEW_MAP(X)
#undef X
  };
  *found =
      (struct nomem__new_functions){.throw = (uintptr_t)throw_bad_alloc, .get_handler = (uintptr_t)get_new_handler};
  for (size_t i = 0; i < NOMEM_NEW_FORMS; i++)
    if (is_sanitizers(forms[i])) found->form[i] = forms[i];
}
