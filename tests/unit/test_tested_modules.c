/* SPDX-License-Identifier: MIT */
/* Which modules of an interpreter are under test, which calls and leaks that leaves, and which function is blamed. */
#include "fixtures/recorded_run.h"

#include "../../faults/explore/judge/finding.h"
#include "../../faults/explore/judge/tested_modules.h"

#define PYTHON "/usr/bin/python3.11"
#define RUBY "/usr/bin/ruby3.1"
#define NODE "/usr/bin/node"
#define SHAPES "/home/me/p/shapes.so"
#define CORE "/home/me/p/build/libcore.so.1"
#define NUMPY "/home/me/p/venv/lib/python3.11/site-packages/numpy.so"
#define YAML "/usr/lib/python3/dist-packages/yaml.so"

const struct recorded_function recorded_functions[] = {
    {.name = "PyMem_Malloc", .module = PYTHON},
    {.name = "eval", .module = PYTHON},
    {.name = "fatal", .module = PYTHON},
    {.name = "rb_define", .module = "/usr/lib/libruby-3.1.so.3.1"},
    {.name = "v8", .module = NODE},
    {.name = "helper", .module = SHAPES},
    {.name = "twice", .module = SHAPES},
    {.name = "core", .module = CORE},
    {.name = "array", .module = NUMPY},
    {.name = "load", .module = YAML},
    {.name = "malloc", .module = "/lib/x86_64-linux-gnu/libc.so.6"},
    {0},
};

static struct recorded_run *run;
static struct nomem__tested_modules tested;

static int set_up(void **state) {
  (void)state;
  run = record_run();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  nomem__tested_modules_free(&tested);
  discard_run(run);
  run = NULL;
  return 0;
}

/* Leaves only the modules that one of the globs matches. */
static const char *learn(const char *globs, const char *interpreter, const char *left_out) {
  static char names[256];
  struct nomem_channel *channel = run->channel;
  for (uint32_t i = 0; i < channel->module_count; i++)
    if (strcmp(channel->modules[i].path, left_out) == 0) strcpy(channel->modules[i].path, PYTHON);
  nomem__tested_modules_learn(&tested, globs, interpreter, channel);
  nomem__tested_modules_name(&tested, names, sizeof names);
  tested.are_limit = tested.count > 0;
  return names;
}

/* The project's own come before those that are installed somewhere, and these before none. The user may choose any. */
static void ranks(void **state) {
  (void)state;
  assert_string_equal(learn(NULL, PYTHON, ""), "'shapes.so', 'libcore.so.1'");
  assert_string_equal(learn("yaml*", PYTHON, ""), "'yaml.so'");
  assert_string_equal(learn("src/none.c", PYTHON, ""), "'shapes.so', 'libcore.so.1'");
  learn(NULL, PYTHON, SHAPES);
  assert_string_equal(learn(NULL, PYTHON, CORE), "'numpy.so'");
  assert_string_equal(learn(NULL, PYTHON, NUMPY), "");
  assert_string_equal(learn("*", PYTHON, ""), "'python3.11', 'libruby-3.1.so.3.1', 'node' and 5 more");
}

static bool is_call(const char *const *stack) {
  const struct nomem__trace trace = recorded_trace(stack);
  return nomem__is_tested_call(&tested, &trace);
}

static bool is_block(const char *const *stack) {
  const struct nomem__trace trace = recorded_trace(stack);
  return nomem__is_tested_block(&tested, &trace);
}

static void calls(void **state) {
  (void)state;
  learn(NULL, PYTHON, "");
  assert_true(is_call(STACK("twice:1", "eval:2")));
  assert_true(is_call(STACK("PyMem_Malloc:1", "helper:2", "twice:3", "eval:2")));
  assert_true(is_block(STACK("PyMem_Malloc:1", "helper:2", "twice:3", "eval:2")));
  assert_false(is_call(STACK("PyMem_Malloc:1", "eval:2")));
  assert_false(is_call(STACK("PyMem_Malloc:1", "array:1", "eval:2")));
  assert_false(is_block(STACK("PyMem_Malloc:1", "array:1", "eval:2")));
  tested.are_limit = false;
  assert_true(is_call(STACK("PyMem_Malloc:1", "eval:2")));
  assert_true(is_block(STACK("PyMem_Malloc:1", "eval:2")));
  assert_true(nomem__is_tested_call(NULL, NULL));
}

/* Ruby frees its objects itself: one is never leaked by a module, though its allocation may fail there. */
static void garbage_collected(void **state) {
  (void)state;
  learn(NULL, RUBY, "");
  assert_true(is_call(STACK("rb_define:1", "twice:1", "rb_define:2")));
  assert_false(is_block(STACK("rb_define:1", "twice:1", "rb_define:2")));
  assert_true(is_block(STACK("malloc:1", "core:1", "twice:1", "rb_define:2")));
}

/* Node's engine ends the process when it has no memory: nothing of its own is failed. */
static void needs_memory(void **state) {
  (void)state;
  learn(NULL, NODE, "");
  assert_false(is_call(STACK("v8:1", "twice:1", "v8:2")));
  assert_true(is_call(STACK("malloc:1", "core:1", "twice:1", "v8:2")));
}

static const char *blamed(void (*blame)(const struct nomem__tested_modules *, struct nomem__trace *),
                          const char *const *stack) {
  struct nomem__trace trace = recorded_trace(stack);
  blame(&tested, &trace);
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(&trace);
  return recorded_function_at(culprit->path, culprit->offset)->name;
}

/* To blame is what the interpreter called, whichever of its helpers allocated, and by whatever way. */
static void blame(void **state) {
  (void)state;
  learn(NULL, PYTHON, "");
  const char *const *helped = STACK("PyMem_Malloc:1", "helper:2", "core:1", "twice:3", "eval:2", "twice:4", "eval:1");
  assert_string_equal(blamed(nomem__blame_tested_module, helped), "twice");
  assert_string_equal(blamed(nomem__blame_tested_module, STACK("helper:2", "eval:2", "twice:4", "eval:1")), "helper");
  assert_string_equal(blamed(nomem__blame_tested_module, STACK("eval:2", "eval:1")), "eval");
  assert_string_equal(blamed(nomem__blame_caller_of_interpreter, STACK("fatal:1", "twice:3", "eval:2")), "twice");
  assert_string_equal(blamed(nomem__blame_caller_of_interpreter, STACK("fatal:1", "eval:2")), "fatal");
  assert_string_equal(blamed(nomem__blame_caller_of_interpreter, STACK("array:1", "twice:3", "eval:2")), "array");
}

/* An abort of a program above the library whose call failed is an assertion of the test's, but not an interpreter's. */
static void abort_of_interpreter(void **state) {
  const struct nomem__code_owners owners = {0};
  (void)state;
  record_fault(run, STACK("twice:3", "eval:2"));
  record_death(run, SIGABRT, STACK("fatal:1", "eval:3"));
  record_program(run, PYTHON);
  assert_false(nomem__is_abort_of_test(&run->outcome, &owners));
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(ranks), TEST(calls), TEST(garbage_collected), TEST(needs_memory), TEST(blame), TEST(abort_of_interpreter),
#undef TEST
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
