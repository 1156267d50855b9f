/* SPDX-License-Identifier: MIT */
#include "interpreters.h"

#include <string.h>

#include "../../program_kinds.h"
#include "program_names.h"

/* Python's own allocator would hide all small blocks, the order of its sets differs from run to run, and a run that
 * writes what it has compiled to a cache spares the next one that work. Perl's hashes have an order, too. */
static const struct nomem__interpreter interpreters[] = {
    {.names = "python,python2*,python3*",
     .own_modules = "*/lib-dynload/*,*/libpython*",
     .variables = {"PYTHONMALLOC=malloc", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1"}},
    {.names = "perl,perl5*", .own_modules = "*/libperl.so*", .variables = {"PERL_HASH_SEED=0", "PERL_PERTURB_KEYS=0"}},
    {.names = "ruby,ruby1*,ruby2*,ruby3*", .own_modules = "*/libruby*", .frees_objects = true},
    {.names = "lua,lua5*,luajit*", .own_modules = "*/liblua*", .frees_objects = true},
    {.names = "node,nodejs", .own_modules = "*/libnode.so*", .needs_memory = true, .frees_objects = true},
};

_Static_assert(sizeof interpreters / sizeof *interpreters * NOMEM__INTERPRETER_VARIABLES <=
                   NOMEM__INTERPRETERS_VARIABLES,
               "there is room for the variables of all");

const struct nomem__interpreter *nomem__interpreter_of(const char *program) {
  for (size_t i = 0; i < sizeof interpreters / sizeof *interpreters; i++)
    if (nomem__matches_any(interpreters[i].names, nomem__base_name(program))) return &interpreters[i];
  return NULL;
}

static bool is_named(const struct nomem__interpreter *interpreter, const char *image) {
  while (*image != '\0') {
    char name[NOMEM_PLAN_NAME_BYTES] = "";
    image += strspn(image, " ");
    size_t length = strcspn(image, ",");
    memcpy(name, image, length < sizeof name ? length : sizeof name - 1);
    if (nomem__matches_any(interpreter->names, name)) return true;
    image += length + (image[length] == ',');
  }
  return false;
}

const struct nomem__interpreter *nomem__interpreter_in(const char *image, size_t number) {
  for (size_t i = 0; image != NULL && i < sizeof interpreters / sizeof *interpreters; i++)
    if (is_named(&interpreters[i], image) && number-- == 0) return &interpreters[i];
  return NULL;
}

/* The length of the folder in which a program's "bin" lies, with its slash; 0: it lies in no such folder. */
static size_t prefix_of(const char *program) {
  static const char bin[] = "bin/";
  size_t folder = (size_t)(nomem__base_name(program) - program), length = strlen(bin);
  if (folder <= length || strncmp(program + folder - length, bin, length) != 0) return 0;
  return program[folder - length - 1] == '/' ? folder - length : 0;
}

bool nomem__is_installed_program(const char *path) {
  return nomem__is_part_of_system(path) || prefix_of(path) > 0;
}

/* Whether a module lies in a library folder of the system's, or in that beside the "bin" of the interpreter. */
static bool is_part_of_installation(const char *module, const char *interpreter) {
  static const char folders[] = "/lib/*,/lib32/*,/lib64/*,/libx32/*,/nix/store/*,/gnu/store/*";
  size_t length = prefix_of(interpreter);
  bool is_beside = length > 0 && strncmp(module, interpreter, length) == 0;
  return nomem__is_part_of_system(module) || nomem__matches_any(folders, module) ||
         (is_beside && nomem__matches_any("lib/*,lib64/*", module + length));
}

enum nomem__module_kind nomem__module_kind_of(const char *module, const char *interpreter) {
  static const char installed[] =
      "*/site-packages/*,*/dist-packages/*,*/node_modules/*,*/gems/*,*/lib/perl5/*,*/lib/lua/*";
  const struct nomem__interpreter *kind = nomem__interpreter_of(interpreter);
  bool is_own = strcmp(module, interpreter) == 0 || (kind != NULL && nomem__matches_any(kind->own_modules, module));
  if (*module != '/' || is_own || nomem__is_runtime(nomem__base_name(module))) return NOMEM_MODULE_SYSTEMS;
  if (nomem__matches_any(installed, module) && !nomem__is_part_of_system(module)) return NOMEM_MODULE_INSTALLED;
  return is_part_of_installation(module, interpreter) ? NOMEM_MODULE_SYSTEMS : NOMEM_MODULE_PROJECTS;
}
