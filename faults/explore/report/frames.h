/* SPDX-License-Identifier: MIT */
/* Frames and stacks of the JSON report (document.h). */
#ifndef NOMEM_FRAMES_H
#define NOMEM_FRAMES_H

#include <jansson.h>

#include "../stack/stack_trace.h"
#include "../text/json_values.h"

/* How many of the functions inlined into one another at one address are shown, from the innermost on. */
#define NOMEM__INLINED_SHOWN 16

struct nomem__campaign;

/* A report that is being built. */
struct nomem__document_builder {
  struct nomem__json json;
  const struct nomem__campaign *campaign;
  json_t *sources; /* source lines by "line:file", read once each: many stacks end in the same calls. Owned */
};

/* Returns the entry of a function and where it is. The caller's. */
json_t *nomem__make_frame(struct nomem__json *json, const char *path, uint64_t offset,
                          const struct nomem__source_frame *source);

/* Returns the same with the lines of source around it, where the file is there. */
json_t *nomem__make_frame_with_source(struct nomem__document_builder *builder, const struct nomem__trace_frame *frame,
                                      const struct nomem__source_frame *source);

/* Puts a trace in an object, as "stack" and "culprit". Every inlined function is a frame of its own. */
void nomem__put_trace(struct nomem__document_builder *builder, json_t *object, const struct nomem__trace *trace);

/* Puts an object with a trace under key; nothing where the trace is empty. */
void nomem__put_stack(struct nomem__document_builder *builder, json_t *object, const char *key,
                      const struct nomem__trace *trace);

#endif
