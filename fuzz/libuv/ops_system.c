/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { TEXT_BYTES = 4096, ENVIRONMENT = 4 };

struct address {
  bool async, fails, done;
  int result;
};

static void on_address(uv_getaddrinfo_t *req, int status, struct addrinfo *found) {
  struct address *address = req->data;
  (void)found;
  address->result = status;
  address->done = true;
}

/* Numeric hosts only: no name server is asked. */
static int look_up(void *argument) {
  struct address *address = argument;
  struct addrinfo hints = {
      .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  uv_getaddrinfo_t req = {.data = address};
  address->done = false;
  int result = uv_getaddrinfo(&world_loop, &req, address->async ? on_address : NULL,
                              address->fails ? "not.numeric" : "127.0.0.1", "80", &hints);
  if (result == 0 && address->async) {
    world_wait("uv_getaddrinfo", &address->done);
    result = address->result;
  }
  CHECK(result != 0 || req.addrinfo, "uv_getaddrinfo succeeds with no address");
  uv_freeaddrinfo(req.addrinfo);
  return result;
}

static int look_up_name(void *unused) {
  uv_getnameinfo_t req;
  struct sockaddr_in address;
  (void)unused;
  uv_ip4_addr("127.0.0.1", 80, &address);
  return uv_getnameinfo(&world_loop, &req, NULL, (struct sockaddr *)&address, NI_NUMERICHOST | NI_NUMERICSERV);
}

void op_address(struct fuzz_step step) {
  struct address address = {.async = step.a & 1, .fails = step.a & 2};
  if (step.a & 4)
    world_try("uv_getnameinfo", look_up_name, NULL, 0);
  else
    world_try("uv_getaddrinfo", look_up, &address, address.fails ? UV_EAI_NONAME : 0);
}

static int list_environment(void *unused) {
  uv_env_item_t *items;
  int count;
  (void)unused;
  int result = uv_os_environ(&items, &count);
  if (result) return result;
  CHECK(count >= ENVIRONMENT, "uv_os_environ finds %d variables", count);
  for (int i = 0; i < count; i++) CHECK(items[i].name && items[i].value, "variable %d has no name or value", i);
  uv_os_free_environ(items, count);
  return 0;
}

static int set_variable(void *unused) {
  char value[TEXT_BYTES] = "";
  size_t size = sizeof value;
  (void)unused;
  int result = uv_os_setenv("NOMEM_FUZZ", "value");
  if (result == 0) result = uv_os_getenv("NOMEM_FUZZ", value, &size);
  CHECK(result || !strcmp(value, "value"), "a variable was set to 'value', and is '%s'", value);
  return result ? result : uv_os_unsetenv("NOMEM_FUZZ");
}

static int list_cpus(void *unused) {
  uv_cpu_info_t *cpus;
  int count;
  (void)unused;
  int result = uv_cpu_info(&cpus, &count);
  if (result) return result;
  for (int i = 0; i < count; i++) CHECK(cpus[i].model, "processor %d has no model", i);
  uv_free_cpu_info(cpus, count);
  return 0;
}

static int list_interfaces(void *unused) {
  uv_interface_address_t *interfaces;
  int count;
  (void)unused;
  int result = uv_interface_addresses(&interfaces, &count);
  if (result) return result;
  for (int i = 0; i < count; i++) CHECK(interfaces[i].name, "interface %d has no name", i);
  uv_free_interface_addresses(interfaces, count);
  return 0;
}

static int get_password_entry(void *unused) {
  uv_passwd_t entry;
  (void)unused;
  int result = uv_os_get_passwd(&entry);
  if (result) return result;
  CHECK(entry.username && entry.homedir, "the password entry has no name or home");
  uv_os_free_passwd(&entry);
  return 0;
}

/* The functions that write a string. */
static int get_text(void *argument) {
  char text[TEXT_BYTES];
  size_t size = sizeof text;
  int (*const functions[])(char *, size_t *) = {uv_os_homedir, uv_os_tmpdir, uv_cwd, uv_exepath, uv_os_gethostname};
  return functions[*(unsigned *)argument % 5](text, &size);
}

static int home_without_variable(void *unused) {
  char text[TEXT_BYTES];
  size_t size = sizeof text;
  (void)unused;
  uv_os_unsetenv("HOME"); /* then the password entry decides */
  int result = uv_os_homedir(text, &size);
  uv_os_setenv("HOME", "/root");
  return result;
}

static int load_library(void *unused) {
  uv_lib_t library;
  (void)unused;
  int result = uv_dlopen("/none/such.so", &library);
  CHECK(uv_dlerror(&library), "uv_dlerror has no text");
  uv_dlclose(&library);
  return result;
}

static int get_numbers(void *unused) {
  uint8_t bytes[16];
  uv_random_t random;
  uv_rusage_t usage;
  uv_utsname_t name;
  size_t resident;
  (void)unused;
  int result = uv_random(&world_loop, &random, bytes, sizeof bytes, 0, NULL);
  if (result == 0) result = uv_getrusage(&usage);
  if (result == 0) result = uv_os_uname(&name);
  return result ? result : uv_resident_set_memory(&resident);
}

/* One call is documented to differ: uv_dlopen returns -1. */
void op_system(struct fuzz_step step) {
  static const struct {
    const char *name;
    world_call call;
    int wanted;
  } calls[] = {
      {"uv_os_environ", list_environment, 0},
      {"uv_os_setenv", set_variable, 0},
      {"uv_cpu_info", list_cpus, 0},
      {"uv_interface_addresses", list_interfaces, 0},
      {"uv_os_get_passwd", get_password_entry, 0},
      {"a text of the system", get_text, 0},
      {"uv_os_homedir", home_without_variable, 0},
      {"uv_dlopen", load_library, -1},
      {"a number of the system", get_numbers, 0},
  };
  unsigned choice = step.a % (sizeof calls / sizeof calls[0]), which = step.b;
  world_try(calls[choice].name, calls[choice].call, &which, calls[choice].wanted);
}
