/* SPDX-License-Identifier: MIT */
/* One ELF file's names: which functions, inlined ones included, and which lines an address belongs to.
 *
 * Addresses are those of the file's own symbol table. Separate debug files are found by build id and by debug link,
 * below /usr/lib/debug and beside the file; nothing is ever fetched from a network, whatever DEBUGINFOD_URLS says.
 * Strings belong to the object and are what the file contains: hostile. Not thread-safe. When memory runs out inside
 * libdw, libdw ends the process.
 */
#ifndef NOMEM_DEBUG_INFO_H
#define NOMEM_DEBUG_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nomem__debug_info;

/* One function at an address. Without debug information there is one frame at most, without file and line. */
struct nomem__debug_frame {
  const char *name;      /* mangled when it is C++; NULL: nothing is known */
  uint64_t start;        /* where the code of the function that holds the address begins; unset for an inlined one */
  const char *directory; /* where the compiler ran, or NULL */
  const char *file;      /* relative to directory, joined to it or absolute; NULL: not known */
  unsigned line, column; /* 0: not known */
  bool inlined;
};

/* Opens the file at path, which must be a program or shared object. Returns 0 and the caller's object, or a negative
 * error code: -ENOEXEC for any other kind of file. Never blocks on what is no regular file. */
int nomem__debug_info_open(struct nomem__debug_info **info, const char *path);
void nomem__debug_info_close(struct nomem__debug_info *info);

/* Writes what the instruction at address belongs to: inlined functions innermost first, then the one they are inlined
 * into. Returns how many frames, 0 when nothing is known. The innermost max are kept. */
size_t nomem__debug_info_frames(struct nomem__debug_info *info, uint64_t address, struct nomem__debug_frame *frames,
                                size_t max);

/* Where, while a function stands at an address, a parameter that is a pointer lies in memory: offset bytes from the
 * frame's canonical frame address, or from its frame pointer. */
struct nomem__debug_parameter {
  int64_t offset;
  bool is_from_frame_pointer;
  bool is_known; /* false: not there, or not all the time */
};

/* Writes the function's parameters that are pointers, in their order, and returns how many, at most max, or -1 when
 * there is no debug information of it. Where they are is known in code without optimisation, mostly. Of functions
 * inlined into one another the one that the machine knows is meant. */
int nomem__debug_info_pointers(struct nomem__debug_info *info, uint64_t address,
                               struct nomem__debug_parameter *parameters, int max);

/* What a function returns. */
struct nomem__debug_result {
  enum {
    NOMEM_RESULT_UNKNOWN,
    NOMEM_RESULT_NONE,
    NOMEM_RESULT_POINTER,
    NOMEM_RESULT_SIGNED,
    NOMEM_RESULT_UNSIGNED,
    NOMEM_RESULT_BOOL
  } kind; /* unknown also for what is none of these */
  unsigned bytes;
};

/* The same of the function at an address, where there is debug information of it. */
struct nomem__debug_result nomem__debug_info_result(struct nomem__debug_info *info, uint64_t address);

#endif
