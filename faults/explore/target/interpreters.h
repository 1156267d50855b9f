/* SPDX-License-Identifier: MIT */
/* Interpreters: programs that run somebody's script. What is tested with one is most often a module in C that the
 * script loads, a shared object. Pure: all is told by names. */
#ifndef NOMEM_INTERPRETERS_H
#define NOMEM_INTERPRETERS_H

#include <stdbool.h>
#include <stddef.h>

/* So many variables the runs of one interpreter have. */
#define NOMEM__INTERPRETER_VARIABLES 3

/* And those of all of them together. */
#define NOMEM__INTERPRETERS_VARIABLES 16

struct nomem__interpreter {
  const char *names;       /* globs of the program's base name, with commas */
  const char *own_modules; /* globs of the paths of modules that come with it, wherever it is installed */
  /* "NAME=value": what makes its allocations visible, and the same from run to run. */
  const char *variables[NOMEM__INTERPRETER_VARIABLES];
  bool needs_memory;  /* it ends at once where its own allocations fail, whoever called it */
  bool frees_objects; /* it finds out itself which of its objects to free, and when: a module cannot lose one */
};

/* The interpreter that a program is, by the name of its file; NULL: it is none. */
const struct nomem__interpreter *nomem__interpreter_of(const char *program);

/* The number-th interpreter, from 0, among the globs of --image; NULL: there are no more. */
const struct nomem__interpreter *nomem__interpreter_in(const char *image, size_t number);

/* Whether a program lies where programs are installed: it is not under test itself. */
bool nomem__is_installed_program(const char *path);

/* Whose a module is that an interpreter has loaded, the last being the likeliest to be under test. */
enum nomem__module_kind {
  NOMEM_MODULE_SYSTEMS,   /* the system's or the interpreter's */
  NOMEM_MODULE_INSTALLED, /* anybody's, where modules are installed */
  NOMEM_MODULE_PROJECTS   /* anybody's, elsewhere */
};

enum nomem__module_kind nomem__module_kind_of(const char *module, const char *interpreter);

#endif
