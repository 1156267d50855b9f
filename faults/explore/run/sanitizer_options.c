/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sanitizer_report.h"

/* A NULL pointer followed is a crash as in any other build, with the stack that ptrace sees; the user may have the
 * sanitizer report it instead. A size that no allocator can serve gives NULL, as without a sanitizer. */
#define UNLESS_SET "allocator_may_return_null=1:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0"

/* An error ends the process by SIGABRT, which is seen wherever its output goes; a leak leaves the program's own exit
 * status alone, which tells whether it came to its end. Reports come where they are looked for. */
#define ALWAYS "abort_on_error=1:log_path=stderr"

/* Names are looked up afterwards, once for all runs; but suppressions of leaks are names. */
#define CAPTURED ":stack_trace_format='#%n %p (%m+%o)'"
#define UNNAMED ":symbolize=0"

static const struct {
  const char *name, *before, *after;
  bool has_leaks; /* it looks for leaks, too */
} variables[NOMEM_SANITIZER_OPTIONS] = {
    {"ASAN_OPTIONS", UNLESS_SET, ALWAYS ":exitcode=0:verify_asan_link_order=0", true},
    {"LSAN_OPTIONS", UNLESS_SET, ALWAYS ":exitcode=0", true},
    {"MSAN_OPTIONS", UNLESS_SET, ALWAYS, false},
    {"TSAN_OPTIONS", UNLESS_SET, ALWAYS, false},
    {"HWASAN_OPTIONS", UNLESS_SET, ALWAYS, false},
    {"UBSAN_OPTIONS", UNLESS_SET ":print_stacktrace=1", ALWAYS, false},
};

const char *nomem__sanitizer_variable(const char *entry) {
  for (size_t i = 0; i < NOMEM_SANITIZER_OPTIONS; i++) {
    size_t length = strlen(variables[i].name);
    if (strncmp(entry, variables[i].name, length) == 0 && entry[length] == '=') return variables[i].name;
  }
  return NULL;
}

int nomem__sanitizer_options(bool traced, bool captured, char *entries[NOMEM_SANITIZER_OPTIONS]) {
  for (size_t i = 0; i < NOMEM_SANITIZER_OPTIONS; i++) {
    const char *own = getenv(variables[i].name);
    bool is_set = own != NULL && *own != '\0';
    bool is_unnamed = captured && (traced || !variables[i].has_leaks);
    if (asprintf(&entries[i], "%s=%s%s%s:%s%s%s%s", variables[i].name, variables[i].before, is_set ? ":" : "",
                 is_set ? own : "", variables[i].after, captured ? CAPTURED : "", is_unnamed ? UNNAMED : "",
                 traced ? ":detect_leaks=0" : "") >= 0)
      continue;
    while (i-- > 0) free(entries[i]);
    return -ENOMEM;
  }
  return 0;
}
