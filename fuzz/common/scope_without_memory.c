/* SPDX-License-Identifier: MIT */
#include "common/scope_without_memory.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/fuzz.h"
#include "nomem.h"

/* Calls nomem_begin where the process may not have any more memory. */
static int begin_without_memory(const char *text, struct nomem_error *error) {
  struct rlimit before, none;
  CHECK(getrlimit(RLIMIT_AS, &before) == 0, "getrlimit failed");
  none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
  CHECK(setrlimit(RLIMIT_AS, &none) == 0, "setrlimit failed");
  int result = nomem_begin(text, error);
  CHECK(setrlimit(RLIMIT_AS, &before) == 0, "setrlimit failed");
  return result;
}

void check_scope_without_memory(void) {
  struct nomem_error error = {.column = 99};
  int status;
  pid_t child = fork();
  CHECK(child >= 0, "cannot fork");
  if (child == 0) {
    CHECK(begin_without_memory("", &error) == -ENOMEM && error.column == 0 && error.reason[0],
          "a first scope was opened");
    CHECK(nomem_begin("nth=1", NULL) == 0, "a scope was not opened");
    nomem_end(NULL);
    error = (struct nomem_error){.column = 99};
    CHECK(begin_without_memory("in=x", &error) == -ENOMEM && error.column == 0 && error.reason[0],
          "a scope with stacks was opened");
    CHECK(nomem_begin("in=x", NULL) == 0, "a scope with stacks was not opened");
    _exit(0);
  }
  status = fuzz_wait(child, 0);
  CHECK(status == 0, "the child without memory ended with status 0x%x", (unsigned)status);
}
