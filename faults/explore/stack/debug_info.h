/* SPDX-License-Identifier: MIT */
/* The names in an ELF file: which functions, inlined ones included, and which line an address belongs to.
 *
 * Addresses are those of the file's own symbol table. Separate debug files are found by build id and by debug link,
 * below /usr/lib/debug and beside the file; nothing is ever fetched from a network, whatever DEBUGINFOD_URLS says.
 * Strings belong to the object; the file contains them, so they may be hostile. Not thread-safe.
 */
#ifndef NOMEM_DEBUG_INFO_H
#define NOMEM_DEBUG_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nomem__debug_info;

/* A function at an address. Without debug information there is at most one, and it has no file and no line. */
struct nomem__debug_frame {
  const char *name;      /* mangled when it is C++; NULL: nothing is known */
  uint64_t start;        /* where the function's code around the address begins; not set for an inlined one */
  const char *directory; /* where the compiler ran, or NULL */
  const char *file;      /* relative to directory, joined to it or absolute; NULL: not known */
  unsigned line, column; /* 0: not known */
  bool is_helper;        /* of C, declared inline, and inlined */
  bool inlined;
};

/* Opens the file at path, which must be a program or a shared object. Returns 0 and the caller's object, or a negative
 * error code: -ENOEXEC for any other kind of file. Does not block on a file that is not a regular one. */
int nomem__debug_info_open(struct nomem__debug_info **info, const char *path);

/* The same of a file that is open already, and is taken over. path: by which it is known. */
int nomem__debug_info_open_file(struct nomem__debug_info **info, const char *path, int fd);

void nomem__debug_info_close(struct nomem__debug_info *info);

/* Writes the functions that the instruction at address belongs to: inlined ones first, from the innermost outwards,
 * then the one they are inlined into. Returns how many there are, at most max; 0 when nothing is known. Of more than
 * max, the innermost are written. */
size_t nomem__debug_info_find_frames(struct nomem__debug_info *info, uint64_t address,
                                     struct nomem__debug_frame *frames, size_t max);

/* Sets the name and the start of the outermost of them by the symbols of the file and of its debug file alone, which
 * takes no time. False: nothing is known. */
bool nomem__debug_info_name_frame(struct nomem__debug_info *info, uint64_t address, struct nomem__debug_frame *frame);

/* Where a parameter lies in memory while its function is executed. */
struct nomem__debug_parameter {
  int64_t offset; /* in bytes from the canonical frame address, or from the frame pointer */
  bool is_from_frame_pointer;
  bool is_known; /* false: it is not in memory, or not all the time */
  int word;      /* its number among the parameters that are passed as whole words; -1: not known */
};

/* Writes the parameters that are pointers, in their order, of the function at address; of functions inlined into one
 * another, the outermost one. Returns how many, at most max, or -1 when there is no debug information of the function.
 * Where they lie is known for most code that was compiled without optimisation, and for little other code. */
int nomem__debug_info_find_pointers(struct nomem__debug_info *info, uint64_t address,
                                    struct nomem__debug_parameter *parameters, int max);

struct nomem__code_range;

/* Finds the machine code that has address in it: of a function, or of a piece that the compiler moved away from one.
 * The bytes belong to the object. False: it is not known where that begins and ends. */
bool nomem__debug_info_find_code(struct nomem__debug_info *info, uint64_t address, struct nomem__code_range *range);

struct nomem__instruction;

/* The name of the function of another module that a call or a jump goes to; NULL: it goes elsewhere. */
const char *nomem__debug_info_find_import(struct nomem__debug_info *info, const struct nomem__instruction *call);

/* The symbol whose code has address in it, as the linker knows it; NULL: there is none. */
const char *nomem__debug_info_symbol_at(struct nomem__debug_info *info, uint64_t address);

/* The address of the symbol with this name; 0: there is none. */
uint64_t nomem__debug_info_find_symbol(struct nomem__debug_info *info, const char *name);

/* Visits the address of each function that the file has a symbol of, no more than max. False: there are more. */
bool nomem__debug_info_each_function(struct nomem__debug_info *info, int max,
                                     void (*visit)(void *user, uint64_t address), void *user);

/* The type of what a function returns. */
struct nomem__debug_result {
  enum {
    NOMEM_RESULT_UNKNOWN,
    NOMEM_RESULT_NONE,
    NOMEM_RESULT_POINTER,
    NOMEM_RESULT_SIGNED,
    NOMEM_RESULT_UNSIGNED,
    NOMEM_RESULT_BOOL
  } kind; /* unknown for any other type, too */
  unsigned bytes;
};

/* Returns what the function at address returns, as far as debug information tells. */
struct nomem__debug_result nomem__debug_info_find_result(struct nomem__debug_info *info, uint64_t address);

/* The same of each function there, inlined ones included, in the order of nomem__debug_info_find_frames. Returns how
 * many were written, at most max; 0: nothing is known. */
size_t nomem__debug_info_find_results(struct nomem__debug_info *info, uint64_t address,
                                      struct nomem__debug_result *results, size_t max);

/* Whether the function at address may be given another one to call, by a parameter. Also true when it is not known. */
bool nomem__debug_info_may_take_function(struct nomem__debug_info *info, uint64_t address);

/* Of an enumeration that a function returns: one of its values, by name. */
typedef void (*nomem__debug_visit_enumerator)(void *user, const char *name, int64_t value);

/* Visits each value of the enumeration that the function at address returns. False: it returns none, or nothing is
 * known of it. Names are the file's. */
bool nomem__debug_info_each_enumerator(struct nomem__debug_info *info, uint64_t address,
                                       nomem__debug_visit_enumerator visit, void *user);

#endif
