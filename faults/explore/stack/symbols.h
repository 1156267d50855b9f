/* SPDX-License-Identifier: MIT */
/* Turns code addresses into functions, files and lines.
 *
 * An address is given as in the channel: a module's path and the offset that the module's symbol table uses, which is
 * the address minus where the module was loaded (l_addr), or the address itself for a program that cannot be moved.
 * Answers are kept: a campaign asks for the same few frames thousands of times. Nothing is fetched from a network.
 *
 * Every string that comes out of here was in a file that somebody else made: write it with nomem__print_safe or the
 * escapes of the report's own format, never as it is.
 *
 * Not thread-safe: one object belongs to one thread. errno is not kept.
 */
#ifndef NOMEM_SYMBOLS_H
#define NOMEM_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Functions inlined into one another at one address that are looked at: of more, the outermost are left out. */
#define NOMEM_INLINED_MAX 16

struct nomem__symbols;

/* Strings belong to the nomem__symbols that gave them, until it is closed. */
struct nomem__source_frame {
  const char *function;     /* C++ names demangled; NULL: not known, say module+0xoffset */
  uint64_t function_offset; /* from where the function's code (its cold part apart) begins; 0 for an inlined one */
  const char *file;         /* relative to the working directory when below it; NULL: not known */
  unsigned line, column;    /* from 1; 0: not known */
  bool inlined;             /* into the next frame, whose line is where it was called */
  const char *module;       /* the path that was asked for */
};

/* Returns 0 and the caller's object, or -ENOMEM. Opens no file yet. */
int nomem__symbols_open(struct nomem__symbols **symbols);

/* NULL is allowed. */
void nomem__symbols_close(struct nomem__symbols *symbols);

/* The same path, which lives as long as symbols; "" when memory runs out. */
const char *nomem__symbols_path(struct nomem__symbols *symbols, const char *path);

/* Writes the frames at offset in the module: inlined functions innermost first, then the function that the machine
 * knows. is_return_address: the code before offset is meant, the call that returns there. Returns how many frames, at
 * least 1 unless max is 0: a file that is missing, unreadable or stripped, and want of memory, too, give one frame
 * without a function. */
size_t nomem__symbols_resolve(struct nomem__symbols *symbols, const char *path, uint64_t offset, bool is_return_address,
                              struct nomem__source_frame *frames, size_t max);

struct nomem__debug_parameter;
struct nomem__debug_result;

/* As nomem__debug_info_pointers, for a module. Not kept. */
int nomem__symbols_pointers(struct nomem__symbols *symbols, const char *path, uint64_t offset, bool is_return_address,
                            struct nomem__debug_parameter *parameters, int max);

/* As nomem__debug_info_result. Not kept. */
struct nomem__debug_result nomem__symbols_result(struct nomem__symbols *symbols, const char *path, uint64_t offset);

#endif
