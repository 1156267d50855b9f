/* SPDX-License-Identifier: MIT */
/* Frames and stacks of the document of report_document.h. */
#ifndef NOMEM_FRAMES_H
#define NOMEM_FRAMES_H

#include "../campaign/campaign.h"
#include "../text/json_values.h"
#include "document.h"
#include "report.h"

/* Functions inlined into one another at one address that are shown, the innermost. */
#define NOMEM__INLINED_SHOWN 16

struct nomem__builder {
  struct nomem__json json;
  const struct nomem__campaign *campaign;
  json_t *sources; /* source lines by "file:line": many stacks end alike */
};

/* A function and where it is. The caller owns what is returned. */
json_t *nomem__frame_entry(struct nomem__json *json, const char *path, uint64_t offset,
                           const struct nomem__source_frame *source);

/* With the lines of source around it. */
json_t *nomem__frame_entry_with_source(struct nomem__builder *builder, const struct nomem__trace_frame *frame,
                                       const struct nomem__source_frame *source);

/* Puts a trace in an object, as "stack" and "culprit", with every inlined function as a frame of its own. */
void nomem__put_trace(struct nomem__builder *builder, json_t *object, const struct nomem__trace *trace);

/* Puts an object with a trace under key; nothing, where there is none. */
void nomem__put_stack(struct nomem__builder *builder, json_t *object, const char *key,
                      const struct nomem__trace *trace);

#endif
