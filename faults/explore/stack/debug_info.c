/* SPDX-License-Identifier: MIT */
#include "debug_info.h"

#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../text/grow.h"
#include "../text/memory.h"
#include "../text/regular_file.h"
#include "code_ranges.h"
#include "debug_file.h"
#include "imports.h"
#include "return_type.h"

/* How deep namespaces and classes may be nested. No real program comes near. */
#define SCOPE_DEPTH 64
/* How many functions inlined into one another are found at one address; deeper ones are left out. */
#define INLINE_DEPTH 64
/* Of a register by which a parameter is passed. */
#define WORD_BYTES 8

#if defined __x86_64__
#define FRAME_POINTER_OP DW_OP_reg6
#else
#error "name this machine's frame pointer"
#endif

/* The addresses of a function or a compilation unit, from low up to but not including high. */
struct range {
  Dwarf_Addr low, high;
  Dwarf_Die die;
};

struct ranges {
  struct range *items;
  size_t count, capacity;
};

/* A compilation unit whose functions were listed. Lines are looked up in die; with split debug information, the
 * functions are in another file. */
struct unit {
  Dwarf_Die die;
  struct ranges functions;
};

struct nomem__debug_info {
  Dwfl *dwfl;
  Dwfl_Module *module;
  bool has_looked; /* for debug information; where it is compressed, reading it takes longer than many runs */
  Dwarf *dwarf;    /* NULL: there is none, or nobody has looked */
  Dwarf_Addr bias; /* an address in the file minus the same one in dwarf; not 0 when a debug file is prelinked */
  bool units_listed;
  struct ranges unit_ranges;
  struct unit *units;
  size_t unit_count;
};

/* Finds none: libdwfl has the module's file already, and its own function would ask the network. */
static int find_no_elf(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, char **file,
                       Elf **elf) {
  (void)module, (void)userdata, (void)name, (void)base, (void)file, (void)elf;
  return -1;
}

static const Dwfl_Callbacks callbacks = {
    .find_elf = find_no_elf,
    .find_debuginfo = nomem__debug_file_find,
    .section_address = dwfl_offline_section_address,
};

static void add_range(struct ranges *ranges, Dwarf_Addr low, Dwarf_Addr high, const Dwarf_Die *die) {
  ranges->items = nomem__grow(ranges->items, ranges->count, &ranges->capacity, sizeof *ranges->items);
  ranges->items[ranges->count++] = (struct range){low, high, *die};
}

static void add_die(struct ranges *ranges, Dwarf_Die *die) {
  Dwarf_Addr base, low, high;
  ptrdiff_t next = 0;
  while ((next = dwarf_ranges(die, next, &base, &low, &high)) > 0)
    if (low < high) add_range(ranges, low, high, die);
}

/* Returns the narrowest range that holds address, because a nested function lies within its parent. */
static struct range *find_range(const struct ranges *ranges, Dwarf_Addr address) {
  struct range *best = NULL;
  for (size_t i = 0; i < ranges->count; i++) {
    struct range *range = &ranges->items[i];
    if (address < range->low || address >= range->high) continue;
    if (!best || range->high - range->low < best->high - best->low) best = range;
  }
  return best;
}

static void list_functions(struct ranges *functions, Dwarf_Die *parent, unsigned depth) {
  Dwarf_Die child;
  if (depth == SCOPE_DEPTH || dwarf_child(parent, &child) != 0) return;
  do {
    switch (dwarf_tag(&child)) {
      case DW_TAG_subprogram:
        add_die(functions, &child);
        break;
      case DW_TAG_namespace:
      case DW_TAG_module:
      case DW_TAG_class_type:
      case DW_TAG_structure_type:
      case DW_TAG_union_type:
        list_functions(functions, &child, depth + 1);
        break;
      default:
        break;
    }
  } while (dwarf_siblingof(&child, &child) == 0);
}

/* Finds the unit of an address. Where the compiler made no table for that, as clang does not unless asked, the
 * units themselves are searched. */
static Dwarf_Die *find_unit_die(struct nomem__debug_info *info, uint64_t address, Dwarf_Die *die) {
  Dwarf_Die *found = dwarf_addrdie(info->dwarf, address - info->bias, die);
  if (found) return found;
  if (!info->units_listed) {
    info->units_listed = true;
    Dwarf_CU *cu = NULL;
    while (dwarf_get_units(info->dwarf, cu, &cu, NULL, NULL, die, NULL) == 0) add_die(&info->unit_ranges, die);
  }
  struct range *range = find_range(&info->unit_ranges, address - info->bias);
  if (!range) return NULL;
  *die = range->die;
  return die;
}

static struct unit *find_unit(struct nomem__debug_info *info, uint64_t address) {
  Dwarf_Die die, split;
  uint8_t type;
  if (!info->has_looked) info->dwarf = dwfl_module_getdwarf(info->module, &info->bias);
  info->has_looked = true;
  if (!info->dwarf || !find_unit_die(info, address, &die)) return NULL;
  for (size_t i = 0; i < info->unit_count; i++)
    if (info->units[i].die.addr == die.addr) return &info->units[i];
  struct unit *units = nomem__reallocarray(info->units, info->unit_count + 1, sizeof *units);
  info->units = units;
  struct unit *unit = &units[info->unit_count];
  *unit = (struct unit){.die = die};
  bool is_split = dwarf_cu_info(die.cu, NULL, &type, NULL, &split, NULL, NULL, NULL) == 0 && type == DW_UT_skeleton;
  list_functions(&unit->functions, is_split && split.addr ? &split : &die, 0);
  info->unit_count++;
  return unit;
}

/* Finds the block or inlined function within scope that holds address. */
static bool find_inner_scope(Dwarf_Die *scope, Dwarf_Addr address, Dwarf_Die *inner) {
  if (dwarf_child(scope, inner) != 0) return false;
  do {
    switch (dwarf_tag(inner)) {
      case DW_TAG_lexical_block:
      case DW_TAG_try_block:
      case DW_TAG_catch_block:
      case DW_TAG_inlined_subroutine:
        if (dwarf_haspc(inner, address) > 0) return true;
        break;
      default:
        break;
    }
  } while (dwarf_siblingof(inner, inner) == 0);
  return false;
}

/* Writes a function and the functions inlined into it at address, outermost first. Returns how many. */
static size_t list_inlined(const Dwarf_Die *function, Dwarf_Addr address, Dwarf_Die *chain) {
  size_t depth = 0;
  Dwarf_Die scope = *function, inner;
  chain[depth++] = scope;
  while (depth < INLINE_DEPTH && find_inner_scope(&scope, address, &inner)) {
    if (dwarf_tag(&inner) == DW_TAG_inlined_subroutine) chain[depth++] = inner;
    scope = inner;
  }
  return depth;
}

/* Returns the name of a function: for C++ the linker's, which has its namespaces, classes and argument types. */
static const char *read_function_name(Dwarf_Die *die) {
  Dwarf_Attribute attribute;
  const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));
  if (!name) name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute));
  return name && strncmp(name, "_Z", 2) == 0 ? name : dwarf_diename(die);
}

/* Of C: in C++, what is defined in a class is declared inline, too. */
static bool is_declared_inline(struct unit *unit, Dwarf_Die *die) {
  Dwarf_Attribute attribute;
  Dwarf_Word value;
  int language = dwarf_srclang(&unit->die);
  bool is_c = language == DW_LANG_C89 || language == DW_LANG_C || language == DW_LANG_C99 || language == DW_LANG_C11;
  return is_c && dwarf_formudata(dwarf_attr_integrate(die, DW_AT_inline, &attribute), &value) == 0 &&
         (value == DW_INL_declared_inlined || value == DW_INL_declared_not_inlined);
}

static const char *read_directory(Dwarf_Die *unit) {
  Dwarf_Attribute attribute;
  return dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
}

static unsigned read_number(Dwarf_Die *die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value;
  return dwarf_formudata(dwarf_attr(die, name, &attribute), &value) == 0 ? (unsigned)value : 0;
}

static void set_line(struct nomem__debug_frame *frame, struct unit *unit, Dwarf_Addr address) {
  int line = 0, column = 0;
  Dwarf_Line *record = dwarf_getsrc_die(&unit->die, address);
  if (!record) return;
  frame->file = dwarf_linesrc(record, NULL, NULL);
  frame->directory = read_directory(&unit->die);
  if (dwarf_lineno(record, &line) == 0 && line > 0) frame->line = (unsigned)line;
  if (dwarf_linecol(record, &column) == 0 && column > 0) frame->column = (unsigned)column;
}

/* Sets the line of a function into which another one is inlined: it is where it called that one. */
static void set_call_line(struct nomem__debug_frame *frame, struct unit *unit, Dwarf_Die *callee) {
  Dwarf_Files *files;
  size_t count;
  if (dwarf_getsrcfiles(&unit->die, &files, &count) == 0)
    frame->file = dwarf_filesrc(files, read_number(callee, DW_AT_call_file), NULL, NULL);
  frame->directory = read_directory(&unit->die);
  frame->line = read_number(callee, DW_AT_call_line);
  frame->column = read_number(callee, DW_AT_call_column);
}

/* The symbol whose size covers the address: where there is none, libdw answers with the one before it, which in a
 * stripped file may be far away. */
bool nomem__debug_info_name_frame(struct nomem__debug_info *info, uint64_t address, struct nomem__debug_frame *frame) {
  GElf_Off offset;
  GElf_Sym symbol;
  const char *name = dwfl_module_addrinfo(info->module, address, &offset, &symbol, NULL, NULL, NULL);
  if (!name || offset >= symbol.st_size) return false;
  frame->name = name;
  frame->start = address - offset;
  return true;
}

size_t nomem__debug_info_find_frames(struct nomem__debug_info *info, uint64_t address,
                                     struct nomem__debug_frame *frames, size_t max) {
  if (max == 0) return 0;
  frames[0] = (struct nomem__debug_frame){0};
  struct unit *unit = find_unit(info, address);
  if (unit) set_line(&frames[0], unit, address - info->bias);
  struct range *function = unit ? find_range(&unit->functions, address - info->bias) : NULL;
  if (!function) {
    bool named = nomem__debug_info_name_frame(info, address, &frames[0]);
    return named || frames[0].file;
  }
  Dwarf_Die chain[INLINE_DEPTH];
  size_t depth = list_inlined(&function->die, address - info->bias, chain);
  size_t count = 0;
  for (; count < depth && count < max; count++) {
    Dwarf_Die *die = &chain[depth - 1 - count];
    struct nomem__debug_frame *frame = &frames[count];
    if (count > 0) {
      *frame = (struct nomem__debug_frame){0};
      set_call_line(frame, unit, &chain[depth - count]);
    }
    frame->name = read_function_name(die);
    frame->inlined = count + 1 < depth;
    frame->is_helper = frame->inlined && is_declared_inline(unit, die);
    if (!frame->inlined) frame->start = function->low + info->bias;
  }
  return count;
}

static bool read_parameter_type(Dwarf_Die *parameter, Dwarf_Die *type) {
  Dwarf_Attribute attribute;
  Dwarf_Die *found = dwarf_formref_die(dwarf_attr_integrate(parameter, DW_AT_type, &attribute), type);
  return found && dwarf_peel_type(type, type) == 0;
}

static bool is_pointer(Dwarf_Die *parameter) {
  Dwarf_Die type;
  return read_parameter_type(parameter, &type) && dwarf_tag(&type) == DW_TAG_pointer_type;
}

/* Whether a parameter is passed as one word: a pointer, or a number that is none of floating point. */
static bool is_word(Dwarf_Die *parameter) {
  Dwarf_Attribute attribute;
  Dwarf_Die type;
  Dwarf_Word encoding = 0;
  if (!read_parameter_type(parameter, &type)) return false;
  int tag = dwarf_tag(&type);
  if (tag == DW_TAG_base_type)
    return dwarf_formudata(dwarf_attr(&type, DW_AT_encoding, &attribute), &encoding) == 0 && encoding != DW_ATE_float &&
           encoding != DW_ATE_complex_float && dwarf_bytesize(&type) <= WORD_BYTES;
  return tag == DW_TAG_pointer_type || tag == DW_TAG_enumeration_type;
}

/* Reads an expression of a single operation, which describes something that stays in one place. Returns false for any
 * other. */
static bool read_single_operation(Dwarf_Die *die, unsigned name, Dwarf_Addr address, Dwarf_Op *operation) {
  Dwarf_Attribute attribute;
  Dwarf_Op *expression;
  size_t length;
  if (!dwarf_attr_integrate(die, name, &attribute)) return false;
  if (dwarf_getlocation_addr(&attribute, address, &expression, &length, 1) != 1 || length != 1) return false;
  *operation = *expression;
  return true;
}

static struct nomem__debug_parameter locate_parameter(Dwarf_Die *parameter, Dwarf_Die *function, Dwarf_Addr address) {
  Dwarf_Op location, base;
  if (!read_single_operation(parameter, DW_AT_location, address, &location) || location.atom != DW_OP_fbreg ||
      !read_single_operation(function, DW_AT_frame_base, address, &base))
    return (struct nomem__debug_parameter){0};
  return (struct nomem__debug_parameter){
      .offset = (int64_t)location.number,
      .is_from_frame_pointer = base.atom == FRAME_POINTER_OP,
      .is_known = base.atom == DW_OP_call_frame_cfa || base.atom == FRAME_POINTER_OP,
  };
}

int nomem__debug_info_find_pointers(struct nomem__debug_info *info, uint64_t address,
                                    struct nomem__debug_parameter *parameters, int max) {
  struct unit *unit = find_unit(info, address);
  struct range *function = unit ? find_range(&unit->functions, address - info->bias) : NULL;
  int count = 0, words = 0;
  Dwarf_Die child;
  if (!function) return -1;
  if (dwarf_child(&function->die, &child) != 0) return 0;
  do {
    if (dwarf_tag(&child) != DW_TAG_formal_parameter) continue;
    bool is_counted = words >= 0 && is_word(&child);
    if (count < max && is_pointer(&child)) {
      parameters[count] = locate_parameter(&child, &function->die, address - info->bias);
      parameters[count++].word = is_counted ? words : -1;
    }
    words = is_counted ? words + 1 : -1;
  } while (dwarf_siblingof(&child, &child) == 0);
  return count;
}

static Dwarf_Die *find_function(struct nomem__debug_info *info, uint64_t address) {
  struct unit *unit = find_unit(info, address);
  struct range *function = unit ? find_range(&unit->functions, address - info->bias) : NULL;
  return function ? &function->die : NULL;
}

struct nomem__debug_result nomem__debug_info_find_result(struct nomem__debug_info *info, uint64_t address) {
  Dwarf_Die *function = find_function(info, address);
  return function ? nomem__return_type_of(function) : (struct nomem__debug_result){0};
}

size_t nomem__debug_info_find_results(struct nomem__debug_info *info, uint64_t address,
                                      struct nomem__debug_result *results, size_t max) {
  Dwarf_Die *function = find_function(info, address), chain[INLINE_DEPTH];
  size_t depth = function ? list_inlined(function, address - info->bias, chain) : 0, count = 0;
  for (; count < depth && count < max; count++) results[count] = nomem__return_type_of(&chain[depth - 1 - count]);
  return count;
}

static bool is_function_pointer(Dwarf_Die *parameter) {
  Dwarf_Attribute attribute;
  Dwarf_Die type, target;
  if (!read_parameter_type(parameter, &type) || dwarf_tag(&type) != DW_TAG_pointer_type) return false;
  if (!dwarf_formref_die(dwarf_attr_integrate(&type, DW_AT_type, &attribute), &target)) return false;
  return dwarf_peel_type(&target, &target) == 0 && dwarf_tag(&target) == DW_TAG_subroutine_type;
}

bool nomem__debug_info_may_take_function(struct nomem__debug_info *info, uint64_t address) {
  Dwarf_Die *function = find_function(info, address), child;
  if (!function) return true;
  if (dwarf_child(function, &child) != 0) return false;
  do {
    if (dwarf_tag(&child) == DW_TAG_formal_parameter && is_function_pointer(&child)) return true;
  } while (dwarf_siblingof(&child, &child) == 0);
  return false;
}

bool nomem__debug_info_each_enumerator(struct nomem__debug_info *info, uint64_t address,
                                       nomem__debug_visit_enumerator visit, void *user) {
  Dwarf_Die *function = find_function(info, address);
  return function && nomem__return_type_each_enumerator(function, visit, user);
}

bool nomem__debug_info_find_code(struct nomem__debug_info *info, uint64_t address, struct nomem__code_range *range) {
  Dwarf_Addr bias;
  Elf *elf = dwfl_module_getelf(info->module, &bias);
  return elf != NULL && nomem__code_range_find(elf, address - bias, range);
}

const char *nomem__debug_info_find_import(struct nomem__debug_info *info, const struct nomem__instruction *call) {
  Dwarf_Addr bias;
  Elf *elf = dwfl_module_getelf(info->module, &bias);
  return elf != NULL ? nomem__import_find(elf, call) : NULL;
}

const char *nomem__debug_info_symbol_at(struct nomem__debug_info *info, uint64_t address) {
  struct nomem__debug_frame frame;
  return nomem__debug_info_name_frame(info, address, &frame) ? frame.name : NULL;
}

uint64_t nomem__debug_info_find_symbol(struct nomem__debug_info *info, const char *name) {
  int count = dwfl_module_getsymtab(info->module);
  for (int i = 0; i < count; i++) {
    GElf_Sym symbol;
    GElf_Addr address;
    const char *found = dwfl_module_getsym_info(info->module, i, &symbol, &address, NULL, NULL, NULL);
    if (found != NULL && strcmp(found, name) == 0) return address;
  }
  return 0;
}

static bool is_program(int fd) {
  unsigned char ident[EI_NIDENT];
  Elf64_Half type = ET_NONE;
  /* A 32-bit file has e_type at the same offset. */
  return pread(fd, ident, sizeof ident, 0) == (ssize_t)sizeof ident && memcmp(ident, ELFMAG, SELFMAG) == 0 &&
         pread(fd, &type, sizeof type, EI_NIDENT) == (ssize_t)sizeof type && (type == ET_EXEC || type == ET_DYN);
}

int nomem__debug_info_open(struct nomem__debug_info **info, const char *path) {
  int fd = nomem__regular_file_open(path, NULL);
  return fd >= 0 ? nomem__debug_info_open_file(info, path, fd) : fd;
}

int nomem__debug_info_open_file(struct nomem__debug_info **info, const char *path, int fd) {
  if (!is_program(fd)) {
    close(fd);
    return -ENOEXEC;
  }
  struct nomem__debug_info *opened = nomem__calloc(1, sizeof *opened);
  opened->dwfl = dwfl_begin(&callbacks);
  /* At base 0, addresses in the module are those in the file, even for a program that cannot be moved. */
  if (opened->dwfl) opened->module = dwfl_report_elf(opened->dwfl, path, path, fd, 0, true);
  bool is_read = opened->module && dwfl_report_end(opened->dwfl, NULL, NULL) == 0;
  *info = opened;
  if (is_read) return 0;
  if (!opened->module) close(fd);
  nomem__debug_info_close(opened);
  return -ENOEXEC;
}

void nomem__debug_info_close(struct nomem__debug_info *info) {
  if (!info) return;
  for (size_t i = 0; i < info->unit_count; i++) free(info->units[i].functions.items);
  free(info->units);
  free(info->unit_ranges.items);
  dwfl_end(info->dwfl);
  free(info);
}

bool nomem__debug_info_each_function(struct nomem__debug_info *info, int max,
                                     void (*visit)(void *user, uint64_t address), void *user) {
  int count = dwfl_module_getsymtab(info->module), found = 0;
  for (int i = 0; i < count && found <= max; i++) {
    GElf_Sym symbol;
    GElf_Addr address;
    const char *name = dwfl_module_getsym_info(info->module, i, &symbol, &address, NULL, NULL, NULL);
    if (name == NULL || GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
    if (found++ < max) visit(user, address);
  }
  return found <= max;
}
