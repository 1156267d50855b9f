/* SPDX-License-Identifier: MIT */
/* A call stack as a list of (module, offset), whether a fault's or a crash's: compared, grouped and printed alike. */
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

/* How the C++ run-time came to abort. */
enum nomem__cpp_terminate {
  NOMEM_TERMINATE_NO,       /* it did not */
  NOMEM_TERMINATE_UNCAUGHT, /* nobody caught an exception */
  NOMEM_TERMINATE_UNTHROWN  /* it had no memory for the exception that would have told of the failure */
};

/* Innermost frame first. Paths are borrowed unless it was made by nomem__trace_copy. */
struct nomem__trace {
  unsigned depth;
  unsigned own; /* not 0: frames inside the C library that are its own doing, see nomem__trace_blame_library */
  unsigned skipped_frames; /* innermost frames that are not to blame, by what they are called */
  enum nomem__cpp_terminate terminate;
  struct nomem__trace_frame frame[NOMEM_TRACE_DEPTH];
};

/* The channel's numbers are checked: a crashing program may have written anything there. */
void nomem__trace_of_frames(const struct nomem_channel *channel, const nomem_frame *frames, unsigned depth,
                            struct nomem__trace *trace);
void nomem__trace_of_stack(const struct nomem__stack *stack, struct nomem__trace *trace);

/* A copy that owns its paths. Returns 0 or -ENOMEM. */
int nomem__trace_copy(struct nomem__trace *copy, const struct nomem__trace *trace);
void nomem__trace_free(struct nomem__trace *copy);

/* Whether two paths are one library's: the loader knows it by the name of a link, libmagic.so.1, and the kernel by the
 * file's own, libmagic.so.1.0.0. */
bool nomem__trace_is_same_file(const char *path, const char *other);

/* Whether two stacks are the same from these frames on, as far as both are known: a fault's are cut sooner. */
bool nomem__trace_is_same_from(const struct nomem__trace *a, unsigned at, const struct nomem__trace *b, unsigned bt);

/* Whether it is within a failing assertion of the C library's, which allocates its message. */
bool nomem__trace_is_assertion(const struct nomem__trace *trace, struct nomem__symbols *symbols);

/* Whether a fault is that of a stream's buffer: the C library then does without, and nobody is told. */
bool nomem__trace_is_stream_buffer(const struct nomem__trace *trace, struct nomem__symbols *symbols);

/* Blames a blow-up on the C library when the failed call was made inside the very call into it that blew up: it was
 * given nothing bad then, and did not cope with its own failure. Returns whether that is so. */
bool nomem__trace_blame_library(struct nomem__trace *blow_up, const struct nomem__trace *fault,
                                struct nomem__symbols *symbols);

/* Whose doing it was: the first frame outside the C and C++ run-times, or the C library's function that is to blame.
 * NULL when there is none. */
const struct nomem__trace_frame *nomem__trace_culprit(const struct nomem__trace *trace);

/* Of two calls, finds the function that led to both: in *of_one and *of_other, how many frames of each stack lie below
 * it. Returns how many frames above it they have in common; 0: none, and nothing is known. */
unsigned nomem__trace_part(const struct nomem__trace *one, const struct nomem__trace *other, unsigned *of_one,
                           unsigned *of_other);

/* Whether the culprits of two stacks are the same function. */
bool nomem__trace_same_function(const struct nomem__trace *one, const struct nomem__trace *other,
                                struct nomem__symbols *symbols);

/* What makes two stacks one finding. */
enum nomem__similarity {
  NOMEM_SAME_LINE,    /* the culprit is at the same line (the same instruction where there are no lines) */
  NOMEM_SAME_CALLER,  /* and was called by the same function */
  NOMEM_SAME_LOOP,    /* the culprit is the same function, wherever in it, and was called from the same line */
  NOMEM_SAME_FUNCTION /* the culprit is the same function (the same instruction where there are no names) */
};

/* Equal for stacks that are the same in that sense. */
uint64_t nomem__trace_hash(const struct nomem__trace *trace, struct nomem__symbols *symbols,
                           enum nomem__similarity sameness);

/* "function (file:line)" of the culprit, or what is known of it, made safe for a terminal. */
void nomem__trace_print_culprit(FILE *out, const struct nomem__trace *trace, struct nomem__symbols *symbols);

/* The same of one of the functions at a frame. */
void nomem__trace_print_source(FILE *out, const struct nomem__trace_frame *frame,
                               const struct nomem__source_frame *source);

/* How many frames a reader is shown: all but those of the C library's that start a process, from its _start to main. */
unsigned nomem__trace_depth_shown(const struct nomem__trace *trace, struct nomem__symbols *symbols);

/* One line for each frame that is shown, inlined ones included, after indent blanks. */
void nomem__trace_print(FILE *out, const struct nomem__trace *trace, struct nomem__symbols *symbols, int indent);

#endif
