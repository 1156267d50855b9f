/* SPDX-License-Identifier: MIT */
#include "finding_id.h"

#include <inttypes.h>
#include <string.h>

#include "../stack/json_stack.h"
#include "../text/hash.h"

/* Adds a frame by its names. A line or an address would change with every edit of the file; the address stands in only
 * for a function that has no name. */
static uint64_t hash_frame(uint64_t hash, const json_t *frame) {
  if (frame == NULL) return nomem__hash_text(hash, "");
  const char *module = nomem__json_string(frame, "module"), *slash = strrchr(module, '/');
  const char *function = nomem__json_string(frame, "function");
  hash = nomem__hash_text(hash, slash != NULL ? slash + 1 : module);
  return nomem__hash_text(hash, *function != '\0' ? function : nomem__json_string(frame, "offset"));
}

static uint64_t hash_finding(const json_t *finding) {
  uint64_t hash = nomem__hash_text(NOMEM__HASH_START, nomem__json_string(finding, "verdict"));
  const json_t *hostile = json_object_get(finding, "hostile");
  if (hostile != NULL) hash = nomem__hash_text(hash, json_string_value(hostile));
  /* A call that was not checked is one bug, wherever the NULL goes. */
  const json_t *unchecked = json_object_get(finding, "unchecked");
  if (unchecked != NULL) return hash_frame(hash, unchecked);
  /* So is a block that was freed too early, wherever it is used. */
  const json_t *freed = json_object_get(finding, "freed");
  if (freed != NULL) return hash_frame(hash, nomem__json_stack_culprit(freed));
  hash = hash_frame(hash, nomem__json_stack_culprit(json_object_get(finding, "fault")));
  hash = hash_frame(hash, nomem__json_stack_culprit(json_object_get(finding, "blow_up")));
  const json_t *second = json_object_get(finding, "second_fault");
  return second != NULL ? hash_frame(hash, nomem__json_stack_culprit(second)) : hash;
}

void nomem__put_finding_id(struct nomem__json *json, json_t *finding, const json_t *before) {
  const char *verdict = nomem__json_string(finding, "verdict");
  uint64_t hash = hash_finding(finding);
  unsigned number = 1;
  size_t i;
  json_t *other;
  nomem__json_format(json, finding, "group", "%016" PRIx64, hash);
  json_array_foreach(before, i, other) {
    number += strcmp(nomem__json_string(other, "group"), nomem__json_string(finding, "group")) == 0;
  }
  if (number == 1)
    nomem__json_format(json, finding, "id", "%s-%012" PRIx64, verdict, hash >> 16);
  else
    nomem__json_format(json, finding, "id", "%s-%012" PRIx64 "-%u", verdict, hash >> 16, number);
}
