/* SPDX-License-Identifier: MIT */
#include "recording.h"

#include <stdlib.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../text/grow.h"

bool nomem__recording_take_bytes(struct nomem__recording *recording, size_t bytes) {
  if (bytes > NOMEM_RECORDED_BYTES_MAX - recording->bytes) return false;
  recording->bytes += bytes;
  return true;
}

size_t nomem__recording_add(struct nomem__recording *recording, const char *path, size_t parent, size_t before) {
  if (before != NOMEM_NO_IMAGE) recording->images[before].has_successor = true;
  if (recording->count == NOMEM_RECORDED_MAX) {
    recording->left_out++;
    return NOMEM_NO_IMAGE;
  }
  recording->images = nomem__grow(recording->images, recording->count, &recording->room, sizeof *recording->images);
  struct nomem__recorded_image *image = &recording->images[recording->count];
  *image = (struct nomem__recorded_image){.parent = parent, .path = nomem__strdup(path)};
  return recording->count++;
}

const struct nomem__input_text *nomem__recording_keep_text(struct nomem__recording *recording, char *text,
                                                           size_t bytes) {
  for (const struct nomem__input_text *known = recording->texts; known != NULL; known = known->next) {
    if (known->count != bytes || memcmp(known->bytes, text, bytes) != 0) continue;
    free(text);
    return known;
  }
  if (bytes > NOMEM_RECORDED_INPUTS_MAX - recording->text_bytes) {
    free(text);
    return NULL;
  }
  recording->text_bytes += bytes;
  struct nomem__input_text *added = nomem__malloc(sizeof *added);
  *added = (struct nomem__input_text){.bytes = text, .count = bytes, .next = recording->texts};
  recording->texts = added;
  return added;
}

void nomem__recorded_image_drop_variables(struct nomem__recorded_image *image, const char *globs) {
  size_t kept = 0, length;
  for (size_t at = 0; at < image->variable_bytes; at += length) {
    const char *variable = image->variables + at;
    length = strlen(variable) + 1;
    if (nomem__matches_any(globs, variable)) continue;
    memmove(image->variables + kept, variable, length);
    kept += length;
  }
  image->variable_bytes = kept;
}

void nomem__recording_free(struct nomem__recording *recording) {
  for (size_t i = 0; i < recording->count; i++) {
    struct nomem__recorded_image *image = &recording->images[i];
    free(image->path);
    free(image->words);
    free(image->folder);
    free(image->variables);
    free(image->input_path);
  }
  for (struct nomem__input_text *text = recording->texts, *next; text != NULL; text = next) {
    next = text->next;
    free(text->bytes);
    free(text);
  }
  free(recording->images);
  *recording = (struct nomem__recording){0};
}
