/* SPDX-License-Identifier: MIT */
#include "libuv/suppressions.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/fuzz.h"
#include "inject/injector.h"
#include "inject/module_names.h"

enum { LINES_MAX = 64, NAMES_MAX = 64, LINE_BYTES = 512, EXIT_UNUSABLE = 2, CACHE = 4096, SUGGESTED_MAX = 6 };

static struct {
  char text[LINE_BYTES];
  enum suppression kind;
  uint64_t names; /* bit n: names[n] must be on the stack */
  _Atomic uint64_t spared;
} lines[LINES_MAX];
static unsigned line_count;

static char names[NAMES_MAX][NOMEM_PLAN_NAME_BYTES];
static unsigned name_count;

/* Which of the names the function at an address has. Each address is looked up once. */
static struct {
  uintptr_t address;
  uint64_t names;
} cache[CACHE];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noreturn)) static void reject(const char *path, unsigned number, const char *reason) {
  fprintf(stderr, "libuv: %s:%u: %s\n", path, number, reason);
  exit(EXIT_UNUSABLE);
}

static uint64_t bit_of(const char *path, unsigned number, const char *name, size_t length) {
  if (length == 0 || length >= sizeof names[0]) reject(path, number, "in= needs the name of a function");
  for (unsigned n = 0; n < name_count; n++)
    if (strlen(names[n]) == length && !memcmp(names[n], name, length)) return UINT64_C(1) << n;
  if (name_count == NAMES_MAX) reject(path, number, "more than 64 different functions");
  memcpy(names[name_count], name, length);
  return UINT64_C(1) << name_count++;
}

/* As a number that has the order of versions. A part that is not there is rest. Returns false when there is none. */
static bool read_version(const char **at, unsigned rest, unsigned *version) {
  unsigned major, minor, patch = rest;
  int length = 0;
  if (sscanf(*at, "%u.%u%n", &major, &minor, &length) < 2) return false;
  *at += length;
  if ((*at)[0] == '.' && (*at)[1] >= '0' && (*at)[1] <= '9' && sscanf(*at, ".%u%n", &patch, &length) == 1)
    *at += length;
  *version = major << 16 | minor << 8 | (patch & 0xff);
  return true;
}

/* Reads the versions that a line begins with, if any, and returns whether the one that is fuzzed is among them. */
static bool read_range(const char **at) {
  unsigned from = 0, to = UINT32_MAX;
  bool bounded = read_version(at, 0, &from);
  if (strncmp(*at, "..", 2) != 0) return !bounded || uv_version() == from;
  *at += 2;
  read_version(at, 0xff, &to);
  *at += **at == ' ';
  return uv_version() >= from && uv_version() <= to;
}

static void read_line(const char *path, unsigned number, const char *text) {
  const char *at = text;
  bool applies = read_range(&at);
  if (line_count == LINES_MAX) reject(path, number, "more than 64 suppressions");
  lines[line_count].kind = SUPPRESSION_FAULT;
  lines[line_count].names = 0;
  if (strncmp(at, "free ", 5) == 0) {
    lines[line_count].kind = SUPPRESSION_FREE;
    at += 5;
  }
  while (strncmp(at, "in=", 3) == 0) {
    size_t length = strcspn(at + 3, " ");
    lines[line_count].names |= bit_of(path, number, at + 3, length);
    at += 3 + length;
    at += strspn(at, " ");
  }
  if (!lines[line_count].names || strncmp(at, "- ", 2) != 0 || !at[2])
    reject(path, number, "not a suppression: write '[FROM..TO] [free] in=FUNCTION... - reason'");
  snprintf(lines[line_count].text, LINE_BYTES, "%s", text);
  line_count += applies;
}

void suppressions_read(const char *path) {
  char line[LINE_BYTES];
  unsigned number = 0;
  FILE *file = fopen(path, "r");
  if (!file) reject(path, 0, strerror(errno));
  while (fgets(line, sizeof line, file)) {
    number++;
    line[strcspn(line, "\n")] = '\0';
    if (line[0] && line[0] != '#') read_line(path, number, line);
  }
  fclose(file);
}

/* Returns false to go on with the function's other names. */
static bool note_name(const char *name, void *argument) {
  uint64_t *found = argument;
  for (unsigned n = 0; n < name_count; n++)
    if (nomem__glob(names[n], name)) *found |= UINT64_C(1) << n;
  return false;
}

/* A look-up searches the program's symbol table, so an address stays in the cache for ever. */
static uint64_t names_of(uintptr_t address) {
  uint64_t found = 0, hash;
  unsigned i = (unsigned)((address * UINT64_C(0x9e3779b97f4a7c15)) >> 52);
  for (unsigned probe = 0; probe < CACHE && cache[i].address && cache[i].address != address; probe++)
    i = (i + 1) % CACHE;
  if (cache[i].address == address) return cache[i].names;
  struct nomem_channel *channel = nomem__channel();
  nomem__module_function_is(channel, nomem__module_frame(channel, address, &hash), note_name, &found);
  cache[i].names = found;
  cache[i].address = address;
  return found;
}

bool suppressions_match(enum suppression kind, const uintptr_t *frame, unsigned depth) {
  uint64_t on_stack = 0;
  if (!name_count) return false;
  pthread_mutex_lock(&mutex);
  for (unsigned i = 0; i < depth; i++) on_stack |= names_of(frame[i]);
  pthread_mutex_unlock(&mutex);
  for (unsigned l = 0; l < line_count; l++) {
    if (lines[l].kind != kind || (lines[l].names & on_stack) != lines[l].names) continue;
    atomic_fetch_add(&lines[l].spared, 1);
    return true;
  }
  return false;
}

static bool take_name(const char *name, void *argument) {
  snprintf(argument, NOMEM_PLAN_NAME_BYTES, "%s", name);
  return true;
}

static void name_of(uintptr_t address, char name[NOMEM_PLAN_NAME_BYTES]) {
  uint64_t hash;
  struct nomem_channel *channel = nomem__channel();
  name[0] = '\0';
  nomem__module_function_is(channel, nomem__module_frame(channel, address, &hash), take_name, name);
}

/* From where memory was asked for to the outermost function of libuv: what is beyond is the target's. */
void suppressions_suggest(const uintptr_t *frame, unsigned depth) {
  char found[NOMEM_DEPTH][NOMEM_PLAN_NAME_BYTES];
  unsigned end = 0, shown = 0;
  for (unsigned i = 0; i < depth; i++) {
    name_of(frame[i], found[i]);
    if (strncmp(found[i], "uv_", 3) == 0) end = i + 1;
  }
  fprintf(stderr, "libuv: failed:");
  for (unsigned i = 0; i < end && shown < SUGGESTED_MAX; i++) {
    bool is_allocator = !strcmp(found[i], "uv__malloc") || !strcmp(found[i], "uv__calloc") ||
                        !strcmp(found[i], "uv__realloc") || !strncmp(found[i], "front_", 6);
    if (!found[i][0] || is_allocator) continue;
    fprintf(stderr, " in=%s", found[i]);
    shown++;
  }
  fputc('\n', stderr);
}

void suppressions_report(void) {
  for (unsigned l = 0; l < line_count; l++)
    if (!lines[l].spared) fprintf(stderr, "libuv: this suppression spared no call: %s\n", lines[l].text);
}
