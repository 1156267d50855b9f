/* SPDX-License-Identifier: MIT */
#include "heap_residue.h"

#include <stdlib.h>

#include "../../block_table_format.h"

const char *const nomem__heap_misuse_texts[NOMEM_MISUSE_KINDS] = {
#define X(upper, text) [NOMEM_MISUSE_##upper] = text,
    NOMEM_MISUSE_MAP(X)
#undef X
};

void nomem__heap_residue_free(struct nomem__heap_residue *heap) {
  free(heap->leaks);
  free(heap->quarantined);
  free(heap->guarded);
  *heap = (struct nomem__heap_residue){0};
}

const struct nomem__quarantined *nomem__heap_residue_find_quarantined(const struct nomem__heap_residue *heap,
                                                                      uint64_t pointer) {
  uint64_t address = pointer & ~(NOMEM_BLOCK_TABLE_POISON_TAG << 48);
  const struct nomem__quarantined *block = NULL;
  for (size_t i = 0; i < heap->quarantined_count && pointer != 0; i++)
    if (heap->quarantined[i].address <= address) block = &heap->quarantined[i];
  return block != NULL && address - block->address < NOMEM_BLOCK_TABLE_POISON_REACH ? block : NULL;
}

static int by_key(const void *left, const void *right) {
  const struct nomem__leak_site *a = left, *b = right;
  return a->key < b->key ? -1 : a->key > b->key;
}

/* Takes out what main() itself held. Whether the rest counts. */
static bool passes(const struct nomem__leak_filter *filter, struct nomem__leak_site *site) {
  if (filter == NULL) return true;
  if (filter->may_count != NULL && !filter->may_count(filter->user, site)) return false;
  if (filter->counts == NULL) return true;
  site->blocks -= site->held_blocks;
  site->bytes -= site->held_bytes;
  return site->blocks > 0 && filter->counts(filter->user, site);
}

static uint64_t count_blocks_of_culprit(const struct nomem__heap_residue *heap, uint64_t culprit) {
  uint64_t blocks = 0;
  for (size_t i = 0; i < heap->leak_count; i++)
    if (heap->leaks[i].culprit == culprit) blocks += heap->leaks[i].blocks;
  return blocks;
}

bool nomem__heap_residue_find_new_leak(const struct nomem__heap_residue *here,
                                       const struct nomem__heap_residue *const *there, size_t there_count,
                                       const struct nomem__leak_filter *filter, struct nomem__leak_site *leak) {
  *leak = (struct nomem__leak_site){0};
  for (size_t i = 0; i < here->leak_count; i++) {
    struct nomem__leak_site site = here->leaks[i];
    uint64_t blocks = 0, bytes = 0, of_culprit = 0;
    if (!passes(filter, &site)) continue;
    for (size_t run = 0; run < there_count; run++) {
      const struct nomem__heap_residue *other = there[run];
      const struct nomem__leak_site *same =
          other->leak_count == 0 ? NULL : bsearch(&site, other->leaks, other->leak_count, sizeof site, by_key);
      if (same != NULL && same->blocks > blocks) blocks = same->blocks;
      if (same != NULL && same->bytes > bytes) bytes = same->bytes;
      uint64_t other_of_culprit = count_blocks_of_culprit(other, site.culprit);
      if (other_of_culprit > of_culprit) of_culprit = other_of_culprit;
    }
    if (blocks >= site.blocks || count_blocks_of_culprit(here, site.culprit) <= of_culprit) continue;
    site.blocks -= blocks;
    site.bytes -= bytes < site.bytes ? bytes : site.bytes;
    if (leak->blocks == 0 || site.bytes > leak->bytes || (site.bytes == leak->bytes && site.key < leak->key))
      *leak = site;
  }
  return leak->blocks > 0;
}
