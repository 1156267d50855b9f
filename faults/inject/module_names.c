/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "module_names.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loaded_module.h"

#include "forbidden_calls.h"

static uint64_t hash_text(const char *text) {
  uint64_t hash = 0;
  for (; *text != '\0'; text++) hash = nomem__hash(hash, (unsigned char)*text);
  return hash == 0 ? 1 : hash;
}

int nomem__open(const char *path, int access) {
  return (int)syscall(SYS_openat, AT_FDCWD, path, access | O_CLOEXEC | O_NOCTTY, 0);
}

void nomem__close(int fd) {
  syscall(SYS_close, fd);
}

const char *nomem__module_base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

const char *nomem__module_program(void) {
  static char path[NOMEM_PATH_BYTES];
  static _Atomic bool known;
  if (!atomic_load(&known)) { /* two threads that get here write the same bytes */
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    atomic_store(&known, true);
  }
  return path;
}

/* A relative name is relative to the directory in which the module was loaded: the current one. */
static void absolute_path(const char *name, char *out) {
  size_t at = 0;
  out[0] = '\0';
  if (name[0] != '/' && strchr(name, '/') != NULL && getcwd(out, NOMEM_PATH_BYTES) != NULL) {
    at = strlen(out);
    if (at + 1 < NOMEM_PATH_BYTES) out[at++] = '/';
  }
  size_t length = strlen(name);
  if (length >= NOMEM_PATH_BYTES - at) length = NOMEM_PATH_BYTES - at - 1;
  memcpy(out + at, name, length);
  out[at + length] = '\0';
}

/* Values of a module's `ready`, besides 0. */
enum { READY = 1, BEING_NAMED = 2 };

/* One thread writes the path, and the others wait a few microseconds for it. They do not wait for ever, because the
 * writer may be this very thread, interrupted by a signal, or a thread of another process that has died. */
static void name_module(struct nomem_module *module, const char *name) {
  enum { WAITS = 1000 };
  uint32_t state = 0;
  if (atomic_compare_exchange_strong(&module->ready, &state, BEING_NAMED)) {
    absolute_path(name, module->path);
    atomic_store_explicit(&module->ready, READY, memory_order_release);
  }
  for (int i = 0; i < WAITS && atomic_load_explicit(&module->ready, memory_order_acquire) != READY; i++) sched_yield();
}

/* The module's number in the channel, from 1, by its name; 0 when the table is full. */
static unsigned enter_module(struct nomem_channel *channel, const char *name) {
  uint64_t hash = hash_text(name);
  for (unsigned i = 0; i < NOMEM_MODULES; i++) {
    struct nomem_module *module = &channel->modules[i];
    uint64_t found = atomic_load_explicit(&module->path_hash, memory_order_acquire);
    if (found == 0 && atomic_compare_exchange_strong(&module->path_hash, &found, hash)) {
      atomic_fetch_add(&channel->module_count, 1);
      found = hash;
    }
    if (found != hash) continue;
    if (atomic_load_explicit(&module->ready, memory_order_acquire) != READY) name_module(module, name);
    return i + 1;
  }
  return 0;
}

nomem_frame nomem__module_frame(struct nomem_channel *channel, uintptr_t address, uint64_t *hash) {
  const struct link_map *module = nomem__loaded_module(address);
  *hash = 1;
  if (module == NULL) return NOMEM_FRAME(0, 1);
  if (module->l_name[0] != '\0' && nomem__loaded_module((uintptr_t)&nomem__module_frame) == module)
    return 0; /* the preloaded injector itself, between the C library and main() */
  const char *name = module->l_name[0] == '\0' ? nomem__module_program() : module->l_name;
  uint64_t offset = address - module->l_addr;
  *hash = hash_text(nomem__module_base_name(name)) + offset;
  return NOMEM_FRAME(enter_module(channel, name), offset);
}

bool nomem__module_has(uintptr_t address) {
  return nomem__loaded_module(address) != NULL;
}

/* A module's file in memory, for its symbols. It is found by its path, because a module's number differs from scope to
 * scope. */
struct image {
  _Atomic uint64_t path_hash; /* 0: the slot is free */
  _Atomic(const unsigned char *) bytes;
  _Atomic size_t size; /* set before bytes is */
};

/* Stands for a file that cannot be mapped. */
static const unsigned char nothing[1];

/* Of two threads that map the file together, the first to store its mapping wins, and the other unmaps its own. */
static void map_file(struct image *image, const char *path) {
  const unsigned char *bytes = nothing, *none = NULL;
  struct stat status = {.st_size = 0};
  int fd = nomem__open(path, O_RDONLY);
  if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof(ElfW(Ehdr))) {
    void *mapped = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped != MAP_FAILED) bytes = mapped;
  }
  if (fd >= 0) nomem__close(fd);
  if (bytes != nothing) atomic_store_explicit(&image->size, (size_t)status.st_size, memory_order_relaxed);
  if (!atomic_compare_exchange_strong(&image->bytes, &none, bytes) && bytes != nothing)
    munmap((void *)(uintptr_t)bytes, (size_t)status.st_size);
}

/* NULL when there are too many files. */
static const struct image *find_image(const struct nomem_module *module) {
  static struct image images[NOMEM_MODULES];
  uint64_t hash = atomic_load_explicit(&module->path_hash, memory_order_relaxed);
  for (unsigned i = 0; i < NOMEM_MODULES; i++) {
    uint64_t found = 0;
    if (!atomic_compare_exchange_strong(&images[i].path_hash, &found, hash) && found != hash) continue;
    if (atomic_load_explicit(&images[i].bytes, memory_order_acquire) == NULL) map_file(&images[i], module->path);
    return &images[i];
  }
  return NULL;
}

/* A part of the image, or NULL where it would reach beyond the end. */
static const void *part(const struct image *image, uint64_t offset, uint64_t bytes) {
  const unsigned char *all = atomic_load_explicit(&image->bytes, memory_order_acquire);
  size_t size = all == nothing ? 0 : atomic_load_explicit(&image->size, memory_order_relaxed);
  if (offset > size || bytes > size - offset) return NULL;
  return all + offset;
}

/* A search through the functions of a module. */
struct search {
  uint64_t call; /* only functions that contain this offset; UINT64_MAX: all */
  nomem_name_test test;
  void *argument;
  uint64_t *first, *last; /* NULL: the search ends with the first that is found */
};

/* One address may have several names (aliases, versions): any of them will do. */
static bool table_has(const struct image *image, const ElfW(Shdr) * sections, unsigned section_count,
                      const ElfW(Shdr) * table, const struct search *search) {
  const ElfW(Sym) *symbols = part(image, table->sh_offset, table->sh_size);
  if (symbols == NULL || table->sh_link >= section_count) return false;
  const ElfW(Shdr) *strings = &sections[table->sh_link];
  const char *names = part(image, strings->sh_offset, strings->sh_size);
  if (names == NULL || strings->sh_size == 0 || names[strings->sh_size - 1] != '\0') return false;
  for (uint64_t i = 0; i < table->sh_size / sizeof *symbols; i++) {
    const ElfW(Sym) *symbol = &symbols[i];
    unsigned type = symbol->st_info & 0xf;
    if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol->st_shndx == SHN_UNDEF) continue;
    bool is_meant = search->call == UINT64_MAX ||
                    (search->call >= symbol->st_value && search->call - symbol->st_value < symbol->st_size);
    if (!is_meant || symbol->st_name >= strings->sh_size) continue;
    if (!search->test(names + symbol->st_name, search->argument)) continue;
    if (search->first == NULL) return true;
    if (symbol->st_value < *search->first) *search->first = symbol->st_value;
    if (symbol->st_value + symbol->st_size > *search->last) *search->last = symbol->st_value + symbol->st_size;
  }
  return false;
}

static bool module_has(const struct nomem_channel *channel, nomem_frame frame, const struct search *search) {
  unsigned number = NOMEM_FRAME_MODULE(frame);
  if (number == 0 || number > NOMEM_MODULES) return false;
  const struct image *image = find_image(&channel->modules[number - 1]);
  const ElfW(Ehdr) *header = image == NULL ? NULL : part(image, 0, sizeof *header);
  if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_shentsize != sizeof(ElfW(Shdr)))
    return false;
  unsigned count = header->e_shnum;
  const ElfW(Shdr) *sections = part(image, header->e_shoff, (uint64_t)count * sizeof *sections);
  if (sections == NULL) return false;
  for (unsigned i = 0; i < count; i++) {
    if (sections[i].sh_type != SHT_SYMTAB && sections[i].sh_type != SHT_DYNSYM) continue;
    if (table_has(image, sections, count, &sections[i], search)) return true;
  }
  return false;
}

bool nomem__module_function_is(const struct nomem_channel *channel, nomem_frame frame, nomem_name_test test,
                               void *argument) {
  /* A return address may already belong to the next function. */
  const struct search search = {.call = NOMEM_FRAME_OFFSET(frame) - 1, .test = test, .argument = argument};
  return module_has(channel, frame, &search);
}

void nomem__module_span(const struct nomem_channel *channel, nomem_frame frame, nomem_name_test test, uint64_t *first,
                        uint64_t *last) {
  const struct search search = {.call = UINT64_MAX, .test = test, .first = first, .last = last};
  module_has(channel, frame, &search);
}

static bool matches_glob(const char *name, void *glob) {
  return nomem__glob(glob, name);
}

bool nomem__module_function_matches(const struct nomem_channel *channel, nomem_frame frame, const char *glob) {
  return nomem__module_function_is(channel, frame, matches_glob, (char *)(uintptr_t)glob);
}
