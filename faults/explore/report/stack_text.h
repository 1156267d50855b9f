/* SPDX-License-Identifier: MIT */
/* Stacks of a document (docs/reports.md), as text for people. A document has an entry for each function; those that are
 * inlined into one another are one frame. */
#ifndef NOMEM_STACK_TEXT_H
#define NOMEM_STACK_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* A stack to look at. All zero: there is none. */
struct nomem__shown_stack {
  const json_t *entries;
  size_t culprit; /* the entry that is to blame */
  size_t shown;   /* so many entries are shown: all but those that start the process */
};

/* Returns the stack in an object with "stack", which may be NULL. */
struct nomem__shown_stack nomem__shown_stack_of(const json_t *trace);

/* Returns the first entry of the frame that an entry belongs to, and the one after its last. */
size_t nomem__shown_frame_begin(const struct nomem__shown_stack *stack, size_t entry);
size_t nomem__shown_frame_end(const struct nomem__shown_stack *stack, size_t entry);

/* How many of the outermost entries that are shown two stacks have in common, without the frames that are to blame. */
size_t nomem__shown_stacks_common(const struct nomem__shown_stack *one, const struct nomem__shown_stack *other);

/* How many entries are shown outside the frame that is to blame. */
size_t nomem__shown_stack_outside(const struct nomem__shown_stack *stack);

/* Returns where so many frames from an entry on end, but no later than at the other entry; *left_out is how many more
 * there are until there. */
size_t nomem__shown_frames_end(const struct nomem__shown_stack *stack, size_t from, size_t to, size_t frames,
                               size_t *left_out);

/* Prints "function (file:line)", or what is known of it. */
void nomem__entry_print(FILE *out, const json_t *entry);

/* Prints a line for each entry, after four blanks. */
void nomem__shown_stack_print(FILE *out, const struct nomem__shown_stack *stack, size_t from, size_t to);

#endif
