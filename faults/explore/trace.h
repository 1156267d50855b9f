/* A call stack as a list of (module, offset), whether a fault's or a crash's: compared, grouped and printed alike. */
#ifndef NOMEM_TRACE_H
#define NOMEM_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../channel.h"
#include "stack.h"
#include "symbols.h"

#define NOMEM_TRACE_DEPTH NOMEM__STACK_DEPTH

struct nomem__trace_frame {
  const char *path; /* of the module; "" for code outside every module */
  uint64_t offset;
  bool is_return_address;
};

/* Innermost frame first. Paths are borrowed unless it was made by nomem__trace_copy. */
struct nomem__trace {
  unsigned depth;
  struct nomem__trace_frame frame[NOMEM_TRACE_DEPTH];
};

/* The channel's numbers are checked: a crashing program may have written anything there. */
void nomem__trace_of_frames(const struct nomem_channel *channel, const nomem_frame *frames, unsigned depth,
                            struct nomem__trace *trace);
void nomem__trace_of_stack(const struct nomem__stack *stack, struct nomem__trace *trace);

/* A copy that owns its paths. Returns 0 or -ENOMEM. */
int nomem__trace_copy(struct nomem__trace *copy, const struct nomem__trace *trace);
void nomem__trace_free(struct nomem__trace *copy);

/* Whose doing it was: the first frame outside the C and C++ run-times. NULL when there is none. */
const struct nomem__trace_frame *nomem__trace_culprit(const struct nomem__trace *trace);

/* Equal for stacks whose culprit is the same line (the same instruction where there are no lines) of the same function
 * and, if with_caller is set, whose culprit was called by the same function. */
uint64_t nomem__trace_hash(const struct nomem__trace *trace, struct nomem__symbols *symbols, bool with_caller);

/* "function (file:line)" of the culprit, or what is known of it, made safe for a terminal. */
void nomem__trace_print_culprit(FILE *out, const struct nomem__trace *trace, struct nomem__symbols *symbols);

/* One line a frame, inlined ones included, each after indent blanks. */
void nomem__trace_print(FILE *out, const struct nomem__trace *trace, struct nomem__symbols *symbols, int indent);

#endif
