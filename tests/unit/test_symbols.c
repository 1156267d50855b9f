/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/code/function_code.h"
#include "explore/stack/symbols.h"

/* No test may run longer, whatever goes wrong. */
#define TEST_SECONDS 600
#define PATH_BYTES 512
#define FRAMES 16

static char fixtures[PATH_BYTES];                      /* the folder, without a slash */
static char directory[] = "/tmp/nomem-symbols-XXXXXX"; /* of the test's files, removed at the end */
static struct nomem__symbols *symbols;
static struct nomem__source_frame frames[FRAMES];

static void run(const char *format, ...) {
  char command[PATH_BYTES * 4];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(command, sizeof command, format, arguments);
  va_end(arguments);
  if (system(command) != 0) fail_msg("failed: %s", command);
}

/* The path of a file of the test's; up to four at a time. */
static const char *in_directory(const char *name) {
  static char paths[4][PATH_BYTES];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, PATH_BYTES, "%s/%s", directory, name);
  return path;
}

/* The line of a fixture that has the mark. */
static unsigned marked_line(const char *fixture, const char *mark) {
  char path[PATH_BYTES * 2], wanted[64], line[256];
  unsigned number = 0;
  snprintf(path, sizeof path, "%s/%s", fixtures, fixture);
  snprintf(wanted, sizeof wanted, "line: %s", mark);
  FILE *file = fopen(path, "re");
  assert_non_null(file);
  while (fgets(line, sizeof line, file)) {
    number++;
    if (strstr(line, wanted)) {
      fclose(file);
      return number;
    }
  }
  fclose(file);
  fail_msg("no mark '%s' in %s", mark, path);
  return 0;
}

struct built {
  char path[PATH_BYTES];
  uint64_t base; /* where it was loaded */
  void *handle;
};

/* Builds a fixture as a shared object and loads it. */
static struct built build(const char *compiler, const char *fixture, const char *name) {
  struct built built;
  snprintf(built.path, sizeof built.path, "%s", in_directory(name));
  /* The detour in the path is for the resolver to take out again. */
  run("%s -shared -fPIC -fno-omit-frame-pointer -fno-optimize-sibling-calls -o %s %s/../fixtures/./%s", compiler,
      built.path, fixtures, fixture);
  built.handle = dlopen(built.path, RTLD_NOW | RTLD_LOCAL);
  if (!built.handle) fail_msg("%s", dlerror());
  Dl_info info;
  assert_true(dladdr(dlsym(built.handle, "fixture_outer"), &info) != 0);
  built.base = (uint64_t)(uintptr_t)info.dli_fbase;
  return built;
}

static uint64_t offset_of(const struct built *built, const char *name) {
  return (uint64_t)(uintptr_t)dlsym(built->handle, name) - built->base;
}

/* Calls a function of the fixture and returns the offset that the call it notes returns to. */
static uint64_t noted_in(const struct built *built, const char *function) {
  int (*call)(int);
  *(void **)&call = dlsym(built->handle, function);
  call(1);
  return (uint64_t)(uintptr_t) * (void **)dlsym(built->handle, "fixture_noted") - built->base;
}

static size_t resolve(const char *path, uint64_t offset) {
  memset(frames, 0xa5, sizeof frames);
  return nomem__symbols_resolve(symbols, path, offset, true, frames, FRAMES);
}

static void check_inlined(const char *path, const struct built *built) {
  char file[PATH_BYTES * 2];
  uint64_t offset = noted_in(built, "fixture_outer");
  snprintf(file, sizeof file, "%s/inlined.c", fixtures);
  assert_int_equal(resolve(path, offset), 3);
  const char *names[] = {"inner", "middle", "fixture_outer"};
  const char *marks[] = {"inner", "middle", "outer"};
  for (size_t i = 0; i < 3; i++) {
    assert_string_equal(frames[i].function, names[i]);
    assert_string_equal(frames[i].file, file);
    assert_int_equal(frames[i].line, marked_line("inlined.c", marks[i]));
    assert_int_equal(frames[i].inlined, i < 2);
    assert_string_equal(frames[i].module, path);
    assert_true(frames[i].column > 0);
  }
  assert_int_equal(frames[2].function_offset, offset - offset_of(built, "fixture_outer"));
  assert_int_equal(resolve(path, noted_in(built, "fixture_hidden")), 1);
  assert_string_equal(frames[0].function, "hidden");
  assert_int_equal(frames[0].line, marked_line("inlined.c", "hidden"));
}

static void inlined_frames_have_names_and_call_lines(void **state) {
  (void)state;
  static const char *const compilers[] = {
      "gcc -O2 -g", "gcc -O2 -gdwarf-4", "gcc -O2 -g -gz", "clang -O2 -g", "clang -O2 -gdwarf-4",
  };
  for (size_t i = 0; i < sizeof compilers / sizeof *compilers; i++) {
    char name[32];
    snprintf(name, sizeof name, "inlined%zu.so", i);
    struct built built = build(compilers[i], "inlined.c", name);
    check_inlined(built.path, &built);
    dlclose(built.handle);
  }
}

static void split_debug_information_is_followed(void **state) {
  (void)state;
  char compiler[PATH_BYTES * 2];
  snprintf(compiler, sizeof compiler, "gcc -O2 -g -gsplit-dwarf -dumpdir %s/", directory);
  struct built built = build(compiler, "inlined.c", "split.so");
  check_inlined(built.path, &built);
  dlclose(built.handle);
}

static void a_stripped_file_gives_no_wrong_name(void **state) {
  (void)state;
  struct built built = build("gcc -O2 -g -fno-toplevel-reorder", "inlined.c", "whole.so");
  assert_true(offset_of(&built, "fixture_label") < noted_in(&built, "fixture_hidden"));
  const char *stripped = in_directory("stripped.so");
  run("strip -s -o %s %s", stripped, built.path);
  assert_int_equal(resolve(stripped, noted_in(&built, "fixture_hidden")), 1);
  assert_null(frames[0].function);
  assert_null(frames[0].file);
  assert_string_equal(frames[0].module, stripped);
  uint64_t offset = noted_in(&built, "fixture_outer");
  assert_int_equal(resolve(stripped, offset), 1);
  assert_string_equal(frames[0].function, "fixture_outer");
  assert_int_equal(frames[0].function_offset, offset - offset_of(&built, "fixture_outer"));
  assert_null(frames[0].file);
  dlclose(built.handle);
}

static void a_return_address_means_the_call_before_it(void **state) {
  (void)state;
  struct built built = build("gcc -O2 -g", "inlined.c", "last.so");
  uint64_t outer = offset_of(&built, "fixture_outer");
  size_t count = nomem__symbols_resolve(symbols, built.path, outer, false, frames, FRAMES);
  assert_string_equal(frames[count - 1].function, "fixture_outer");
  assert_int_equal(frames[count - 1].function_offset, 0);
  count = nomem__symbols_resolve(symbols, built.path, outer, true, frames, FRAMES);
  assert_true(!frames[count - 1].function || strcmp(frames[count - 1].function, "fixture_outer") != 0);
  dlclose(built.handle);
}

static void separate_debug_files_are_found_by_link(void **state) {
  (void)state;
  static const char *const builds[] = {"gcc -O2 -g -Wl,--build-id=none", "gcc -O2 -g -Wl,--build-id"};
  for (size_t i = 0; i < 2; i++) {
    char name[32];
    snprintf(name, sizeof name, "linked%zu.so", i);
    struct built built = build(builds[i], "inlined.c", name);
    const char *debug = in_directory("linked.debug"), *stripped = in_directory(i ? "by_id.so" : "by_crc.so");
    run("objcopy --only-keep-debug %s %s", built.path, debug);
    run("strip -s -o %s %s && cd %s && objcopy --add-gnu-debuglink=linked.debug %s", stripped, built.path, directory,
        stripped);
    check_inlined(stripped, &built);
    const char *wrong = in_directory(i ? "wrong_id.so" : "wrong_crc.so");
    run("cp %s %s && gcc -O1 -g -shared -fPIC -Wl,--build-id=%s -o %s %s/inlined.c", stripped, wrong,
        i ? "0x1234" : "none", debug, fixtures);
    resolve(wrong, noted_in(&built, "fixture_hidden"));
    assert_null(frames[0].function);
    dlclose(built.handle);
  }
}

static void cxx_names_are_demangled(void **state) {
  (void)state;
  struct built built = build("g++ -O2 -g", "mangled.cc", "mangled.so");
  uint64_t offset = noted_in(&built, "fixture_outer");
  assert_int_equal(resolve(built.path, offset), 1);
  assert_string_equal(frames[0].function, "shop::Till<long>::ring(long)");
  assert_int_equal(frames[0].line, marked_line("mangled.cc", "ring"));
  const char *stripped = in_directory("mangled-stripped.so");
  run("strip -s -o %s %s", stripped, built.path);
  assert_int_equal(resolve(stripped, offset), 1);
  assert_string_equal(frames[0].function, "shop::Till<long>::ring(long)");
  dlclose(built.handle);
}

/* Its debug information, if there is any, is not read; and where the linker writes a version behind the name, it goes.
 */
static void a_run_time_has_names_alone(void **state) {
  (void)state;
  Dl_info info;
  void *function = dlsym(RTLD_DEFAULT, "getpwnam_r");
  assert_true(dladdr(function, &info) != 0);
  assert_int_equal(resolve(info.dli_fname, (uint64_t)(uintptr_t)function - (uint64_t)(uintptr_t)info.dli_fbase + 1), 1);
  assert_non_null(strstr(frames[0].function, "getpwnam_r"));
  assert_null(strchr(frames[0].function, '@'));
  assert_null(frames[0].file);
}

static void a_cold_part_has_its_function_s_name(void **state) {
  (void)state;
  struct built built = build("g++", "cold.cc", "cold.so");
  resolve(built.path, offset_of(&built, "fixture_split.cold") + 1);
  assert_string_equal(frames[0].function, "fixture_split");
  resolve(built.path, offset_of(&built, "_ZN5place5splitEi.cold") + 1);
  assert_string_equal(frames[0].function, "place::split(int)");
  dlclose(built.handle);
}

static void no_server_is_asked_for_debug_files(void **state) {
  (void)state;
  struct built built = build("gcc -O2 -g -Wl,--build-id", "inlined.c", "asked.so");
  const char *stripped = in_directory("asked-stripped.so");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  char url[64];
  run("strip -s -o %s %s", stripped, built.path);
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(server, 8), 0);
  assert_int_equal(getsockname(server, (struct sockaddr *)&address, &length), 0);
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
  setenv("DEBUGINFOD_URLS", url, 1);
  setenv("DEBUGINFOD_CACHE_PATH", in_directory("cache"), 1);
  setenv("DEBUGINFOD_TIMEOUT", "1", 1);
  resolve(stripped, noted_in(&built, "fixture_hidden"));
  assert_int_equal(accept(server, NULL, NULL), -1);
  assert_string_equal(getenv("DEBUGINFOD_URLS"), url);
  unsetenv("DEBUGINFOD_URLS");
  close(server);
  dlclose(built.handle);
}

static void a_file_that_is_no_program_gives_one_frame_without_a_name(void **state) {
  (void)state;
  struct built built = build("gcc -O2 -g", "inlined.c", "cut.so");
  run("cd %s && mkfifo fifo && echo text >text && head -c 700 cut.so >head && head -c 9000 cut.so >more && : >empty"
      " && gcc -c -o object.o -xc /dev/null",
      directory);
  const char *const names[] = {"none", "fifo", "text", "head", "more", "empty", "object.o", "."};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_int_equal(resolve(in_directory(names[i]), 0x1139), 1);
    assert_null(frames[0].function);
    assert_string_equal(frames[0].module, in_directory(names[i]));
  }
  assert_int_equal(resolve("/dev/zero", 1), 1);
  assert_int_equal(resolve("", 0), 1);
  assert_int_equal(resolve("[vdso]", UINT64_MAX), 1);
  assert_int_equal(resolve(built.path, UINT64_MAX), 1);
  assert_null(frames[0].function);
  dlclose(built.handle);
}

static void a_fixed_program_is_looked_up_by_absolute_address(void **state) {
  (void)state;
  const char *program = in_directory("fixed");
  char address[32] = "";
  run("printf 'int main(void) { return 0; }' | gcc -g -O2 -no-pie -x c -o %s - && nm %s | grep ' main$' >%s/main",
      program, program, directory);
  FILE *file = fopen(in_directory("main"), "re");
  assert_non_null(file);
  assert_non_null(fgets(address, sizeof address, file));
  fclose(file);
  uint64_t offset = strtoull(address, NULL, 16);
  assert_true(offset >= 0x400000);
  assert_int_equal(nomem__symbols_resolve(symbols, program, offset, false, frames, FRAMES), 1);
  assert_string_equal(frames[0].function, "main");
  assert_int_equal(frames[0].line, 1);
}

static void answers_are_kept_and_stay_the_same(void **state) {
  (void)state;
  struct built built = build("gcc -O2 -g", "inlined.c", "kept.so");
  uint64_t offset = noted_in(&built, "fixture_outer");
  struct nomem__source_frame first;
  resolve(built.path, offset);
  first = frames[0];
  for (uint64_t i = 0; i < 3000; i++) resolve(built.path, i);
  assert_int_equal(resolve(built.path, offset), 3);
  assert_ptr_equal(frames[0].function, first.function);
  assert_ptr_equal(frames[0].file, first.file);
  assert_int_equal(nomem__symbols_resolve(symbols, built.path, offset, true, frames, 2), 2);
  assert_string_equal(frames[1].function, "middle");
  assert_int_equal(nomem__symbols_resolve(symbols, built.path, offset, true, frames, 0), 0);
  dlclose(built.handle);
}

/* By its path as the kernel lists it, and by the one that it had before; and what has names keeps them. */
static void a_file_that_is_nowhere_any_more_is_read_through_its_descriptor(void **state) {
  (void)state;
  char gone[PATH_BYTES + 16];
  struct built built = build("gcc -O2 -g", "inlined.c", "gone.so");
  struct built other = build("gcc -O2 -g", "inlined.c", "there.so");
  uint64_t offset = noted_in(&built, "fixture_outer");
  int fd = open(built.path, O_RDONLY | O_CLOEXEC), wrong = open("/dev/null", O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0 && wrong >= 0);
  assert_int_equal(unlink(built.path), 0);
  snprintf(gone, sizeof gone, "%s (deleted)", built.path);
  resolve(gone, offset);
  assert_null(frames[0].function);
  nomem__symbols_add_file(symbols, gone, wrong);
  resolve(gone, offset);
  assert_null(frames[0].function);
  nomem__symbols_add_file(symbols, gone, fd);
  assert_int_equal(resolve(gone, offset), 3);
  assert_non_null(frames[0].function);
  assert_int_equal(resolve(built.path, offset), 3);
  assert_int_equal(resolve(other.path, noted_in(&other, "fixture_outer")), 3);
  nomem__symbols_add_file(symbols, other.path, wrong);
  assert_int_equal(resolve(other.path, noted_in(&other, "fixture_outer")), 3);
  close(fd);
  close(wrong);
  dlclose(built.handle);
  dlclose(other.handle);
}

static int open_all(void **state) {
  (void)state;
  symbols = nomem__symbols_open();
  return !mkdtemp(directory);
}

static int close_all(void **state) {
  char command[PATH_BYTES];
  (void)state;
  nomem__symbols_close(symbols);
  snprintf(command, sizeof command, "rm -r '%s'", directory);
  return system(command);
}

/* Not static, lest it be inlined. */
__attribute__((noinline)) const char *calls_getenv(const char *name);

__attribute__((noinline)) const char *calls_getenv(const char *name) {
  const char *value = getenv(name);
  return value != NULL ? value + 1 : name;
}

__attribute__((noinline)) int calls_calls_getenv(void);

__attribute__((noinline)) int calls_calls_getenv(void) {
  return calls_getenv("PATH")[0] + 1;
}

static uint64_t find_offset(const void *address, const char **path) {
  Dl_info info;
  assert_int_not_equal(dladdr(address, &info), 0);
  *path = info.dli_fname;
  return (uint64_t)((uintptr_t)address - (uintptr_t)info.dli_fbase);
}

/* A function's code begins where it does, whichever address in it is asked for; a call goes to the function that
 * the dynamic linker finds for it, and to no other. None of the functions is one that a sanitizer replaces. */
static void the_code_of_a_function(void **state) {
  (void)state;
  const char *self, *libc;
  uint64_t start = find_offset((const void *)calls_getenv, &self);
  uint64_t getenv_at = find_offset(dlsym(RTLD_DEFAULT, "getenv"), &libc);
  uint64_t getopt_at = find_offset(dlsym(RTLD_DEFAULT, "getopt"), &libc);
  const struct nomem__function_code *code = nomem__symbols_find_code(symbols, "/proc/self/exe", start + 3);
  assert_non_null(code);
  assert_int_equal(code->start, start);
  assert_ptr_equal(nomem__symbols_find_code(symbols, "/proc/self/exe", start), code);
  uint32_t call = 0;
  while (code->list[call].operation != NOMEM_OPERATION_CALL) assert_in_range(++call, 1, code->count - 1);
  assert_true(nomem__symbols_is_call_of(symbols, "/proc/self/exe", &code->list[call], libc, getenv_at));
  assert_false(nomem__symbols_is_call_of(symbols, "/proc/self/exe", &code->list[call], libc, getopt_at));
  const struct nomem__function_code *other = nomem__symbols_find_code(symbols, libc, getopt_at + 1);
  assert_true(other != NULL && other->start == getopt_at);
  const char *path = "/proc/self/exe";
  assert_null(nomem__symbols_find_callee(symbols, &path, &code->list[call])); /* a run-time's is none to look at */
  assert_string_equal(path, "/proc/self/exe");
  const struct nomem__function_code *caller =
      nomem__symbols_find_code(symbols, path, find_offset((const void *)calls_calls_getenv, &self));
  for (call = 0; caller->list[call].operation != NOMEM_OPERATION_CALL;) assert_in_range(++call, 1, caller->count - 1);
  assert_ptr_equal(nomem__symbols_find_callee(symbols, &path, &caller->list[call]), code);
  assert_null(nomem__symbols_find_code(symbols, libc, 1));
  assert_null(nomem__symbols_find_code(symbols, "/etc/passwd", 1));
}

int main(void) {
  const char *slash = strrchr(__FILE__, '/');
  snprintf(fixtures, sizeof fixtures, "%.*sfixtures", slash ? (int)(slash - __FILE__) + 1 : 0, __FILE__);
  alarm(TEST_SECONDS);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inlined_frames_have_names_and_call_lines),
      cmocka_unit_test(split_debug_information_is_followed),
      cmocka_unit_test(a_stripped_file_gives_no_wrong_name),
      cmocka_unit_test(a_return_address_means_the_call_before_it),
      cmocka_unit_test(separate_debug_files_are_found_by_link),
      cmocka_unit_test(cxx_names_are_demangled),
      cmocka_unit_test(a_cold_part_has_its_function_s_name),
      cmocka_unit_test(a_run_time_has_names_alone),
      cmocka_unit_test(no_server_is_asked_for_debug_files),
      cmocka_unit_test(a_file_that_is_nowhere_any_more_is_read_through_its_descriptor),
      cmocka_unit_test(a_file_that_is_no_program_gives_one_frame_without_a_name),
      cmocka_unit_test(a_fixed_program_is_looked_up_by_absolute_address),
      cmocka_unit_test(answers_are_kept_and_stay_the_same),
      cmocka_unit_test(the_code_of_a_function),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
