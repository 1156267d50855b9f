/* SPDX-License-Identifier: MIT */
/* The command line of nomem. The parser, --help and the manual page's list of options are all made from one table. */
#ifndef NOMEM_OPTIONS_H
#define NOMEM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../../plan.h"
#include "option_sources.h"

enum nomem__command {
  NOMEM_COMMAND_EXPLORE,
  NOMEM_COMMAND_SUITE,
  NOMEM_COMMAND_RUN,
  NOMEM_COMMAND_SITES,
  NOMEM_COMMAND_REPORT,
  NOMEM_COMMAND_DIFF,
  NOMEM_COMMAND_MERGE,
  NOMEM_COMMAND_REPLAY,
  NOMEM_COMMAND_MINIMISE,
  NOMEM_COMMAND_EXPLAIN,
  NOMEM_COMMAND_COUNT
};

enum nomem__engine_choice { NOMEM_CHOICE_AUTO, NOMEM_CHOICE_EXEC, NOMEM_CHOICE_FORK, NOMEM_CHOICE_SNAPSHOT };

/* Bits of nomem__options.faults. */
enum {
  NOMEM_FAULT_TRANSIENT = 1 << 0,
  NOMEM_FAULT_PERSISTENT = 1 << 1,
  NOMEM_FAULT_BOTH = NOMEM_FAULT_TRANSIENT | NOMEM_FAULT_PERSISTENT,
  NOMEM_FAULT_SECOND = 1 << 2, /* with both */
  NOMEM_FAULT_ALL = NOMEM_FAULT_BOTH | NOMEM_FAULT_SECOND
};

/* Which runs are checked for leaked memory. */
enum nomem__leaks {
  NOMEM_LEAKS_DEFAULT, /* for explore, those that ended as the baseline did, and what one that gave up has lost; for
                          run, none */
  NOMEM_LEAKS_HANDLED,
  NOMEM_LEAKS_ALL,
  NOMEM_LEAKS_OFF
};

/* Which points that ended well are run once more, to check what they do to the heap. */
enum nomem__heap_choice {
  NOMEM_HEAP_DEFAULT, /* as sites, where it is possible */
  NOMEM_HEAP_SITES,   /* the first failure of each site, as long as these are few */
  NOMEM_HEAP_ALL,
  NOMEM_HEAP_OFF
};

/* Whether the command stands in front of a test, for a runner that looks at what the test writes and how it ends. */
enum nomem__wrapper_choice { NOMEM_WRAPPER_AUTO, NOMEM_WRAPPER_ON, NOMEM_WRAPPER_OFF };

/* Whether the runner of a suite runs once more, for tests that pass only where it starts them. */
enum nomem__in_place_choice { NOMEM_IN_PLACE_AUTO, NOMEM_IN_PLACE_OFF };

enum nomem__isolate_choice { NOMEM_ISOLATE_AUTO, NOMEM_ISOLATE_ON, NOMEM_ISOLATE_OFF };

#define NOMEM_JOBS_MAX 256
#define NOMEM_SUPPRESS_MAX 16

/* The reports that are written beside the text: X(CONSTANT, function, option). */
#define NOMEM_REPORT_MAP(X)         \
  X(JSON, json, "json")             \
  X(JUNIT, junit, "junit")          \
  X(SARIF, sarif, "sarif")          \
  X(TAP, tap, "tap")                \
  X(HTML, html, "html")             \
  X(MARKDOWN, markdown, "markdown") \
  X(SUPPRESSIONS, suppressions, "write-suppressions")

enum nomem__report {
#define X(constant, function, option) NOMEM_REPORT_##constant,
  NOMEM_REPORT_MAP(X)
#undef X
      NOMEM_REPORT_COUNT
};

/* The option of each, without the dashes. */
extern const char *const nomem__report_options[NOMEM_REPORT_COUNT];

/* What the command line asks for. Strings and program point into argv. An option that the command does not have keeps
 * its default. */
struct nomem__options {
  enum nomem__command command;
  unsigned jobs;   /* 1 to NOMEM_JOBS_MAX; 0: not given */
  unsigned faults; /* NOMEM_FAULT_ bits, at least one */
  enum nomem__engine_choice engine;
  enum nomem__isolate_choice isolate;
  enum nomem__leaks leaks;
  enum nomem__heap_choice heap;
  uint64_t guarded_from;                    /* blocks are guarded from this allocation on, from 1; 0: none is */
  uint64_t budget_ms;                       /* 0: none */
  uint64_t max_points;                      /* 0: none */
  bool split;                               /* each test of a program is a case */
  uint64_t report_number;                   /* in the list of a store; 0: the last */
  uint64_t timeout_ms;                      /* 0: not given */
  const char *stdin_path;                   /* NULL: standard input is empty */
  bool is_stdin_copied;                     /* it is a copy, and only its last part, a hash, says of what */
  const char *tests;                        /* a regular expression; NULL: all tests of a suite */
  const char *sites;                        /* a regular expression; NULL: all sites */
  const char *image;                        /* globs joined by commas, shorter than NOMEM_GLOB_BYTES; "": not given */
  const char *under_test;                   /* globs joined by commas; NULL: not given */
  uint64_t skip_codes[4];                   /* a bit for each exit status that means: skipped */
  uint64_t bad_codes[4];                    /* the same of those that mean: a result was wrong */
  const char *plan_text;                    /* NULL: not given */
  uint32_t hostile;                         /* bits of enum nomem_hostile; 0: not given */
  struct nomem_plan plan;                   /* plan_text parsed */
  const char *reports[NOMEM_REPORT_COUNT];  /* the file of each, no two alike; "-": standard output; NULL: none */
  const char *store;                        /* the campaign store; NULL: the usual one; "": none */
  uint64_t shard, shards;                   /* which of how many parts of the points, from 1; 0: all points */
  const char *suppress[NOMEM_SUPPRESS_MAX]; /* files, in the order given */
  size_t suppress_count;
  const char
      *coverage; /* the folder for coverage data, a pattern as for reports, or absolute once it is made; NULL: none
                  */
  const char *baseline; /* a store whose findings do not count; NULL: none */
  bool no_default_suppressions;
  bool no_store;
  bool fresh;
  bool all;
  bool list;
  bool quick;
  bool no_trace;
  bool aslr;
  bool stacks;
  bool verify;
  bool verbose;
  bool quiet;
  bool strict;
  bool gdb;
  bool rr;
  const char *text_path; /* the file of the text; "-": standard output; NULL: where it usually goes */
  enum nomem__wrapper_choice wrapper;
  enum nomem__in_place_choice in_place;
  unsigned error_status; /* of explore with findings; 0: not given */
  char **operands;       /* the words of a command that is given no program, in argv */
  size_t operand_count;
  char **program; /* the program and its arguments, ended by NULL; at least one */
  /* What a command finds out for itself: */
  bool is_wrapper;  /* the standard output is the program's, and the text goes to standard error */
  bool is_in_place; /* a runner of tests waits until the program is explored, and all that it needs is there so long */
  bool is_suites;   /* it is a case of a suite, which has looked through the store already */
  /* What a line that reproduces a finding must set up where it is pasted; not from the command line. */
  const char *folder;     /* NULL: it is pasted in the right one */
  char *const *variables; /* "NAME=value", or of a secret the NAME, ended by NULL; NULL: none */
  const char *variant; /* which of several tests that the same command is; NULL: it is one; not from the line, either */
};

/* Reads argv (as main gets it: argv[argc] is NULL) into options. Returns 0 to go on; 1 when help, version or manual was
 * printed to out, which leaves nothing to do; -EINVAL when something is wrong, which one line on err says (two when
 * there are no arguments at all), and then options must not be used. Never exits and allocates nothing; other users of
 * the streams must be on the same thread. Whether out took what was written is for the caller to check. */
int nomem__options_parse(int argc, char **argv, struct nomem__options *options, FILE *out, FILE *err);

/* The same, after the options that the sources have for the command; the command line overrides them. Options of other
 * commands are passed over there. What a source has is refused as the command line is, with its name and the line. */
int nomem__options_parse_after(const struct nomem__option_sources *sources, int argc, char **argv,
                               struct nomem__options *options, FILE *out, FILE *err);

#endif
