#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../images.h"

/* Functions inlined into one another at one address: more than this are left out, the outermost ones. */
#define INLINED_MAX 16

void nomem__trace_of_frames(const struct nomem_channel *channel, const nomem_frame *frames, unsigned depth,
                            struct nomem__trace *trace) {
  trace->depth = depth < NOMEM_DEPTH ? depth : NOMEM_DEPTH;
  for (unsigned i = 0; i < trace->depth; i++) {
    unsigned module = NOMEM_FRAME_MODULE(frames[i]);
    const char *path = module >= 1 && module <= NOMEM_MODULES ? channel->modules[module - 1].path : "";
    if (memchr(path, '\0', NOMEM_PATH_BYTES) == NULL) path = "";
    trace->frame[i] = (struct nomem__trace_frame){path, NOMEM_FRAME_OFFSET(frames[i]), true};
  }
}

void nomem__trace_of_stack(const struct nomem__stack *stack, struct nomem__trace *trace) {
  trace->depth = (unsigned)stack->depth;
  for (unsigned i = 0; i < trace->depth; i++) {
    const struct nomem__stack_frame *frame = &stack->frames[i];
    const char *path = frame->module != NULL ? frame->module : "";
    trace->frame[i] = (struct nomem__trace_frame){path, frame->offset, frame->is_return_address};
  }
}

int nomem__trace_copy(struct nomem__trace *copy, const struct nomem__trace *trace) {
  struct nomem__trace made = {0};
  for (unsigned i = 0; i < trace->depth; i++) {
    char *path = strdup(trace->frame[i].path);
    if (path == NULL) {
      nomem__trace_free(&made);
      return -ENOMEM;
    }
    made.frame[made.depth] = trace->frame[i];
    made.frame[made.depth++].path = path;
  }
  *copy = made;
  return 0;
}

void nomem__trace_free(struct nomem__trace *copy) {
  for (unsigned i = 0; i < copy->depth; i++) free((char *)copy->frame[i].path);
  copy->depth = 0;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

const struct nomem__trace_frame *nomem__trace_culprit(const struct nomem__trace *trace) {
  for (unsigned i = 0; i < trace->depth; i++)
    if (trace->frame[i].path[0] != '\0' && !nomem__is_runtime(base_name(trace->frame[i].path))) return &trace->frame[i];
  return NULL;
}

static size_t resolve(struct nomem__symbols *symbols, const struct nomem__trace_frame *frame,
                      struct nomem__source_frame *sources) {
  return nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources, INLINED_MAX);
}

static uint64_t mix(uint64_t hash, const char *text) {
  for (; text != NULL && *text != '\0'; text++) hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
  return (hash ^ '\n') * UINT64_C(0x100000001b3);
}

uint64_t nomem__trace_hash(const struct nomem__trace *trace, struct nomem__symbols *symbols, bool with_caller) {
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(trace);
  if (culprit == NULL) return trace->depth > 0 ? mix(trace->frame[0].offset, trace->frame[0].path) : 1;
  struct nomem__source_frame sources[INLINED_MAX];
  size_t count = resolve(symbols, culprit, sources);
  uint64_t hash = mix(mix(UINT64_C(0xcbf29ce484222325), base_name(culprit->path)), sources[0].function);
  hash += sources[0].line != 0 ? sources[0].line : culprit->offset << 20;
  if (!with_caller) return hash;
  if (count > 1) return mix(hash, sources[1].function);
  if (culprit + 1 >= trace->frame + trace->depth) return hash;
  size_t callers = resolve(symbols, culprit + 1, sources);
  return callers == 0 || sources[0].function == NULL ? hash : mix(hash, sources[0].function);
}

/* A library is loaded by the name of a link, and mapped by the name of the file behind it: shown is the file. */
static void print_module(FILE *out, const struct nomem__trace_frame *frame) {
  char *real = frame->path[0] == '\0' ? NULL : realpath(frame->path, NULL);
  nomem__print_safe(out, frame->path[0] == '\0' ? "no module" : base_name(real != NULL ? real : frame->path));
  free(real);
  fprintf(out, "+0x%" PRIx64, frame->offset);
}

static void print_place(FILE *out, const struct nomem__trace_frame *frame, const struct nomem__source_frame *source) {
  if (source->function == NULL) {
    print_module(out, frame);
    return;
  }
  nomem__print_safe(out, source->function);
  fputs(" (", out);
  if (source->file != NULL) {
    nomem__print_safe(out, source->file);
    fprintf(out, ":%u", source->line);
  } else {
    print_module(out, frame);
  }
  fputc(')', out);
}

/* The first function above a frame that has a name: all that a stripped library tells. */
static void print_named_caller(FILE *out, const struct nomem__trace *trace, const struct nomem__trace_frame *frame,
                               struct nomem__symbols *symbols) {
  struct nomem__source_frame sources[INLINED_MAX];
  while (++frame < trace->frame + trace->depth) {
    if (resolve(symbols, frame, sources) == 0 || sources[0].function == NULL) continue;
    fputs(", under ", out);
    nomem__print_safe(out, sources[0].function);
    return;
  }
}

void nomem__trace_print_culprit(FILE *out, const struct nomem__trace *trace, struct nomem__symbols *symbols) {
  const struct nomem__trace_frame *frame = nomem__trace_culprit(trace);
  if (frame == NULL && trace->depth > 0) frame = &trace->frame[0];
  struct nomem__source_frame sources[INLINED_MAX];
  if (frame == NULL || resolve(symbols, frame, sources) == 0) {
    fputs("an unknown place", out);
    return;
  }
  print_place(out, frame, &sources[0]);
  if (sources[0].function == NULL) print_named_caller(out, trace, frame, symbols);
}

void nomem__trace_print(FILE *out, const struct nomem__trace *trace, struct nomem__symbols *symbols, int indent) {
  unsigned number = 0;
  for (unsigned i = 0; i < trace->depth; i++) {
    struct nomem__source_frame sources[INLINED_MAX];
    size_t count = resolve(symbols, &trace->frame[i], sources);
    for (size_t s = 0; s < count; s++) {
      fprintf(out, "%*s#%-2u ", indent, "", number++);
      print_place(out, &trace->frame[i], &sources[s]);
      fputs(sources[s].inlined ? " [inlined]\n" : "\n", out);
    }
  }
}
