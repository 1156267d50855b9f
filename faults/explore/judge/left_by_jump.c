/* SPDX-License-Identifier: MIT */
#include "left_by_jump.h"

#include "../code/function_code.h"

static bool jumps_out(const struct nomem__function_code *code) {
  for (size_t i = 0; i < code->count; i++)
    if (code->list[i].operation == NOMEM_OPERATION_JUMP &&
        nomem__function_code_find(code, code->list[i].target) == NOMEM_NO_INSTRUCTION)
      return true;
  return false;
}

bool nomem__was_left_by_jump(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace,
                             const struct nomem__trace_frame *frame) {
  if (frame == trace->frame || !frame->is_return_address || frame[-1].path[0] == '\0') return false;
  if (nomem__code_owner_of(code_owners, &frame[-1]) != NOMEM_OWNER_RUNTIME) return false;
  const struct nomem__function_code *code =
      nomem__symbols_find_code(code_owners->symbols, frame->path, frame->offset - 1);
  uint32_t number = code != NULL ? nomem__function_code_find_before(code, frame->offset) : NOMEM_NO_INSTRUCTION;
  if (number == NOMEM_NO_INSTRUCTION) return false;
  const char *path = frame->path;
  const struct nomem__function_code *callee =
      nomem__symbols_find_callee(code_owners->symbols, &path, &code->list[number]);
  if (callee == NULL || !jumps_out(callee)) return false;
  const struct nomem__trace_frame entry = {path, callee->start, false};
  return nomem__code_owner_of(code_owners, &entry) == NOMEM_OWNER_UNDER_TEST;
}
