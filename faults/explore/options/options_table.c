/* SPDX-License-Identifier: MIT */
#include "options_table.h"

#include <errno.h>
#include <string.h>

#include "../../channel.h"
#include "../../nomem_version.h"

/* More than a week: long enough for any test, short enough that milliseconds cannot overflow. */
#define TIMEOUT_MAX_SECONDS 999999
#define MS_PER_SECOND 1000
#define SHARDS_MAX 10000 /* the message names it */

const struct nomem__command_text nomem__commands[NOMEM_COMMAND_COUNT] = {
    [NOMEM_COMMAND_EXPLORE] =
        {"explore", "fail PROGRAM's allocations one by one and report what breaks",
         "Runs PROGRAM once as it is, then again for each allocation site with that allocation failing, and reports "
         "every way in which it did not cope. Exit status: 0 nothing found, 1 findings, 2 could not do the job.",
         NULL, 0, 0},
    [NOMEM_COMMAND_RUN] = {"run", "run PROGRAM once with the failures of a plan",
                           "Runs PROGRAM once and fails the allocations that the plan names. Exit status: PROGRAM's "
                           "own, 128 and the signal's number if one killed it, 2 could not do the job.",
                           NULL, 0, 0},
    [NOMEM_COMMAND_SITES] = {"sites", "list the places where PROGRAM allocates",
                             "Runs PROGRAM once as it is and lists each distinct call stack of an allocation, with "
                             "its key, how often it came and what it asked for. Exit status: 0 listed, 2 could not "
                             "do the job.",
                             NULL, 0, 0},
    [NOMEM_COMMAND_DIFF] = {"diff", "compare the findings of two stores",
                            "Lists the findings of the store NEW that the store OLD does not have, those that are "
                            "gone, and those that are still there. A finding keeps its identity in a rebuild. Exit "
                            "status: 0 nothing new, 1 something new, 2 could not do the job.",
                            "OLD NEW", 2, 2},
    [NOMEM_COMMAND_MERGE] = {"merge", "join stores into one",
                             "Adds what the stores IN have to the store OUT, which is made when it is not there: the "
                             "shards of a campaign become one. To add the same again changes nothing. Exit status: 0 "
                             "joined, 2 could not do the job.",
                             "OUT IN...", 2, SIZE_MAX},
    [NOMEM_COMMAND_REPLAY] = {"replay", "run a finding of the store once more",
                              "Runs the program of a finding again with its failure. FINDING is its number in the last "
                              "report, or the beginning of its id; without it all are listed. Exit status: the "
                              "program's own, 128 and the signal's number if one killed it, 2 could not do the job.",
                              "[FINDING]", 0, 1},
    [NOMEM_COMMAND_MINIMISE] =
        {"minimise", "find the few failures of a plan that it takes",
         "Runs a finding's program, or PROGRAM with --fail, again and again with fewer and fewer of the calls failed "
         "that the plan fails, as long as it comes to the same end, and prints those that are needed. FINDING is as "
         "for replay. Exit status: 0 printed, 2 could not do the job.",
         "FINDING, or --fail PLAN -- PROGRAM [ARG...]", 1, 1},
    [NOMEM_COMMAND_EXPLAIN] =
        {"explain", "say what a verdict means and what to do about it",
         "Explains a verdict; without one, lists all. Exit status: 0 explained, 2 no such verdict.", "[VERDICT]", 0, 1},
};

static int refuse(char *reason, const char *how_to_mend) {
  snprintf(reason, NOMEM_OPTION_REASON_BYTES, "%s", how_to_mend);
  return -EINVAL;
}

static void *member(struct nomem__parser *parser, size_t offset) {
  return (char *)parser->options + offset;
}

static int read_flag(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  (void)value, (void)reason;
  *(bool *)member(parser, offset) = true;
  return 0;
}

/* Reads decimal digits and moves *text behind them. False: there are none, or the number is above max. */
static bool read_digits(const char **text, uint64_t max, uint64_t *number) {
  const char *start = *text;
  *number = 0;
  for (; **text >= '0' && **text <= '9'; (*text)++) {
    *number = *number * 10 + (uint64_t)(**text - '0');
    if (*number > max) return false;
  }
  return *text > start;
}

static int read_jobs(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  _Static_assert(NOMEM_JOBS_MAX == 256, "the message and the help text name it");
  uint64_t number;
  if (!read_digits(&value, NOMEM_JOBS_MAX, &number) || *value || number == 0)
    return refuse(reason, "give a whole number from 1 to 256");
  *(unsigned *)member(parser, offset) = (unsigned)number;
  return 0;
}

static int read_seconds(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  _Static_assert(TIMEOUT_MAX_SECONDS == 999999, "the message names it");
  static const char mend[] = "give seconds from 0.001 to 999999, such as 2.5";
  uint64_t seconds;
  uint64_t ms = 0;
  if (!read_digits(&value, TIMEOUT_MAX_SECONDS, &seconds)) return refuse(reason, mend);
  if (*value == '.') {
    value++;
    if (*value == '\0') return refuse(reason, mend);
    for (uint64_t weight = MS_PER_SECOND / 10; *value >= '0' && *value <= '9'; value++, weight /= 10)
      ms += weight * (uint64_t)(*value - '0');
  }
  ms += seconds * MS_PER_SECOND;
  if (*value || ms == 0) return refuse(reason, mend);
  *(uint64_t *)member(parser, offset) = ms;
  return 0;
}

static int read_faults(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  static const struct {
    const char *name;
    unsigned faults;
  } kinds[] = {{"transient", NOMEM_FAULT_TRANSIENT},
               {"persistent", NOMEM_FAULT_PERSISTENT},
               {"both", NOMEM_FAULT_BOTH},
               {"all", NOMEM_FAULT_ALL}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(value, kinds[i].name) != 0) continue;
    *(unsigned *)member(parser, offset) = kinds[i].faults;
    return 0;
  }
  return refuse(reason, "give transient, persistent, both or all");
}

/* The place of value among names, of which those that are NULL stand for nothing; -1: it has none. */
static int find_name(const char *const *names, unsigned count, const char *value) {
  for (unsigned i = 0; i < count; i++)
    if (names[i] != NULL && strcmp(value, names[i]) == 0) return (int)i;
  return -1;
}

#define FIND_NAME(names, value) find_name(names, sizeof(names) / sizeof *(names), value)

static int read_engine(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  static const char *const names[] = {[NOMEM_CHOICE_AUTO] = "auto",
                                      [NOMEM_CHOICE_EXEC] = "exec",
                                      [NOMEM_CHOICE_FORK] = "fork",
                                      [NOMEM_CHOICE_SNAPSHOT] = "snapshot"};
  int found = FIND_NAME(names, value);
  if (found < 0) return refuse(reason, "give auto, exec, fork or snapshot");
  *(enum nomem__engine_choice *)member(parser, offset) = (enum nomem__engine_choice)found;
  return 0;
}

static int read_isolate(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  static const char *const names[] = {
      [NOMEM_ISOLATE_AUTO] = "auto", [NOMEM_ISOLATE_ON] = "on", [NOMEM_ISOLATE_OFF] = "off"};
  int found = FIND_NAME(names, value);
  if (found < 0) return refuse(reason, "give auto, on or off");
  *(enum nomem__isolate_choice *)member(parser, offset) = (enum nomem__isolate_choice)found;
  return 0;
}

static int read_leaks(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  static const char *const names[] = {
      [NOMEM_LEAKS_HANDLED] = "handled", [NOMEM_LEAKS_ALL] = "all", [NOMEM_LEAKS_OFF] = "off"};
  int found = FIND_NAME(names, value);
  if (found < 0) return refuse(reason, "give handled, all or off");
  *(enum nomem__leaks *)member(parser, offset) = (enum nomem__leaks)found;
  return 0;
}

static int read_heap(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  static const char *const names[] = {[NOMEM_HEAP_SITES] = "sites", [NOMEM_HEAP_ALL] = "all", [NOMEM_HEAP_OFF] = "off"};
  int found = FIND_NAME(names, value);
  if (found < 0) return refuse(reason, "give sites, all or off");
  *(enum nomem__heap_choice *)member(parser, offset) = (enum nomem__heap_choice)found;
  return 0;
}

static int read_count(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  uint64_t number;
  if (!read_digits(&value, UINT32_MAX, &number) || *value || number == 0)
    return refuse(reason, "give a whole number from 1 to 4294967295");
  *(uint64_t *)member(parser, offset) = number;
  return 0;
}

static int read_shard(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  uint64_t shard = 0, shards = 0;
  (void)offset;
  if (!read_digits(&value, SHARDS_MAX, &shard) || *value++ != '/' || !read_digits(&value, SHARDS_MAX, &shards) ||
      *value || shard == 0 || shard > shards)
    return refuse(reason, "give I/N, such as 2/3 for the second of three, N at most 10000");
  parser->options->shard = shard;
  parser->options->shards = shards;
  return 0;
}

static int read_path(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  if (*value == '\0') return refuse(reason, "give the path of a file");
  *(const char **)member(parser, offset) = value;
  return 0;
}

static int read_regex(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  if (*value == '\0') return refuse(reason, "give a regular expression, such as '^uv_'");
  *(const char **)member(parser, offset) = value;
  return 0;
}

static int read_suppress(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  _Static_assert(NOMEM_SUPPRESS_MAX == 16, "the message names it");
  struct nomem__options *options = parser->options;
  (void)offset;
  if (*value == '\0') return refuse(reason, "give the path of a file");
  if (options->suppress_count == NOMEM_SUPPRESS_MAX) return refuse(reason, "more than 16 files: join some");
  options->suppress[options->suppress_count++] = value;
  return 0;
}

static int read_image(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  _Static_assert(NOMEM_GLOB_BYTES == 256 && NOMEM_PLAN_NAME_BYTES == 96, "the messages name them");
  if (strlen(value) >= NOMEM_GLOB_BYTES) return refuse(reason, "longer than 255 bytes: use * and ? to shorten it");
  if (strchr(value, '/')) return refuse(reason, "give base names, without '/'");
  for (const char *name = value;; name += strcspn(name, ",") + 1) {
    size_t length = strcspn(name, ",");
    if (length == 0)
      return refuse(reason, "a name is empty: give base names joined by single commas, such as 'lua*,xmllint'");
    if (length >= NOMEM_PLAN_NAME_BYTES)
      return refuse(reason, "a name is longer than 95 bytes: use * and ? to shorten it");
    if (name[length] == '\0') break;
  }
  *(const char **)member(parser, offset) = value;
  return 0;
}

static int read_under_test(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  _Static_assert(NOMEM_PLAN_NAME_BYTES == 96, "the message names it");
  for (const char *glob = value;; glob += strcspn(glob, ",") + 1) {
    size_t length = strcspn(glob, ",");
    if (length == 0)
      return refuse(reason, "a pattern is empty: give some joined by single commas, such as 'src/*' or 'libuv.so*'");
    if (length >= NOMEM_PLAN_NAME_BYTES)
      return refuse(reason, "a pattern is longer than 95 bytes: use * and ? to shorten it");
    if (glob[length] == '\0') break;
  }
  *(const char **)member(parser, offset) = value;
  return 0;
}

static int read_skip_code(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  uint64_t number;
  (void)offset;
  if (!read_digits(&value, UINT8_MAX, &number) || *value || number == 0)
    return refuse(reason, "give an exit status from 1 to 255");
  parser->options->skip_codes[number / 64] |= UINT64_C(1) << number % 64;
  return 0;
}

static int read_plan(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  struct nomem_plan_error error = {0};
  *(const char **)member(parser, offset) = value;
  if (nomem_plan_parse(value, &parser->options->plan, &error) == 0) return 0;
  snprintf(reason, NOMEM_OPTION_REASON_BYTES, "column %zu: %s", error.column, error.reason);
  return -EINVAL;
}

static int read_help(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  (void)offset, (void)value, (void)reason;
  nomem__print_help(parser->out, parser->scope);
  return 1;
}

static int read_manual(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  (void)offset, (void)value, (void)reason;
  nomem__print_manual(parser->out);
  return 1;
}

static int read_version(struct nomem__parser *parser, size_t offset, const char *value, char *reason) {
  (void)offset, (void)value, (void)reason;
  fputs("nomem " NOMEM_VERSION "\n", parser->out);
  return 1;
}

#define ONLY(command) NOMEM_SCOPE(NOMEM_COMMAND_##command)
#define ALL_COMMANDS (NOMEM_SCOPE_TOP - 1)
#define RUNNERS (ONLY(EXPLORE) | ONLY(RUN) | ONLY(SITES) | ONLY(MINIMISE))
#define NO_MEMBER 0
#define SET(name) offsetof(struct nomem__options, name)

/* In the order of --help. Texts are plain ASCII, and are wrapped where they are printed. */
const struct nomem__option nomem__option_table[] = {
    {"fail", "PLAN", 0, ONLY(RUN) | ONLY(MINIMISE), read_plan, SET(plan_text),
     "which allocations fail: 'nth=3' the third, 'nth=3..' it and all later ones, 'site=9f3a2c11@2' the second at that "
     "site; joined by spaces all must hold, joined by ';' any. Required for run"},
    {"jobs", "N", 'j', ONLY(EXPLORE), read_jobs, SET(jobs),
     "run up to N programs at a time, 1 to 256 (default: one for each processor when runs are isolated, otherwise 1)"},
    {"isolate", "WHEN", 0, ONLY(EXPLORE) | ONLY(RUN) | ONLY(MINIMISE), read_isolate, SET(isolate),
     "give each run a network and IPC of its own, and throw away what it changes below the working directory, the home "
     "directory, /tmp, /var/tmp and /dev/shm; on: refuse to run without; off: never; auto: where it is possible "
     "(default)"},
    {"timeout", "SECONDS", 't', RUNNERS, read_seconds, SET(timeout_ms),
     "kill a run that takes longer; decimals are allowed (default for explore: ten times as long as without a failure, "
     "at least 1; otherwise: never)"},
    {"all", NULL, 0, ONLY(EXPLORE), read_flag, SET(all), "try every single allocation, however long it takes"},
    {"max-points", "N", 0, ONLY(EXPLORE), read_count, SET(max_points),
     "try no more than the first N of the schedule (default: no limit)"},
    {"budget", "SECONDS", 0, ONLY(EXPLORE), read_seconds, SET(budget_ms),
     "start no run after so long, and say what is left (default: no limit)"},
    {"sites", "REGEX", 0, ONLY(EXPLORE) | ONLY(SITES), read_regex, SET(sites),
     "only sites in whose call stack a function, a module or a file:line matches the POSIX extended regular expression "
     "REGEX, such as '^uv_' or 'reader\\.c:'"},
    {"engine", "ENGINE", 0, ONLY(EXPLORE), read_engine, SET(engine),
     "exec: start the program for each run; fork: start it once and fork it before main; snapshot: fork it at the "
     "allocation; auto: the fastest that is safe for the program (default)"},
    {"faults", "KIND", 0, ONLY(EXPLORE), read_faults, SET(faults),
     "transient: one allocation fails; persistent: it and all later ones; both; all: both, and a second one where the "
     "program came to only because of the first (default)"},
    {"leaks", "RUNS", 0, ONLY(EXPLORE) | ONLY(RUN), read_leaks, SET(leaks),
     "which runs are looked at for memory that they left: handled, those that ended as without a failure (default for "
     "explore); all, those that gave up, too; off, none. With run, all shows what is left and what corrupts the heap"},
    {"heap", "RUNS", 0, ONLY(EXPLORE), read_heap, SET(heap),
     "which runs that ended well are made once more and looked at for what they did to blocks that they had freed, and "
     "behind the end of others: sites, the first failure of each site, as long as that takes little time (default); "
     "all, every run; off, none"},
    {"stdin", "FILE", 0, RUNNERS, read_path, SET(stdin_path),
     "give each run FILE as its standard input; - for nomem's own, with run only (default: empty)"},
    {"image", "GLOB[,GLOB]", 0, RUNNERS, read_image, SET(image),
     "base names of the programs whose allocations count, when PROGRAM starts others (default: all but shells and "
     "other launchers; explore leaves the system's alone, too, where programs from elsewhere run)"},
    {"under-test", "GLOB[,GLOB]", 0, ONLY(EXPLORE), read_under_test, SET(under_test),
     "which code is tested, by source path such as 'src/*' or by file such as 'libuv.so*'; all other code of the "
     "programs is the test's: its own allocations are not failed, its assertions and crashes do not count (default: "
     "what is in folders or files called like tests is the test's); '*': all is tested"},
    {"skip-code", "N", 0, ONLY(EXPLORE), read_skip_code, NO_MEMBER,
     "an exit status by which a test says that it was skipped: the failure was handled; may stand more than once "
     "(77 always is one)"},
    {"json", "FILE", 0, ONLY(EXPLORE), read_path, SET(reports[NOMEM_REPORT_JSON]),
     "write all that was found and covered to FILE, as JSON; - for standard output, and the text then goes to standard "
     "error"},
    {"junit", "FILE", 0, ONLY(EXPLORE), read_path, SET(reports[NOMEM_REPORT_JUNIT]),
     "write the findings as JUnit's XML: each a failed test case"},
    {"sarif", "FILE", 0, ONLY(EXPLORE), read_path, SET(reports[NOMEM_REPORT_SARIF]),
     "write the findings as SARIF 2.1.0, for annotations on the lines of a pull request"},
    {"tap", "FILE", 0, ONLY(EXPLORE), read_path, SET(reports[NOMEM_REPORT_TAP]),
     "write the findings in the Test Anything Protocol, version 14"},
    {"html", "FILE", 0, ONLY(EXPLORE), read_path, SET(reports[NOMEM_REPORT_HTML]),
     "write a page to look at, with a chart of all call stacks that allocate"},
    {"store", "FILE", 0, ONLY(EXPLORE) | ONLY(REPLAY) | ONLY(MINIMISE), read_path, SET(store),
     "keep what was done and found in FILE, and go on from there when the same command is given again (default: "
     ".nomem/store.db, or what NOMEM_STORE names; empty: none)"},
    {"no-store", NULL, 0, ONLY(EXPLORE), read_flag, SET(no_store), "keep nothing, and take nothing from the store"},
    {"fresh", NULL, 0, ONLY(EXPLORE), read_flag, SET(fresh), "forget what the store knows of this command: all anew"},
    {"shard", "I/N", 0, ONLY(EXPLORE), read_shard, SET(shard),
     "try only the I-th of N parts of the points, for N machines; 'nomem merge' joins their stores"},
    {"suppress", "FILE", 0, ONLY(EXPLORE), read_suppress, SET(suppress),
     "leave out findings that match the rules in FILE; may stand more than once"},
    {"no-default-suppressions", NULL, 0, ONLY(EXPLORE), read_flag, SET(no_default_suppressions),
     "show the C library's own known faults, too"},
    {"strict", NULL, 0, ONLY(EXPLORE), read_flag, SET(strict),
     "count advisory verdicts as findings, too ('nomem explain' lists them)"},
    {"baseline", "FILE", 0, ONLY(EXPLORE), read_path, SET(baseline),
     "count only findings that the store FILE, of an earlier exploration of the same command, does not have"},
    {"gdb", NULL, 0, ONLY(REPLAY), read_flag, SET(gdb), "run it under gdb, which stops at the call that fails"},
    {"stacks", NULL, 0, ONLY(SITES), read_flag, SET(stacks), "print whole call stacks"},
    {"verify", NULL, 0, ONLY(SITES), read_flag, SET(verify),
     "unwind every stack again, and say how many were recognised, how many had to be unwound, and how many were taken "
     "for another"},
    {"no-trace", NULL, 0, ONLY(EXPLORE) | ONLY(RUN) | ONLY(MINIMISE), read_flag, SET(no_trace),
     "do without ptrace, for programs that trace themselves; the stack of where it blew up is then missing"},
    {"aslr", NULL, 0, RUNNERS, read_flag, SET(aslr),
     "leave address-space randomisation on (default: off in the runs, so that they resemble one another)"},
    {"verbose", NULL, 'v', RUNNERS, read_flag, SET(verbose), "say what is being done"},
    {"quiet", NULL, 'q', ONLY(EXPLORE) | ONLY(RUN) | ONLY(REPLAY) | ONLY(MINIMISE), read_flag, SET(quiet),
     "print only findings and errors"},
    {"help", NULL, 'h', NOMEM_SCOPE_TOP | ALL_COMMANDS, read_help, NO_MEMBER, "print this help"},
    {"version", NULL, 0, NOMEM_SCOPE_TOP | ALL_COMMANDS, read_version, NO_MEMBER, "print the version"},
    {"man", NULL, 0, NOMEM_SCOPE_TOP, read_manual, NO_MEMBER, "print the options as the manual page has them"},
    {.name = NULL},
};
