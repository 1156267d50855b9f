/* SPDX-License-Identifier: MIT */
/* The options of the sanitizers that a program was built with, and what they report.
 *
 * Reports are read from the output of a run, which is hostile: any program can write anything there.
 */
#ifndef NOMEM_SANITIZER_REPORT_H
#define NOMEM_SANITIZER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../stack/stack_trace.h"

/* So many environment variables are set for a run: ASAN_OPTIONS and the like. */
#define NOMEM_SANITIZER_OPTIONS 6

/* So much of an output is searched for reports, in bytes from its end. */
#define NOMEM_SANITIZER_OUTPUT (1u << 20)

#define NOMEM_SANITIZER_KIND_BYTES 160

struct nomem__sanitizer_report {
  char kind[NOMEM_SANITIZER_KIND_BYTES]; /* "AddressSanitizer: heap-use-after-free", printable; "": no report */
  bool is_leak;
  struct nomem__trace trace; /* its first stack; depth 0: it has none with modules */
};

/* A report in a text. */
struct nomem__sanitizer_text {
  struct nomem__sanitizer_report report; /* without the paths of its stack */
  uint64_t hash;                         /* equal for the same error at the same place */
  struct {
    const char *start; /* in the text; bytes 0: outside every module */
    size_t bytes;
  } path[NOMEM_TRACE_DEPTH];
};

/* Finds the first report from *at on, and moves *at behind its first lines. False: there is none. Pure. */
bool nomem__sanitizer_parse(const char *text, size_t bytes, size_t *at, struct nomem__sanitizer_text *found);

/* Equal for kinds that differ only in the numbers in them. */
uint64_t nomem__sanitizer_hash(const char *kind);

/* Whether the sanitizer reports that it has caught this signal itself: with handle_segv=1 and the like. */
bool nomem__sanitizer_is_of_signal(const char *kind, int signal);

/* The reports of a program that are known, because they come without any fault: no fault causes them. All zero: none.
 */
struct nomem__sanitizer_memory {
  uint64_t known[1024];
  size_t known_count;
  char *paths[256]; /* of modules, for as long as the memory lives */
  size_t path_count;
};

/* Makes all reports in an output of so many bytes known. */
void nomem__sanitizer_learn(struct nomem__sanitizer_memory *memory, int output_fd, uint64_t bytes);

/* Reads the first report in an output that is not known; without one, report is empty. */
void nomem__sanitizer_read(struct nomem__sanitizer_memory *memory, int output_fd, uint64_t bytes,
                           struct nomem__sanitizer_report *report);

void nomem__sanitizer_forget(struct nomem__sanitizer_memory *memory);

/* The name of the variable that an entry of the environment sets, if it is one of those that are set for a run; else
 * NULL. */
const char *nomem__sanitizer_variable(const char *entry);

/* Makes the entries for the environment of a run: the options that the user has set in the environment of nomem, and
 * those that are needed. traced: ptrace follows the run to its end, so that LeakSanitizer cannot work. captured: nobody
 * but nomem reads the output. The caller frees each entry. */
void nomem__sanitizer_options(bool traced, bool captured, char *entries[NOMEM_SANITIZER_OPTIONS]);

/* Marks the innermost frames that belong to a sanitizer, in a shared library or in the program, as skipped: they are
 * not to blame. Returns whether the sanitizer itself acts there, and not only a function in place of one of the C
 * library. */
bool nomem__sanitizer_mark(struct nomem__trace *trace, struct nomem__symbols *symbols);

#endif
