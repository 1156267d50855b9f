/* SPDX-License-Identifier: MIT */
#include "entities.h"

/* The apostrophe has no name that both HTML 4 and XML know. */
static const struct {
  char character;
  const char *entity;
} entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

bool nomem__print_entity(FILE *out, char character) {
  for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
    if (entities[i].character != character) continue;
    fputs(entities[i].entity, out);
    return true;
  }
  return false;
}
