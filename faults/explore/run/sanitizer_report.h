/* SPDX-License-Identifier: MIT */
/* What the sanitizers that a program was built with are told, and what they report.
 *
 * Reports are read from the output of a run, which is hostile: any program can write anything there.
 */
#ifndef NOMEM_SANITIZER_REPORT_H
#define NOMEM_SANITIZER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../stack/stack_trace.h"

/* Environment variables that are set for a run: ASAN_OPTIONS and its like. */
#define NOMEM_SANITIZER_OPTIONS 6

/* Output that is searched for reports, in bytes: its end. */
#define NOMEM_SANITIZER_OUTPUT (1u << 20)

#define NOMEM_SANITIZER_KIND_BYTES 160

struct nomem__sanitizer_report {
  char kind[NOMEM_SANITIZER_KIND_BYTES]; /* "AddressSanitizer: heap-use-after-free", printable; "": no report */
  bool is_leak;
  struct nomem__trace trace; /* the first stack of it; depth 0: it has none with modules */
};

/* A report as it stands in a text. */
struct nomem__sanitizer_text {
  struct nomem__sanitizer_report report; /* paths: not set here */
  uint64_t hash;                         /* equal for the same error at the same place */
  struct {
    const char *start; /* in the text; bytes 0: outside every module */
    size_t bytes;
  } path[NOMEM_TRACE_DEPTH];
};

/* Finds the first report from *at on, and moves *at behind its head. False: there is none. Pure. */
bool nomem__sanitizer_parse(const char *text, size_t bytes, size_t *at, struct nomem__sanitizer_text *found);

/* Equal for kinds that are the same but for the numbers in them. */
uint64_t nomem__sanitizer_hash(const char *kind);

/* What is known of a program's reports: those that come without any fault are none of the fault's doing. All zero is
 * the empty memory. */
struct nomem__sanitizer_memory {
  uint64_t known[1024];
  size_t known_count;
  char *paths[256]; /* of modules, for as long as the memory lives */
  size_t path_count;
};

/* Makes all reports known that are in this output: in its end, of so many bytes. */
void nomem__sanitizer_learn(struct nomem__sanitizer_memory *memory, int output_fd, uint64_t bytes);

/* The first report in output that is not known; report is set to none if there is none. */
void nomem__sanitizer_read(struct nomem__sanitizer_memory *memory, int output_fd, uint64_t bytes,
                           struct nomem__sanitizer_report *report);

void nomem__sanitizer_forget(struct nomem__sanitizer_memory *memory);

/* The name of the variable that an environment's entry sets, if it is one of ours; else NULL. */
const char *nomem__sanitizer_variable(const char *entry);

/* The entries for a run's environment: what the user has set in nomem's own, and what is needed. traced: by ptrace
 * to its end, where LeakSanitizer cannot work. captured: nobody but nomem reads the output. Each is the caller's to
 * free; returns 0 or -ENOMEM, and then there are none. */
int nomem__sanitizer_options(bool traced, bool captured, char *entries[NOMEM_SANITIZER_OPTIONS]);

/* Marks the innermost frames that are a sanitizer's own, in a shared library or in the program: they are not to blame.
 * Returns whether it is a sanitizer that acts there, rather than a function of the C library that it stands in for. */
bool nomem__sanitizer_mark(struct nomem__trace *trace, struct nomem__symbols *symbols);

#endif
