/* SPDX-License-Identifier: MIT */
/* Which code of the program was compiled from the harness's source files, by the debug information: the units whose
 * names say so, and the unit of the target's own function. Of each unit only its first entry is read: its name, and
 * the addresses of its code. DWARF 2 to 5, 32-bit, not compressed; where there is none, nothing is known.
 *
 * Where no other unit is left, the code under test is in the harness's own file, and nothing is known either. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../faults/inject/module_names.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

enum { RANGES_MAX = 512, CODES_PAST_END = 0 };

/* DWARF's numbers, by its names. */
enum { AT_NAME = 0x03, AT_LOW_PC = 0x11, AT_HIGH_PC = 0x12, AT_RANGES = 0x55 };
enum { AT_STR_OFFSETS_BASE = 0x72, AT_ADDR_BASE = 0x73, AT_RNGLISTS_BASE = 0x74 };
enum {
  FORM_ADDR = 0x01,
  FORM_BLOCK2 = 0x03,
  FORM_BLOCK4,
  FORM_DATA2,
  FORM_DATA4,
  FORM_DATA8,
  FORM_STRING,
  FORM_BLOCK,
  FORM_BLOCK1,
  FORM_DATA1,
  FORM_FLAG,
  FORM_SDATA,
  FORM_STRP,
  FORM_UDATA,
  FORM_SEC_OFFSET = 0x17,
  FORM_EXPRLOC,
  FORM_FLAG_PRESENT,
  FORM_STRX,
  FORM_ADDRX,
  FORM_DATA16 = 0x1e,
  FORM_LINE_STRP,
  FORM_IMPLICIT_CONST = 0x21,
  FORM_RNGLISTX = 0x23,
  FORM_STRX1 = 0x25,
  FORM_STRX2,
  FORM_STRX3,
  FORM_STRX4,
  FORM_ADDRX1,
  FORM_ADDRX2,
  FORM_ADDRX3,
  FORM_ADDRX4
};

struct bytes {
  const uint8_t *at, *end; /* at == NULL: there are none, or too few were left */
};

static uint64_t fixed(struct bytes *from, unsigned count) {
  uint64_t value = 0;
  if (from->at == NULL || (size_t)(from->end - from->at) < count) {
    from->at = NULL;
    return 0;
  }
  for (unsigned i = 0; i < count; i++) value |= (uint64_t)from->at[i] << (8 * i);
  from->at += count;
  return value;
}

static uint64_t leb(struct bytes *from) {
  uint64_t value = 0;
  for (unsigned shift = 0; from->at != NULL; shift += 7) {
    uint64_t byte = fixed(from, 1);
    if (shift < 64) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

static struct bytes skip(struct bytes from, uint64_t count) {
  if (from.at == NULL || (uint64_t)(from.end - from.at) < count) return (struct bytes){NULL, NULL};
  return (struct bytes){from.at + count, from.end};
}

static const char *text_at(struct bytes section, uint64_t offset) {
  struct bytes rest = skip(section, offset);
  if (rest.at == NULL || memchr(rest.at, '\0', (size_t)(rest.end - rest.at)) == NULL) return "";
  return (const char *)rest.at;
}

static struct { struct bytes file, info, abbrev, str, line_str, str_offsets, addr, ranges, rnglists; } program;

/* The harness's code, as offsets in the program. */
static struct range { uint64_t first, end; } ranges[RANGES_MAX];
static uint32_t range_count;
static bool has_others; /* units that are neither the harness's, nor the driver's, nor of the tools */

/* The first entry of a unit. */
struct unit {
  unsigned version;
  struct bytes die;
  struct {
    unsigned form;
    uint64_t value;
    const char *text;
  } name, low, high, list;
  uint64_t str_offsets_base, addr_base, rnglists_base;
};

static uint64_t indexed(struct bytes section, uint64_t base, uint64_t index, unsigned size) {
  struct bytes at = skip(section, base + index * size);
  return fixed(&at, size);
}

/* The value of an attribute as it stands in the entry: a number, an offset, an index or an address. */
static uint64_t read_form(struct unit *unit, unsigned form, const char **text) {
  static const uint8_t sizes[] = {
      [FORM_ADDR] = 8,       [FORM_DATA1] = 1,    [FORM_DATA2] = 2,  [FORM_DATA4] = 4,  [FORM_DATA8] = 8,
      [FORM_FLAG] = 1,       [FORM_STRP] = 4,     [FORM_STRX1] = 1,  [FORM_STRX2] = 2,  [FORM_STRX3] = 3,
      [FORM_STRX4] = 4,      [FORM_ADDRX1] = 1,   [FORM_ADDRX2] = 2, [FORM_ADDRX3] = 3, [FORM_ADDRX4] = 4,
      [FORM_SEC_OFFSET] = 4, [FORM_LINE_STRP] = 4};
  struct bytes *die = &unit->die;
  if (form < sizeof sizes && sizes[form] != 0) return fixed(die, sizes[form]);
  switch (form) {
    case FORM_STRING:
      *text = text_at(*die, 0);
      *die = skip(*die, strlen(*text) + 1);
      return 0;
    case FORM_UDATA:
    case FORM_SDATA:
    case FORM_STRX:
    case FORM_ADDRX:
    case FORM_RNGLISTX:
      return leb(die);
    case FORM_FLAG_PRESENT:
    case FORM_IMPLICIT_CONST:
      return 1;
    case FORM_DATA16:
      *die = skip(*die, 16);
      return 0;
    case FORM_EXPRLOC:
    case FORM_BLOCK:
      *die = skip(*die, leb(die));
      return 0;
    case FORM_BLOCK1:
    case FORM_BLOCK2:
    case FORM_BLOCK4:
      *die = skip(*die, fixed(die, form == FORM_BLOCK1 ? 1 : form == FORM_BLOCK2 ? 2 : 4));
      return 0;
    default:
      die->at = NULL;
      return 0;
  }
}

static void read_attribute(struct unit *unit, unsigned attribute, unsigned form) {
  const char *text = NULL;
  uint64_t value = read_form(unit, form, &text);
  if (attribute == AT_NAME) {
    unit->name.form = form, unit->name.value = value, unit->name.text = text;
  } else if (attribute == AT_LOW_PC) {
    unit->low.form = form, unit->low.value = value;
  } else if (attribute == AT_HIGH_PC) {
    unit->high.form = form, unit->high.value = value;
  } else if (attribute == AT_RANGES) {
    unit->list.form = form, unit->list.value = value;
  } else if (attribute == AT_STR_OFFSETS_BASE) {
    unit->str_offsets_base = value;
  } else if (attribute == AT_ADDR_BASE) {
    unit->addr_base = value;
  } else if (attribute == AT_RNGLISTS_BASE) {
    unit->rnglists_base = value;
  }
}

static bool read_first_entry(struct unit *unit, uint64_t abbrev_offset) {
  struct bytes abbrev = skip(program.abbrev, abbrev_offset);
  uint64_t code = leb(&unit->die);
  while (abbrev.at != NULL) {
    uint64_t declared = leb(&abbrev);
    if (declared == CODES_PAST_END) return false;
    leb(&abbrev); /* its tag: the first entry of a unit is the unit */
    fixed(&abbrev, 1);
    for (;;) {
      unsigned attribute = (unsigned)leb(&abbrev), form = (unsigned)leb(&abbrev);
      if (form == FORM_IMPLICIT_CONST) leb(&abbrev);
      if (form == 0 || abbrev.at == NULL) break;
      if (declared == code) read_attribute(unit, attribute, form);
    }
    if (declared == code) return unit->die.at != NULL;
  }
  return false;
}

static const char *name_of(const struct unit *unit) {
  unsigned form = unit->name.form;
  if (unit->name.text != NULL) return unit->name.text;
  if (form == FORM_STRP) return text_at(program.str, unit->name.value);
  if (form == FORM_LINE_STRP) return text_at(program.line_str, unit->name.value);
  if (form == FORM_STRX || (form >= FORM_STRX1 && form <= FORM_STRX4))
    return text_at(program.str, indexed(program.str_offsets, unit->str_offsets_base, unit->name.value, 4));
  return "";
}

static uint64_t address_of(const struct unit *unit, unsigned form, uint64_t value) {
  bool is_index = form == FORM_ADDRX || (form >= FORM_ADDRX1 && form <= FORM_ADDRX4);
  return is_index ? indexed(program.addr, unit->addr_base, value, 8) : value;
}

static void keep_range(uint64_t first, uint64_t end) {
  if (first != 0 && first < end && range_count < RANGES_MAX) ranges[range_count++] = (struct range){first, end};
}

/* The list of a version 5 unit: entries begin with their kind. */
static void keep_list_5(const struct unit *unit, uint64_t base) {
  enum { END, BASE_X, START_X_END_X, START_X_LENGTH, OFFSET_PAIR, BASE, START_END, START_LENGTH };
  uint64_t offset = unit->list.value;
  if (unit->list.form == FORM_RNGLISTX)
    offset = unit->rnglists_base + indexed(program.rnglists, unit->rnglists_base, offset, 4);
  struct bytes list = skip(program.rnglists, offset);
  for (unsigned kind; list.at != NULL && (kind = (unsigned)fixed(&list, 1)) != END;) {
    bool is_plain = kind == BASE || kind == START_END || kind == START_LENGTH;
    uint64_t a = is_plain ? fixed(&list, 8) : leb(&list), b = 0;
    if (kind == START_END) b = fixed(&list, 8);
    if (kind == START_X_END_X || kind == START_X_LENGTH || kind == OFFSET_PAIR || kind == START_LENGTH) b = leb(&list);
    if (kind == BASE_X || kind == START_X_END_X || kind == START_X_LENGTH)
      a = indexed(program.addr, unit->addr_base, a, 8);
    if (kind == START_X_END_X) b = indexed(program.addr, unit->addr_base, b, 8);
    if (kind == BASE || kind == BASE_X)
      base = a;
    else if (kind == OFFSET_PAIR)
      keep_range(base + a, base + b);
    else
      keep_range(a, kind == START_LENGTH || kind == START_X_LENGTH ? a + b : b);
  }
}

static void keep_list_4(const struct unit *unit, uint64_t base) {
  struct bytes list = skip(program.ranges, unit->list.value);
  while (list.at != NULL) {
    uint64_t a = fixed(&list, 8), b = fixed(&list, 8);
    if (a == 0 && b == 0) return;
    if (a == UINT64_MAX)
      base = b;
    else
      keep_range(base + a, base + b);
  }
}

static void keep_ranges(const struct unit *unit) {
  uint64_t low = address_of(unit, unit->low.form, unit->low.value);
  if (unit->list.form != 0 && unit->version >= 5)
    keep_list_5(unit, low);
  else if (unit->list.form != 0)
    keep_list_4(unit, low);
  else if (unit->high.form != 0)
    keep_range(low, unit->high.form == FORM_ADDR ? unit->high.value : low + unit->high.value);
}

static bool is_in_ranges(uint32_t from, uint64_t offset) {
  for (uint32_t i = from; i < range_count; i++)
    if (offset >= ranges[i].first && offset < ranges[i].end) return true;
  return false;
}

/* "x_fuzzer.c", "x_fuzz.cc", "fuzz_x.c", and what is in a folder named fuzz. */
static bool is_harness_file(const char *name) {
  const char *base = nomem__module_base_name(name);
  size_t folder = (size_t)(base - name);
  bool is_in_fuzz = folder >= 5 && memcmp(base - 5, "fuzz/", 5) == 0 && (folder == 5 || base[-6] == '/');
  return is_in_fuzz || nomem__glob("*_fuzzer.*", base) || nomem__glob("*_fuzz.*", base) ||
         nomem__glob("fuzz_*.*", base);
}

static bool is_tool_file(const char *name) {
  static const char *const globs[] = {"*fuzz/engine/*", "*faults/*",    "*compiler-rt/*", "*afl-*",
                                      "*aflpp*",        "*afl_driver*", "*libhfuzz/*",    "*libhfcommon/*",
                                      "*centipede/*",   "*libfuzzer/*"};
  for (size_t i = 0; i < sizeof globs / sizeof *globs; i++)
    if (nomem__glob(globs[i], name)) return true;
  return false;
}

/* Drivers, which may have been compiled with debug information, too. */
extern int main(int argc, char **argv) __attribute__((weak));
extern int LLVMFuzzerRunDriver(int *argc, char ***argv, nomem_target target) __attribute__((weak));

static bool is_driver(uint32_t from) {
  uintptr_t bias = _r_debug.r_map->l_addr;
  return is_in_ranges(from, (uintptr_t)main - bias) || is_in_ranges(from, (uintptr_t)LLVMFuzzerRunDriver - bias);
}

/* The ranges of a unit that is not the harness's are given back. */
static void look_at_unit(struct bytes header, uint64_t target) {
  struct unit unit = {.str_offsets_base = 8, .addr_base = 8, .rnglists_base = 12};
  uint32_t before = range_count;
  unit.version = (unsigned)fixed(&header, 2);
  uint64_t kind = 1, abbrev_offset;
  if (unit.version >= 5) {
    kind = fixed(&header, 1);
    fixed(&header, 1);
    abbrev_offset = fixed(&header, 4);
    if (kind == 4) header = skip(header, 8); /* a skeleton, with the name of the file that has the rest */
  } else {
    abbrev_offset = fixed(&header, 4);
    fixed(&header, 1);
  }
  unit.die = header;
  if (unit.version < 2 || unit.version > 5 || (kind != 1 && kind != 4) || !read_first_entry(&unit, abbrev_offset))
    return;
  keep_ranges(&unit);
  const char *name = name_of(&unit);
  if (is_in_ranges(before, target) || (is_harness_file(name) && !is_tool_file(name))) return;
  has_others |= range_count > before && !is_tool_file(name) && !is_driver(before);
  range_count = before;
}

static void find_sections(void) {
  static const struct {
    const char *name;
    struct bytes *section;
  } wanted[] = {{".debug_info", &program.info},     {".debug_abbrev", &program.abbrev},
                {".debug_str", &program.str},       {".debug_line_str", &program.line_str},
                {".debug_addr", &program.addr},     {".debug_str_offsets", &program.str_offsets},
                {".debug_ranges", &program.ranges}, {".debug_rnglists", &program.rnglists}};
  const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)program.file.at;
  struct bytes table = skip(program.file, header->e_shoff);
  if (table.at == NULL || header->e_shentsize != sizeof(ElfW(Shdr)) || header->e_shstrndx >= header->e_shnum ||
      (size_t)(table.end - table.at) < header->e_shnum * sizeof(ElfW(Shdr)))
    return;
  const ElfW(Shdr) *sections = (const ElfW(Shdr) *)(const void *)table.at;
  struct bytes names = skip(program.file, sections[header->e_shstrndx].sh_offset);
  for (unsigned i = 0; i < header->e_shnum; i++) {
    if (sections[i].sh_flags & SHF_COMPRESSED) continue;
    const char *name = text_at(names, sections[i].sh_name);
    for (size_t j = 0; j < sizeof wanted / sizeof *wanted; j++) {
      struct bytes at = skip(program.file, sections[i].sh_offset);
      if (strcmp(name, wanted[j].name) != 0 || skip(at, sections[i].sh_size).at == NULL) continue;
      *wanted[j].section = (struct bytes){at.at, at.at + sections[i].sh_size};
    }
  }
}

static void look_at_units(uint64_t target) {
  struct bytes info = program.info;
  while (info.at != NULL && info.at < info.end) {
    uint64_t length = fixed(&info, 4);
    if (length >= 0xfffffff0 || skip(info, length).at == NULL) return;
    look_at_unit((struct bytes){info.at, info.at + length}, target);
    info = skip(info, length);
  }
}

void nomem__source_units_read(uint64_t target) {
  struct stat status;
  int fd = nomem__open(nomem__module_program(), O_RDONLY);
  if (fd < 0) return;
  if (fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof(ElfW(Ehdr))) {
    size_t size = (size_t)status.st_size;
    void *mapped = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped != MAP_FAILED) {
      program.file = (struct bytes){mapped, (const uint8_t *)mapped + size};
      find_sections();
      look_at_units(target);
      munmap(mapped, size);
    }
  }
  nomem__close(fd);
}

bool nomem__is_harness_code(uint64_t offset) {
  return has_others && is_in_ranges(0, offset);
}

bool nomem__source_units_forget(void) {
  bool was_known = has_others;
  has_others = false;
  return was_known;
}
