/* SPDX-License-Identifier: MIT */
#include "target_elf.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <limits.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../channel.h"
#include "../../plan.h"
#include "../text/quote.h"

/* The way around a preload is the same for all programs. */
#define LINK_INSTEAD "link nomem-link.o into it"

#define COMMAND_BITS ((int)sizeof(void *) * CHAR_BIT)

/* The ELF header of this command, which the linker provides: the preload library next to it is built for the same. */
extern const ElfW(Ehdr) command_header __asm__("__ehdr_start") __attribute__((visibility("hidden")));

/* Run-times that bring an allocator of their own, each with the function by which it is recognised in a program. As
 * shared libraries they come after the preloaded one, which then calls their allocator. UndefinedBehaviorSanitizer has
 * none. The order matters: AddressSanitizer's run-time defines the function of LeakSanitizer's, too. */
static const struct sanitizer {
  const char *name, *symbol;
  bool has_library;
} sanitizers[] = {
    {"AddressSanitizer", "__asan_init", true}, {"MemorySanitizer", "__msan_init", false},
    {"ThreadSanitizer", "__tsan_init", true},  {"HWAddressSanitizer", "__hwasan_init", true},
    {"LeakSanitizer", "__lsan_init", false},
};

#define SANITIZER_COUNT (sizeof sanitizers / sizeof *sanitizers)

struct reader {
  Elf *elf;
  int fd;
  struct nomem__elf found;
  uint64_t file_bytes;
  char *objection;
  size_t objection_bytes;
};

__attribute__((format(printf, 2, 3))) static int object(struct reader *reader, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reader->objection, reader->objection_bytes, format, arguments);
  va_end(arguments);
  return -ENOEXEC;
}

static int object_damaged(struct reader *reader) {
  return object(reader, "is damaged or cut short: build or copy it again");
}

bool nomem__elf_is_magic(const char *start, size_t bytes) {
  return bytes >= SELFMAG && memcmp(start, ELFMAG, SELFMAG) == 0;
}

static int check_header(struct reader *reader) {
  GElf_Ehdr header;
  if (elf_kind(reader->elf) != ELF_K_ELF || !gelf_getehdr(reader->elf, &header)) return object_damaged(reader);
  if (header.e_ident[EI_CLASS] != command_header.e_ident[EI_CLASS])
    return object(reader, "is a %d-bit program and nomem is built for %d bits: build it for %d bits",
                  header.e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 64, COMMAND_BITS, COMMAND_BITS);
  if (header.e_ident[EI_DATA] != command_header.e_ident[EI_DATA] || header.e_machine != command_header.e_machine)
    return object(reader, "is built for another machine (ELF machine %u): build it for this one", header.e_machine);
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
    return object(reader, "is not a program but %s: link it, or name a program",
                  header.e_type == ET_REL    ? "an object file"
                  : header.e_type == ET_CORE ? "a core dump"
                                             : "another kind of ELF file");
  /* libelf ignores a section table that lies beyond the end of the file. */
  if (header.e_shoff > reader->file_bytes ||
      (uint64_t)header.e_shnum * header.e_shentsize > reader->file_bytes - header.e_shoff)
    return object_damaged(reader);
  return 0;
}

/* Checks the dynamic linker that a program header names. Nothing can be preloaded without one. */
static int check_dynamic_linker(struct reader *reader, const GElf_Phdr *segment) {
  char path[PATH_MAX];
  if (segment->p_filesz == 0 || segment->p_filesz >= sizeof path || segment->p_offset > INT64_MAX)
    return object_damaged(reader);
  /* To get a part of a file that no section describes, libelf would read all of the file. */
  if (pread(reader->fd, path, segment->p_filesz, (off_t)segment->p_offset) != (ssize_t)segment->p_filesz)
    return object_damaged(reader);
  path[segment->p_filesz] = '\0';
  if (access(path, F_OK) == 0) return 0;
  char quoted[NOMEM_QUOTE_BYTES];
  return object(reader, "asks for the dynamic linker %s, which is not here: install it, or build for this system",
                nomem__quote(path, quoted, sizeof quoted));
}

static int check_segments(struct reader *reader) {
  size_t count;
  bool is_dynamic = false;
  if (elf_getphdrnum(reader->elf, &count) != 0 || count == 0 || count > INT_MAX) return object_damaged(reader);
  for (size_t i = 0; i < count; i++) {
    GElf_Phdr segment;
    if (!gelf_getphdr(reader->elf, (int)i, &segment)) return object_damaged(reader);
    if (segment.p_type == PT_LOAD &&
        (segment.p_offset > reader->file_bytes || segment.p_filesz > reader->file_bytes - segment.p_offset))
      return object_damaged(reader);
    if (segment.p_type != PT_INTERP) continue;
    int error = check_dynamic_linker(reader, &segment);
    if (error) return error;
    is_dynamic = true;
  }
  if (is_dynamic || reader->found.has_backend) return 0;
  return object(reader,
                "is statically linked (or a library), so nothing can be preloaded into it: link it "
                "dynamically, or " LINK_INSTEAD " (with -Wl,-z,muldefs)");
}

static int object_sanitizer(struct reader *reader, const struct sanitizer *sanitizer) {
  return object(
      reader, "has %s in it, whose allocator wins over a preloaded one: " LINK_INSTEAD "%s", sanitizer->name,
      sanitizer->has_library ? ", or its run-time as a shared library (gcc's default, clang's -shared-libsan)" : "");
}

/* Checks the injector that a program says is linked into it: it must be of this command's version. */
static int check_note(struct reader *reader, const GElf_Shdr *section) {
  struct {
    uint32_t name_bytes, value_bytes, type;
    char name[8];
    uint32_t magic[2];
  } note;
  if (section->sh_size != sizeof note || section->sh_offset > INT64_MAX ||
      pread(reader->fd, &note, sizeof note, (off_t)section->sh_offset) != (ssize_t)sizeof note)
    return object_damaged(reader);
  if (((uint64_t)note.magic[1] << 32 | note.magic[0]) != NOMEM_CHANNEL_MAGIC)
    return object(reader, "has another version's nomem-link.o in it: link this one's");
  reader->found.has_backend = true;
  return 0;
}

static int find_note(struct reader *reader) {
  size_t names;
  if (elf_getshdrstrndx(reader->elf, &names) != 0) return 0;
  for (Elf_Scn *scn = NULL; (scn = elf_nextscn(reader->elf, scn)) != NULL;) {
    GElf_Shdr section;
    if (!gelf_getshdr(scn, &section)) return object_damaged(reader);
    const char *name = elf_strptr(reader->elf, names, section.sh_name);
    if (name != NULL && strcmp(name, NOMEM_NOTE_SECTION) == 0) return check_note(reader, &section);
  }
  return 0;
}

/* What the symbols of a program say. */
struct seen {
  size_t sanitizer;    /* the lowest index of those that are linked into the program */
  bool defines_malloc; /* and exports it to the dynamic linker */
};

static int scan_symbols(struct reader *reader, Elf_Data *data, const GElf_Shdr *section, struct seen *seen) {
  size_t count = section->sh_entsize ? section->sh_size / section->sh_entsize : 0;
  for (size_t i = 0; i < count && i < INT_MAX; i++) {
    GElf_Sym symbol;
    if (!gelf_getsym(data, (int)i, &symbol)) return object_damaged(reader);
    if (symbol.st_name == 0) continue;
    const char *name = elf_strptr(reader->elf, section->sh_link, symbol.st_name);
    if (!name) return object_damaged(reader);
    bool is_defined = symbol.st_shndx != SHN_UNDEF;
    /* A malloc that is not exported replaces nothing: libraries still call the C library's. */
    if (is_defined && section->sh_type == SHT_DYNSYM && strcmp(name, "malloc") == 0) seen->defines_malloc = true;
    for (size_t s = 0; s < seen->sanitizer && is_defined; s++)
      if (strcmp(name, sanitizers[s].symbol) == 0) seen->sanitizer = s;
  }
  return 0;
}

static int check_sections(struct reader *reader) {
  struct seen seen = {.sanitizer = SANITIZER_COUNT};
  Elf_Scn *scn = NULL;
  while ((scn = elf_nextscn(reader->elf, scn)) != NULL) {
    GElf_Shdr section;
    if (!gelf_getshdr(scn, &section)) return object_damaged(reader);
    if (section.sh_type != SHT_DYNSYM && section.sh_type != SHT_SYMTAB) continue;
    Elf_Data *data = elf_getdata(scn, NULL);
    if (!data) return object_damaged(reader);
    int error = scan_symbols(reader, data, &section, &seen);
    if (error) return error;
  }
  if (reader->found.has_backend) return 0;
  if (seen.sanitizer < SANITIZER_COUNT) return object_sanitizer(reader, &sanitizers[seen.sanitizer]);
  if (!seen.defines_malloc) return 0;
  return object(reader,
                "defines malloc itself, which wins over a preloaded one: build it without, or link libnomem.a "
                "into it and use nomem.h");
}

int nomem__elf_check(int fd, uint64_t file_bytes, struct nomem__elf *elf, char *objection, size_t objection_bytes) {
  struct reader reader = {
      .fd = fd, .file_bytes = file_bytes, .objection = objection, .objection_bytes = objection_bytes};
  if (elf_version(EV_CURRENT) == EV_NONE) return object(&reader, "cannot be read by this libelf: update libelf");
  /* The file is read and not mapped, because a mapped file that shrinks would kill us. */
  reader.elf = elf_begin(fd, ELF_C_READ, NULL);
  if (!reader.elf) return object_damaged(&reader);
  int error = check_header(&reader);
  if (!error) error = find_note(&reader);
  if (!error) error = check_segments(&reader);
  if (!error) error = check_sections(&reader);
  elf_end(reader.elf);
  *elf = reader.found;
  return error;
}

static bool is_leak_checker(const char *name) {
  static const char *const globs[] = {"libasan.so*", "liblsan.so*", "libhwasan.so*", "libclang_rt.*san*",
                                      "__asan_init", "__lsan_init", "__hwasan_init"};
  for (size_t i = 0; i < sizeof globs / sizeof *globs; i++)
    if (name != NULL && nomem__glob(globs[i], name)) return true;
  return false;
}

static bool needs_leak_checker(Elf *elf, Elf_Data *data, const GElf_Shdr *section) {
  size_t count = section->sh_entsize ? section->sh_size / section->sh_entsize : 0;
  GElf_Dyn entry;
  for (size_t i = 0; i < count && i < INT_MAX && gelf_getdyn(data, (int)i, &entry) != NULL; i++)
    if (entry.d_tag == DT_NEEDED && is_leak_checker(elf_strptr(elf, section->sh_link, entry.d_un.d_val))) return true;
  return false;
}

static bool defines_leak_checker(Elf *elf, Elf_Data *data, const GElf_Shdr *section) {
  size_t count = section->sh_entsize ? section->sh_size / section->sh_entsize : 0;
  GElf_Sym symbol;
  for (size_t i = 0; i < count && i < INT_MAX && gelf_getsym(data, (int)i, &symbol) != NULL; i++)
    if (symbol.st_shndx != SHN_UNDEF && is_leak_checker(elf_strptr(elf, section->sh_link, symbol.st_name))) return true;
  return false;
}

bool nomem__elf_looks_for_leaks(int fd) {
  if (elf_version(EV_CURRENT) == EV_NONE) return false;
  Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
  bool has_found = false;
  GElf_Shdr section;
  for (Elf_Scn *scn = NULL; elf != NULL && !has_found && (scn = elf_nextscn(elf, scn)) != NULL;) {
    if (gelf_getshdr(scn, &section) == NULL) break;
    Elf_Data *data = section.sh_type == SHT_DYNAMIC || section.sh_type == SHT_DYNSYM || section.sh_type == SHT_SYMTAB
                         ? elf_getdata(scn, NULL)
                         : NULL;
    if (data == NULL) continue;
    has_found = section.sh_type == SHT_DYNAMIC ? needs_leak_checker(elf, data, &section)
                                               : defines_leak_checker(elf, data, &section);
  }
  elf_end(elf);
  return has_found;
}
