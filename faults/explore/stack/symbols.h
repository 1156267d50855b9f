/* SPDX-License-Identifier: MIT */
/* Resolves code addresses to functions, files and lines.
 *
 * An address is given as in the channel: a module's path and the offset that the module's symbol table uses, which is
 * the address minus the one where the module was loaded (l_addr), or the address itself for a program that cannot be
 * moved. Answers are kept, because a campaign asks for the same few frames thousands of times. Nothing is fetched from
 * a network.
 *
 * Every string in an answer comes from a file that somebody else made: print it with nomem__print_safe or in the
 * escapes of the report's own format, never as it is.
 *
 * One object belongs to one thread; errno is not kept.
 */
#ifndef NOMEM_SYMBOLS_H
#define NOMEM_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many functions inlined into one another at one address are examined: of more, the outermost are left out. */
#define NOMEM_INLINED_MAX 16

struct nomem__symbols;

/* A function at an address. Strings belong to the nomem__symbols, until that is closed. */
struct nomem__source_frame {
  const char *function;     /* C++ names are demangled; NULL: not known, print module+0xoffset */
  uint64_t function_offset; /* from the beginning of the function's code, or of its cold part; 0 for an inlined one */
  const char *file;         /* relative to the working directory if below it; NULL: not known */
  unsigned line, column;    /* from 1; 0: not known */
  bool is_helper;           /* of C, declared inline, and inlined */
  bool inlined;             /* into the next frame, whose line is where it is called */
  const char *module;       /* the path that was asked for */
};

/* Returns the caller's object. No file is opened yet. */
struct nomem__symbols *nomem__symbols_open(void);

/* Where relative paths begin, the working directory at that time; it ends in a slash. NULL: not known, also of no
 * symbols (NULL). */
const char *nomem__symbols_directory(const struct nomem__symbols *symbols);

/* Frees it; NULL is allowed. */
void nomem__symbols_close(struct nomem__symbols *symbols);

/* Takes the names of a module from a file that is not to be found by the module's path, but open: the program runs
 * elsewhere, or has removed it. fd stays the caller's. Does nothing when the module has names already. */
void nomem__symbols_add_file(struct nomem__symbols *symbols, const char *path, int fd);

/* Returns a copy of path that lives as long as symbols. */
const char *nomem__symbols_keep_path(struct nomem__symbols *symbols, const char *path);

/* Writes the functions at offset in the module: inlined ones first, from the innermost outwards, then the one they are
 * inlined into. With is_return_address, offset stands for the call before it. Returns how many there are, at least 1
 * unless max is 0: where the file is missing, unreadable or stripped, there is one frame without a function. */
size_t nomem__symbols_resolve(struct nomem__symbols *symbols, const char *path, uint64_t offset, bool is_return_address,
                              struct nomem__source_frame *frames, size_t max);

struct nomem__debug_parameter;
struct nomem__debug_result;

/* As nomem__debug_info_find_pointers, for a module. The answer is not kept. */
int nomem__symbols_find_pointers(struct nomem__symbols *symbols, const char *path, uint64_t offset,
                                 bool is_return_address, struct nomem__debug_parameter *parameters, int max);

/* As nomem__debug_info_find_results. */
size_t nomem__symbols_find_results(struct nomem__symbols *symbols, const char *path, uint64_t offset,
                                   struct nomem__debug_result *results, size_t max);

/* As nomem__debug_info_may_take_function. */
bool nomem__symbols_may_take_function(struct nomem__symbols *symbols, const char *path, uint64_t offset);

struct nomem__function_code;

/* Returns the instructions of the function that has offset in it, which belong to symbols. NULL: they are not known. */
const struct nomem__function_code *nomem__symbols_find_code(struct nomem__symbols *symbols, const char *path,
                                                            uint64_t offset);

struct nomem__instruction;

/* Whether a call in one module goes to the function that begins at an offset of this or another one, rather than to one
 * that then jumps there. */
bool nomem__symbols_is_call_of(struct nomem__symbols *symbols, const char *path, const struct nomem__instruction *call,
                               const char *callee_path, uint64_t start);

/* The function that a call in the module *path goes to: in the same module, or in another one that is known already and
 * is no run-time, whose path is then in *path. It belongs to symbols. NULL: it is not known. */
const struct nomem__function_code *nomem__symbols_find_callee(struct nomem__symbols *symbols, const char **path,
                                                              const struct nomem__instruction *call);

/* The name, demangled, of the function that the call before a return address goes to, in the same module or another
 * one. NULL: it is not known. */
const char *nomem__symbols_find_called(struct nomem__symbols *symbols, const char *path, uint64_t return_offset);

/* As nomem__debug_info_find_result, for a module. The answer is not kept. */
struct nomem__debug_result nomem__symbols_find_result(struct nomem__symbols *symbols, const char *path,
                                                      uint64_t offset);

/* As nomem__debug_info_each_function, of a module whose file is there. */
bool nomem__symbols_each_function(struct nomem__symbols *symbols, const char *path, int max,
                                  void (*visit)(void *user, uint64_t offset), void *user);

/* Whether a module's file has a symbol of this name. */
bool nomem__symbols_has_symbol(struct nomem__symbols *symbols, const char *path, const char *name);

/* As nomem__debug_info_each_enumerator. */
bool nomem__symbols_each_enumerator(struct nomem__symbols *symbols, const char *path, uint64_t offset,
                                    void (*visit)(void *user, const char *name, int64_t value), void *user);

#endif
