/* SPDX-License-Identifier: MIT */
#include "call_reason.h"

#include <inttypes.h>
#include <stdio.h>

#include "../text/function_name.h"

static const struct nomem__call_place *find_place(const struct nomem__call_watch *watch,
                                                  const struct nomem__told_event *event) {
  for (size_t i = 0; i < watch->places.count; i++)
    if (watch->places.list[i].is_known && watch->places.list[i].like.place == event->place)
      return &watch->places.list[i];
  return NULL;
}

/* The function that begins there. */
static const char *name_of(const struct nomem__call_watch *watch, const char *path, uint64_t offset,
                           char short_name[NOMEM_FUNCTION_NAME_BYTES]) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count = nomem__symbols_resolve(watch->code_owners->symbols, path, offset, false, sources, NOMEM_INLINED_MAX);
  const char *name = count > 0 ? sources[count - 1].function : NULL;
  return name != NULL ? nomem__shorten_function(name, short_name) : "a function";
}

/* Whether the run without the fault has a call there. */
static bool makes_call(const struct nomem__call_watch *watch, const struct nomem__trace_frame *at) {
  const struct nomem__told_events events = nomem__call_watch_events(watch);
  for (size_t i = 0; i < watch->places.count; i++) {
    const struct nomem__call_place *place = &watch->places.list[i];
    bool is_there = !place->is_entry && place->is_known && place->address - place->bias == at->offset &&
                    nomem__trace_is_same_file(place->path, at->path);
    if (is_there && nomem__told_has_place(&events, place->like.place)) return true;
  }
  return false;
}

bool nomem__call_reason_of_hang(const struct nomem__call_watch *with_fault,
                                const struct nomem__call_watch *without_fault,
                                const struct nomem__trace_frame *waits_at, char text[NOMEM_RETURN_TEXT_BYTES]) {
  const struct nomem__told_events events = nomem__call_watch_events(with_fault);
  const struct nomem__told_events usual = nomem__call_watch_events(without_fault);
  const struct nomem__told_event *error = nomem__told_later_error(&events, &usual);
  const struct nomem__call_place *place = error != NULL ? find_place(with_fault, error) : NULL;
  char short_name[NOMEM_FUNCTION_NAME_BYTES];
  *text = '\0';
  if (place == NULL || !makes_call(without_fault, waits_at)) return false;
  int64_t value = nomem__returned_number(&error->type, error->value);
  const char *name = name_of(with_fault, place->callee.path, place->callee.offset, short_name);
  if (error->type.kind == NOMEM_RESULT_POINTER)
    snprintf(text, NOMEM_RETURN_TEXT_BYTES, "the test waits although %s had returned %s", name,
             value == 0 ? "NULL" : "the text of an error");
  else
    snprintf(text, NOMEM_RETURN_TEXT_BYTES, "the test waits although %s had returned %" PRId64, name, value);
  return true;
}

bool nomem__call_reason_of_variable(const struct nomem__call_watch *with_fault,
                                    const struct nomem__call_watch *without_fault, char text[NOMEM_RETURN_TEXT_BYTES]) {
  const struct nomem__told_events events = nomem__call_watch_events(with_fault);
  const struct nomem__call_place *setter = without_fault->setter;
  char short_name[NOMEM_FUNCTION_NAME_BYTES];
  *text = '\0';
  if (setter == NULL || !events.is_whole || nomem__told_has_place(&events, setter->like.place)) return false;
  snprintf(text, NOMEM_RETURN_TEXT_BYTES, "the test used what its %s sets, which was not called",
           name_of(without_fault, setter->path, setter->address - setter->bias, short_name));
  return true;
}
