/* SPDX-License-Identifier: MIT */
#include "stack_text.h"

#include <inttypes.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../stack/stack_trace.h"
#include "../text/function_name.h"
#include "../text/json_values.h"

struct nomem__shown_stack nomem__shown_stack_of(const json_t *trace) {
  const json_t *entries = json_object_get(trace, "stack");
  size_t count = json_array_size(entries), shown = nomem__json_count(trace, "shown");
  return (struct nomem__shown_stack){
      .entries = entries, .culprit = nomem__json_count(trace, "culprit"), .shown = shown < count ? shown : count};
}

static bool is_inlined(const struct nomem__shown_stack *stack, size_t entry) {
  return json_is_true(json_object_get(json_array_get(stack->entries, entry), "inlined"));
}

size_t nomem__shown_frame_begin(const struct nomem__shown_stack *stack, size_t entry) {
  while (entry > 0 && is_inlined(stack, entry - 1)) entry--;
  return entry;
}

size_t nomem__shown_frame_end(const struct nomem__shown_stack *stack, size_t entry) {
  size_t count = json_array_size(stack->entries);
  while (entry < count && is_inlined(stack, entry)) entry++;
  return entry < count ? entry + 1 : count;
}

size_t nomem__shown_stack_outside(const struct nomem__shown_stack *stack) {
  size_t inside = nomem__shown_frame_end(stack, stack->culprit);
  return stack->shown > inside ? stack->shown - inside : 0;
}

static bool is_same(const struct nomem__shown_stack *one, size_t entry, const struct nomem__shown_stack *other,
                    size_t other_entry) {
  const json_t *a = json_array_get(one->entries, entry), *b = json_array_get(other->entries, other_entry);
  return strcmp(nomem__json_string(a, "offset"), nomem__json_string(b, "offset")) == 0 &&
         nomem__trace_is_same_file(nomem__json_string(a, "module"), nomem__json_string(b, "module"));
}

size_t nomem__shown_stacks_common(const struct nomem__shown_stack *one, const struct nomem__shown_stack *other) {
  size_t most = nomem__shown_stack_outside(one), other_most = nomem__shown_stack_outside(other), common = 0;
  while (common < most && common < other_most &&
         is_same(one, one->shown - common - 1, other, other->shown - common - 1))
    common++;
  return common;
}

size_t nomem__shown_frames_end(const struct nomem__shown_stack *stack, size_t from, size_t to, size_t frames,
                               size_t *left_out) {
  size_t end = from;
  *left_out = 0;
  for (size_t entry = from; entry < to; entry = nomem__shown_frame_end(stack, entry)) {
    if (frames > 0)
      end = nomem__shown_frame_end(stack, entry);
    else
      (*left_out)++;
    frames -= frames > 0;
  }
  return end < to ? end : to;
}

static void print_module(FILE *out, const json_t *entry) {
  const char *module = nomem__json_string(entry, "module");
  fprintf(out, "%s+%s", *module != '\0' ? nomem__base_name(module) : "no module", nomem__json_string(entry, "offset"));
}

void nomem__entry_print(FILE *out, const json_t *entry) {
  const char *function = nomem__json_string(entry, "function"), *file = nomem__json_string(entry, "file");
  if (*function == '\0') {
    print_module(out, entry);
    return;
  }
  nomem__print_function(out, function);
  fputs(" (", out);
  if (json_object_get(entry, "file") != NULL)
    fprintf(out, "%s:%" PRIu64, file, nomem__json_count(entry, "line"));
  else
    print_module(out, entry);
  fputc(')', out);
}

void nomem__shown_stack_print(FILE *out, const struct nomem__shown_stack *stack, size_t from, size_t to) {
  for (size_t i = from; i < to; i++) {
    fprintf(out, "    #%-2zu ", i);
    nomem__entry_print(out, json_array_get(stack->entries, i));
    fputs(is_inlined(stack, i) ? " [inlined]\n" : "\n", out);
  }
}
