/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../stack/json_stack.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "../text/memory_stream.h"

/* JSON's integers are signed: a number of 64 bits is written as the signed one that has the same bits. */
static void put_number(struct nomem__json *json, json_t *object, const char *key, uint64_t number) {
  nomem__json_put(json, object, key, json_integer((json_int_t)number));
}

/* The text must come back as it is, so it is not made printable here: a report does that. */
static void put_text(struct nomem__json *json, json_t *object, const char *key, const char *text) {
  nomem__json_put(json, object, key, nomem__json_bytes(text));
}

static void put_stack(struct nomem__json *json, json_t *object, const char *key, const struct nomem__trace *trace) {
  json_t *stack = json_array();
  for (unsigned i = 0; i < trace->depth; i++) {
    const struct nomem__trace_frame *frame = &trace->frame[i];
    nomem__json_add(
        json, stack,
        json_pack("[o,I,b]", nomem__json_bytes(frame->path), (json_int_t)frame->offset, (int)frame->is_return_address));
  }
  nomem__json_put(json, object, key, stack);
}

static void put_threads(struct nomem__json *json, json_t *object, const struct nomem__finding *finding) {
  json_t *threads = json_array();
  for (size_t i = 0; i < finding->thread_count; i++) {
    const struct nomem__waiter *thread = &finding->threads[i];
    json_t *entry = json_object();
    put_number(json, entry, "process", thread->process);
    put_number(json, entry, "number", thread->number);
    put_text(json, entry, "name", thread->name);
    put_text(json, entry, "state", thread->what);
    put_stack(json, entry, "stack", &thread->trace);
    nomem__json_add(json, threads, entry);
  }
  nomem__json_put(json, object, "threads", threads);
}

static void put_second(struct nomem__json *json, json_t *object, const struct nomem__second_call *second) {
  json_t *entry = json_object();
  put_number(json, entry, "fn", second->fn);
  put_number(json, entry, "bytes", second->size_bytes);
  put_number(json, entry, "nth", second->nth);
  put_stack(json, entry, "stack", &second->stack);
  nomem__json_put(json, object, "second", entry);
}

char *nomem__evidence_write(const struct nomem__finding *finding) {
  struct nomem__json json = {0};
  json_t *evidence = json_object();
  put_number(&json, evidence, "signal", (uint64_t)finding->signal);
  nomem__json_put(&json, evidence, "was_caught", json_boolean(finding->was_caught));
  nomem__json_put(&json, evidence, "needs_timeout", json_boolean(finding->needs_timeout));
  nomem__json_put(&json, evidence, "needs_block_table", json_boolean(finding->needs_block_table));
  put_number(&json, evidence, "guarded_from", finding->guarded_from);
  nomem__json_put(&json, evidence, "needs_openings", json_boolean(finding->needs_openings));
  put_text(&json, evidence, "detail", finding->detail);
  put_text(&json, evidence, "last_words", finding->last_words);
  put_number(&json, evidence, "address_kind", finding->address_kind);
  put_number(&json, evidence, "address", finding->fault_address);
  put_number(&json, evidence, "fn", finding->fn);
  put_number(&json, evidence, "bytes", finding->size_bytes);
  put_number(&json, evidence, "nth", finding->nth);
  nomem__json_put(&json, evidence, "is_ignored_by_test", json_boolean(finding->is_ignored_by_test));
  nomem__json_put(&json, evidence, "needs_return_watch", json_boolean(finding->needs_return_watch));
  put_number(&json, evidence, "location_hash", finding->location_hash);
  put_stack(&json, evidence, "fault", &finding->fault);
  if (finding->fault.skipped_frames > 0) put_number(&json, evidence, "fault_skipped", finding->fault.skipped_frames);
  if (finding->fault.shown_function > 0) put_number(&json, evidence, "fault_shown", finding->fault.shown_function);
  put_second(&json, evidence, &finding->second);
  put_stack(&json, evidence, "unchecked", &finding->unchecked.where);
  put_number(&json, evidence, "inlined", finding->unchecked.where.shown_function);
  put_number(&json, evidence, "cause", finding->unchecked.cause);
  put_number(&json, evidence, "from_memory", finding->unchecked.is_from_memory);
  put_stack(&json, evidence, "blow_up", &finding->blow_up);
  put_number(&json, evidence, "library_frames", finding->blow_up.library_frames);
  put_number(&json, evidence, "skipped_frames", finding->blow_up.skipped_frames);
  put_number(&json, evidence, "shown_function", finding->blow_up.shown_function);
  put_stack(&json, evidence, "origin", &finding->block);
  put_stack(&json, evidence, "freed", &finding->freed);
  if (finding->is_handed_over) nomem__json_put(&json, evidence, "is_handed_over", json_true());
  if (finding->was_not_told) nomem__json_put(&json, evidence, "was_not_told", json_true());
  put_threads(&json, evidence, finding);
  put_number(&json, evidence, "threads_left_out", finding->threads_left_out);
  put_number(&json, evidence, "shown_thread", finding->shown_thread);
  char *text = json.failed ? NULL : json_dumps(evidence, JSON_COMPACT);
  json_decref(evidence);
  return text;
}

/* Reads member after member and remembers the first thing that was wrong. */
struct reader {
  struct nomem__strings *strings;
  int result; /* 0 or -EINVAL */
};

static void fail(struct reader *reader, int result) {
  if (reader->result == 0) reader->result = result;
}

/* Reads a number that must not be above a limit. */
static uint64_t read_number(struct reader *reader, const json_t *object, const char *key, uint64_t limit) {
  const json_t *value = json_object_get(object, key);
  uint64_t number = (uint64_t)json_integer_value(value);
  if (json_is_integer(value) && number <= limit) return number;
  fail(reader, -EINVAL);
  return 0;
}

/* 0 where there is none, as in an older store. */
static unsigned read_if_there(struct reader *reader, const json_t *object, const char *key, unsigned limit) {
  return json_object_get(object, key) != NULL ? (unsigned)read_number(reader, object, key, limit) : 0;
}

static bool read_bool(struct reader *reader, const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  if (!json_is_boolean(value)) fail(reader, -EINVAL);
  return json_is_true(value);
}

static void read_text(struct reader *reader, const json_t *object, const char *key, char *text, size_t bytes) {
  char *copy = nomem__json_take_bytes(json_object_get(object, key));
  if (copy == NULL) fail(reader, -EINVAL);
  snprintf(text, bytes, "%s", copy != NULL ? copy : "");
  free(copy);
}

/* Reads a path that belongs to the strings; "" when there is none. */
static const char *read_path(struct reader *reader, const json_t *value) {
  char *copy = nomem__json_take_bytes(value);
  if (copy == NULL) fail(reader, -EINVAL);
  const char *path = nomem__strings_add(reader->strings, copy != NULL ? copy : "");
  free(copy);
  return path;
}

/* Reads a stack whose paths belong to the strings. */
static void read_stack(struct reader *reader, const json_t *object, const char *key, struct nomem__trace *trace) {
  const json_t *stack = json_object_get(object, key);
  *trace = (struct nomem__trace){0};
  if (!json_is_array(stack) || json_array_size(stack) > NOMEM_TRACE_DEPTH) fail(reader, -EINVAL);
  for (size_t i = 0; i < json_array_size(stack) && reader->result == 0; i++) {
    const json_t *path;
    json_int_t offset;
    int is_return_address;
    if (json_unpack(json_array_get(stack, i), "[o,I,b]", &path, &offset, &is_return_address) != 0) {
      fail(reader, -EINVAL);
      return;
    }
    trace->frame[trace->depth++] =
        (struct nomem__trace_frame){read_path(reader, path), (uint64_t)offset, is_return_address != 0};
  }
}

/* Reads a stack that owns its paths. */
static void read_owned_stack(struct reader *reader, const json_t *object, const char *key, struct nomem__trace *trace) {
  struct nomem__trace borrowed;
  read_stack(reader, object, key, &borrowed);
  if (reader->result == 0) nomem__trace_copy(trace, &borrowed);
}

static void read_second(struct reader *reader, const json_t *second, struct nomem__second_call *into) {
  into->fn = (enum nomem_fn)read_number(reader, second, "fn", NOMEM_FN_COUNT - 1);
  into->size_bytes = read_number(reader, second, "bytes", UINT64_MAX);
  into->nth = read_number(reader, second, "nth", UINT64_MAX);
  read_owned_stack(reader, second, "stack", &into->stack);
}

static void read_thread(struct reader *reader, const json_t *entry, struct nomem__waiter *thread) {
  thread->process = (unsigned)read_number(reader, entry, "process", UINT32_MAX);
  thread->number = (unsigned)read_number(reader, entry, "number", UINT32_MAX);
  read_text(reader, entry, "name", thread->name, sizeof thread->name);
  read_text(reader, entry, "state", thread->what, sizeof thread->what);
  read_stack(reader, entry, "stack", &thread->trace);
}

static void read_threads(struct reader *reader, const json_t *threads, struct nomem__finding *finding) {
  size_t count = json_array_size(threads);
  if (!json_is_array(threads) || count > NOMEM_SAMPLED_THREADS) fail(reader, -EINVAL);
  if (count == 0 || reader->result != 0) return;
  finding->threads = nomem__calloc(count, sizeof *finding->threads);
  finding->thread_count = count;
  for (size_t i = 0; i < count; i++) read_thread(reader, json_array_get(threads, i), &finding->threads[i]);
}

static void read_finding(struct reader *reader, const json_t *evidence, struct nomem__finding *finding) {
  finding->signal = (int)read_number(reader, evidence, "signal", INT32_MAX);
  finding->was_caught = read_bool(reader, evidence, "was_caught");
  finding->needs_timeout = read_bool(reader, evidence, "needs_timeout");
  finding->needs_block_table = read_bool(reader, evidence, "needs_block_table");
  finding->guarded_from = read_number(reader, evidence, "guarded_from", UINT64_MAX);
  finding->needs_openings = read_bool(reader, evidence, "needs_openings");
  read_text(reader, evidence, "detail", finding->detail, sizeof finding->detail);
  read_text(reader, evidence, "last_words", finding->last_words, sizeof finding->last_words);
  finding->address_kind =
      (enum nomem__address_kind)read_number(reader, evidence, "address_kind", NOMEM_ADDRESS_COUNT - 1);
  finding->fault_address = read_number(reader, evidence, "address", UINT64_MAX);
  finding->fn = (enum nomem_fn)read_number(reader, evidence, "fn", NOMEM_FN_COUNT - 1);
  finding->size_bytes = read_number(reader, evidence, "bytes", UINT64_MAX);
  finding->nth = read_number(reader, evidence, "nth", UINT64_MAX);
  finding->is_ignored_by_test = read_bool(reader, evidence, "is_ignored_by_test");
  finding->needs_return_watch = read_bool(reader, evidence, "needs_return_watch");
  finding->location_hash = read_number(reader, evidence, "location_hash", UINT64_MAX);
  read_owned_stack(reader, evidence, "fault", &finding->fault);
  finding->fault.skipped_frames = read_if_there(reader, evidence, "fault_skipped", finding->fault.depth);
  finding->fault.shown_function = read_if_there(reader, evidence, "fault_shown", NOMEM_INLINED_MAX);
  read_second(reader, json_object_get(evidence, "second"), &finding->second);
  read_owned_stack(reader, evidence, "unchecked", &finding->unchecked.where);
  if (finding->unchecked.where.depth > 1) fail(reader, -EINVAL);
  finding->unchecked.where.shown_function = (unsigned)read_number(reader, evidence, "inlined", UINT32_MAX);
  finding->unchecked.cause = (enum nomem__cause)read_number(reader, evidence, "cause", NOMEM_CAUSES - 1);
  finding->unchecked.is_from_memory = json_integer_value(json_object_get(evidence, "from_memory")) != 0;
  read_stack(reader, evidence, "blow_up", &finding->blow_up);
  unsigned depth = finding->blow_up.depth;
  finding->blow_up.library_frames = (unsigned)read_number(reader, evidence, "library_frames", depth);
  finding->blow_up.skipped_frames = (unsigned)read_number(reader, evidence, "skipped_frames", depth);
  finding->blow_up.shown_function = (unsigned)read_number(reader, evidence, "shown_function", NOMEM_INLINED_MAX);
  read_stack(reader, evidence, "origin", &finding->block);
  read_stack(reader, evidence, "freed", &finding->freed);
  finding->is_handed_over = json_is_true(json_object_get(evidence, "is_handed_over")); /* old stores have none */
  read_threads(reader, json_object_get(evidence, "threads"), finding);
  size_t last_thread = finding->thread_count > 0 ? finding->thread_count - 1 : 0;
  finding->threads_left_out = (size_t)read_number(reader, evidence, "threads_left_out", SIZE_MAX);
  finding->shown_thread = (size_t)read_number(reader, evidence, "shown_thread", last_thread);
}

int nomem__evidence_read(const char *text, struct nomem__finding *finding, struct nomem__strings *strings) {
  json_t *evidence = json_loads(text, 0, NULL);
  struct reader reader = {.strings = strings, .result = evidence != NULL ? 0 : -EINVAL};
  if (reader.result == 0) read_finding(&reader, evidence, finding);
  if (reader.result != 0) {
    nomem__trace_free(&finding->fault);
    nomem__trace_free(&finding->second.stack);
    nomem__trace_free(&finding->unchecked.where);
    free(finding->threads);
    finding->threads = NULL;
    finding->thread_count = 0;
  }
  json_decref(evidence);
  return reader.result;
}

char *nomem__evidence_print_stack(const json_t *trace) {
  struct nomem__memory_stream stream;
  nomem__json_stack_print(nomem__memory_stream_open(&stream), trace, 0);
  return nomem__memory_stream_close(&stream);
}
