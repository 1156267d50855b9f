/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"
#include "sanitizer_report.h"

/* The use of a NULL pointer is a crash as in any other build, with the stack that ptrace sees; the user may have the
 * sanitizer report it instead. An allocation that is too large for any allocator returns NULL, as without a sanitizer.
 */
#define UNLESS_SET "allocator_may_return_null=1:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0"

/* An error ends the process by SIGABRT, which is seen wherever the output goes. A leak does not change the program's
 * own exit status, which says how the program ended. Reports go where they are searched for. */
#define ALWAYS "abort_on_error=1:log_path=stderr"

/* Functions are named later, once for all runs; but suppressions of leaks need their names. */
#define CAPTURED ":stack_trace_format='#%n %p (%m+%o)'"
#define UNNAMED ":symbolize=0"

static const struct {
  const char *name, *before, *after;
  bool has_leaks; /* this sanitizer looks for leaks, too */
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

void nomem__sanitizer_options(bool traced, bool captured, char *entries[NOMEM_SANITIZER_OPTIONS]) {
  for (size_t i = 0; i < NOMEM_SANITIZER_OPTIONS; i++) {
    const char *inherited = getenv(variables[i].name);
    bool is_set = inherited != NULL && *inherited != '\0';
    bool is_unnamed = captured && (traced || !variables[i].has_leaks);
    entries[i] = nomem__format("%s=%s%s%s:%s%s%s%s", variables[i].name, variables[i].before, is_set ? ":" : "",
                               is_set ? inherited : "", variables[i].after, captured ? CAPTURED : "",
                               is_unnamed ? UNNAMED : "", traced ? ":detect_leaks=0" : "");
  }
}
