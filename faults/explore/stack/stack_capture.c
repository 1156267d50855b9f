/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* asprintf */
#include "stack_capture.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <unistd.h>

#include "../../block_table_format.h"
#include "../../program_kinds.h"
#include "../text/memory.h"
#include "../text/regular_file.h"
#include "debug_file.h"
#include "memory_map.h"
#include "process_memory.h"
#include "symbols.h"

/* Memory is read in pieces of this size, a power of two. */
#define PIECE_BYTES 1024
#define PIECES 32

/* How far below the end of a stack a large frame may reach; and how close to the end counts as being there. */
#define OVERFLOW_REACH_BYTES (UINT64_C(16) << 20)
#define OVERFLOW_SLACK_BYTES 4096

struct piece {
  uint64_t address;
  size_t readable_bytes;
  bool is_valid;
  unsigned char bytes[PIECE_BYTES];
};

struct name {
  struct name *next;
  char text[];
};

struct nomem__stacks {
  Dwfl *dwfl;
  Elf *machine; /* from which libdwfl knows which registers there are */
  int machine_fd;
  bool is_attached;
  struct name *names;
  struct nomem__symbols *symbols; /* NULL: nobody wants files that are elsewhere */

  /* The thread that is being captured. Its process is read by its number: the process's own is that of the first
   * thread, which may have ended, and has no memory then. */
  pid_t tid;
  struct nomem__memory_map maps;
  struct user_regs_struct registers;
  bool is_in_call; /* registers were set back into the call instruction that called what is not code */
  struct piece pieces[PIECES];
  struct nomem__saved_registers *saved; /* where those of the capture that goes on are noted; NULL: nowhere */
};

#if defined __x86_64__
#define IP(registers) ((registers)->rip)
#define SP(registers) ((registers)->rsp)
/* Their DWARF numbers. */
#define FRAME_POINTER 6
#define STACK_POINTER 7
static const unsigned saved_registers[NOMEM__SAVED_REGISTERS] = {3, 12, 13, 14, 15}; /* rbx is the first */
/* How far below the stack pointer a function may write that calls no other. */
#define RED_ZONE 128

static bool give_registers(Dwfl_Thread *thread, const struct user_regs_struct *r) {
  /* In the order of the ABI's DWARF numbers. */
  Dwarf_Word values[] = {r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi, r->rbp, r->rsp, r->r8,
                         r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15, r->rip};
  return dwfl_thread_state_registers(thread, 0, sizeof values / sizeof *values, values);
}

static void keep_registers(struct nomem__stack *out, const struct user_regs_struct *r) {
  /* In the order of their numbers in instructions. */
  const uint64_t values[] = {r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
                             r->r8,  r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15};
  memcpy(out->registers, values, sizeof values);
}
#else
#error "add this machine's registers"
#endif

/* Reads a word of memory, from a piece that was read before or from the process. */
static bool read_word(struct nomem__stacks *stacks, uint64_t address, uint64_t *word) {
  unsigned char bytes[sizeof *word];
  for (size_t done = 0; done < sizeof bytes;) {
    uint64_t at = address + done;
    uint64_t start = at & ~(uint64_t)(PIECE_BYTES - 1);
    struct piece *piece = &stacks->pieces[start / PIECE_BYTES % PIECES];
    if (!piece->is_valid || piece->address != start) {
      piece->is_valid = true;
      piece->address = start;
      piece->readable_bytes = nomem__process_read(stacks->tid, start, piece->bytes, PIECE_BYTES);
    }
    size_t skip = at - start;
    size_t here = PIECE_BYTES - skip < sizeof bytes - done ? PIECE_BYTES - skip : sizeof bytes - done;
    if (skip + here > piece->readable_bytes) return false;
    memcpy(bytes + done, piece->bytes + skip, here);
    done += here;
  }
  memcpy(word, bytes, sizeof bytes);
  return true;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *word, void *arg) {
  (void)dwfl;
  return read_word(arg, address, word);
}

static bool set_initial_registers(Dwfl_Thread *thread, void *arg) {
  struct nomem__stacks *stacks = arg;
  return give_registers(thread, &stacks->registers);
}

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread_arg) {
  (void)dwfl, (void)arg, (void)thread_arg;
  return 0;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread_arg) {
  (void)dwfl, (void)tid;
  *thread_arg = arg;
  return true;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
    .next_thread = next_thread,
    .get_thread = get_thread,
    .memory_read = memory_read,
    .set_initial_registers = set_initial_registers,
};

/* Opens the file that a module was loaded from, by one of its names. Returns a descriptor, or -1: it is another one.
 * The device is not compared, because an overlay shows another one here than in the list of mappings. */
static int open_same(const char *path, const struct nomem__module *module) {
  struct stat status;
  int fd = nomem__regular_file_open(path, &status);
  if (fd >= 0 && status.st_ino == module->area->inode) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

/* Opens a file that is not there by its path: it was removed, or its process sees other mounts than the command. The
 * first way takes more rights than the others. */
static int open_elsewhere(const struct nomem__stacks *stacks, const struct nomem__module *module) {
  const struct nomem__area *area = module->area;
  char *paths[] = {
      nomem__format("/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)stacks->tid, area->start, area->end),
      nomem__format("/proc/%d/exe", (int)stacks->tid),
      nomem__format("/proc/%d/root%s", (int)stacks->tid, area->path),
  };
  int fd = -1;
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    if (fd < 0) fd = open_same(paths[i], module);
    free(paths[i]);
  }
  return fd;
}

/* Opens the file of a module, wherever it is; if it is nowhere, a copy of its memory, which has fewer names. */
static int open_module(const struct nomem__stacks *stacks, const struct nomem__module *module, char **file) {
  const char *path = module->area->path;
  if (path[0] != '/') return nomem__memory_map_copy_module(&stacks->maps, module, stacks->tid);
  int fd = open_same(path, module);
  if (fd < 0) {
    fd = open_elsewhere(stacks, module);
    if (fd >= 0 && stacks->symbols != NULL) nomem__symbols_add_file(stacks->symbols, path, fd);
  }
  if (fd < 0) return nomem__memory_map_copy_module(&stacks->maps, module, stacks->tid);
  *file = nomem__strdup(path);
  return fd;
}

static int find_elf(Dwfl_Module *dwfl_module, void **userdata, const char *name, Dwarf_Addr base, char **file,
                    Elf **elf) {
  (void)dwfl_module, (void)name, (void)elf;
  const struct nomem__stacks *stacks = *userdata;
  const struct nomem__module *module = stacks ? nomem__memory_map_find_module(&stacks->maps, base) : NULL;
  return module ? open_module(stacks, module, file) : -1;
}

static const Dwfl_Callbacks callbacks = {
    .find_elf = find_elf,
    .find_debuginfo = nomem__debug_file_none,
};

int nomem__stacks_open(struct nomem__stacks **stacks) {
  struct nomem__stacks *opened = nomem__calloc(1, sizeof *opened);
  opened->machine_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  int error = opened->machine_fd < 0 ? -errno : -ENOEXEC;
  if (opened->machine_fd >= 0) {
    elf_version(EV_CURRENT);
    opened->machine = elf_begin(opened->machine_fd, ELF_C_READ_MMAP, NULL);
  }
  if (opened->machine) opened->dwfl = dwfl_begin(&callbacks);
  if (opened->dwfl) {
    *stacks = opened;
    return 0;
  }
  nomem__stacks_close(opened);
  return error;
}

void nomem__stacks_set_symbols(struct nomem__stacks *stacks, struct nomem__symbols *symbols) {
  stacks->symbols = symbols;
}

void nomem__stacks_close(struct nomem__stacks *stacks) {
  if (!stacks) return;
  if (stacks->dwfl) dwfl_end(stacks->dwfl);
  elf_end(stacks->machine);
  if (stacks->machine_fd >= 0) close(stacks->machine_fd);
  while (stacks->names) {
    struct name *next = stacks->names->next;
    free(stacks->names);
    stacks->names = next;
  }
  nomem__memory_map_free(&stacks->maps);
  free(stacks);
}

/* Returns a copy of a module's path that lives as long as stacks. */
static const char *keep_name(struct nomem__stacks *stacks, const char *text) {
  for (struct name *name = stacks->names; name; name = name->next)
    if (strcmp(name->text, text) == 0) return name->text;
  size_t bytes = strlen(text) + 1;
  struct name *name = nomem__malloc(sizeof *name + bytes);
  memcpy(name->text, text, bytes);
  name->next = stacks->names;
  stacks->names = name;
  return name->text;
}

/* Tells libdwfl which modules are where. It keeps those that it has under the same name at the same address; the inode
 * is part of the name, so that a file that was built anew is another module. */
static bool report_modules(struct nomem__stacks *stacks) {
  dwfl_report_begin(stacks->dwfl);
  for (size_t i = 0; i < stacks->maps.module_count; i++) {
    const struct nomem__module *module = &stacks->maps.modules[i];
    const struct nomem__area *area = module->area;
    char *name = nomem__format("%x:%x:%" PRIu64 ":%s", area->device_major, area->device_minor, area->inode, area->path);
    Dwfl_Module *reported = dwfl_report_module(stacks->dwfl, name, module->start, module->end);
    free(name);
    void **userdata;
    if (!reported) break;
    dwfl_module_info(reported, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
    *userdata = stacks;
  }
  if (dwfl_report_end(stacks->dwfl, NULL, NULL) != 0) return false;
  if (!stacks->is_attached)
    stacks->is_attached = dwfl_attach_state(stacks->dwfl, stacks->machine, stacks->tid, &thread_callbacks, stacks);
  return stacks->is_attached;
}

/* Reads what all threads of a process share. Returns false when there is nothing to unwind with. */
static bool load_process(struct nomem__stacks *stacks, pid_t tid) {
  stacks->tid = tid;
  for (size_t i = 0; i < PIECES; i++) stacks->pieces[i].is_valid = false;
  return nomem__memory_map_read(&stacks->maps, tid) == 0 && report_modules(stacks);
}

static bool is_code(const struct nomem__stacks *stacks, uint64_t address) {
  const struct nomem__area *area = nomem__memory_map_find_area(&stacks->maps, address);
  return area && area->is_executable;
}

static void add_frame(struct nomem__stacks *stacks, struct nomem__stack *out, uint64_t address,
                      bool is_return_address) {
  struct nomem__stack_frame *frame = &out->frames[out->depth++];
  const struct nomem__module *module = nomem__memory_map_find_module(&stacks->maps, address - is_return_address);
  const char *name = module ? keep_name(stacks, module->area->path) : NULL;
  *frame = (struct nomem__stack_frame){
      .module = name, .offset = name ? address - module->bias : address, .is_return_address = is_return_address};
}

/* Notes the registers of the frame that was added, and in saved, which may be NULL, those that others must save. Its
 * stack pointer is the CFA of the function that it called. */
static void note_registers(struct nomem__stack *out, Dwfl_Frame *state, struct nomem__saved_registers *saved) {
  struct nomem__stack_frame *frame = &out->frames[out->depth - 1];
  Dwarf_Word value;
  if (dwfl_frame_reg(state, FRAME_POINTER, &value) == 0) frame->frame_pointer = value;
  if (out->depth > 1 && dwfl_frame_reg(state, STACK_POINTER, &value) == 0) frame[-1].cfa = value;
  if (saved == NULL) return;
  *saved = (struct nomem__saved_registers){.are_known = true};
  /* Where a function does not change rbx, libdw (0.188) does not say that it is as in the function that it calls. */
  bool is_rbx_kept = dwfl_frame_reg(state, saved_registers[0], &saved->value[0]) != 0;
  if (is_rbx_kept) saved->are_known = out->depth > 1 && saved[-1].are_known;
  if (is_rbx_kept && saved->are_known) saved->value[0] = saved[-1].value[0];
  for (size_t i = 1; i < NOMEM__SAVED_REGISTERS; i++)
    saved->are_known &= dwfl_frame_reg(state, saved_registers[i], &saved->value[i]) == 0;
}

struct walk {
  struct nomem__stacks *stacks;
  struct nomem__stack *out;
};

static int on_frame(Dwfl_Frame *state, void *arg) {
  struct walk *walk = arg;
  Dwarf_Addr ip;
  bool is_activation;
  if (!dwfl_frame_pc(state, &ip, &is_activation)) return DWARF_CB_ABORT;
  if (walk->out->depth == NOMEM__STACK_DEPTH) {
    walk->out->is_cut = true;
    return DWARF_CB_ABORT;
  }
  if (walk->out->depth == 0 && walk->stacks->is_in_call)
    add_frame(walk->stacks, walk->out, ip + 1, true);
  else if (ip != 0 || is_activation)
    add_frame(walk->stacks, walk->out, ip, !is_activation);
  else
    return DWARF_CB_ABORT;
  struct nomem__saved_registers *saved = walk->stacks->saved;
  note_registers(walk->out, state, saved != NULL ? &saved[walk->out->depth - 1] : NULL);
  return DWARF_CB_OK;
}

static void read_signal(struct nomem__stack *out) {
  siginfo_t info;
  if (ptrace(PTRACE_GETSIGINFO, out->tid, NULL, &info) != 0) return; /* not stopped at a signal */
  out->signal = info.si_signo;
  out->code = info.si_code;
  switch (info.si_signo) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
      /* The kernel sent the signal, not kill(), and knows the address. */
      out->has_fault_address = info.si_code > 0 && info.si_code < SI_KERNEL;
      if (out->has_fault_address) out->fault_address = (uint64_t)(uintptr_t)info.si_addr;
      break;
    default:
      break;
  }
}

static void find_access(struct nomem__stack *out) {
  uint8_t code[NOMEM_CODE_BYTES];
  if (out->signal != SIGSEGV || !out->has_fault_address) return;
  size_t code_bytes = nomem__process_read(out->tid, out->ip, code, sizeof code);
  out->access = nomem__memory_access_find(code, code_bytes, out->ip, out->fault_address, out->registers);
}

/* Finds the register by which a non-canonical address was accessed, which the kernel does not tell: one that still has
 * the poison of freed blocks. Returns its value; 0: there is none. */
static uint64_t find_freed_pointer(const struct nomem__stack *stack, const struct user_regs_struct *registers) {
  const uint64_t candidates[] = {IP(registers),  registers->rax, registers->rbx, registers->rcx,
                                 registers->rdx, registers->rsi, registers->rdi, registers->rbp,
                                 registers->r8,  registers->r9,  registers->r10, registers->r11,
                                 registers->r12, registers->r13, registers->r14, registers->r15};
  bool is_stack_fault = stack->signal == SIGBUS; /* x86-64's, of an access by way of the frame pointer */
  if ((stack->signal != SIGSEGV && !is_stack_fault) || stack->code != SI_KERNEL) return 0;
  for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
    if (nomem__block_table_is_poison(candidates[i])) return candidates[i];
  return 0;
}

/* Whether the stack has overflown: the stack pointer is at the end of the stack's memory, and the address that was
 * accessed lies between the two, or where a call or a push would write. */
static bool is_overflow(const struct nomem__stacks *stacks, const struct nomem__stack *out) {
  if (!out->has_fault_address || out->signal != SIGSEGV) return false;
  const struct nomem__area *stack = nomem__memory_map_find_writable(&stacks->maps, out->fault_address);
  if (stack == NULL || stack->start <= out->fault_address) return false;
  return out->sp < stack->start + OVERFLOW_SLACK_BYTES && stack->start - OVERFLOW_REACH_BYTES < out->sp &&
         out->fault_address + OVERFLOW_SLACK_BYTES >= out->sp;
}

/* Goes back to the caller when what was called is not code: there is no unwind table for it, but the return address is
 * on top of the stack. */
static void undo_bad_call(struct nomem__stacks *stacks) {
  uint64_t caller;
  stacks->is_in_call = false;
  if (is_code(stacks, IP(&stacks->registers))) return;
  if (!read_word(stacks, SP(&stacks->registers), &caller) || !is_code(stacks, caller - 1)) return;
  IP(&stacks->registers) = caller - 1;
  SP(&stacks->registers) += sizeof caller;
  stacks->is_in_call = true;
}

static int capture_thread(struct nomem__stacks *stacks, bool is_loaded, pid_t pid, struct nomem__stack *out) {
  struct walk walk = {stacks, out};
  pid_t tid = stacks->tid;
  *out = (struct nomem__stack){.pid = pid, .tid = tid};
  if (ptrace(PTRACE_GETREGS, tid, NULL, &stacks->registers) != 0) return -ESRCH;
  out->ip = IP(&stacks->registers);
  out->sp = SP(&stacks->registers);
  keep_registers(out, &stacks->registers);
  read_signal(out);
  find_access(out);
  out->freed_pointer = find_freed_pointer(out, &stacks->registers);
  out->is_overflow = is_overflow(stacks, out);
  undo_bad_call(stacks);
  if (is_loaded) dwfl_getthread_frames(stacks->dwfl, tid, on_frame, &walk);
  if (out->depth == 0) add_frame(stacks, out, out->ip, false);
  return 0;
}

int nomem__stack_capture(struct nomem__stacks *stacks, pid_t pid, pid_t tid, struct nomem__stack *out) {
  return capture_thread(stacks, load_process(stacks, tid), pid, out);
}

int nomem__stack_capture_saved(struct nomem__stacks *stacks, pid_t pid, pid_t tid, struct nomem__stack *out,
                               struct nomem__saved_registers saved[NOMEM__STACK_DEPTH]) {
  for (size_t i = 0; i < NOMEM__STACK_DEPTH; i++) saved[i].are_known = false;
  stacks->saved = saved;
  int result = nomem__stack_capture(stacks, pid, tid, out);
  stacks->saved = NULL;
  return result;
}

static bool is_guest(const struct nomem__stack_frame *frame) {
  return frame->module != NULL && nomem__glob(NOMEM_GUEST, nomem__base_name(frame->module));
}

void nomem__stack_drop_guest(struct nomem__stack *stack) {
  size_t kept = 0, first = 0;
  while (first < stack->depth && is_guest(&stack->frames[first])) first++;
  if (first == stack->depth) return;
  for (size_t i = first; i < stack->depth; i++)
    if (!is_guest(&stack->frames[i])) stack->frames[kept++] = stack->frames[i];
  stack->depth = kept;
}

void nomem__stack_copy_memory(const struct nomem__stack *stack, struct nomem__stack_memory *memory) {
  memory->start = stack->sp - RED_ZONE;
  memory->byte_count = nomem__process_read(stack->tid, memory->start, memory->bytes, sizeof memory->bytes);
}

bool nomem__stack_read_word(const struct nomem__stack_memory *memory, uint64_t address, uint64_t *word) {
  if (address < memory->start || memory->byte_count < sizeof *word) return false;
  if (address - memory->start > memory->byte_count - sizeof *word) return false;
  memcpy(word, memory->bytes + (address - memory->start), sizeof *word);
  return true;
}

static bool is_same_frame(const struct nomem__stack_frame *a, const struct nomem__stack_frame *b) {
  return a->module == b->module && a->offset == b->offset && a->is_return_address == b->is_return_address;
}

void nomem__stack_keep_common(struct nomem__stack *stack, const struct nomem__stack *sample) {
  if (stack->is_cut || sample->is_cut) return;
  size_t common = 0, least = stack->depth < sample->depth ? stack->depth : sample->depth;
  while (common < least &&
         is_same_frame(&stack->frames[stack->depth - 1 - common], &sample->frames[sample->depth - 1 - common]))
    common++;
  if (common == 0) return; /* they were unwound to different ends, so they cannot be compared */
  size_t kept = common < stack->depth ? common + 1 : common;
  memmove(stack->frames, stack->frames + (stack->depth - kept), kept * sizeof *stack->frames);
  stack->depth = kept;
}
