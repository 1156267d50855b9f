/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "look_watch.h"

#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "../stack/process_memory.h"
#include "../text/source_lines.h"
#include "test_names.h"

/* A vector register among those of a thread. */
#define VECTOR_WORDS 4

bool nomem__look_is_one(struct nomem__symbols *symbols, const char *path,
                        const struct nomem__instruction *instruction) {
  if (instruction->compares) return true;
  if (instruction->operation != NOMEM_OPERATION_CALL) return false;
  const char *called = nomem__symbols_find_called(symbols, path, instruction->address + instruction->length);
  return called != NULL && nomem__framework_function(called) != NULL && strcasestr(called, "eq") != NULL;
}

static uint64_t general_register(const struct user_regs_struct *registers, unsigned number) {
  const unsigned long long values[NOMEM_GENERAL_REGISTERS] = {
      [NOMEM_RAX] = registers->rax, [NOMEM_RCX] = registers->rcx, [NOMEM_RDX] = registers->rdx,
      [NOMEM_RBX] = registers->rbx, [NOMEM_RSP] = registers->rsp, [NOMEM_RBP] = registers->rbp,
      [NOMEM_RSI] = registers->rsi, [NOMEM_RDI] = registers->rdi, [NOMEM_R8] = registers->r8,
      [NOMEM_R9] = registers->r9,   [NOMEM_R10] = registers->r10, [NOMEM_R11] = registers->r11,
      [NOMEM_R12] = registers->r12, [NOMEM_R13] = registers->r13, [NOMEM_R14] = registers->r14,
      [NOMEM_R15] = registers->r15};
  return values[number];
}

/* What its memory has, where the address is one register and a number; else false. */
static bool read_memory(pid_t tid, uint64_t bias, const struct user_regs_struct *registers,
                        const struct nomem__operand *operand, uint64_t *value) {
  uint64_t address = (uint64_t)operand->value;
  if (operand->index != NOMEM_NO_REGISTER) return false;
  if (operand->base < NOMEM_GENERAL_REGISTERS)
    address += general_register(registers, operand->base);
  else if (operand->base == NOMEM_THREAD)
    address += registers->fs_base;
  else
    address += bias;
  return operand->base != NOMEM_NO_REGISTER &&
         nomem__process_read(tid, address, value, operand->bytes) == operand->bytes;
}

static bool read_vector(pid_t tid, const struct nomem__operand *operand, uint64_t *value) {
  struct user_fpregs_struct vectors;
  if (ptrace(PTRACE_GETFPREGS, tid, NULL, &vectors) != 0) return false;
  memcpy(value, &vectors.xmm_space[(size_t)(operand->base - NOMEM_VECTOR) * VECTOR_WORDS], operand->bytes);
  return true;
}

static bool read_operand(pid_t tid, uint64_t bias, const struct user_regs_struct *registers,
                         const struct nomem__operand *operand, uint64_t *value) {
  *value = 0;
  if (operand->bytes > sizeof *value) return false;
  if (operand->kind == NOMEM_OPERAND_MEMORY) return read_memory(tid, bias, registers, operand, value);
  if (operand->kind == NOMEM_OPERAND_REGISTER && operand->base >= NOMEM_VECTOR)
    return operand->base < NOMEM_ABSOLUTE && read_vector(tid, operand, value);
  if (operand->kind == NOMEM_OPERAND_NONE) return false;
  uint64_t whole =
      operand->kind == NOMEM_OPERAND_NUMBER ? (uint64_t)operand->value : general_register(registers, operand->base);
  memcpy(value, &whole, operand->bytes);
  return true;
}

struct nomem__look nomem__look_note(pid_t tid, const char *path, uint64_t bias,
                                    const struct nomem__instruction *instruction) {
  struct user_regs_struct registers;
  struct nomem__operand from = instruction->from;
  struct nomem__look look = {.path = path, .offset = instruction->address, .bytes = instruction->to.bytes};
  if (ptrace(PTRACE_GETREGS, tid, NULL, &registers) != 0) return look;
  if (instruction->operation == NOMEM_OPERATION_CALL) { /* a framework's function has two values first, if any */
    look.values[0] = registers.rdi;
    look.values[1] = registers.rsi;
    look.bytes = sizeof registers.rdi;
    look.is_known = true;
    return look;
  }
  from.bytes = look.bytes;
  look.has_fraction = instruction->to.kind == NOMEM_OPERAND_REGISTER && instruction->to.base >= NOMEM_VECTOR;
  look.is_known = read_operand(tid, bias, &registers, &instruction->to, &look.values[0]) &&
                  read_operand(tid, bias, &registers, &from, &look.values[1]);
  return look;
}

/* The statement at an index of a line of source. */
static char *cut_statement(char *text, size_t index) {
  size_t begin = index;
  while (begin > 0 && strchr(";{}", text[begin - 1]) == NULL) begin--;
  text[index + strcspn(text + index, ";{")] = '\0';
  return text + begin;
}

/* Reads the statement at a place into line. NULL: its source is not there. */
static const char *read_statement(struct nomem__symbols *symbols, const struct nomem__trace_frame *place,
                                  struct nomem__source_line *line) {
  struct nomem__source_frame source = {0};
  nomem__symbols_resolve(symbols, place->path, place->offset, place->is_return_address, &source, 1);
  if (source.file == NULL || nomem__read_lines(source.file, source.line, source.line, line) != 1) return NULL;
  return source.column == 0 ? line->text : cut_statement(line->text, nomem__find_column(line, source.column));
}

bool nomem__look_names_status(void *user, const struct nomem__look *look) {
  struct nomem__source_line line;
  const struct nomem__trace_frame place = {look->path, look->offset, false};
  const char *statement = read_statement(user, &place, &line);
  return statement == NULL || nomem__line_names_status(statement);
}

static void pass_over(void *user, const char *name, int64_t value) {
  (void)user;
  (void)name;
  (void)value;
}

bool nomem__is_enumerated(struct nomem__symbols *symbols, const struct nomem__trace_frame *function) {
  return nomem__symbols_each_enumerator(symbols, function->path, function->offset, pass_over, NULL);
}

bool nomem__is_about_status(struct nomem__symbols *symbols, const struct nomem__trace_frame *place) {
  struct nomem__source_line line;
  const char *statement = read_statement(symbols, place, &line);
  return statement == NULL || nomem__line_names_status(statement) || nomem__line_names_constant(statement);
}
