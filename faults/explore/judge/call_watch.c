/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "call_watch.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "../../program_kinds.h"
#include "../code/function_code.h"
#include "../code/value_use.h"
#include "../process/tracees.h"
#include "../run/channel_copy.h"
#include "../stack/process_memory.h"
#include "../text/grow.h"
#include "../text/hash.h"
#include "error_names.h"
#include "look_watch.h"
#include "test_names.h"

/* Where not all can be noted, only what the call returns in which the allocation failed is worth a stop. */
static void keep_failed_call(struct nomem__call_watch *watch) {
  for (size_t i = 0; i < watch->places.count; i++)
    if (watch->places.list[i].address == watch->failed_address) watch->places.list[0] = watch->places.list[i];
  watch->places.count = 1;
}

/* Takes all breakpoints out: nothing more is noted, and the run is as fast as any. */
static void drop_breakpoints(struct nomem__call_watch *watch, pid_t tid) {
  watch->is_cut = watch->is_over = true;
  for (size_t i = 0; i < watch->places.count; i++)
    nomem__code_write(tid, watch->places.list[i].address, watch->places.list[i].byte);
  if (watch->callback.address != 0) nomem__code_write(tid, watch->callback.address, watch->callback.byte);
  watch->callback.address = 0;
}

static void set_breakpoints(struct nomem__call_watch *watch, pid_t tid) {
  if (watch->is_cut) keep_failed_call(watch);
  for (size_t i = 0; i < watch->places.count; i++) {
    struct nomem__call_place *place = &watch->places.list[i];
    size_t bytes = place->is_entry || place->is_look_only ? 0 : sizeof place->call;
    if (nomem__process_read(tid, place->address, &place->byte, 1) != 1 ||
        nomem__process_read(tid, place->address - bytes, place->call, bytes) != bytes)
      watch->is_cut = true;
  }
  for (size_t i = 0; i < watch->places.count; i++)
    if (!watch->places.list[i].is_look_only && !nomem__code_write(tid, watch->places.list[i].address, NOMEM_BREAKPOINT))
      watch->is_cut = true;
}

/* Has the thread stop at what test code compares, or no longer. */
static void turn_looks(struct nomem__call_watch *watch, bool on) {
  watch->looks.are_on = on;
  for (size_t i = 0; i < watch->places.count; i++) {
    const struct nomem__call_place *place = &watch->places.list[i];
    if (place->is_look_only && !nomem__code_write(watch->tid, place->address, on ? NOMEM_BREAKPOINT : place->byte))
      watch->looks.are_cut = true;
  }
}

static void note_look(struct nomem__call_watch *watch, const struct nomem__call_place *place) {
  if (watch->looks.count == NOMEM_CALL_LOOKS) {
    watch->looks.are_cut = true;
    turn_looks(watch, false);
    return;
  }
  watch->looks.list = nomem__grow(watch->looks.list, watch->looks.count, &watch->looks.room, sizeof *watch->looks.list);
  watch->looks.list[watch->looks.count] = nomem__look_note(watch->tid, place->path, place->bias, place->look);
  watch->looks.list[watch->looks.count++].is_outcome = place->is_outcome;
}

/* A runner calls its tests through pointers, which no longer shows behind the call; but at the fault, they are there.
 */
static void note_own_calls(struct nomem__call_watch *watch, const struct nomem__stack *stack,
                           const struct nomem__trace *trace, unsigned from) {
  for (unsigned i = from; i + 1 < trace->depth; i++) {
    uint64_t address;
    const struct nomem__trace_frame *callee = &trace->frame[i];
    if (stack->frames[i].cfa == 0 || !nomem__is_of_test(watch->code_owners, callee->path, callee->offset - 1)) continue;
    if (!nomem__read_word(stack->tid, stack->frames[i].cfa - sizeof address, &address)) continue;
    struct nomem__call_place *place = nomem__call_places_find(&watch->places, address);
    if (place != NULL) place->is_own = true;
  }
}

/* Begins at a fault: finds the call of test code in which it came, and all places. */
static void begin_at(struct nomem__call_watch *watch, struct nomem__stacks *stacks, pid_t pid, pid_t tid) {
  struct nomem__stack stack;
  struct nomem__trace trace;
  uint64_t address;
  if (nomem__stack_capture(stacks, pid, tid, &stack) != 0) return;
  nomem__trace_of_stack(&stack, &trace);
  unsigned test = nomem__next_test_call(watch->code_owners, &trace, 0);
  if (test == 0 || test == trace.depth || stack.frames[test - 1].cfa == 0) return;
  if (nomem__code_owner_of(watch->code_owners, &trace.frame[test - 1]) == NOMEM_OWNER_RUNTIME) return;
  watch->failed_sp = stack.frames[test - 1].cfa;
  if (!nomem__read_word(tid, watch->failed_sp - sizeof address, &watch->failed_address)) return;
  watch->has_begun = true;
  watch->is_cut = stack.is_cut || nomem__memory_map_read(&watch->map, pid) != 0;
  watch->tid = tid;
  watch->places.code_owners = watch->code_owners;
  nomem__call_places_add(&watch->places, trace.frame[test].path, watch->failed_address - trace.frame[test].offset,
                         trace.frame[test].offset, false);
  if (watch->kind != NOMEM_WATCH_FAILED_CALL) nomem__call_places_add_all(&watch->places, &stack, &trace, test);
  watch->is_cut |= watch->places.is_cut;
  nomem__call_places_order(&watch->places);
  note_own_calls(watch, &stack, &trace, test);
  set_breakpoints(watch, tid);
  if (watch->variable != NULL)
    watch->variable_address = nomem__test_variable_locate(watch->variable, watch->code_owners->symbols, &stack, &trace);
}

/* Noting what comes there. */

static struct nomem__trace_frame frame_at(const struct nomem__call_watch *watch, uint64_t address, bool is_return) {
  const struct nomem__module *module = nomem__memory_map_find_module(&watch->map, address);
  if (module == NULL) return (struct nomem__trace_frame){"", address, is_return};
  const char *path = nomem__symbols_keep_path(watch->code_owners->symbols, module->area->path);
  return (struct nomem__trace_frame){path, address - module->bias, is_return};
}

static bool is_errno(const char *name) {
  return strcmp(name, "__errno_location") == 0;
}

/* By which a caller asks whether something has failed. */
static bool asks_for_errors(const char *name) {
  static const char *const names[] = {"ferror", "ferror_unlocked", "fclose",  "fflush",       "pclose",
                                      "close",  "dlerror",         "waitpid", "pthread_join", NULL};
  for (size_t i = 0; names[i] != NULL; i++)
    if (strcmp(name, names[i]) == 0 || (strncmp(name, "_IO_", 4) == 0 && strcmp(name + 4, names[i]) == 0)) return true;
  return is_errno(name);
}

/* A framework's function that compares texts or blocks, rather than what may be a status. */
static bool compares_data(const char *name) {
  return nomem__framework_function(name) != NULL &&
         (strcasestr(name, "str") != NULL || strcasestr(name, "mem") != NULL);
}

/* What is not known of it counts as code under test, of which nothing is known. */
static enum nomem__told_kind kind_of(const struct nomem__call_watch *watch, struct nomem__call_place *place) {
  struct nomem__source_frame source = {0};
  if (place->like.callee == 0) return place->is_own ? NOMEM_TOLD_DATA : NOMEM_TOLD_RESULT;
  enum nomem__code_owner owner = nomem__code_owner_of(watch->code_owners, &place->callee);
  if (owner == NOMEM_OWNER_UNDER_TEST) return NOMEM_TOLD_RESULT;
  nomem__symbols_resolve(watch->code_owners->symbols, place->callee.path, place->callee.offset, false, &source, 1);
  place->like.is_comparison = owner == NOMEM_OWNER_TEST && source.function != NULL && compares_data(source.function);
  bool asks = owner == NOMEM_OWNER_RUNTIME && source.function != NULL && asks_for_errors(source.function);
  return asks ? NOMEM_TOLD_STATUS : NOMEM_TOLD_DATA;
}

/* Whether test code compares what the call before an offset has returned, or keeps it, or hands it on. A comparison
 * whose outcome is a value of its own is seen only where it comes next. */
static bool is_used(struct nomem__symbols *symbols, const char *path, uint64_t offset) {
  struct nomem__value_use use;
  const struct nomem__returned unknown = {0};
  const struct nomem__function_code *code = nomem__symbols_find_code(symbols, path, offset - 1);
  uint32_t next = code != NULL ? nomem__function_code_find(code, offset) : NOMEM_NO_INSTRUCTION;
  if (next == NOMEM_NO_INSTRUCTION) return false;
  const struct nomem__instruction *instruction = &code->list[next];
  bool is_compared = instruction->operation == NOMEM_OPERATION_TEST && instruction->to.kind == NOMEM_OPERAND_REGISTER &&
                     instruction->to.base == NOMEM_RAX;
  return is_compared || (nomem__find_uses(code, offset, &unknown, &use) && !nomem__is_ignored(&use));
}

static bool is_clean_up(struct nomem__symbols *symbols, const struct nomem__trace_frame *callee) {
  struct nomem__source_frame source = {0};
  nomem__symbols_resolve(symbols, callee->path, callee->offset, false, &source, 1);
  return source.function != NULL && nomem__names_clean_up(source.function);
}

/* Only now, because the linker's table has the function once it was called. */
static void learn_call(const struct nomem__call_watch *watch, pid_t tid, struct nomem__call_place *place) {
  struct nomem__symbols *symbols = watch->code_owners->symbols;
  struct nomem__told_event *like = &place->like;
  uint64_t offset = place->address - place->bias, entry = nomem__called_function(tid, place->address, place->call);
  if (entry != 0) {
    place->callee = frame_at(watch, entry, false);
    like->callee = nomem__hash_number(nomem__hash_text(NOMEM__HASH_START, place->callee.path), place->callee.offset);
    like->type = nomem__symbols_find_result(symbols, place->callee.path, place->callee.offset);
    like->is_clean_up = is_clean_up(symbols, &place->callee);
  }
  like->kind = kind_of(watch, place);
  const struct nomem__trace_frame here = {place->path, offset, true};
  like->is_status =
      like->kind == NOMEM_TOLD_RESULT && place->address == watch->failed_address &&
      (entry == 0 || nomem__is_enumerated(symbols, &place->callee) || nomem__is_about_status(symbols, &here));
  like->is_used = is_used(symbols, place->path, offset);
}

static void learn_place(const struct nomem__call_watch *watch, pid_t tid, struct nomem__call_place *place) {
  uint64_t offset = place->address - place->bias;
  place->is_known = true;
  place->like.place = nomem__hash_number(nomem__hash_text(NOMEM__HASH_START, place->path), offset) + place->is_entry;
  if (place->is_entry)
    place->like.kind = NOMEM_TOLD_CALLBACK;
  else
    learn_call(watch, tid, place);
}

/* Whether code under test has called the function that begins here. */
static bool is_callback(const struct nomem__call_watch *watch, pid_t tid, uint64_t sp) {
  uint64_t caller;
  if (!nomem__read_word(tid, sp, &caller)) return false;
  const struct nomem__trace_frame frame = frame_at(watch, caller, true);
  return nomem__code_owner_of(watch->code_owners, &frame) == NOMEM_OWNER_UNDER_TEST;
}

/* What errno is, where its address was asked for; otherwise what was returned. */
static uint64_t value_of(const struct nomem__call_watch *watch, const struct nomem__call_place *place,
                         const struct user_regs_struct *registers) {
  struct nomem__source_frame source = {0};
  uint64_t word;
  if (place->like.kind != NOMEM_TOLD_STATUS) return registers->rax;
  nomem__symbols_resolve(watch->code_owners->symbols, place->callee.path, place->callee.offset, false, &source, 1);
  if (!is_errno(source.function)) return (uint32_t)registers->rax;
  return nomem__read_word(watch->tid, registers->rax, &word) ? (uint32_t)word : 0;
}

/* The variable that a test's function may set, called by code under test. */

static bool is_variable_null(const struct nomem__call_watch *watch) {
  uint64_t value;
  return watch->variable_address != 0 && nomem__read_word(watch->tid, watch->variable_address, &value) && value == 0;
}

/* A function of the test's begins: has it stop where it returns, if it may be the one. */
static void await_callback(struct nomem__call_watch *watch, const struct nomem__call_place *place, uint64_t sp) {
  uint64_t address;
  if (watch->callback.address != 0 || watch->setter != NULL || !is_variable_null(watch)) return;
  if (!nomem__read_word(watch->tid, sp, &address) || nomem__call_places_find(&watch->places, address) != NULL) return;
  if (nomem__process_read(watch->tid, address, &watch->callback.byte, 1) != 1) return;
  if (!nomem__code_write(watch->tid, address, NOMEM_BREAKPOINT)) return;
  watch->callback.address = address;
  watch->callback.sp = sp + sizeof address;
  watch->callback.place = place;
}

/* It has returned, to the code that had called it. */
static enum nomem__stop_action end_callback(struct nomem__call_watch *watch, struct user_regs_struct *registers) {
  uint64_t value;
  registers->rip = watch->callback.address;
  if (!nomem__code_write(watch->tid, watch->callback.address, watch->callback.byte)) watch->is_cut = true;
  if (registers->rsp == watch->callback.sp && nomem__read_word(watch->tid, watch->variable_address, &value) &&
      value != 0)
    watch->setter = watch->callback.place;
  watch->callback.address = 0;
  watch->is_cut |= ptrace(PTRACE_SETREGS, watch->tid, NULL, registers) != 0;
  return NOMEM_ACTION_CONTINUE;
}

/* Whether the thread has come there from a call that has returned: what stands behind one that never does may be jumped
 * to as well. */
static bool has_returned(const struct nomem__call_watch *watch, const struct nomem__call_place *place, uint64_t sp) {
  uint64_t address;
  return nomem__read_word(watch->tid, sp - sizeof address, &address) && address == place->address;
}

static void note_event(struct nomem__call_watch *watch, struct nomem__call_place *place,
                       const struct user_regs_struct *registers) {
  if (watch->event_count == NOMEM_CALL_EVENTS) drop_breakpoints(watch, watch->tid);
  if (watch->is_over || (place->is_entry && !is_callback(watch, watch->tid, registers->rsp))) return;
  if (!place->is_entry && !has_returned(watch, place, registers->rsp)) return;
  if (!place->is_known) learn_place(watch, watch->tid, place);
  struct nomem__told_event event = place->like;
  event.value = place->is_entry ? 0 : value_of(watch, place, registers);
  event.arguments[0] = place->is_entry ? registers->rdi : 0;
  event.arguments[1] = place->is_entry ? registers->rsi : 0;
  event.arguments[2] = place->is_entry ? registers->rdx : 0;
  event.is_failed_call = watch->failed == NULL && !place->is_entry && place->address == watch->failed_address &&
                         registers->rsp == watch->failed_sp;
  if (event.is_failed_call) {
    watch->failed = place;
    watch->failed_event = watch->event_count;
  }
  if (place->is_entry) await_callback(watch, place, registers->rsp);
  watch->events = nomem__grow(watch->events, watch->event_count, &watch->event_room, sizeof *watch->events);
  watch->events[watch->event_count++] = event;
  if (event.is_failed_call && watch->kind == NOMEM_WATCH_FAILED_CALL) drop_breakpoints(watch, watch->tid);
  bool begin_looks = watch->places.with_looks && !watch->looks.are_on && !watch->looks.are_cut && watch->failed != NULL;
  if (begin_looks && watch->event_count - 1 == watch->failed_event + watch->looks.after) turn_looks(watch, true);
}

/* The thread of the fault has come to a place. */
static void note_place(struct nomem__call_watch *watch, struct nomem__call_place *place,
                       const struct user_regs_struct *registers) {
  if (!place->is_look_only) note_event(watch, place, registers);
  if (watch->looks.are_on && !watch->is_over && place->look != NULL) note_look(watch, place);
}

/* Goes on over a breakpoint: it is taken out, and put back after one instruction. */
static bool step_over(struct nomem__call_watch *watch, pid_t tid, const struct nomem__call_place *place,
                      struct user_regs_struct *registers) {
  registers->rip = place->address;
  bool is_lifted = ptrace(PTRACE_SETREGS, tid, NULL, registers) == 0 &&
                   nomem__stepper_begin(&watch->steppers, tid, place->address, place->byte);
  watch->is_cut |= !is_lifted;
  return is_lifted;
}

static bool put_back(struct nomem__call_watch *watch, pid_t tid) {
  uint64_t address = nomem__stepper_end(&watch->steppers, tid);
  const struct nomem__call_place *place = address != 0 ? nomem__call_places_find(&watch->places, address) : NULL;
  bool is_left = watch->is_over || (place != NULL && place->is_look_only && !watch->looks.are_on);
  if (address != 0 && !is_left) nomem__code_write(tid, address, NOMEM_BREAKPOINT);
  return address != 0;
}

/* From now on, not all can be noted. What the call returns in which the allocation failed is waited for. */
static void note_other_thread(struct nomem__call_watch *watch, pid_t tid) {
  watch->is_cut = true;
  if (watch->failed != NULL && !watch->is_over) drop_breakpoints(watch, tid);
}

static enum nomem__stop_action handle_trap(struct nomem__call_watch *watch, pid_t tid, int code) {
  struct user_regs_struct registers;
  bool was_stepped = put_back(watch, tid);
  if (code == TRAP_TRACE && was_stepped) return NOMEM_ACTION_CONTINUE;
  if (ptrace(PTRACE_GETREGS, tid, NULL, &registers) != 0) return NOMEM_ACTION_DELIVER;
  if (watch->callback.address != 0 && tid == watch->tid &&
      registers.rip - NOMEM_BREAKPOINT_BYTES == watch->callback.address)
    return end_callback(watch, &registers);
  struct nomem__call_place *place = nomem__call_places_find(&watch->places, registers.rip - NOMEM_BREAKPOINT_BYTES);
  if (place == NULL || (code != SI_KERNEL && code != TRAP_BRKPT)) return NOMEM_ACTION_DELIVER;
  if (tid == watch->tid)
    note_place(watch, place, &registers);
  else
    note_other_thread(watch, tid);
  return step_over(watch, tid, place, &registers) ? NOMEM_ACTION_STEP : NOMEM_ACTION_CONTINUE;
}

static enum nomem__stop_action handle_fault(struct nomem__call_watch *watch, struct nomem__stacks *stacks, pid_t tid) {
  struct nomem_fault fault;
  struct nomem__status status;
  if (watch->has_begun || !nomem__channel_copy_fault(watch->pages, 0, &fault) || fault.tid != tid)
    return watch->has_begun ? NOMEM_ACTION_CONTINUE : NOMEM_ACTION_DELIVER;
  nomem__status_read(tid, &status);
  begin_at(watch, stacks, status.pid, tid);
  return NOMEM_ACTION_CONTINUE;
}

/* The watcher is the first member. */
static struct nomem__call_watch *watch_of(struct nomem__stop_watcher *watcher) {
  return (struct nomem__call_watch *)watcher;
}

static uint32_t begin(struct nomem__stop_watcher *watcher, const struct nomem_channel *pages) {
  struct nomem__call_watch *watch = watch_of(watcher);
  const struct nomem__test_variable *variable = watch->variable;
  bool are_wanted = watch->places.with_looks;
  size_t after = watch->looks.after;
  nomem__call_watch_prepare(watch, watch->code_owners, watch->kind);
  watch->places.with_looks = are_wanted;
  watch->looks.after = after;
  watch->variable = variable;
  watch->pages = pages;
  return watch->kind == NOMEM_WATCH_WITHOUT_FAULT ? NOMEM_STOP_INSTEAD : NOMEM_STOP_EACH;
}

static enum nomem__stop_action stopped(struct nomem__stop_watcher *watcher, struct nomem__stacks *stacks, pid_t tid,
                                       int signal) {
  struct nomem__call_watch *watch = watch_of(watcher);
  siginfo_t info;
  if (signal != SIGSTOP && signal != SIGTRAP) {
    if (put_back(watch, tid)) watch->is_cut = true; /* it comes to the breakpoint once more */
    return NOMEM_ACTION_DELIVER;
  }
  if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) != 0) return NOMEM_ACTION_DELIVER;
  if (signal == SIGTRAP) return watch->has_begun ? handle_trap(watch, tid, info.si_code) : NOMEM_ACTION_DELIVER;
  return info.si_code == SI_TKILL ? handle_fault(watch, stacks, tid) : NOMEM_ACTION_DELIVER;
}

struct nomem__stop_watcher *nomem__call_watch_prepare(struct nomem__call_watch *watch,
                                                      const struct nomem__code_owners *code_owners,
                                                      enum nomem__call_watch_kind kind) {
  nomem__call_watch_free(watch);
  *watch = (struct nomem__call_watch){
      .watcher = {.begin = begin, .stopped = stopped}, .code_owners = code_owners, .kind = kind};
  return &watch->watcher;
}

struct nomem__stop_watcher *nomem__call_watch_prepare_looks(struct nomem__call_watch *watch,
                                                            const struct nomem__code_owners *code_owners,
                                                            enum nomem__call_watch_kind kind, size_t after) {
  struct nomem__stop_watcher *watcher = nomem__call_watch_prepare(watch, code_owners, kind);
  watch->places.with_looks = true;
  watch->looks.after = after;
  return watcher;
}

struct nomem__looks nomem__call_watch_looks(const struct nomem__call_watch *watch) {
  bool is_whole = watch->has_begun && !watch->is_cut && !watch->looks.are_cut;
  return (struct nomem__looks){watch->looks.list, watch->looks.count, is_whole};
}

struct nomem__told_events nomem__call_watch_events(const struct nomem__call_watch *watch) {
  return (struct nomem__told_events){watch->events, watch->event_count, watch->has_begun && !watch->is_cut};
}

bool nomem__call_watch_find_callee(const struct nomem__call_watch *watch, const struct nomem__told_event *event,
                                   struct nomem__trace_frame *callee) {
  for (size_t i = 0; i < watch->places.count; i++) {
    const struct nomem__call_place *place = &watch->places.list[i];
    if (!place->is_known || place->like.place != event->place || place->like.callee == 0) continue;
    *callee = place->callee;
    return true;
  }
  return false;
}

void nomem__call_watch_free(struct nomem__call_watch *watch) {
  nomem__memory_map_free(&watch->map);
  free(watch->places.list);
  free(watch->events);
  free(watch->looks.list);
  watch->looks.list = NULL;
  watch->places = (struct nomem__call_places){0};
  watch->events = NULL;
}
