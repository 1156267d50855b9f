/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "frames.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../campaign/campaign.h"
#include "../text/memory.h"
#include "../text/source_lines.h"

/* Returns the lines around a line of a file, which are the caller's, too; NULL: there are none to show. */
static json_t *find_source(struct nomem__document_builder *builder, const char *file, unsigned line) {
  char *key = nomem__format("%u:%s", line, file);
  json_t *lines = json_incref(json_object_get(builder->sources, key));
  if (lines == NULL) {
    lines = nomem__read_source_lines(&builder->json, file, line);
    /* A key that is not UTF-8 is not taken. The lines are then read again the next time. */
    json_object_set(builder->sources, key, lines);
  }
  free(key);
  return lines;
}

/* A library is loaded by the name of a link, and mapped by the name of the file behind it: the file is shown. */
static void put_module(struct nomem__json *json, json_t *object, const char *path) {
  if (path[0] == '\0') return;
  char *real = nomem__checked(realpath(path, NULL));
  nomem__json_text(json, object, "module", real != NULL ? real : path);
  free(real);
}

json_t *nomem__make_frame(struct nomem__json *json, const char *path, uint64_t offset,
                          const struct nomem__source_frame *source) {
  json_t *object = json_object();
  nomem__json_text(json, object, "function", source->function);
  if (source->file != NULL) {
    nomem__json_text(json, object, "file", source->file);
    nomem__json_number(json, object, "line", source->line);
    nomem__json_number(json, object, "column", source->column);
  }
  put_module(json, object, path);
  nomem__json_format(json, object, "offset", "0x%" PRIx64, offset);
  if (source->inlined) nomem__json_put(json, object, "inlined", json_true());
  return object;
}

json_t *nomem__make_frame_with_source(struct nomem__document_builder *builder, const struct nomem__trace_frame *frame,
                                      const struct nomem__source_frame *source) {
  json_t *object = nomem__make_frame(&builder->json, frame->path, frame->offset, source);
  json_t *lines = source->file != NULL ? find_source(builder, source->file, source->line) : NULL;
  if (lines != NULL) nomem__json_put(&builder->json, object, "source", lines);
  return object;
}

void nomem__put_trace(struct nomem__document_builder *builder, json_t *object, const struct nomem__trace *trace) {
  const struct nomem__trace_frame *culprit_frame = nomem__trace_culprit(trace);
  json_t *stack = json_array();
  size_t culprit = 0, shown = 0;
  unsigned depth_shown = nomem__trace_depth_shown(trace, builder->campaign->session->symbols);
  for (unsigned i = 0; i < trace->depth; i++) {
    const struct nomem__trace_frame *frame = &trace->frame[i];
    struct nomem__source_frame sources[NOMEM__INLINED_SHOWN];
    size_t count = nomem__symbols_resolve(builder->campaign->session->symbols, frame->path, frame->offset,
                                          frame->is_return_address, sources, NOMEM__INLINED_SHOWN);
    if (frame == culprit_frame) culprit = json_array_size(stack) + nomem__trace_shown_function(trace, sources, count);
    for (size_t s = 0; s < count; s++)
      nomem__json_add(&builder->json, stack, nomem__make_frame_with_source(builder, frame, &sources[s]));
    if (i < depth_shown) shown = json_array_size(stack);
  }
  nomem__json_number(&builder->json, object, "culprit", culprit);
  nomem__json_number(&builder->json, object, "shown", shown);
  nomem__json_put(&builder->json, object, "stack", stack);
}

void nomem__put_stack(struct nomem__document_builder *builder, json_t *object, const char *key,
                      const struct nomem__trace *trace) {
  if (trace->depth == 0) return;
  json_t *stack = json_object();
  nomem__put_trace(builder, stack, trace);
  nomem__json_put(&builder->json, object, key, stack);
}
