/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "set_aside.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../text/json_text.h"
#include "../text/memory.h"

void nomem__set_aside_open(struct nomem__set_aside *aside, size_t cases) {
  *aside = (struct nomem__set_aside){.fd = memfd_create("nomem-documents", MFD_CLOEXEC),
                                     .pieces = nomem__calloc(cases + 1, sizeof *aside->pieces)};
}

void nomem__set_aside_put(struct nomem__set_aside *aside, size_t number, struct nomem__case_result *result) {
  if (result->document == NULL || aside->fd < 0 || lseek(aside->fd, (off_t)aside->bytes, SEEK_SET) < 0) return;
  off_t end = nomem__json_write(result->document, aside->fd) == 0 ? lseek(aside->fd, 0, SEEK_CUR) : -1;
  if (end < 0) return;
  aside->pieces[number] = (struct nomem__set_aside_piece){aside->bytes, (size_t)end - aside->bytes};
  aside->bytes = (size_t)end;
  json_decref(result->document);
  result->document = NULL;
}

void nomem__set_aside_take_all(struct nomem__set_aside *aside, struct nomem__case_result *results, size_t count) {
  json_error_t error;
  const char *text = aside->bytes > 0 ? mmap(NULL, aside->bytes, PROT_READ, MAP_SHARED, aside->fd, 0) : MAP_FAILED;
  for (size_t i = 0; i < count; i++) {
    const struct nomem__set_aside_piece *piece = &aside->pieces[i];
    if (piece->bytes == 0) continue;
    if (text != MAP_FAILED) results[i].document = json_loadb(text + piece->at, piece->bytes, 0, &error);
    if (results[i].document != NULL) continue;
    results[i].has_broken = true;
    results[i].left_out = NOMEM_LEFT_OUT_UNFIT;
    results[i].reason = nomem__strdup("what was found cannot be read again");
  }
  if (text != MAP_FAILED) munmap((void *)text, aside->bytes);
  if (aside->fd >= 0) close(aside->fd);
  free(aside->pieces);
  *aside = (struct nomem__set_aside){.fd = -1};
}
