/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "sanitizer_report.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../program_kinds.h"
#include "../text/hash.h"
#include "../text/memory.h"

/* At most so many lines come between the first line of a report and its first stack. */
#define LINES_BEFORE_STACK 32
/* Two reports are the same if their kinds and so many frames are, those inlined into one another counted as one. */
#define HASHED_FRAMES 3

/* Of a longer line, only so much is read from the position in question on. */
#define LINE_BYTES_MAX 4096

/* How LeakSanitizer begins a report. */
#define LEAKS "LeakSanitizer: detected memory leaks"

/* A part of a text. */
struct slice {
  const char *start, *end;
};

static const char *line_end(const char *at, const char *end) {
  if (end - at > LINE_BYTES_MAX) end = at + LINE_BYTES_MAX;
  const char *newline = memchr(at, '\n', (size_t)(end - at));
  return newline != NULL ? newline : end;
}

static bool has_before(const char *at, const char *start, const char *word) {
  size_t bytes = strlen(word);
  return (size_t)(at - start) >= bytes && memcmp(at - bytes, word, bytes) == 0;
}

/* Where in a line the name of a sanitizer begins that ends before "Sanitizer: " at at, if a report begins with this
 * line; else NULL. */
static const char *report_name(const char *line, const char *at) {
  static const struct {
    const char *name;
    bool warns; /* its errors are called warnings */
  } names[] = {{"HWAddress", false}, {"Address", false}, {"Leak", false},
               {"Memory", true},     {"Thread", true},   {"UndefinedBehavior", false}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!has_before(at, line, names[i].name)) continue;
    const char *name = at - strlen(names[i].name);
    return has_before(name, line, "ERROR: ") || (names[i].warns && has_before(name, line, "WARNING: ")) ? name : NULL;
  }
  return NULL;
}

/* Whether a text ends with a position in a source file, as UndefinedBehaviorSanitizer writes it: other programs report
 * runtime errors, too. */
static bool ends_with_position(const char *start, const char *end) {
  if (has_before(end, start, "<unknown>")) return true;
  const char *digits = end;
  while (digits > start && isdigit((unsigned char)digits[-1])) digits--;
  return digits < end && digits - start >= 2 && digits[-1] == ':';
}

static const char *find(struct slice text, const char *word) {
  return memmem(text.start, (size_t)(text.end - text.start), word, strlen(word));
}

/* What follows these in the first line of a report differs each time, or says nothing. */
static const char *const ends_of_kind[] = {
    " on address 0x", " on unknown address", " on 0x", " 0x", " (pid=", " (pc ", " (size", ": "};

static void put_kind(char *kind, size_t at, struct slice words) {
  for (size_t i = 0; i < sizeof ends_of_kind / sizeof *ends_of_kind; i++) {
    const char *end = find(words, ends_of_kind[i]);
    if (end != NULL && end > words.start) words.end = end;
  }
  for (const char *c = words.start; c < words.end && at < NOMEM_SANITIZER_KIND_BYTES - 1; c++) kind[at++] = *c;
  for (size_t i = 0; i < at; i++)
    if (kind[i] < ' ' || kind[i] > '~') kind[i] = '?';
  while (at > 0 && (kind[at - 1] == ' ' || kind[at - 1] == ':')) at--;
  kind[at] = '\0';
}

static uint64_t hash_slice(uint64_t hash, struct slice text) {
  return nomem__hash_byte(nomem__hash_bytes(hash, text.start, (size_t)(text.end - text.start)), '\n');
}

bool nomem__sanitizer_is_of_signal(const char *kind, int signal) {
  const char *what = strstr(kind, ": "), *name = sigabbrev_np(signal);
  if (what == NULL || name == NULL) return false;
  what += strlen(": ");
  return strncmp(what, name, strlen(name)) == 0 || (signal == SIGSEGV && strcmp(what, "stack-overflow") == 0);
}

uint64_t nomem__sanitizer_hash(const char *kind) {
  uint64_t hash = NOMEM__HASH_START;
  for (const char *c = kind; *c != '\0'; c++)
    if (!isdigit((unsigned char)*c)) hash = hash_slice(hash, (struct slice){c, c + 1});
  return hash;
}

/* One report lists all leaks, by the stacks at which they were allocated: each of them counts as a report. Indirect
 * leaks, to which only leaked memory points, come last, and count only if there are no direct ones. */
static bool is_leak(struct slice line, struct slice text) {
  static const char direct[] = "Direct leak of ", indirect[] = "Indirect leak of ";
  if (find(line, direct) == line.start) return true;
  return find(line, indirect) == line.start && find(text, direct) == NULL;
}

/* Reads the first line of a report. False: it is not one. */
static bool read_first_line(struct slice line, struct slice text, struct nomem__sanitizer_text *found) {
  static const char by_name[] = "Sanitizer: ", by_position[] = ": runtime error: ", undefined[] = "UndefinedBehavior";
  struct nomem__sanitizer_report *report = &found->report;
  const char *at = find(line, by_name), *name = at != NULL ? report_name(line.start, at) : NULL;
  size_t name_bytes = name != NULL ? (size_t)(at - name) : strlen(undefined);
  struct slice words = {at, line.end}, position = {line.start, line.start};
  if (name == NULL && is_leak(line, text)) {
    static const char leak[] = LEAKS;
    name = leak;
    name_bytes = strlen("Leak");
    words = (struct slice){leak + name_bytes + strlen(by_name), leak + strlen(leak)};
  } else if (name != NULL) {
    if (find((struct slice){name, line.end}, LEAKS) == name) return false;
    words.start += strlen(by_name);
  } else {
    at = find(line, by_position);
    if (at == NULL || !ends_with_position(line.start, at)) return false;
    name = undefined;
    words.start = at + strlen(by_position);
    position.end = at;
  }
  memcpy(report->kind, name, name_bytes);
  memcpy(report->kind + name_bytes, by_name, sizeof by_name);
  put_kind(report->kind, name_bytes + strlen(by_name), words);
  report->is_leak = strncmp(report->kind, "Leak", strlen("Leak")) == 0;
  found->hash = hash_slice(nomem__sanitizer_hash(report->kind), position);
  return true;
}

/* Reads "#3 0x55d0c0ffee (/path/of/module+0x1234)", with blanks before it and words after it. False: the line is not
 * the next frame. */
static bool read_frame(struct slice line, struct nomem__sanitizer_text *found) {
  struct nomem__trace *trace = &found->report.trace;
  while (line.start < line.end && (*line.start == ' ' || *line.start == '\t')) line.start++;
  char wanted[16];
  int bytes = snprintf(wanted, sizeof wanted, "#%u ", trace->depth);
  if (line.end - line.start < bytes || memcmp(line.start, wanted, (size_t)bytes) != 0) return false;
  struct nomem__trace_frame *frame = &trace->frame[trace->depth];
  *frame = (struct nomem__trace_frame){.path = "", .is_return_address = false};
  found->path[trace->depth].start = line.start;
  found->path[trace->depth].bytes = 0;
  trace->depth++;
  const char *path = find(line, " (/");
  if (path == NULL) return true;
  line.start = path += 2;
  for (const char *plus; (plus = find(line, "+0x")) != NULL; line.start = plus + 1) {
    uint64_t offset = 0;
    const char *digit = plus + 3;
    for (; digit < line.end && isxdigit((unsigned char)*digit) && digit - plus < 3 + 16; digit++)
      offset = offset << 4 | (uint64_t)(isdigit((unsigned char)*digit) ? *digit - '0' : (*digit | 0x20) - 'a' + 10);
    if (digit == plus + 3 || digit == line.end || *digit != ')') continue;
    found->path[trace->depth - 1].start = path;
    found->path[trace->depth - 1].bytes = (size_t)(plus - path);
    frame->offset = offset;
    break;
  }
  return true;
}

/* Reads the first stack after the first line of a report. The first line of another report ends the search. */
static void read_stack(struct slice text, struct nomem__sanitizer_text *found) {
  struct nomem__trace *trace = &found->report.trace;
  for (int lines = 0; text.start < text.end && trace->depth < NOMEM_TRACE_DEPTH; lines++) {
    struct slice line = {text.start, line_end(text.start, text.end)};
    if (!read_frame(line, found)) {
      bool is_over = trace->depth > 0 || lines >= LINES_BEFORE_STACK || find(line, "Sanitizer: ") != NULL ||
                     find(line, ": runtime error: ") != NULL;
      if (is_over) return;
    }
    text.start = line.end < text.end ? line.end + 1 : line.end;
  }
}

/* Takes out the injector's own frames, through which each allocation of the program goes. */
static void drop_own_frames(struct nomem__sanitizer_text *found) {
  static const char own[] = "/" NOMEM_GUEST;
  const size_t bytes = sizeof own - 1;
  struct nomem__trace *trace = &found->report.trace;
  unsigned kept = 0;
  for (unsigned i = 0; i < trace->depth; i++) {
    const size_t length = found->path[i].bytes;
    if (length >= bytes && memcmp(found->path[i].start + length - bytes, own, bytes) == 0) continue;
    trace->frame[kept] = trace->frame[i];
    found->path[kept++] = found->path[i];
  }
  trace->depth = kept;
}

bool nomem__sanitizer_parse(const char *text, size_t bytes, size_t *at, struct nomem__sanitizer_text *found) {
  const char *end = text + bytes;
  bool is_first_line = false;
  found->report.trace.depth = found->report.trace.library_frames = found->report.trace.skipped_frames = 0;
  while (!is_first_line && *at < bytes) {
    struct slice line = {text + *at, line_end(text + *at, end)};
    is_first_line = read_first_line(line, (struct slice){text, end}, found);
    *at = (size_t)(line.end - text) + (line.end < end);
  }
  if (!is_first_line) return false;
  read_stack((struct slice){text + *at, end}, found);
  drop_own_frames(found);
  const struct nomem__trace *trace = &found->report.trace;
  for (unsigned i = 0, hashed = 0; i < trace->depth && hashed < HASHED_FRAMES; i++) {
    if (i > 0 && trace->frame[i].offset != 0 && trace->frame[i].offset == trace->frame[i - 1].offset) continue;
    found->hash = hash_slice(found->hash + trace->frame[i].offset,
                             (struct slice){found->path[i].start, found->path[i].start + found->path[i].bytes});
    hashed++;
  }
  return true;
}

/* If the program has more reports of its own than can be kept, all reports count as its own. */
static bool is_known(const struct nomem__sanitizer_memory *memory, uint64_t hash) {
  for (size_t i = 0; i < memory->known_count; i++)
    if (memory->known[i] == hash) return true;
  return memory->known_count == sizeof memory->known / sizeof *memory->known;
}

/* A copy of the path that lives as long as the memory; "" when there are too many. */
static const char *keep_path(struct nomem__sanitizer_memory *memory, const char *path, size_t bytes) {
  if (memchr(path, '\0', bytes) != NULL) return "";
  for (size_t i = 0; i < memory->path_count; i++)
    if (strncmp(memory->paths[i], path, bytes) == 0 && memory->paths[i][bytes] == '\0') return memory->paths[i];
  if (bytes == 0 || bytes >= NOMEM_PATH_BYTES || memory->path_count == sizeof memory->paths / sizeof *memory->paths)
    return "";
  char *copy = nomem__strndup(path, bytes);
  memory->paths[memory->path_count++] = copy;
  return copy;
}

/* The end of an output, which is valid until the next call. Returns its length. */
static size_t read_end(int output_fd, uint64_t bytes, const char **end) {
  static char text[NOMEM_SANITIZER_OUTPUT];
  size_t wanted = bytes < sizeof text ? (size_t)bytes : sizeof text;
  ssize_t got = wanted == 0 ? 0 : pread(output_fd, text, wanted, (off_t)(bytes - wanted));
  *end = text;
  return got > 0 ? (size_t)got : 0;
}

void nomem__sanitizer_learn(struct nomem__sanitizer_memory *memory, int output_fd, uint64_t bytes) {
  static struct nomem__sanitizer_text found;
  const char *text;
  size_t at = 0, length = read_end(output_fd, bytes, &text);
  while (nomem__sanitizer_parse(text, length, &at, &found))
    if (!is_known(memory, found.hash)) memory->known[memory->known_count++] = found.hash;
}

void nomem__sanitizer_read(struct nomem__sanitizer_memory *memory, int output_fd, uint64_t bytes,
                           struct nomem__sanitizer_report *report) {
  static struct nomem__sanitizer_text found;
  const char *text;
  size_t at = 0, length = read_end(output_fd, bytes, &text);
  report->kind[0] = '\0';
  report->trace.depth = 0;
  while (nomem__sanitizer_parse(text, length, &at, &found)) {
    if (is_known(memory, found.hash)) continue;
    *report = found.report;
    for (unsigned i = 0; i < report->trace.depth; i++)
      report->trace.frame[i].path = keep_path(memory, found.path[i].start, found.path[i].bytes);
    return;
  }
}

void nomem__sanitizer_forget(struct nomem__sanitizer_memory *memory) {
  for (size_t i = 0; i < memory->path_count; i++) free(memory->paths[i]);
  *memory = (struct nomem__sanitizer_memory){0};
}

/* Whether a function belongs to a sanitizer, by its name. is_actor: and does not stand in for one of the C library. */
static bool is_sanitizer_function(const char *name, bool *is_actor) {
  static const char *const stand_ins[] = {"__interceptor_*", "___interceptor_*", "operator new*", "abort"},
                           *const actors[] = {"__asan*", "__hwasan*", "__lsan*",      "__msan*",
                                              "__tsan*", "__ubsan*",  "__sanitizer*", "__interception*"};
  *is_actor = false;
  for (size_t i = 0; i < sizeof stand_ins / sizeof *stand_ins; i++)
    if (nomem__glob(stand_ins[i], name)) return true;
  for (size_t i = 0; i < sizeof actors / sizeof *actors && !*is_actor; i++) *is_actor = nomem__glob(actors[i], name);
  return *is_actor;
}

static bool is_sanitizer_frame(const struct nomem__trace_frame *frame, struct nomem__symbols *symbols, bool *is_actor) {
  const char *module = nomem__base_name(frame->path);
  bool is_library = nomem__is_sanitizer(module);
  *is_actor = is_library;
  if (!is_library && nomem__is_runtime(module)) return false;
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count =
      nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources, NOMEM_INLINED_MAX);
  const char *function = count > 0 ? sources[count - 1].function : NULL;
  return (function != NULL && is_sanitizer_function(function, is_actor)) || is_library;
}

bool nomem__sanitizer_mark(struct nomem__trace *trace, struct nomem__symbols *symbols) {
  bool acts = false;
  for (unsigned i = 0; i < trace->depth; i++) {
    bool is_actor, is_sanitizers = is_sanitizer_frame(&trace->frame[i], symbols, &is_actor);
    acts |= is_actor;
    if (is_sanitizers)
      trace->skipped_frames = i + 1;
    else if (!nomem__is_runtime(nomem__base_name(trace->frame[i].path)))
      break;
  }
  return acts;
}
