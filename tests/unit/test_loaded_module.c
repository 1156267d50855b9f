/* SPDX-License-Identifier: MIT */
/* Which module an address lies in: the same with a C library that has no _dl_find_object. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/inject/loaded_module.h"

static int variable;

static const struct link_map *both_ways(uintptr_t address) {
  const struct link_map *module = nomem__loaded_module(address);
  assert_ptr_equal(nomem__loaded_module_by_list(address), module);
  return module;
}

/* Code and data of the program and of libraries are found, with their names. No sanitizer replaces these functions. */
static void finds_modules(void **state) {
  (void)state;
  assert_string_equal(both_ways((uintptr_t)both_ways)->l_name, "");
  assert_string_equal(both_ways((uintptr_t)&variable)->l_name, "");
  assert_non_null(strstr(both_ways((uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version"))->l_name, "libc"));
  assert_non_null(strstr(both_ways((uintptr_t)dlsym(RTLD_DEFAULT, "_dl_mcount"))->l_name, "ld-linux"));
}

/* Nothing else is. */
static void finds_nothing_else(void **state) {
  (void)state;
  char *block = malloc(16);
  assert_null(both_ways((uintptr_t)&state));
  assert_null(both_ways((uintptr_t)block));
  assert_null(both_ways(0));
  assert_null(both_ways(UINTPTR_MAX));
  free(block);
}

/* A library is found while it is loaded. */
static void follows_loading(void **state) {
  (void)state;
  struct link_map *library = dlopen("libresolv.so.2", RTLD_NOW);
  if (library == NULL) {
    skip();
    return;
  }
  uintptr_t address = (uintptr_t)dlsym(library, "__dn_expand");
  if (address == 0) address = (uintptr_t)library->l_ld;
  assert_non_null(both_ways(address));
  dlclose(library);
  both_ways(address);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_modules),
      cmocka_unit_test(finds_nothing_else),
      cmocka_unit_test(follows_loading),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
