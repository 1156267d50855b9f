/* SPDX-License-Identifier: MIT */
/* Which programs are interpreters, which of their modules are under test, and what a run of theirs has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/target/interpreters.h"
#include "../../faults/explore/target/program_names.h"
#include "fixtures/empty_channel.h"

static void names(void **state) {
  (void)state;
  static const char *const interpreters[] = {
      "/usr/bin/python3.11", "/home/me/venv/bin/python", "python3.13t",         "/usr/bin/perl", "perl5.36.0",
      "/usr/bin/ruby3.1",    "/usr/bin/lua5.4",          "/opt/bin/luajit-2.1", "lua",           "node",
      "/usr/bin/nodejs"};
  static const char *const others[] = {
      "/usr/bin/pythonista", "/usr/bin/perldoc", "/usr/bin/luac5.4", "/usr/bin/rubygems",
      "/usr/bin/nodemon",    "/bin/sh",          "/python3/app",     ""};
  for (size_t i = 0; i < sizeof interpreters / sizeof *interpreters; i++)
    if (nomem__interpreter_of(interpreters[i]) == NULL) fail_msg("%s is none", interpreters[i]);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (nomem__interpreter_of(others[i]) != NULL) fail_msg("%s is one", others[i]);
}

/* Those that --image names, whatever else it does. */
static void named_in_image(void **state) {
  (void)state;
  assert_null(nomem__interpreter_in(NULL, 0));
  assert_null(nomem__interpreter_in("", 0));
  assert_null(nomem__interpreter_in("app,pythonista", 0));
  assert_ptr_equal(nomem__interpreter_in("python3.11", 0), nomem__interpreter_of("python3"));
  assert_null(nomem__interpreter_in("python3.11, python3", 1));
  assert_ptr_equal(nomem__interpreter_in("app, perl, python3*", 0), nomem__interpreter_of("python"));
  assert_ptr_equal(nomem__interpreter_in("app, perl, python3*", 1), nomem__interpreter_of("perl"));
}

static void expect(const char *interpreter, const char *module, enum nomem__module_kind kind) {
  enum nomem__module_kind found = nomem__module_kind_of(module, interpreter);
  if (found != kind) fail_msg("%s of %s: %d, not %d", module, interpreter, (int)found, (int)kind);
}

static void modules_of_system(void **state) {
  static const char *const modules[] = {"/usr/bin/python3.11",
                                        "/usr/lib/python3.11/lib-dynload/_json.cpython-311-x86_64-linux-gnu.so",
                                        "/usr/lib/python3/dist-packages/yaml/_yaml.so",
                                        "/lib/x86_64-linux-gnu/libz.so.1",
                                        "/lib64/libz.so.1",
                                        "/home/me/build/libasan.so.8",
                                        "/home/me/nomem/build/libnomem-preload.so",
                                        "linux-vdso.so.1",
                                        ""};
  (void)state;
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
    expect("/usr/bin/python3.11", modules[i], NOMEM_MODULE_SYSTEMS);
}

/* An interpreter need not lie in the system's folders; nor need what it is a copy of. */
static void modules_of_interpreter(void **state) {
  static const char pyenv[] = "/home/me/.pyenv/versions/3.11.4/bin/python3.11", copy[] = "/home/me/p/venv/bin/python3";
  (void)state;
  expect(pyenv, pyenv, NOMEM_MODULE_SYSTEMS);
  expect(pyenv, "/home/me/.pyenv/versions/3.11.4/lib/libpython3.11.so.1.0", NOMEM_MODULE_SYSTEMS);
  expect(pyenv, "/home/me/.pyenv/versions/3.11.4/lib/python3.11/lib-dynload/_json.so", NOMEM_MODULE_SYSTEMS);
  expect(pyenv, "/home/me/.pyenv/versions/3.11.4/lib/python3.11/site-packages/a.so", NOMEM_MODULE_INSTALLED);
  expect(copy, "/home/me/.pyenv/versions/3.11.4/lib/python3.11/lib-dynload/_json.so", NOMEM_MODULE_SYSTEMS);
  expect(copy, "/home/me/.pyenv/versions/3.11.4/lib/libpython3.11.so.1.0", NOMEM_MODULE_SYSTEMS);
  expect("/nix/store/x-python/bin/python3", "/nix/store/y-zlib/lib/libz.so.1", NOMEM_MODULE_SYSTEMS);
  expect("/usr/local/bin/node", "/usr/local/lib/libuv.so.1", NOMEM_MODULE_SYSTEMS);
}

static void modules_under_test(void **state) {
  (void)state;
  expect("/usr/bin/python3.11", "/home/me/p/a.cpython-311-x86_64-linux-gnu.so", NOMEM_MODULE_PROJECTS);
  expect("/usr/bin/python3.11", "/home/me/p/build/libcore.so.1", NOMEM_MODULE_PROJECTS);
  expect("/usr/bin/python3.11", "/usr/src/p/a.so", NOMEM_MODULE_PROJECTS);
  expect("/usr/bin/python3.11", "/home/me/p/venv/lib/python3.11/site-packages/numpy/core/x.so", NOMEM_MODULE_INSTALLED);
  expect("/usr/bin/python3.11", "/usr/local/lib/python3.11/dist-packages/a.so", NOMEM_MODULE_INSTALLED);
  expect("/usr/bin/perl", "/home/me/p/blib/arch/auto/A/A.so", NOMEM_MODULE_PROJECTS);
  expect("/usr/bin/perl", "/home/me/perl5/lib/perl5/x86_64-linux-gnu/auto/B/B.so", NOMEM_MODULE_INSTALLED);
  expect("/usr/bin/node", "/home/me/p/build/Release/a.node", NOMEM_MODULE_PROJECTS);
  expect("/usr/bin/node", "/home/me/p/node_modules/b/build/Release/b.node", NOMEM_MODULE_INSTALLED);
  expect("/home/me/p/bin/python3", "/home/me/p/libcore/a.so", NOMEM_MODULE_PROJECTS);
}

static void add_program(struct nomem_channel *channel, const char *path, bool injected) {
  struct nomem_image *image = &channel->images[channel->image_count++];
  strcpy(image->path, path);
  image->injected = injected;
  image->ready = 1;
}

/* An interpreter of the user's own making is one of the project's programs. */
static void programs(void **state) {
  (void)state;
  struct nomem_channel *channel = make_channel();
  struct nomem__programs list;
  add_program(channel, "/usr/bin/dash", false);
  add_program(channel, "/usr/bin/python3.11", false);
  add_program(channel, "/usr/bin/uname", true);
  add_program(channel, "/usr/bin/python3.11", false);
  nomem__programs_list(channel, &list);
  assert_string_equal(list.interpreter_names, "python3.11");
  assert_string_equal(list.interpreter_path, "/usr/bin/python3.11");
  assert_false(list.has_project || list.has_interpreter);
  add_program(channel, "/home/me/.nvm/v20/bin/node", true);
  nomem__programs_list(channel, &list);
  assert_string_equal(list.interpreter_names, "python3.11, node");
  assert_true(list.has_interpreter && !list.has_project);
  add_program(channel, "/home/me/lua/src/lua", true);
  nomem__programs_list(channel, &list);
  assert_string_equal(list.interpreter_names, "python3.11, node");
  assert_true(list.has_project);
  free_channel(channel);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),
      cmocka_unit_test(named_in_image),
      cmocka_unit_test(modules_of_system),
      cmocka_unit_test(modules_of_interpreter),
      cmocka_unit_test(modules_under_test),
      cmocka_unit_test(programs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
