/* SPDX-License-Identifier: MIT */
/* Names: of addresses, of interfaces, of errors, and of hosts with letters beyond ASCII. No name server is asked. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { TEXT_BYTES = 128, HOSTS = 8 };

struct name {
  bool async, done;
  int result;
};

static void note_name(struct name *name, int status, const char *host, const char *service) {
  name->result = status;
  CHECK(status || (!strcmp(host, "::1") && !strcmp(service, "80")), "::1:80 is named %s:%s", host, service);
}

static void on_name(uv_getnameinfo_t *req, int status, const char *host, const char *service) {
  struct name *name = req->data;
  CHECK(!name->done, "uv_getnameinfo called back twice");
  name->done = true;
  note_name(name, status, host, service);
}

static int look_up(void *argument) {
  struct name *name = argument;
  uv_getnameinfo_t req = {.data = name};
  struct sockaddr_in6 address;
  name->done = false;
  uv_ip6_addr("::1", 80, &address);
  int result = uv_getnameinfo(&world_loop, &req, name->async ? on_name : NULL, (struct sockaddr *)&address,
                              NI_NUMERICHOST | NI_NUMERICSERV);
  if (result) return result;
  if (name->async)
    world_wait("uv_getnameinfo", &name->done);
  else
    note_name(name, 0, req.host, req.service);
  return name->result;
}

void op_name(struct fuzz_step step) {
  struct name name = {.async = step.a & 1};
  world_try("uv_getnameinfo", look_up, &name, 0);
}

/* Hosts that libuv translates to ASCII before it looks: well-formed and not. */
static const char *const hosts[HOSTS] = {
    "b\xc3\xbc"
    "cher.invalid",
    "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd",
    "\xf0\x9f\x92\xa9.la",
    "a\xe3\x80\x82"
    "b.invalid",
    "\xc3\x28",
    "\xff\xfe",
    "xn--\xc3\xa4\xc3\xb6\xc3\xbc-x-1234567890",
    "\xed\xa0\x80",
};

struct lookup {
  const char *host;
  bool async, done;
  int result;
};

static void on_address(uv_getaddrinfo_t *req, int status, struct addrinfo *found) {
  struct lookup *lookup = req->data;
  (void)found;
  lookup->result = status;
  lookup->done = true;
}

static int look_up_host(void *argument) {
  struct lookup *lookup = argument;
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
  uv_getaddrinfo_t req = {.data = lookup};
  lookup->done = false;
  int result = uv_getaddrinfo(&world_loop, &req, lookup->async ? on_address : NULL, lookup->host, NULL, &hints);
  if (result) return result;
  if (!lookup->async) {
    uv_freeaddrinfo(req.addrinfo);
    return 0;
  }
  world_wait("uv_getaddrinfo", &lookup->done);
  uv_freeaddrinfo(req.addrinfo);
  return lookup->result;
}

/* Step: which host; in the pool or at once. What comes of it is the same whenever there is memory. */
void op_host(struct fuzz_step step) {
  struct lookup lookup = {.host = hosts[step.a % HOSTS], .async = step.b & 1};
  world_try_as_usual("uv_getaddrinfo of a host that is not ASCII", look_up_host, &lookup);
}

static void check_address(int family, const char *text) {
  char name[TEXT_BYTES], bytes[sizeof(struct in6_addr)];
  struct sockaddr_storage address;
  const struct sockaddr_in *four = (struct sockaddr_in *)&address;
  const struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
  bool is_four = family == AF_INET;
  int result = is_four ? uv_ip4_addr(text, 7, (struct sockaddr_in *)&address)
                       : uv_ip6_addr(text, 7, (struct sockaddr_in6 *)&address);
  CHECK(uv_inet_pton(family, text, bytes) == result, "uv_inet_pton and uv_ip%c_addr differ about '%s'",
        is_four ? '4' : '6', text);
  if (result) return;
  CHECK((is_four ? uv_ip4_name(four, name, sizeof name) : uv_ip6_name(six, name, sizeof name)) == 0, "'%s' has no name",
        text);
  char same[TEXT_BYTES], again[sizeof bytes];
  CHECK(uv_ip_name((struct sockaddr *)&address, same, sizeof same) == 0 && !strcmp(name, same), "'%s' is named '%s'",
        name, same);
  CHECK(uv_inet_ntop(family, bytes, same, sizeof same) == 0 && !strcmp(name, same), "'%s' is written '%s'", name, same);
  CHECK(uv_inet_pton(family, name, again) == 0 && !memcmp(again, bytes, is_four ? 4 : 16), "'%s' was '%s'", name, text);
  CHECK(uv_inet_ntop(family, bytes, same, 2) == UV_ENOSPC, "'%s' fits into two bytes", name);
}

static void check_interface(void) {
  char name[UV_IF_NAMESIZE] = "", identifier[UV_IF_NAMESIZE] = "";
  size_t size = sizeof name;
  unsigned loopback = if_nametoindex("lo");
  if (loopback == 0) return;
  CHECK(uv_if_indextoname(loopback, name, &size) == 0 && !strcmp(name, "lo"), "interface %u is '%s'", loopback, name);
  size = sizeof identifier;
  CHECK(uv_if_indextoiid(loopback, identifier, &size) == 0 && identifier[0], "interface %u has no identifier",
        loopback);
  size = 1;
  CHECK(uv_if_indextoname(loopback, name, &size) == UV_ENOBUFS && size > 1, "an interface's name fits into one byte");
  CHECK(uv_if_indextoname(0, name, &size) < 0, "there is an interface 0");
}

void op_text_of_address(struct fuzz_step step) {
  static const char *const four[] = {"127.0.0.1", "255.255.255.255", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", ""};
  static const char *const six[] = {
      "::1", "::ffff:1.2.3.4",  "1:2:3:4:5:6:7:8", "fe80::1%lo",        "1::2::3", "12345::",
      ":",   "1:0:0:4:0:0:0:8", "::1.2.3.4",       "1:2:3:4:5:6:7:8:9", "ff02::1"};
  if (step.a & 1)
    check_address(AF_INET, four[step.b % (sizeof four / sizeof four[0])]);
  else
    check_address(AF_INET6, six[step.b % (sizeof six / sizeof six[0])]);
  check_interface();
}

/* Of an error that it does not know libuv makes a text that is never freed, as documented. */
static void check_unknown(int error) {
  const char *name = uv_err_name(error), *text = uv_strerror(error);
  CHECK(name && text && strstr(name, "nknown system error") && strstr(text, "nknown system error"),
        "error %d is called %s, %s", error, name ? name : "NULL", text ? text : "NULL");
  memory_disown(name);
  memory_disown(text);
}

void op_error(struct fuzz_step step) {
  static const int errors[] = {
#define ERROR(name, text) UV_##name,
      UV_ERRNO_MAP(ERROR)
#undef ERROR
  };
  char name[TEXT_BYTES], text[TEXT_BYTES];
  /* cppcheck-suppress moduloofone ; it does not see what UV_ERRNO_MAP makes */
  int error = errors[step.a % (sizeof errors / sizeof errors[0])];
  uv_err_name_r(error, name, sizeof name);
  uv_strerror_r(error, text, sizeof text);
  CHECK(!strcmp(name, uv_err_name(error)) && !strcmp(text, uv_strerror(error)), "error %d has two names", error);
  CHECK(uv_translate_sys_error(ENOMEM) == UV_ENOMEM && uv_translate_sys_error(UV_EOF) == UV_EOF,
        "uv_translate_sys_error is wrong");
  uv_err_name_r(-77777, name, sizeof name);
  uv_strerror_r(-77777, text, sizeof text);
  CHECK(strstr(name, "-77777") && strstr(text, "-77777"), "an unknown error has no number in its name");
  check_unknown(-70000 - step.b);
}
