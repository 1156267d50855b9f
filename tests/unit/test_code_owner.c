/* SPDX-License-Identifier: MIT */
/* Whose code a frame is, as it is guessed from the stacks of a run's allocations or named by --under-test. */
#include "fixtures/judged_run.h"

#include <errno.h>
#include <stdio.h>

#define NO_SOURCES "/w/build/test_stripped"

const struct recorded_function recorded_functions[] = {
    {.name = "malloc", .module = LIBC},
    {.name = "getaddrinfo", .module = LIBC},
    {.name = "cmocka_run", .module = "/lib/libcmocka.so.0"},
    {.name = "lib_make", .module = DEMO, .file = "/w/proj/src/make.c"},
    {.name = "elsewhere", .module = "/lib/libelse.so.1", .file = "/opt/else/src/else.c"},
    {.name = "lib_deep", .module = "/lib/libdeep.so.1", .file = "/w/proj/a/b/c/d/e/f/deep.c"},
    {.name = "lib_relative", .module = "/lib/librel.so.1", .file = "tests/rel.c"},
    {.name = "lib_short", .module = "/lib/libshort.so.1", .file = "/w/src/short.c"},
    {.name = "lib_stripped", .module = "/lib/libstripped.so.1"},
    {.name = "app", .module = APP, .file = "/w/proj/src/app.c"},
    {.name = "test_beside_app", .module = APP, .file = "/w/proj/src/app.c"},
    {.name = "registers_test", .module = APP},
    {.name = "inline_of_app",
     .module = APP,
     .file = "/w/proj/src/app.c",
     .inlined = "app",
     .inlined_file = "/w/proj/src/app.h"},
    {.name = "app_tool", .module = APP, .file = "/w/proj/tools/tool.c"},
    {.name = "test_folder", .module = APP, .file = "/w/proj/tests/basic.c"},
    {.name = "short_test", .module = APP, .file = "/w/tests/short.c"},
    {.name = "deep_test", .module = APP, .file = "/w/proj/tests/a/b/c/deep.c"},
    {.name = "deeper_test", .module = APP, .file = "/w/proj/tests/a/b/c/d/deeper.c"},
    {.name = "test_file", .module = APP, .file = "/w/proj/src/test_app.c"},
    {.name = "example", .module = APP, .file = "/w/proj/examples/one.c"},
    {.name = "example_two", .module = APP, .file = "/w/proj/examples/two.c"},
    {.name = "framework", .module = APP, .file = "/w/proj/third/munit/munit.c"},
    {.name = "relative_test", .module = APP, .file = "tests/relative.c"},
    {.name = "relative", .module = APP, .file = "src/relative.c"},
    {.name = "std::vector", .written = "vector", .module = APP, .file = "/usr/include/c++/12/bits/stl_vector.h"},
    {.name = "gtest", .module = APP, .file = "/usr/src/googletest/src/gtest.cc"},
    {.name = "Catch::Session::run()", .written = "catch_run", .module = APP},
    {.name = "void std::vector<A>::grow<A>()", .written = "bare_vector", .module = APP},
    {.name = "bare", .module = APP},
    {.name = "bare_packer", .module = APP},
    {.name = "lib_beside", .module = "/lib/libbeside.so.1"},
    {.name = "lib_beside_too", .module = "/lib/libbeside2.so.1"},
    {.name = "lib_mine", .module = "/w/lib/libmine.so.1"},
    {.name = "LLVMFuzzerTestOneInput", .module = APP, .file = "/w/proj/harness/one.c"},
    {.name = "helps_harness", .module = APP, .file = "/w/proj/harness/one.c"},
    {.name = "LLVMFuzzerTestOneInput", .written = "bare_harness", .module = APP},
    {.name = "in_header",
     .module = APP,
     .file = "/w/proj/tests/header.c",
     .inlined = "strdup",
     .inlined_file = "/usr/include/string.h"},
    {.name = "main", .written = "main_of_app", .module = APP, .file = "/w/proj/src/driver.c"},
    {.name = "main", .written = "main_of_test", .module = "/w/build/test_app", .file = "/w/proj/src/driver.c"},
    {.name = "helper", .module = "/w/build/test_app", .file = "/w/proj/src/driver.c"},
    {.name = "main", .written = "main_of_pngtest", .module = "/w/build/pngtest", .file = "/w/proj/src/pngtest.c"},
    {.name = "main", .written = "main_of_contest", .module = "/w/build/contest", .file = "/w/proj/src/driver.c"},
    {.name = "in_test_app", .module = "/w/build/test_app", .file = "/w/proj/src/app.c"},
    {.name = "named_test", .module = APP, .file = "/w/test/src/one.c"},
    {.name = "named_test_two", .module = APP, .file = "/w/test/lib/two.c"},
    {.name = "stripped_test", .module = NO_SOURCES},
    {.name = "stripped_tool", .module = "/w/build/tool"},
    {0},
};

static struct nomem__code_owners owners;

static int begin(void **state) {
  (void)state;
  return 0;
}

static int end(void **state) {
  (void)state;
  nomem__code_owners_free(&owners);
  end_run();
  return 0;
}

/* Learns from a run of this program with these allocations, each a stack. */
static int learn(const char *globs, const char *program, const char *const *const *sites) {
  nomem__code_owners_free(&owners);
  begin_run(NOMEM_VERDICT_HANDLED);
  record_program(run, program);
  for (; *sites != NULL; sites++) record_site(run, *sites);
  return nomem__code_owners_learn(&owners, globs, run->channel, NULL);
}

#define SITES(...) ((const char *const *const[]){__VA_ARGS__, NULL})

static enum nomem__code_owner owner(const char *frame) {
  struct nomem__trace_frame one = recorded_frame(frame, true);
  return nomem__code_owner_of(&owners, &one);
}

static bool is_test(const char *frame) {
  return owner(frame) == NOMEM_OWNER_TEST;
}

/* Source files below a folder called like tests, or called like a test, are the test's; libraries and other files of
 * the program are under test. */
static void by_names(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP,
                         SITES(STACK("malloc", "app"), STACK("malloc", "test_folder"), STACK("test_file"),
                               STACK("lib_make", "test_folder"), STACK("app_tool"))),
                   0);
  assert_true(owners.is_divided && !owners.is_coarse && !owners.allocates_through_test);
  assert_true(is_test("test_folder") && is_test("test_file"));
  assert_int_equal(owner("app"), NOMEM_OWNER_UNDER_TEST);
  assert_int_equal(owner("lib_make"), NOMEM_OWNER_UNDER_TEST);
  assert_int_equal(owner("malloc"), NOMEM_OWNER_RUNTIME);
  assert_int_equal(owner("?"), NOMEM_OWNER_RUNTIME);
  assert_int_equal(owners.place_count, 2);
  assert_string_equal(owners.places[0], "tests/*");
  assert_string_equal(owners.places[1], "src/test_app.c");
}

/* The same of sources that are named from the working directory on. */
static void by_relative_names(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("relative_test"), STACK("relative"))), 0);
  assert_true(owners.is_divided && is_test("relative_test") && !is_test("relative"));
  assert_int_equal(learn(NULL, APP, SITES(STACK("app"), STACK("app_tool"), STACK("lib_relative"))), 0);
  assert_true(is_test("lib_relative")); /* though it does not lie below the folder of the others */
}

/* Where no name says so, all is under test. */
static void no_test_code(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("app"), STACK("app_tool"), STACK("lib_make", "app"))), 0);
  assert_false(owners.is_divided);
  assert_int_equal(owner("test_folder"), NOMEM_OWNER_UNDER_TEST);
  assert_int_equal(owner("malloc"), NOMEM_OWNER_RUNTIME);
}

/* Names count below the folder that all sources have in common: a project that lies in a folder called test is none. */
static void a_project_in_a_folder_called_test(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("named_test"), STACK("named_test_two"))), 0);
  assert_false(owners.is_divided);
  assert_string_equal(owners.root, "/w/test/");
}

/* A test program under which a library allocates: the project begins where the library's sources and the folder of the
 * tests lie side by side. */
static void a_library_beside_its_tests(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("test_folder"), STACK("lib_make", "test_folder"))), 0);
  assert_string_equal(owners.root, "/w/proj/");
  assert_true(owners.is_divided && is_test("test_folder"));
  assert_int_equal(learn(NULL, APP, SITES(STACK("test_folder"), STACK("elsewhere", "test_folder"))), 0);
  assert_false(owners.is_divided); /* it is another project's */
  assert_int_equal(learn(NULL, APP, SITES(STACK("example"), STACK("lib_make", "example"))), 0);
  assert_string_equal(owners.root, "/w/proj/examples/"); /* that folder is none of tests */
  assert_false(owners.is_divided);
  assert_int_equal(learn(NULL, APP, SITES(STACK("test_folder"), STACK("lib_deep", "test_folder"))), 0);
  assert_string_equal(owners.root, "/w/proj/");
  assert_int_equal(learn(NULL, APP, SITES(STACK("deep_test"), STACK("lib_make", "deep_test"))), 0);
  assert_string_equal(owners.root, "/w/proj/");
  assert_int_equal(learn(NULL, APP, SITES(STACK("deeper_test"), STACK("lib_make", "deeper_test"))), 0);
  assert_string_equal(owners.root, "/w/proj/tests/a/b/c/d/"); /* no folder of tests is that large */
}

/* The root, a folder in it, and what home directories lie in are no project. */
static void folders_that_are_no_project(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("short_test"), STACK("lib_short", "short_test"))), 0);
  assert_string_equal(owners.root, "/w/tests/");
  setenv("HOME", "/w/proj/me", 1);
  assert_int_equal(learn(NULL, APP, SITES(STACK("test_folder"), STACK("lib_make", "test_folder"))), 0);
  assert_string_equal(owners.root, "/w/proj/tests/");
  setenv("HOME", "/root", 1);
}

/* A test framework's sources and libraries are test code wherever they lie, and do not widen the project. */
static void frameworks(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("app"), STACK("app_tool"), STACK("framework"), STACK("gtest"))), 0);
  assert_true(owners.is_divided && owners.has_framework);
  assert_true(is_test("framework") && is_test("gtest") && !is_test("app"));
  assert_string_equal(owners.root, "/w/proj/");
  assert_string_equal(owners.places[0], "munit/*");
  assert_int_equal(learn(NULL, APP, SITES(STACK("app"), STACK("cmocka_run"))), 0);
  assert_true(is_test("cmocka_run") && !is_test("app"));
  assert_string_equal(owners.places[0], "libcmocka.so.0");
}

/* Whatever its file is called, a function that a framework calls, or that calls it, is test code: a test, what
 * registers it, main(). What stands beside it in the file need not be. */
static void functions_that_a_framework_calls(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP,
                         SITES(STACK("malloc", "app", "test_beside_app", "vector", "cmocka_run", "main_of_app"),
                               STACK("malloc", "cmocka_run", "registers_test"), STACK("malloc", "app_tool"))),
                   0);
  assert_true(owners.is_divided && owners.test_function_count == 3);
  assert_true(is_test("test_beside_app") && is_test("registers_test") && is_test("main_of_app"));
  assert_false(is_test("app") || is_test("app_tool") || is_test("inline_of_app"));
  struct nomem__trace registering = recorded_trace(STACK("malloc", "vector", "registers_test"));
  assert_true(nomem__is_test_call(&owners, &registering));
  assert_int_equal(learn(NULL, APP, SITES(STACK("malloc", "app", "test_beside_app"), STACK("app_tool"))), 0);
  assert_false(is_test("test_beside_app"));
}

/* What a framework calls that has no debug information, in a program that has some, is its own; what that calls, and
 * has some, is not. */
static void framework_functions_of_other_names(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP,
                         SITES(STACK("malloc", "bare", "bare_packer", "catch_run", "main_of_app"),
                               STACK("malloc", "app_tool", "bare", "catch_run"), STACK("malloc", "app"))),
                   0);
  assert_true(is_test("bare") && is_test("bare_packer") && is_test("main_of_app"));
  assert_false(is_test("app_tool") || is_test("app"));
  struct nomem__trace own = recorded_trace(STACK("malloc", "bare", "bare_packer", "catch_run", "main_of_app"));
  struct nomem__trace tested = recorded_trace(STACK("malloc", "app_tool", "bare", "catch_run"));
  assert_true(nomem__is_test_call(&owners, &own) && !nomem__is_test_call(&owners, &tested));
  /* In one that has none, it may be what is tested. */
  assert_int_equal(learn(NULL, APP, SITES(STACK("malloc", "bare", "bare_packer", "catch_run"), STACK("catch_run"))), 0);
  assert_true(is_test("bare_packer") && !is_test("bare"));
}

/* Of functions inlined into one another the framework has called the outermost. */
static void inlined_functions_that_a_framework_calls(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("malloc", "inline_of_app:100", "cmocka_run"), STACK("app_tool"))), 0);
  assert_true(owners.test_function_count == 1 && is_test("inline_of_app"));
  assert_int_equal(owner("inline_of_app:100"), NOMEM_OWNER_UNDER_TEST);
}

/* In a program that is called like a test, the file that has main() is; where only its end says so, if the file's does,
 * too. */
static void the_file_of_main(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, "/w/build/test_app",
                         SITES(STACK("helper"), STACK("in_test_app"), STACK("in_test_app", "main_of_test"))),
                   0);
  assert_true(is_test("helper") && is_test("main_of_test") && !is_test("in_test_app"));
  assert_int_equal(learn(NULL, "/w/build/pngtest", SITES(STACK("lib_make", "main_of_pngtest"))), 0);
  assert_true(is_test("main_of_pngtest"));
  assert_int_equal(learn(NULL, "/w/build/contest", SITES(STACK("lib_make", "main_of_contest"))), 0);
  assert_false(is_test("main_of_contest"));
  assert_int_equal(learn(NULL, APP, SITES(STACK("lib_make", "main_of_app"))), 0);
  assert_false(is_test("main_of_app"));
}

/* A template's instance belongs to whoever calls it, and so does a function of a system header that was inlined. */
static void templates_and_headers(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("app"), STACK("test_folder"), STACK("vector", "test_folder"))), 0);
  assert_int_equal(owner("vector"), NOMEM_OWNER_RUNTIME);
  assert_true(is_test("in_header:100"));
  struct nomem__trace trace = recorded_trace(STACK("malloc", "vector", "test_folder"));
  assert_true(nomem__is_test_code(&owners, &trace));
  trace = recorded_trace(STACK("malloc", "vector", "app", "test_folder"));
  assert_false(nomem__is_test_code(&owners, &trace));
}

/* The functions of a framework that was linked in without debug information are test code by their names, and those of
 * C++ are their caller's. */
static void frameworks_without_debug_information(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("app"), STACK("app_tool"), STACK("catch_run"))), 0);
  assert_true(owners.is_divided && owners.has_framework && is_test("catch_run"));
  assert_false(is_test("app") || is_test("bare"));
  assert_string_equal(owners.places[0], "Catch");
  assert_int_equal(owner("bare_vector"), NOMEM_OWNER_RUNTIME);
  struct nomem__trace trace = recorded_trace(STACK("malloc", "bare_vector", "catch_run"));
  assert_true(nomem__is_test_code(&owners, &trace));
  trace = recorded_trace(STACK("malloc", "bare_vector", "bare", "catch_run"));
  assert_false(nomem__is_test_code(&owners, &trace));
}

/* What a framework's library calls for itself, of the libraries that are installed beside it, is the test's. */
static void libraries_of_a_framework(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("app", "cmocka_run"), STACK("app_tool"))), 0);
  struct nomem__trace own = recorded_trace(STACK("malloc", "lib_beside_too", "lib_beside", "cmocka_run", "app"));
  struct nomem__trace tested = recorded_trace(STACK("malloc", "lib_beside", "app", "cmocka_run"));
  struct nomem__trace elsewhere = recorded_trace(STACK("malloc", "lib_mine", "cmocka_run", "app"));
  struct nomem__trace through = recorded_trace(STACK("malloc", "lib_beside", "lib_mine", "cmocka_run", "app"));
  struct nomem__trace alone = recorded_trace(STACK("malloc", "lib_beside", "app"));
  assert_true(nomem__is_test_call(&owners, &own));
  assert_false(nomem__is_test_call(&owners, &tested) || nomem__is_test_call(&owners, &elsewhere));
  assert_false(nomem__is_test_call(&owners, &through) || nomem__is_test_call(&owners, &alone));
}

/* So is what such a library does in a thread of its own, unless the program calls that library, too. */
static void threads_of_a_framework(void **state) {
  (void)state;
  const char *const *own = STACK("malloc", "lib_beside_too", "lib_beside", "cmocka_run", "app");
  const char *const *of_program = STACK("malloc", "lib_beside", "app", "cmocka_run", "app");
  struct nomem__trace thread = recorded_trace(STACK("malloc", "lib_beside"));
  struct nomem__trace other = recorded_trace(STACK("malloc", "lib_mine"));
  assert_int_equal(learn(NULL, APP, SITES(STACK("app_tool"), STACK("app", "cmocka_run"), own)), 0);
  assert_true(nomem__is_test_call(&owners, &thread));
  assert_false(nomem__is_test_call(&owners, &other));
  assert_int_equal(learn(NULL, APP, SITES(STACK("app_tool"), own, of_program)), 0);
  assert_false(nomem__is_test_call(&owners, &thread));
  assert_int_equal(learn(NULL, APP, SITES(STACK("app_tool"), STACK("app", "cmocka_run"))), 0);
  assert_false(nomem__is_test_call(&owners, &thread));
}

/* What a fuzzer calls with each input is test code, with all of its file and the driver that has main(), whatever they
 * are called. */
static void fuzz_harnesses(void **state) {
  (void)state;
  assert_int_equal(
      learn(NULL, APP, SITES(STACK("app", "LLVMFuzzerTestOneInput", "main_of_app"), STACK("helps_harness"))), 0);
  assert_true(owners.is_divided && !owners.has_framework);
  assert_true(is_test("LLVMFuzzerTestOneInput") && is_test("helps_harness") && is_test("main_of_app"));
  assert_false(is_test("app"));
  assert_string_equal(owners.places[0], "/w/proj/harness/one.c");
  assert_int_equal(learn(NULL, APP, SITES(STACK("app", "bare_harness"), STACK("bare_harness"))), 0);
  assert_true(is_test("bare_harness") && !is_test("bare") && !is_test("helps_harness"));
  assert_int_equal(learn(NULL, APP, SITES(STACK("app", "main_of_app"), STACK("helps_harness"))), 0);
  assert_false(is_test("main_of_app") || is_test("helps_harness"));
}

/* A program that does not say where its code is from is the test's as a whole when it is called like one, and a library
 * under it allocates. */
static void without_debug_information(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, NO_SOURCES, SITES(STACK("stripped_test"), STACK("lib_stripped", "stripped_test"))), 0);
  assert_true(owners.is_divided && owners.is_coarse && is_test("stripped_test"));
  assert_false(is_test("lib_stripped"));
  assert_int_equal(learn(NULL, NO_SOURCES, SITES(STACK("stripped_test"))), 0);
  assert_false(owners.is_divided);
  assert_int_equal(learn(NULL, "/w/build/tool", SITES(STACK("stripped_tool"), STACK("lib_stripped", "stripped_tool"))),
                   0);
  assert_false(owners.is_divided);
}

/* A test may bring the allocator of the code under test: where all calls are test code's, only those are its own that
 * no code under test stands behind. */
static void an_allocator_of_the_test(void **state) {
  (void)state;
  assert_int_equal(
      learn(NULL, APP, SITES(STACK("test_folder:1", "app", "test_folder:9"), STACK("test_folder:2", "test_folder:9"))),
      0);
  assert_true(owners.is_divided && owners.allocates_through_test);
  struct nomem__trace hooked = recorded_trace(STACK("test_folder:1", "app", "test_folder:9"));
  struct nomem__trace own = recorded_trace(STACK("test_folder:2", "test_folder:9"));
  assert_false(nomem__is_test_call(&owners, &hooked));
  assert_true(nomem__is_test_call(&owners, &own));
  assert_int_equal(learn(NULL, APP, SITES(STACK("app"), STACK("test_folder:1", "app", "test_folder:9"))), 0);
  assert_true(owners.is_divided && !owners.allocates_through_test);
  assert_true(nomem__is_test_call(&owners, &hooked)); /* here the code under test allocates itself */
}

/* What calls main() is in the C library or in code of the program without a source: it is nobody's. */
static void start_up_code_is_nobodys(void **state) {
  (void)state;
  assert_int_equal(learn("/w/proj/src/*", "/w/build/tool", SITES(STACK("lib_stripped", "stripped_tool"), STACK("app"))),
                   0);
  assert_int_equal(owner("lib_stripped"), NOMEM_OWNER_UNDER_TEST);
}

/* Where nothing but test code allocates, it is what is to be tested, unless a framework runs it. */
static void nothing_but_test_code(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("test_folder"), STACK("app_tool", "main_of_app"))), 0);
  assert_true(owners.is_divided);
  assert_int_equal(learn(NULL, APP, SITES(STACK("test_folder:1"), STACK("test_file", "app"))), 0);
  assert_true(owners.allocates_through_test);
  assert_int_equal(learn(NULL, APP, SITES(STACK("test_folder"), STACK("test_file"))), 0);
  assert_false(owners.is_divided);
  assert_int_equal(learn(NULL, APP, SITES(STACK("test_folder"), STACK("test_file"), STACK("cmocka_run"))), -ENODATA);
  assert_false(owners.is_divided);
}

/* But where the program has other code, they are tests of that: what they allocate is failed, and theirs to check. */
static void nothing_but_tests_of_other_code(void **state) {
  (void)state;
  recorded_elsewhere = "app";
  int result = learn(NULL, APP, SITES(STACK("test_folder"), STACK("test_file")));
  struct nomem__trace own = recorded_trace(STACK("test_folder"));
  recorded_elsewhere = "deep_test";
  assert_int_equal(result, 0);
  assert_true(owners.is_divided && nomem__is_test_code(&owners, &own));
  assert_false(nomem__is_test_call(&owners, &own));
  result = learn(NULL, APP, SITES(STACK("test_folder"), STACK("test_file")));
  recorded_elsewhere = NULL;
  assert_int_equal(result, 0);
  assert_false(owners.is_divided);
}

/* Where only the tests of one folder allocate, that folder is not the project's, if a framework says that they are. */
static void tests_of_one_folder(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("test_folder"), STACK("lib_stripped", "test_folder"))), 0);
  assert_false(owners.is_divided);
  assert_int_equal(
      learn(NULL, APP, SITES(STACK("test_folder"), STACK("lib_stripped", "test_folder"), STACK("cmocka_run"))), 0);
  assert_true(owners.is_divided && is_test("test_folder"));
  assert_string_equal(owners.root, "/w/proj/");
  assert_int_equal(learn(NULL, APP, SITES(STACK("example"), STACK("lib_stripped", "example"), STACK("cmocka_run"))), 0);
  assert_string_equal(owners.root, "/w/proj/examples/"); /* which is not called like tests */
  assert_false(is_test("example"));
}

/* --under-test names what is tested: all other code of the program is the test's, other libraries are not. */
static void as_named(void **state) {
  (void)state;
  assert_int_equal(learn("src/*", APP, SITES(STACK("app"), STACK("app_tool"), STACK("elsewhere", "app_tool"))), 0);
  assert_true(owners.is_divided && is_test("app_tool"));
  assert_int_equal(owner("app"), NOMEM_OWNER_UNDER_TEST);
  assert_int_equal(owner("elsewhere"), NOMEM_OWNER_UNDER_TEST);
  assert_int_equal(owner("test_file"), NOMEM_OWNER_UNDER_TEST); /* whatever it is called */
  assert_int_equal(learn("libdemo.so*", APP, SITES(STACK("lib_make", "app"), STACK("app"))), 0);
  assert_true(is_test("app"));
  assert_int_equal(learn("lib/*", APP, SITES(STACK("app"), STACK("app_tool"))), -ENOENT);
  assert_int_equal(learn("*", APP, SITES(STACK("app"), STACK("test_folder"))), 0);
  assert_false(is_test("test_folder"));
}

static const char *name(const char *frame) {
  static char buffer[NOMEM_OWNER_NAME_BYTES];
  struct nomem__trace_frame one = recorded_frame(frame, true);
  return nomem__name_owner(&owners, &one, buffer);
}

/* Whose code it is, for people. */
static void names_of_owners(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("app"), STACK("test_folder"), STACK("lib_make", "app"))), 0);
  assert_string_equal(name("app"), "");
  assert_string_equal(name("test_folder"), "the test");
  assert_string_equal(name("lib_make"), "libdemo.so");
  assert_string_equal(name("getaddrinfo"), "libc");
  assert_string_equal(name("?"), "");
}

/* The next frame in which test code has called other code. */
static void calls_of_test_code(void **state) {
  (void)state;
  assert_int_equal(learn(NULL, APP, SITES(STACK("app"), STACK("test_folder"))), 0);
  struct nomem__trace trace =
      recorded_trace(STACK("malloc", "app:1", "test_folder:1", "test_folder:2", "app:2", "test_file:1", "malloc"));
  assert_int_equal(nomem__next_test_call(&owners, &trace, 0), 2);
  assert_int_equal(nomem__next_test_call(&owners, &trace, 3), 5);
  assert_int_equal(nomem__next_test_call(&owners, &trace, 6), 7);
  struct nomem__trace own = recorded_trace(STACK("test_folder:1", "app:2"));
  assert_int_equal(nomem__next_test_call(&owners, &own, 0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(by_names),
      CASE(by_relative_names),
      CASE(no_test_code),
      CASE(a_project_in_a_folder_called_test),
      CASE(a_library_beside_its_tests),
      CASE(folders_that_are_no_project),
      CASE(frameworks),
      CASE(functions_that_a_framework_calls),
      CASE(inlined_functions_that_a_framework_calls),
      CASE(framework_functions_of_other_names),
      CASE(the_file_of_main),
      CASE(templates_and_headers),
      CASE(frameworks_without_debug_information),
      CASE(libraries_of_a_framework),
      CASE(threads_of_a_framework),
      CASE(fuzz_harnesses),
      CASE(without_debug_information),
      CASE(an_allocator_of_the_test),
      CASE(start_up_code_is_nobodys),
      CASE(nothing_but_test_code),
      CASE(nothing_but_tests_of_other_code),
      CASE(tests_of_one_folder),
      CASE(as_named),
      CASE(names_of_owners),
      CASE(calls_of_test_code),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
