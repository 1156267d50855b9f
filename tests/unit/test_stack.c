/* SPDX-License-Identifier: MIT */
/* The victims are this very program, started anew with the victim's name as its argument. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/stack/stack_capture.h"
#include "explore/stack/symbols.h"
#include "skip_because.h"

/* No test may run longer, whatever goes wrong. */
#define TEST_SECONDS 300
/* The exit status of a victim that could not be traced. */
#define NO_PTRACE 126
#define PAGE_BYTES 4096
#define NAME_DEPTH 512

#define NOINLINE __attribute__((noinline, no_sanitize("address", "undefined")))

/* Keeps a call from becoming a jump, which would leave no frame. */
#define AFTER_CALL() __asm__ volatile("" ::: "memory")

static int *volatile null_pointer;
static void (*volatile null_function)(void);
static volatile int depth_wanted = 1 << 30;
static volatile uint64_t sink;

NOINLINE void victim_null_read(void);
NOINLINE void victim_null_call(void);
NOINLINE void victim_garbage_call(void);
NOINLINE void victim_non_canonical(void);
NOINLINE void victim_abort(void);
NOINLINE void victim_overflow(void);
NOINLINE void victim_smash(void);
NOINLINE void victim_threads(void);
NOINLINE void victim_handler(void);
NOINLINE void thread_waits(pthread_barrier_t *barrier);
NOINLINE int recurse(int depth);

void victim_null_read(void) {
  sink = (uint64_t)null_pointer[3];
}

void victim_null_call(void) {
  null_function();
  AFTER_CALL();
}

void victim_garbage_call(void) {
  null_function = (void (*)(void))(uintptr_t)0x123456789000;
  null_function();
  AFTER_CALL();
}

void victim_non_canonical(void) {
  null_pointer = (int *)(uintptr_t)0xdeadbeefdeadbeef;
  sink = (uint64_t)*null_pointer;
}

void victim_abort(void) {
  abort();
}

int recurse(int depth) {
  volatile char room[256];
  room[0] = (char)depth;
  int below = depth < depth_wanted ? recurse(depth + 1) : 0;
  AFTER_CALL();
  return below + room[0];
}

void victim_overflow(void) {
  sink = (uint64_t)recurse(0);
}

/* No further than to the environment, behind which the stack may end. */
void victim_smash(void) {
  uint64_t *frame = __builtin_frame_address(0);
  for (int i = -8; i < 64; i++) frame[i] = UINT64_C(0x4141414141414141) + (uint64_t)i;
  __asm__ volatile("mov $0x4242424242424242, %%rbp; ud2" ::: "memory");
}

static void on_signal(int signal) {
  (void)signal;
  abort();
}

void victim_handler(void) {
  signal(SIGUSR1, on_signal);
  raise(SIGUSR1);
  AFTER_CALL();
}

void thread_waits(pthread_barrier_t *barrier) {
  pthread_barrier_wait(barrier);
  for (;;) pause();
}

static void *thread_main(void *arg) {
  thread_waits(arg);
  return NULL;
}

void victim_threads(void) {
  pthread_barrier_t barrier;
  pthread_t thread;
  pthread_barrier_init(&barrier, NULL, 4);
  for (int i = 0; i < 3; i++) pthread_create(&thread, NULL, thread_main, &barrier);
  pthread_barrier_wait(&barrier);
  raise(SIGSTOP);
  AFTER_CALL();
}

static const struct {
  const char *name;
  void (*run)(void);
} victims[] = {
    {"null_read", victim_null_read},
    {"null_call", victim_null_call},
    {"garbage_call", victim_garbage_call},
    {"non_canonical", victim_non_canonical},
    {"abort", victim_abort},
    {"overflow", victim_overflow},
    {"smash", victim_smash},
    {"threads", victim_threads},
    {"handler", victim_handler},
};

static char self[PAGE_BYTES];
static int inheritable_at_start;
static struct nomem__stacks *stacks;
static struct nomem__symbols *symbols;

/* Starts program with one argument, traced, and lets it run to its first signal. Returns its id. */
static pid_t start(const char *program, const char *argument) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    alarm(TEST_SECONDS);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(NO_PTRACE);
    execl(program, program, argument, (char *)NULL);
    _exit(127);
  }
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PTRACE) skip_because("ptrace is not allowed here");
  assert_true(WIFSTOPPED(status));
  for (;;) {
    long signal = WSTOPSIG(status) == SIGUSR1 ? SIGUSR1 : 0;
    assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, signal), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSTOPPED(status));
    if (WSTOPSIG(status) != SIGUSR1) return pid;
  }
}

/* A traced process is not gone before each of its traced threads was waited for. */
static void finish(pid_t pid) {
  int status;
  kill(pid, SIGKILL);
  for (;;) {
    pid_t ended = waitpid(-1, &status, __WALL);
    if (ended < 0 || (ended == pid && !WIFSTOPPED(status))) return;
  }
}

static struct nomem__stack capture(const char *program, const char *argument) {
  struct nomem__stack stack;
  pid_t pid = start(program, argument);
  assert_int_equal(nomem__stack_capture(stacks, pid, pid, &stack), 0);
  finish(pid);
  assert_true(stack.depth >= 1);
  return stack;
}

/* The function at frame i, or "". */
static const char *function_at(const struct nomem__stack *stack, size_t i) {
  struct nomem__source_frame frames[32];
  if (i >= stack->depth || !stack->frames[i].module) return "";
  const struct nomem__stack_frame *frame = &stack->frames[i];
  size_t count = nomem__symbols_resolve(symbols, frame->module, frame->offset, frame->is_return_address, frames, 32);
  const char *name = frames[count - 1].function;
  return name ? name : "";
}

static bool has_function(const struct nomem__stack *stack, const char *name) {
  for (size_t i = 0; i < stack->depth; i++)
    if (strcmp(function_at(stack, i), name) == 0) return true;
  return false;
}

static void a_read_through_null_is_at_the_top(void **state) {
  (void)state;
  struct nomem__stack stack = capture(self, "null_read");
  assert_int_equal(stack.signal, SIGSEGV);
  assert_true(stack.has_fault_address);
  assert_true(stack.fault_address < PAGE_BYTES);
  assert_false(stack.is_overflow);
  assert_string_equal(function_at(&stack, 0), "victim_null_read");
  assert_false(stack.frames[0].is_return_address);
  assert_string_equal(function_at(&stack, 1), "main");
  assert_true(stack.frames[1].is_return_address);
  assert_string_equal(stack.frames[0].module, self);
  assert_string_equal(function_at(&stack, stack.depth - 1), "_start");
}

static void a_call_through_null_shows_its_caller(void **state) {
  (void)state;
  struct nomem__stack stack = capture(self, "null_call");
  assert_int_equal(stack.signal, SIGSEGV);
  assert_true(stack.has_fault_address);
  assert_int_equal(stack.fault_address, 0);
  assert_int_equal(stack.ip, 0);
  assert_string_equal(function_at(&stack, 0), "victim_null_call");
  assert_true(stack.frames[0].is_return_address);
  assert_string_equal(function_at(&stack, 1), "main");
}

static void a_call_through_garbage_shows_its_caller(void **state) {
  (void)state;
  struct nomem__stack stack = capture(self, "garbage_call");
  assert_int_equal(stack.ip, 0x123456789000);
  assert_string_equal(function_at(&stack, 0), "victim_garbage_call");
  assert_string_equal(function_at(&stack, 1), "main");
}

static void an_address_no_pointer_can_hold_is_not_taken_for_null(void **state) {
  (void)state;
  struct nomem__stack stack = capture(self, "non_canonical");
  assert_int_equal(stack.signal, SIGSEGV);
  assert_false(stack.has_fault_address);
  assert_string_equal(function_at(&stack, 0), "victim_non_canonical");
}

static void abort_shows_its_caller(void **state) {
  (void)state;
  struct nomem__stack stack = capture(self, "abort");
  assert_int_equal(stack.signal, SIGABRT);
  assert_false(stack.has_fault_address);
  size_t i = 0;
  while (i < stack.depth && strcmp(function_at(&stack, i), "abort") != 0) i++;
  assert_true(i < stack.depth);
  assert_string_equal(function_at(&stack, i + 1), "victim_abort");
}

static void a_stack_goes_on_through_a_signal_handler(void **state) {
  (void)state;
  struct nomem__stack stack = capture(self, "handler");
  assert_true(has_function(&stack, "on_signal"));
  assert_true(has_function(&stack, "victim_handler"));
  assert_string_equal(function_at(&stack, stack.depth - 1), "_start");
}

static void endless_recursion_is_cut(void **state) {
  (void)state;
  struct nomem__stack stack = capture(self, "overflow");
  assert_int_equal(stack.signal, SIGSEGV);
  assert_int_equal(stack.depth, NOMEM__STACK_DEPTH);
  assert_true(stack.is_cut);
  assert_string_equal(function_at(&stack, 0), "recurse");
  assert_string_equal(function_at(&stack, NOMEM__STACK_DEPTH - 1), "recurse");
  assert_true(stack.fault_address - stack.sp + PAGE_BYTES < 2 * PAGE_BYTES);
  assert_true(stack.is_overflow);
}

static void a_smashed_stack_gives_what_is_left(void **state) {
  (void)state;
  struct nomem__stack stack = capture(self, "smash");
  assert_int_equal(stack.signal, SIGILL);
  assert_string_equal(function_at(&stack, 0), "victim_smash");
  assert_true(stack.fault_address == stack.ip);
}

struct seen {
  int main_first, waiting, total;
};

static void see(const struct nomem__stack *stack, struct seen *seen) {
  if (seen->total++ == 0) seen->main_first = has_function(stack, "victim_threads");
  seen->waiting += has_function(stack, "thread_waits");
}

static void every_thread_of_a_stopped_process_is_captured(void **state) {
  (void)state;
  struct seen seen = {0};
  struct nomem__stack stack;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    alarm(TEST_SECONDS);
    execl(self, self, "threads", (char *)NULL);
    _exit(127);
  }
  int status;
  assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
  assert_true(WIFSTOPPED(status));
  size_t count = 0;
  char name[64];
  for (pid_t tid = pid; count < 4 && tid < pid + 1000; tid++) {
    snprintf(name, sizeof name, "/proc/%ld/task/%ld", (long)pid, (long)tid);
    if (access(name, F_OK) != 0) continue;
    if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0 && errno == EPERM) {
      finish(pid);
      skip_because("ptrace is not allowed here");
    }
    ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
    assert_int_equal(waitpid(tid, &status, __WALL), tid);
    assert_int_equal(nomem__stack_capture(stacks, pid, tid, &stack), 0);
    see(&stack, &seen);
    count++;
  }
  assert_int_equal(count, 4);
  assert_int_equal(seen.total, 4);
  assert_int_equal(seen.main_first, 1);
  assert_int_equal(seen.waiting, 3);
  finish(pid);
}

static void run(const char *format, ...) {
  char command[NAME_DEPTH * 4];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(command, sizeof command, format, arguments);
  va_end(arguments);
  assert_int_equal(system(command), 0);
}

static char *make_directory(char *template) {
  assert_non_null(mkdtemp(template));
  return template;
}

static void a_program_deleted_on_disk_is_unwound_and_named(void **state) {
  (void)state;
  char directory[] = "/tmp/nomem-stack-XXXXXX", copy[NAME_DEPTH];
  struct nomem__stack stack;
  snprintf(copy, sizeof copy, "%s/victim", make_directory(directory));
  run("cp '%s' '%s'", self, copy);
  pid_t pid = start(copy, "null_read");
  run("rm -r '%s'", directory);
  nomem__stacks_set_symbols(stacks, symbols);
  assert_int_equal(nomem__stack_capture(stacks, pid, pid, &stack), 0);
  finish(pid);
  assert_non_null(strstr(stack.frames[0].module, " (deleted)"));
  struct nomem__stack whole = capture(self, "null_read");
  assert_string_equal(function_at(&stack, 0), function_at(&whole, 0));
  assert_int_equal(stack.depth, whole.depth);
  for (size_t i = 0; i < stack.depth; i++) assert_int_equal(stack.frames[i].offset, whole.frames[i].offset);
}

/* Builds the fixture with these compiler options and captures its crash. */
static void check_built(const char *options) {
  char directory[] = "/tmp/nomem-stack-XXXXXX", program[NAME_DEPTH];
  snprintf(program, sizeof program, "%s/victim", make_directory(directory));
  run("printf 'int *volatile p; __attribute__((noinline)) int touch(void) { return *p + 1; }"
      "int main(void) { return touch() + 1; }' | gcc %s -x c -o '%s' -",
      options, program);
  struct nomem__stack stack = capture(program, NULL);
  assert_string_equal(function_at(&stack, 0), "touch");
  assert_string_equal(function_at(&stack, 1), "main");
  assert_string_equal(stack.frames[0].module, program);
  run("rm -r '%s'", directory);
}

static void static_fixed_and_movable_programs_give_offsets_of_their_symbol_tables(void **state) {
  (void)state;
  check_built("-O1 -static");
  check_built("-O1 -static-pie");
  check_built("-O1 -no-pie");
  check_built("-O1 -pie -fomit-frame-pointer");
  check_built("-O1 -no-pie -Wl,-Ttext-segment=0x7000000");
}

static void a_thread_that_cannot_be_captured_is_an_error(void **state) {
  (void)state;
  struct nomem__stack stack;
  assert_int_equal(nomem__stack_capture(stacks, getpid(), getpid(), &stack), -ESRCH);
  assert_int_equal(stack.depth, 0);
}

static int count_descriptors(void) {
  int count = 0;
  for (int fd = 0; fd < 1024; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

/* A program under test would inherit it. */
static int count_inheritable(void) {
  int count = 0;
  for (int fd = 3; fd < 1024; fd++) {
    int flags = fcntl(fd, F_GETFD);
    count += flags >= 0 && !(flags & FD_CLOEXEC);
  }
  return count;
}

static void captures_and_lookups_leak_no_descriptor(void **state) {
  (void)state;
  capture(self, "abort");
  int before = count_descriptors();
  for (int i = 0; i < 20; i++) capture(self, i % 2 ? "abort" : "null_read");
  assert_in_range(count_descriptors(), 0, before);
  assert_int_equal(count_inheritable(), inheritable_at_start);
}

/* The injector is a guest: its frames are taken out, wherever they stand, unless there are no others. */
static void frames_of_the_injector_are_taken_out(void **state) {
  (void)state;
  struct nomem__stack stack = {.depth = 4,
                               .frames = {{.module = "/lib/libnomem-preload.so", .offset = 1},
                                          {.module = "/bin/program", .offset = 2, .is_return_address = true},
                                          {.module = "/w/libnomem-preload.so", .offset = 3, .is_return_address = true},
                                          {.offset = 4, .is_return_address = true}}};
  nomem__stack_drop_guest(&stack);
  assert_int_equal(stack.depth, 2);
  assert_int_equal(stack.frames[0].offset, 2);
  assert_int_equal(stack.frames[1].offset, 4);
  struct nomem__stack own = {.depth = 1, .frames = {{.module = "/lib/libnomem-preload.so", .offset = 1}}};
  nomem__stack_drop_guest(&own);
  assert_int_equal(own.depth, 1);
}

static int open_all(void **state) {
  (void)state;
  inheritable_at_start = count_inheritable();
  symbols = nomem__symbols_open();
  return nomem__stacks_open(&stacks);
}

static int close_all(void **state) {
  (void)state;
  nomem__stacks_close(stacks);
  nomem__symbols_close(symbols);
  return 0;
}

int main(int argc, char **argv) {
  for (size_t i = 0; argc > 1 && i < sizeof victims / sizeof *victims; i++)
    if (strcmp(argv[1], victims[i].name) == 0) {
      victims[i].run();
      return 0;
    }
  alarm(TEST_SECONDS);
  if (readlink("/proc/self/exe", self, NAME_DEPTH) <= 0) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_read_through_null_is_at_the_top),
      cmocka_unit_test(a_call_through_null_shows_its_caller),
      cmocka_unit_test(a_call_through_garbage_shows_its_caller),
      cmocka_unit_test(an_address_no_pointer_can_hold_is_not_taken_for_null),
      cmocka_unit_test(abort_shows_its_caller),
      cmocka_unit_test(a_stack_goes_on_through_a_signal_handler),
      cmocka_unit_test(endless_recursion_is_cut),
      cmocka_unit_test(a_smashed_stack_gives_what_is_left),
      cmocka_unit_test(every_thread_of_a_stopped_process_is_captured),
      cmocka_unit_test(a_program_deleted_on_disk_is_unwound_and_named),
      cmocka_unit_test(static_fixed_and_movable_programs_give_offsets_of_their_symbol_tables),
      cmocka_unit_test(a_thread_that_cannot_be_captured_is_an_error),
      cmocka_unit_test(captures_and_lookups_leak_no_descriptor),
      cmocka_unit_test(frames_of_the_injector_are_taken_out),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
