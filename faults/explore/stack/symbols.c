/* SPDX-License-Identifier: MIT */
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../program_kinds.h"
#include "../text/memory.h"
#include "debug_info.h"
#include "module_code.h"

/* How many functions inlined into one another at one address are kept. */
#define FRAMES_MAX 32
/* A longer name stays mangled, because the demangler's time and output can grow with every level of nested templates.
 */
#define MANGLED_BYTES_MAX 1024
#define TABLE_SLOTS_FIRST 64
#define HASH_MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)

/* What is known about one address. Strings in frames that are not the module's or the debug file's were kept by
 * keep_text. */
struct answer {
  uint64_t offset;
  bool is_return_address;
  size_t count; /* 0: the slot is free */
  struct nomem__source_frame *frames;
};

struct module {
  char *path;
  struct nomem__debug_info *info; /* NULL: the file cannot be read */
  struct answer *answers;         /* a hash table with open addressing; its slots are a power of two, never all used */
  size_t slots, used;
  struct nomem__module_codes codes;
};

struct kept_text {
  struct kept_text *next;
  char text[];
};

struct nomem__symbols {
  struct module *modules;
  size_t module_count;
  struct kept_text *texts;
  char *directory; /* where relative paths begin, ends in a slash; NULL: not known */
};

/* From the static library of the C++ run-time: the shared one would double the time that the command takes to start. */
#define DEMANGLE_NO_MEMORY (-1) /* its status */
char *__cxa_demangle(const char *mangled, char *buffer, size_t *length, int *status);

struct nomem__symbols *nomem__symbols_open(void) {
  struct nomem__symbols *opened = nomem__calloc(1, sizeof *opened);
  char *directory = nomem__checked(getcwd(NULL, 0));
  if (directory != NULL && directory[0] == '/') {
    size_t length = strlen(directory);
    opened->directory = nomem__malloc(length + sizeof "/");
    memcpy(opened->directory, directory, length + 1);
    if (directory[length - 1] != '/') memcpy(opened->directory + length, "/", sizeof "/");
  }
  free(directory);
  return opened;
}

const char *nomem__symbols_directory(const struct nomem__symbols *symbols) {
  return symbols != NULL ? symbols->directory : NULL;
}

static void close_module(struct module *module) {
  for (size_t i = 0; i < module->slots; i++) free(module->answers[i].frames);
  free(module->answers);
  nomem__module_codes_free(&module->codes);
  nomem__debug_info_close(module->info);
  free(module->path);
}

void nomem__symbols_close(struct nomem__symbols *symbols) {
  if (!symbols) return;
  for (size_t i = 0; i < symbols->module_count; i++) close_module(&symbols->modules[i]);
  free(symbols->modules);
  while (symbols->texts) {
    struct kept_text *next = symbols->texts->next;
    free(symbols->texts);
    symbols->texts = next;
  }
  free(symbols->directory);
  free(symbols);
}

static struct module *find_module(struct nomem__symbols *symbols, const char *path) {
  for (size_t i = 0; i < symbols->module_count; i++)
    if (strcmp(symbols->modules[i].path, path) == 0) return &symbols->modules[i];
  struct module *modules = nomem__reallocarray(symbols->modules, symbols->module_count + 1, sizeof *modules);
  symbols->modules = modules;
  struct module *module = &modules[symbols->module_count];
  *module = (struct module){.path = nomem__strdup(path)};
  if (nomem__debug_info_open(&module->info, path) != 0) module->info = NULL;
  symbols->module_count++;
  return module;
}

/* What was answered without names is forgotten. */
static void add_file(struct nomem__symbols *symbols, const char *path, int fd) {
  struct module *module = find_module(symbols, path);
  int copy = module->info == NULL ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
  if (copy < 0 || nomem__debug_info_open_file(&module->info, path, copy) != 0) return;
  for (size_t i = 0; i < module->slots; i++) free(module->answers[i].frames);
  free(module->answers);
  module->answers = NULL;
  module->slots = module->used = 0;
}

/* The injector knows a file by the name that it had before it was removed. */
void nomem__symbols_add_file(struct nomem__symbols *symbols, const char *path, int fd) {
  static const char removed[] = " (deleted)";
  size_t length = strlen(path), removed_length = sizeof removed - 1;
  add_file(symbols, path, fd);
  if (length <= removed_length || strcmp(path + length - removed_length, removed) != 0) return;
  char *former = nomem__strndup(path, length - removed_length);
  add_file(symbols, former, fd);
  free(former);
}

const char *nomem__symbols_keep_path(struct nomem__symbols *symbols, const char *path) {
  return find_module(symbols, path)->path;
}

/* Returns the slot that has this answer, or the free one for it. */
static struct answer *find_slot(struct answer *answers, size_t slots, uint64_t offset, bool is_return_address) {
  uint64_t hash = (offset * 2 + is_return_address) * HASH_MULTIPLIER;
  for (size_t i = hash >> 32;; i++) {
    struct answer *slot = &answers[i & (slots - 1)];
    if (slot->count == 0 || (slot->offset == offset && slot->is_return_address == is_return_address)) return slot;
  }
}

/* Makes room for one more answer, so that half of the slots stay free. */
static void grow_answers(struct module *module) {
  if (module->used * 2 < module->slots) return;
  size_t slots = module->slots ? module->slots * 2 : TABLE_SLOTS_FIRST;
  struct answer *answers = nomem__calloc(slots, sizeof *answers);
  for (size_t i = 0; i < module->slots; i++) {
    struct answer *old = &module->answers[i];
    if (old->count) *find_slot(answers, slots, old->offset, old->is_return_address) = *old;
  }
  free(module->answers);
  module->answers = answers;
  module->slots = slots;
}

/* Returns a copy of length bytes of text that lives as long as symbols. */
static char *keep_text(struct nomem__symbols *symbols, const char *text, size_t length) {
  struct kept_text *kept = nomem__malloc(sizeof *kept + length + 1);
  memcpy(kept->text, text, length);
  kept->text[length] = '\0';
  kept->next = symbols->texts;
  symbols->texts = kept;
  return kept->text;
}

static const char *demangle(struct nomem__symbols *symbols, const char *name) {
  int status;
  if (!name || strncmp(name, "_Z", 2) != 0 || strnlen(name, MANGLED_BYTES_MAX) == MANGLED_BYTES_MAX) return name;
  char *readable = __cxa_demangle(name, NULL, NULL, &status);
  if (status == DEMANGLE_NO_MEMORY) nomem__out_of_memory();
  if (!readable) return name;
  const char *kept = keep_text(symbols, readable, strlen(readable));
  free(readable);
  return kept;
}

/* A function's name as people write it: the part that gcc moved away as unlikely, "f.cold", is f, and so is what the
 * linker calls by its version, "f@@LIB_2.1". */
static const char *readable_name(struct nomem__symbols *symbols, const char *name) {
  static const char cold[] = ".cold";
  size_t bytes = name != NULL ? strcspn(name, "@") : 0, cold_bytes = strlen(cold);
  if (bytes > cold_bytes && strncmp(name + bytes - cold_bytes, cold, cold_bytes) == 0) bytes -= cold_bytes;
  if (bytes > 0 && name[bytes] != '\0') name = keep_text(symbols, name, bytes);
  return demangle(symbols, name);
}

/* Removes the last component of the path between root and *end. Returns false when it must stay there. */
static bool remove_component(const char *root, bool is_absolute, char **end) {
  char *parent = *end;
  if (parent == root) return is_absolute;
  for (parent--; parent > root && parent[-1] != '/'; parent--) continue;
  if (strncmp(parent, "../", strlen("../")) == 0) return false;
  *end = parent;
  return true;
}

/* Removes "." and "x/.." from a path, as text, because the folders need not exist on this machine. */
static void normalise_path(char *path) {
  bool is_absolute = path[0] == '/';
  char *const root = path + is_absolute;
  char *end = root;
  const char *next;
  for (const char *from = root; *from; from = next) {
    size_t length = strcspn(from, "/");
    next = from + length + strspn(from + length, "/");
    if (length == 0 || (length == 1 && from[0] == '.')) continue;
    if (length == 2 && strncmp(from, "..", 2) == 0 && remove_component(root, is_absolute, &end)) continue;
    length += from[length] == '/';
    memmove(end, from, length);
    end += length;
  }
  *end = '\0';
}

/* Returns a source path as it is shown: joined to the folder where the compiler ran, unless libdw has done so (it does
 * for files in that same folder), normalised, and relative to our folder if below it. */
static const char *make_shown_path(struct nomem__symbols *symbols, const char *directory, const char *file) {
  size_t length = directory && file[0] != '/' ? strlen(directory) : 0;
  if (length && strncmp(file, directory, length) == 0 && file[length] == '/') length = 0;
  char *path = nomem__format("%.*s%s%s", (int)length, length ? directory : "", length ? "/" : "", file);
  normalise_path(path);
  size_t below = symbols->directory ? strlen(symbols->directory) : 0;
  if (below && strncmp(path, symbols->directory, below) != 0) below = 0;
  const char *kept = keep_text(symbols, path + below, strlen(path + below));
  free(path);
  return kept;
}

/* Of a run-time nobody asks for more than the function's name, and the debug information of the C library takes longer
 * to read than most explorations. */
static size_t find_frames(const struct module *module, uint64_t address, struct nomem__debug_frame *found) {
  if (!module->info) return 0;
  if (!nomem__is_runtime(nomem__base_name(module->path)))
    return nomem__debug_info_find_frames(module->info, address, found, FRAMES_MAX);
  found[0] = (struct nomem__debug_frame){0};
  return nomem__debug_info_name_frame(module->info, address, &found[0]);
}

/* Looks up an address and keeps the answer. */
static void look_up(struct nomem__symbols *symbols, struct module *module, struct answer *answer) {
  struct nomem__debug_frame found[FRAMES_MAX];
  uint64_t address = answer->offset - (answer->is_return_address && answer->offset > 0);
  size_t count = find_frames(module, address, found);
  if (count == 0) found[count++] = (struct nomem__debug_frame){0};
  answer->frames = nomem__calloc(count, sizeof *answer->frames);
  for (size_t i = 0; i < count; i++) {
    struct nomem__debug_frame *from = &found[i];
    answer->frames[i] = (struct nomem__source_frame){
        .function = readable_name(symbols, from->name),
        .function_offset = from->name && !from->inlined ? answer->offset - from->start : 0,
        .file = from->file ? make_shown_path(symbols, from->directory, from->file) : NULL,
        .line = from->line,
        .column = from->column,
        .is_helper = from->is_helper,
        .inlined = from->inlined,
        .module = module->path,
    };
  }
  answer->count = count;
}

size_t nomem__symbols_resolve(struct nomem__symbols *symbols, const char *path, uint64_t offset, bool is_return_address,
                              struct nomem__source_frame *frames, size_t max) {
  if (max == 0) return 0;
  struct module *module = find_module(symbols, path);
  grow_answers(module);
  struct answer *answer = find_slot(module->answers, module->slots, offset, is_return_address);
  if (answer->count == 0) {
    answer->offset = offset;
    answer->is_return_address = is_return_address;
    look_up(symbols, module, answer);
    module->used++;
  }
  size_t count = answer->count < max ? answer->count : max;
  memcpy(frames, answer->frames, count * sizeof *frames);
  return count;
}

int nomem__symbols_find_pointers(struct nomem__symbols *symbols, const char *path, uint64_t offset,
                                 bool is_return_address, struct nomem__debug_parameter *parameters, int max) {
  struct module *module = find_module(symbols, path);
  if (!module->info) return -1;
  return nomem__debug_info_find_pointers(module->info, offset - (is_return_address && offset > 0), parameters, max);
}

struct nomem__debug_result nomem__symbols_find_result(struct nomem__symbols *symbols, const char *path,
                                                      uint64_t offset) {
  struct module *module = find_module(symbols, path);
  if (!module->info) return (struct nomem__debug_result){0};
  return nomem__debug_info_find_result(module->info, offset);
}

size_t nomem__symbols_find_results(struct nomem__symbols *symbols, const char *path, uint64_t offset,
                                   struct nomem__debug_result *results, size_t max) {
  const struct module *module = find_module(symbols, path);
  return module->info ? nomem__debug_info_find_results(module->info, offset, results, max) : 0;
}

bool nomem__symbols_may_take_function(struct nomem__symbols *symbols, const char *path, uint64_t offset) {
  const struct module *module = find_module(symbols, path);
  return !module->info || nomem__debug_info_may_take_function(module->info, offset);
}

bool nomem__symbols_each_function(struct nomem__symbols *symbols, const char *path, int max,
                                  void (*visit)(void *user, uint64_t offset), void *user) {
  struct module *module = find_module(symbols, path);
  return module->info && nomem__debug_info_each_function(module->info, max, visit, user);
}

bool nomem__symbols_has_symbol(struct nomem__symbols *symbols, const char *path, const char *name) {
  struct module *module = find_module(symbols, path);
  return module->info && nomem__debug_info_find_symbol(module->info, name) != 0;
}

bool nomem__symbols_each_enumerator(struct nomem__symbols *symbols, const char *path, uint64_t offset,
                                    void (*visit)(void *user, const char *name, int64_t value), void *user) {
  struct module *module = find_module(symbols, path);
  return module->info && nomem__debug_info_each_enumerator(module->info, offset, visit, user);
}

const struct nomem__function_code *nomem__symbols_find_code(struct nomem__symbols *symbols, const char *path,
                                                            uint64_t offset) {
  struct module *module = find_module(symbols, path);
  return module->info ? nomem__module_codes_find(&module->codes, module->info, offset) : NULL;
}

bool nomem__symbols_is_call_of(struct nomem__symbols *symbols, const char *path, const struct nomem__instruction *call,
                               const char *callee_path, uint64_t start) {
  struct nomem__debug_info *info = find_module(symbols, path)->info;
  struct nomem__debug_info *callee = find_module(symbols, callee_path)->info;
  if (!info || !callee) return false;
  if (info == callee && call->target == start) return true;
  const char *name = nomem__debug_info_find_import(info, call);
  return name && nomem__debug_info_find_symbol(callee, name) == start;
}

/* The function that begins at an address of a module. */
static const struct nomem__function_code *find_start(struct module *module, uint64_t start) {
  const struct nomem__function_code *code =
      start != 0 ? nomem__module_codes_find(&module->codes, module->info, start) : NULL;
  return code && code->start == start ? code : NULL;
}

const struct nomem__function_code *nomem__symbols_find_callee(struct nomem__symbols *symbols, const char **path,
                                                              const struct nomem__instruction *call) {
  struct module *module = find_module(symbols, *path);
  if (!module->info) return NULL;
  const char *name = nomem__debug_info_find_import(module->info, call);
  if (!name) return find_start(module, call->target);
  uint64_t start = nomem__debug_info_find_symbol(module->info, name);
  if (start != 0) return find_start(module, start);
  for (size_t i = 0; i < symbols->module_count; i++) {
    struct module *other = &symbols->modules[i];
    if (!other->info || nomem__is_runtime(nomem__base_name(other->path))) continue;
    const struct nomem__function_code *code = find_start(other, nomem__debug_info_find_symbol(other->info, name));
    if (!code) continue;
    *path = other->path;
    return code;
  }
  return NULL;
}

const char *nomem__symbols_find_called(struct nomem__symbols *symbols, const char *path, uint64_t return_offset) {
  const struct nomem__function_code *code = nomem__symbols_find_code(symbols, path, return_offset - 1);
  uint32_t number = code ? nomem__function_code_find_before(code, return_offset) : NOMEM_NO_INSTRUCTION;
  if (number == NOMEM_NO_INSTRUCTION) return NULL;
  struct nomem__debug_info *info = find_module(symbols, path)->info;
  const struct nomem__instruction *call = &code->list[number];
  const char *name = nomem__debug_info_find_import(info, call);
  if (!name && call->target != 0) name = nomem__debug_info_symbol_at(info, call->target);
  return name ? demangle(symbols, name) : NULL;
}
