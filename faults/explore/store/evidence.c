/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../stack/json_stack.h"
#include "../text/memory_stream.h"

static json_t *stack_of(const struct nomem__trace *trace) {
  json_t *stack = json_array();
  for (unsigned i = 0; i < trace->depth; i++) {
    const struct nomem__trace_frame *frame = &trace->frame[i];
    json_t *entry = json_pack("[s,I,b]", frame->path, (json_int_t)frame->offset, (int)frame->is_return_address);
    if (entry == NULL || json_array_append_new(stack, entry) != 0) {
      json_decref(stack);
      return NULL;
    }
  }
  return stack;
}

static json_t *threads_of(const struct nomem__finding *finding) {
  json_t *threads = json_array();
  for (size_t i = 0; i < finding->thread_count; i++) {
    const struct nomem__waiter *thread = &finding->threads[i];
    json_t *entry = json_pack("[i,i,s,s,o]", (int)thread->process, (int)thread->number, thread->name, thread->what,
                              stack_of(&thread->trace));
    if (entry == NULL || json_array_append_new(threads, entry) != 0) {
      json_decref(threads);
      return NULL;
    }
  }
  return threads;
}

char *nomem__evidence_write(const struct nomem__finding *finding) {
  const struct nomem__second *second = &finding->second;
  json_t *evidence = json_pack(
      "{s:i,s:b,s:s,s:s,s:i,s:I,s:i,s:I,s:I,s:b,s:i,s:o,s:o,s:o,s:I,s:I,s:i,s:o,s:{s:i,s:I,s:I,s:o}}", "signal",
      finding->signal, "needs_timeout", (int)finding->needs_timeout, "detail", finding->detail, "last_words",
      finding->last_words, "touch", (int)finding->address_kind, "address", (json_int_t)finding->fault_address, "fn",
      (int)finding->fn, "bytes", (json_int_t)finding->size_bytes, "nth", (json_int_t)finding->nth, "given_null",
      (int)finding->is_given_null, "own", (int)finding->blow_up.own, "fault", stack_of(&finding->fault), "blow_up",
      stack_of(&finding->blow_up), "threads", threads_of(finding), "left_out", (json_int_t)finding->threads_left_out,
      "teller", (json_int_t)finding->shown_thread, "inlined", (int)finding->unchecked.inlined, "unchecked",
      stack_of(&finding->unchecked.where), "second", "fn", (int)second->fn, "bytes", (json_int_t)second->size_bytes,
      "nth", (json_int_t)second->nth, "stack", stack_of(&second->stack));
  json_object_set_new(evidence, "block", stack_of(&finding->block));
  json_object_set_new(evidence, "freed", stack_of(&finding->freed));
  json_object_set_new(evidence, "takes_block_table", json_boolean(finding->takes_block_table));
  json_object_set_new(evidence, "blameless", json_integer((json_int_t)finding->blow_up.skipped_frames));
  json_object_set_new(evidence, "may_be_told", json_boolean(finding->may_be_told));
  json_object_set_new(evidence, "place", json_integer((json_int_t)finding->place));
  char *text = evidence == NULL ? NULL : json_dumps(evidence, JSON_COMPACT);
  json_decref(evidence);
  return text;
}

static int read_stack(const json_t *stack, struct nomem__trace *trace, struct nomem__strings *strings) {
  size_t i;
  json_t *entry;
  *trace = (struct nomem__trace){0};
  if (!json_is_array(stack) || json_array_size(stack) > NOMEM_TRACE_DEPTH) return -EINVAL;
  json_array_foreach(stack, i, entry) {
    const char *path;
    json_int_t offset;
    int is_return_address;
    if (json_unpack(entry, "[s,I,b]", &path, &offset, &is_return_address) != 0) return -EINVAL;
    path = nomem__strings_add(strings, path);
    if (path == NULL) return -ENOMEM;
    trace->frame[trace->depth++] = (struct nomem__trace_frame){path, (uint64_t)offset, is_return_address != 0};
  }
  return 0;
}

static int read_threads(const json_t *threads, struct nomem__finding *finding, struct nomem__strings *strings) {
  size_t i, count = json_array_size(threads);
  json_t *entry;
  if (!json_is_array(threads) || count > NOMEM_HANG_THREADS) return -EINVAL;
  if (count == 0) return 0;
  finding->threads = calloc(count, sizeof *finding->threads);
  if (finding->threads == NULL) return -ENOMEM;
  json_array_foreach(threads, i, entry) {
    struct nomem__waiter *thread = &finding->threads[i];
    const char *name, *what;
    const json_t *stack;
    int process, number;
    if (json_unpack(entry, "[i,i,s,s,o]", &process, &number, &name, &what, &stack) != 0) return -EINVAL;
    thread->process = (unsigned)process;
    thread->number = (unsigned)number;
    snprintf(thread->name, sizeof thread->name, "%s", name);
    snprintf(thread->what, sizeof thread->what, "%s", what);
    int result = read_stack(stack, &thread->trace, strings);
    if (result != 0) return result;
  }
  finding->thread_count = count;
  return 0;
}

/* A stack that owns its paths. */
static int read_owned(const json_t *stack, struct nomem__trace *trace, struct nomem__strings *strings) {
  struct nomem__trace borrowed;
  int result = read_stack(stack, &borrowed, strings);
  return result == 0 ? nomem__trace_copy(trace, &borrowed) : result;
}

static int read_second(const json_t *evidence, struct nomem__second *second, struct nomem__strings *strings) {
  json_int_t size_bytes, nth;
  const json_t *stack;
  int fn;
  if (json_unpack((json_t *)evidence, "{s:i,s:I,s:I,s:o}", "fn", &fn, "bytes", &size_bytes, "nth", &nth, "stack",
                  &stack) != 0 ||
      fn < 0 || fn >= NOMEM_FN_COUNT)
    return -EINVAL;
  second->fn = (enum nomem_fn)fn;
  second->size_bytes = (uint64_t)size_bytes;
  second->nth = (uint64_t)nth;
  return read_owned(stack, &second->stack, strings);
}

int nomem__evidence_read(const char *text, struct nomem__finding *finding, struct nomem__strings *strings) {
  const char *detail, *last_words;
  const json_t *fault_stack, *blow_up_stack, *threads, *unchecked_stack, *second;
  json_int_t address, size_bytes, nth, left_out, shown_thread;
  int needs_timeout, address_kind, is_given_null, fn, own, inlined;
  json_t *evidence = json_loads(text, 0, NULL);
  if (evidence == NULL) return -EINVAL;
  int result = json_unpack(evidence, "{s:i,s:b,s:s,s:s,s:i,s:I,s:i,s:I,s:I,s:b,s:i,s:o,s:o,s:o,s:I,s:I,s:i,s:o,s:o}",
                           "signal", &finding->signal, "needs_timeout", &needs_timeout, "detail", &detail, "last_words",
                           &last_words, "touch", &address_kind, "address", &address, "fn", &fn, "bytes", &size_bytes,
                           "nth", &nth, "given_null", &is_given_null, "own", &own, "fault", &fault_stack, "blow_up",
                           &blow_up_stack, "threads", &threads, "left_out", &left_out, "teller", &shown_thread,
                           "inlined", &inlined, "unchecked", &unchecked_stack, "second", &second);
  if (result != 0 || fn < 0 || fn >= NOMEM_FN_COUNT || address_kind < 0 || address_kind >= NOMEM_ADDRESS_COUNT)
    result = -EINVAL;
  if (result == 0 && (json_array_size(unchecked_stack) > 1 || inlined < 0)) result = -EINVAL;
  if (result == 0) result = read_stack(blow_up_stack, &finding->blow_up, strings);
  if (result == 0) result = read_stack(json_object_get(evidence, "block"), &finding->block, strings);
  if (result == 0) result = read_stack(json_object_get(evidence, "freed"), &finding->freed, strings);
  if (result == 0 && (own < 0 || (unsigned)own > finding->blow_up.depth)) result = -EINVAL;
  json_int_t skipped_frames = json_integer_value(json_object_get(evidence, "blameless"));
  if (result == 0 && (skipped_frames < 0 || skipped_frames > (json_int_t)finding->blow_up.depth)) result = -EINVAL;
  if (result == 0) result = read_threads(threads, finding, strings);
  if (result == 0 && (shown_thread < 0 || (shown_thread > 0 && (size_t)shown_thread >= finding->thread_count)))
    result = -EINVAL;
  if (result == 0) result = read_second(second, &finding->second, strings);
  if (result == 0) result = read_owned(unchecked_stack, &finding->unchecked.where, strings);
  if (result == 0) result = read_owned(fault_stack, &finding->fault, strings);
  if (result != 0) {
    nomem__trace_free(&finding->second.stack);
    nomem__trace_free(&finding->unchecked.where);
  }
  if (result == 0) {
    finding->blow_up.own = (unsigned)own;
    finding->unchecked.inlined = (unsigned)inlined;
    finding->blow_up.skipped_frames = (unsigned)skipped_frames;
    finding->needs_timeout = needs_timeout != 0;
    finding->takes_block_table = json_is_true(json_object_get(evidence, "takes_block_table"));
    finding->address_kind = (enum nomem__address_kind)address_kind;
    finding->is_given_null = is_given_null != 0;
    finding->may_be_told = json_is_true(json_object_get(evidence, "may_be_told"));
    finding->place = (uint64_t)json_integer_value(json_object_get(evidence, "place"));
    finding->fault_address = (uint64_t)address;
    finding->fn = (enum nomem_fn)fn;
    finding->size_bytes = (uint64_t)size_bytes;
    finding->nth = (uint64_t)nth;
    finding->threads_left_out = (size_t)left_out;
    finding->shown_thread = (size_t)shown_thread;
    snprintf(finding->detail, sizeof finding->detail, "%s", detail);
    snprintf(finding->last_words, sizeof finding->last_words, "%s", last_words);
  } else {
    free(finding->threads);
    finding->threads = NULL;
  }
  json_decref(evidence);
  return result;
}

char *nomem__evidence_stack(const json_t *trace) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  if (out != NULL) nomem__json_stack_print(out, trace, 0);
  return nomem__memory_stream_close(&stream);
}
