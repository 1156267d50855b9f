/* SPDX-License-Identifier: MIT */
#include "allocator_note.h"

#include <stdio.h>

#include "../../program_kinds.h"
#include "../text/quote.h"

void nomem__allocator_note_make(struct nomem__campaign *campaign, const struct nomem_channel *channel) {
  uint32_t number = channel->screening.allocator;
  char quoted[NOMEM_QUOTE_BYTES], *note = campaign->allocator_note;
  bool misses_new = channel->screening.misses_operator_new != 0;
  *note = '\0';
  if (number == 0 || number > channel->module_count || number > NOMEM_MODULES) {
    if (misses_new)
      snprintf(
          note, NOMEM__ALLOCATOR_NOTE_BYTES,
          "the program's operator new is its sanitizer's, and cannot be failed: its C++ library has to be a shared "
          "one for that");
    return;
  }
  snprintf(note, NOMEM__ALLOCATOR_NOTE_BYTES,
           "the program's allocator is %s, not the C library's: leaks may be missed, and neither is seen what is "
           "written or read past the end of a block, nor what is read of a freed one%s",
           nomem__quote(nomem__base_name(channel->modules[number - 1].path), quoted, sizeof quoted),
           misses_new ? "; and its operator new cannot be failed" : "");
}
