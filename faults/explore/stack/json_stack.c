/* SPDX-License-Identifier: MIT */
#include "json_stack.h"

#include <inttypes.h>

#include "../text/function_name.h"
#include "../text/json_values.h"

const json_t *nomem__json_stack_culprit(const json_t *trace) {
  return json_array_get(json_object_get(trace, "stack"), nomem__json_count(trace, "culprit"));
}

void nomem__json_stack_print(FILE *out, const json_t *trace, int indent) {
  size_t i;
  json_t *frame;
  json_array_foreach(json_object_get(trace, "stack"), i, frame) {
    const char *function = nomem__json_string(frame, "function"), *file = nomem__json_string(frame, "file");
    char name[NOMEM_FUNCTION_NAME_BYTES];
    fprintf(out, "%*s#%-2zu %s (", indent, "", i, nomem__shorten_function(*function != '\0' ? function : "?", name));
    if (*file != '\0')
      fprintf(out, "%s:%" PRIu64 ")", file, nomem__json_count(frame, "line"));
    else
      fprintf(out, "%s+%s)", nomem__json_string(frame, "module"), nomem__json_string(frame, "offset"));
    fputs(json_is_true(json_object_get(frame, "inlined")) ? " [inlined]\n" : "\n", out);
  }
}
