/* SPDX-License-Identifier: MIT */
#include "cause.h"

#include "../../program_kinds.h"
#include "../text/hash.h"

/* What two places must have in common. */
enum extent { SAME_LINE, SAME_FUNCTION };

/* A source file is known by its name: each program may have been compiled in another folder. Where there is none, the
 * function and its module stand in, and where there is no function, the instruction. */
static uint64_t hash_source(uint64_t hash, const struct nomem__trace_frame *frame,
                            const struct nomem__source_frame *source, enum extent extent) {
  hash = nomem__hash_text(hash, source->function);
  if (source->file != NULL) {
    hash = nomem__hash_text(hash, nomem__base_name(source->file));
    return extent == SAME_LINE ? nomem__hash_number(hash, source->line) : hash;
  }
  hash = nomem__hash_text(hash, nomem__base_name(frame->path));
  if (source->function == NULL) return nomem__hash_number(hash, frame->offset);
  return extent == SAME_LINE ? nomem__hash_number(hash, source->function_offset) : hash;
}

static uint64_t hash_frame(uint64_t hash, const struct nomem__trace_frame *frame, struct nomem__symbols *symbols,
                           enum extent extent) {
  struct nomem__source_frame source = {0};
  if (frame == NULL) return nomem__hash_text(hash, "");
  nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, &source, 1);
  return hash_source(hash, frame, &source, extent);
}

/* The line that lost the leaked block: where the failed call came from in the function that had the block allocated,
 * too. When all later calls failed as well, it is not known which of them it was. */
static uint64_t hash_leak(uint64_t hash, const struct nomem__finding *finding, struct nomem__symbols *symbols) {
  struct nomem__trace leaked = finding->blow_up;
  unsigned above_leak, above_fault;
  leaked.skipped_frames = 0;
  bool is_known = !finding->point.persistent && finding->point.second == 0 &&
                  nomem__trace_find_common(&leaked, &finding->fault, &above_leak, &above_fault) > 0;
  if (is_known) return hash_frame(hash, &finding->fault.frame[above_fault], symbols, SAME_LINE);
  return hash_frame(hash, nomem__trace_culprit(&finding->blow_up), symbols, SAME_FUNCTION);
}

uint64_t nomem__finding_cause(const struct nomem__finding *finding, struct nomem__symbols *symbols) {
  /* However a block is used that was freed too early, it is one bug. */
  bool is_misuse = finding->freed.depth > 0 && finding->unchecked.where.depth == 0 &&
                   (finding->verdict == NOMEM_VERDICT_CRASH || finding->verdict == NOMEM_VERDICT_CORRUPTION);
  uint64_t hash = nomem__hash_text(NOMEM__HASH_START, is_misuse ? "freed" : nomem__verdicts[finding->verdict].name);
  struct nomem__source_frame source = {0};
  if (finding->hostile != 0) hash = nomem__hash_number(hash, finding->hostile);
  if (nomem__unchecked_source(&finding->unchecked, symbols, &source))
    return hash_source(hash, &finding->unchecked.where.frame[0], &source, SAME_LINE);
  if (finding->freed.depth > 0) return hash_frame(hash, nomem__trace_culprit(&finding->freed), symbols, SAME_LINE);
  if (finding->verdict == NOMEM_VERDICT_LEAK && finding->blow_up.depth > 0) return hash_leak(hash, finding, symbols);
  if (finding->blow_up.depth == 0)
    return hash_frame(hash, nomem__trace_culprit(&finding->fault), symbols, SAME_FUNCTION);
  bool is_hang = finding->verdict == NOMEM_VERDICT_HANG;
  return hash_frame(hash, nomem__trace_culprit(&finding->blow_up), symbols, is_hang ? SAME_FUNCTION : SAME_LINE);
}
