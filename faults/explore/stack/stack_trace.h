/* SPDX-License-Identifier: MIT */
/* A call stack as a list of modules and offsets. The stack of a failed call, which the program noted itself, and that
 * of a crash, which was captured from outside, are compared, grouped and printed alike. */
#ifndef NOMEM_STACK_TRACE_H
#define NOMEM_STACK_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../../channel.h"
#include "stack_capture.h"
#include "symbols.h"

#define NOMEM_TRACE_DEPTH NOMEM__STACK_DEPTH

struct nomem__trace_frame {
  const char *path; /* of the module; "" for code outside every module */
  uint64_t offset;
  bool is_return_address;
};

/* Why a run-time, of C++ if nothing else is said, aborted. */
enum nomem__cpp_terminate {
  NOMEM_TERMINATE_NO,       /* it did not */
  NOMEM_TERMINATE_UNCAUGHT, /* nobody caught an exception */
  NOMEM_TERMINATE_UNTHROWN  /* it had no memory for the exception that would have reported the failure; or Rust's, or
                               the C library's, had none for itself */
};

/* From the innermost frame outwards. Paths are borrowed, except in one that nomem__trace_copy filled. */
struct nomem__trace {
  unsigned depth;
  unsigned library_frames; /* not 0: this many frames are the C library's fault, see nomem__trace_blame_library */
  unsigned skipped_frames; /* so many of the innermost frames are known not to be to blame */
  unsigned shown_function; /* of the functions inlined into one another that are to blame, the one to name */
  enum nomem__cpp_terminate terminate;
  struct nomem__trace_frame frame[NOMEM_TRACE_DEPTH];
};

/* Fill a trace from the channel, whose numbers are checked, because a crashing program may have written anything there;
 * or from a captured stack. */
void nomem__trace_of_frames(const struct nomem_channel *channel, const nomem_frame *frames, unsigned depth,
                            struct nomem__trace *trace);
void nomem__trace_of_stack(const struct nomem__stack *stack, struct nomem__trace *trace);

/* Fills copy with a copy that owns its paths. */
void nomem__trace_copy(struct nomem__trace *copy, const struct nomem__trace *trace);
void nomem__trace_free(struct nomem__trace *copy);

/* Whether two paths name the same library. The loader knows it by the name of a link, such as libmagic.so.1, the kernel
 * by that of the file, libmagic.so.1.0.0. */
bool nomem__trace_is_same_file(const char *path, const char *other);

/* Whether two stacks are the same from these frames outwards, as far as both go: that of a failed call is cut sooner.
 */
bool nomem__trace_is_same_from(const struct nomem__trace *a, unsigned at, const struct nomem__trace *b, unsigned bt);

/* Whether the call was made by a failing assertion of the C library, which allocates its message. */
bool nomem__trace_is_assertion(const struct nomem__trace *trace, struct nomem__symbols *symbols);

/* Whether the C library does without what the failed call was for, and nobody is notified: the buffer of a stream, the
 * second copy of what is sorted, the local time zone. */
bool nomem__trace_is_dispensable(const struct nomem__trace *trace, struct nomem__symbols *symbols);

/* Blames a blow-up on the C library when the failed call was made within the same call into the library that blew up:
 * the library was given nothing bad then, and did not cope with its own failure. Returns whether it did. */
bool nomem__trace_blame_library(struct nomem__trace *blow_up, const struct nomem__trace *fault,
                                struct nomem__symbols *symbols);

/* Blames the loss of a block on the C library when its own call to reallocate the block failed: the block belongs to a
 * call into the library that is going on. Not where the caller has it, as of getline, or of a stream. */
bool nomem__trace_blame_library_for_loss(struct nomem__trace *reallocated, struct nomem__symbols *symbols);

/* Returns the frame that is to blame: the first outside the C and C++ run-times, or the function of the C library that
 * is to blame. NULL: there is none. */
const struct nomem__trace_frame *nomem__trace_culprit(const struct nomem__trace *trace);

/* Finds the function that led to both of two calls, and sets *of_one and *of_other to the number of frames that lie
 * below it in each stack. Returns how many frames from there outwards both have in common; 0: none, and nothing is set.
 */
unsigned nomem__trace_find_common(const struct nomem__trace *one, const struct nomem__trace *other, unsigned *of_one,
                                  unsigned *of_other);

/* Whether the culprits of two stacks are the same function. */
bool nomem__trace_is_same_function(const struct nomem__trace *one, const struct nomem__trace *other,
                                   struct nomem__symbols *symbols);

/* What two stacks must have in common to be one finding. */
enum nomem__similarity {
  NOMEM_SAME_LINE,    /* the culprit is at the same line (the same instruction where there are no lines) */
  NOMEM_SAME_CALLER,  /* and was called by the same function */
  NOMEM_SAME_LOOP,    /* the culprit is the same function, wherever in it, and was called from the same line */
  NOMEM_SAME_FUNCTION /* the culprit is the same function (the same instruction where there are no names) */
};

/* Returns a hash that is equal for stacks that are the same in that sense. */
uint64_t nomem__trace_hash(const struct nomem__trace *trace, struct nomem__symbols *symbols,
                           enum nomem__similarity sameness);

/* Which of the functions inlined into one another at the frame that is to blame is named to a reader: a small helper
 * that is declared inline in C says less than its caller. */
size_t nomem__trace_shown_function(const struct nomem__trace *trace, const struct nomem__source_frame *sources,
                                   size_t count);

/* Prints "function (file:line)" of the frame that is to blame, or what is known of it, made safe for a terminal. */
void nomem__trace_print_culprit(FILE *out, const struct nomem__trace *trace, struct nomem__symbols *symbols);

/* Prints the same of one of the functions at a frame. */
void nomem__trace_print_source(FILE *out, const struct nomem__trace_frame *frame,
                               const struct nomem__source_frame *source);

/* Returns how many frames are shown to a reader: all but those of the C library that start a process, from _start to
 * main. */
unsigned nomem__trace_depth_shown(const struct nomem__trace *trace, struct nomem__symbols *symbols);

/* Prints a line, after indent blanks, for each frame that is shown to a reader, from number from to before to
 * (NOMEM_TRACE_DEPTH: to the last), and for each function inlined there. The numbers are those in the whole stack. */
void nomem__trace_print(FILE *out, const struct nomem__trace *trace, struct nomem__symbols *symbols, unsigned from,
                        unsigned to, int indent);

#endif
