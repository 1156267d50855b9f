/* SPDX-License-Identifier: MIT */
/* What nomem_wrong of ../nomem.h calls. It is in a file of its own: a program that is linked to libnomem.a has no other
 * use for it than the preload library's. */
#include "injector.h"

#include "forbidden_calls.h"

void nomem__wrong(const char *text) {
  struct nomem_channel *channel = nomem__channel();
  if (channel == NULL) return;
  struct nomem_wrong *wrong = &channel->wrong;
  if (atomic_load_explicit(&wrong->count, memory_order_relaxed) > INT32_MAX) return; /* lest it wrap */
  if (atomic_fetch_add(&wrong->count, 1) != 0) return;
  for (unsigned i = 0; i + 1 < NOMEM_WRONG_BYTES && text != NULL && text[i] != '\0'; i++) wrong->text[i] = text[i];
  atomic_store_explicit(&wrong->ready, 1, memory_order_release);
}
