/* SPDX-License-Identifier: MIT */
#include "options_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../channel.h"
#include "completion.h"
#include "file_name.h"

/* More than eleven days: long enough for any test, short enough that milliseconds cannot overflow. */
#define TIMEOUT_MAX_SECONDS 999999
#define MS_PER_SECOND 1000
#define SHARDS_MAX 10000 /* the message names it */

const struct nomem__command_text nomem__commands[NOMEM_COMMAND_COUNT] = {
    [NOMEM_COMMAND_EXPLORE] =
        {"explore", "fail PROGRAM's allocations one by one and report what breaks",
         "Runs PROGRAM once as it is, then again and again, with another allocation failing each time, and reports "
         "where it did not cope. Exit status: 0 nothing found, 1 findings, 2 could not do the job.",
         NULL, 0, 0},
    [NOMEM_COMMAND_SUITE] = {"suite", "explore every test that a runner starts, such as make check",
                             "Runs PROGRAM, such as make check, once as it is, and notes which programs it starts. "
                             "Then explores each of the project's own programs among them, as 'nomem explore' does, "
                             "and ends with one report: what broke, by cause, and which tests show it. Exit status: 0 "
                             "nothing found, 1 findings, 2 nothing could be explored, or it was interrupted.",
                             NULL, 0, 0},
    [NOMEM_COMMAND_RUN] =
        {"run", "run PROGRAM once with the failures of a plan",
         "Runs PROGRAM once, with the allocations failing that the plan names. Exit status: PROGRAM's own; 128 plus "
         "the number of the signal, if one killed it; 2 could not do the job.",
         NULL, 0, 0},
    [NOMEM_COMMAND_SITES] =
        {"sites", "list the places where PROGRAM allocates",
         "Runs PROGRAM once as it is and lists each distinct call stack of an allocation, with its key, how often it "
         "was reached and what it asked for. Exit status: 0 listed, 2 could not do the job.",
         NULL, 0, 0},
    [NOMEM_COMMAND_REPORT] =
        {"report", "print or write the report of an earlier exploration, from its store",
         "Prints the last report of 'nomem explore' or 'nomem suite' that the store has, and writes it in the formats "
         "that are asked for. Runs nothing. If STORE is not given, it is .nomem/store.db, or what NOMEM_STORE names. "
         "Exit status: 0 nothing found, 1 findings, 2 not complete, or could not do the job.",
         "[STORE]", 0, 1},
    [NOMEM_COMMAND_DIFF] = {"diff", "compare the findings of two stores",
                            "Lists the findings of the store NEW that the store OLD does not have, those that are "
                            "gone, and those that are still there. A rebuild does not make a finding new. Exit status: "
                            "0 nothing new, 1 something new, 2 could not do the job.",
                            "OLD NEW", 2, 2},
    [NOMEM_COMMAND_MERGE] = {"merge", "join stores into one",
                             "Adds the contents of the stores IN to the store OUT, which is created if it does not "
                             "exist, and so joins the shards of an exploration. Adding the same store again changes "
                             "nothing. Exit status: 0 joined, 2 could not do the job.",
                             "OUT IN...", 2, SIZE_MAX},
    [NOMEM_COMMAND_REPLAY] =
        {"replay", "run a finding once more, also in gdb",
         "Runs the program of a finding again, with the same failure. FINDING is its number in the last report, or the "
         "beginning of its id; without it, all findings are listed. Exit status: the program's own; 128 plus the "
         "number of the signal, if one killed it; 2 could not do the job.",
         "[FINDING]", 0, 1},
    [NOMEM_COMMAND_MINIMISE] =
        {"minimise", "reduce a plan to the failures that a finding needs",
         "Runs the program of a finding, or PROGRAM with the plan of --fail, again and again. Each time fewer of the "
         "plan's calls fail, as long as the program still ends in the same way. Prints the calls that are needed. "
         "FINDING is as for replay. Exit status: 0 printed, 2 could not do the job.",
         "FINDING, or --fail PLAN -- PROGRAM [ARG...]", 1, 1},
    [NOMEM_COMMAND_EXPLAIN] = {"explain", "explain a verdict or a finding, and how to mend it",
                               "Explains a verdict, or a finding, which is named as for replay. Without an argument, "
                               "lists all verdicts. Exit status: 0 explained, 2 there is none of that name.",
                               "[VERDICT or FINDING]", 0, 1},
};

static int reject(char *reason, const char *how_to_correct) {
  snprintf(reason, NOMEM_OPTION_REASON_BYTES, "%s", how_to_correct);
  return -EINVAL;
}

static void *member(struct nomem__options *options, size_t offset) {
  return (char *)options + offset;
}

static int read_flag(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  (void)value, (void)reason;
  *(bool *)member(options, offset) = true;
  return 0;
}

/* Reads decimal digits and moves *text behind them. Returns false when there are none, or the number is above max. */
static bool read_digits(const char **text, uint64_t max, uint64_t *number) {
  const char *start = *text;
  *number = 0;
  for (; **text >= '0' && **text <= '9'; (*text)++) {
    *number = *number * 10 + (uint64_t)(**text - '0');
    if (*number > max) return false;
  }
  return *text > start;
}

static int read_jobs(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  _Static_assert(NOMEM_JOBS_MAX == 256, "the message and the help text name it");
  uint64_t number;
  if (!read_digits(&value, NOMEM_JOBS_MAX, &number) || *value || number == 0)
    return reject(reason, "give a whole number from 1 to 256");
  *(unsigned *)member(options, offset) = (unsigned)number;
  return 0;
}

static int read_seconds(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  _Static_assert(TIMEOUT_MAX_SECONDS == 999999, "the message names it");
  static const char correct[] = "give seconds from 0.001 to 999999, such as 2.5";
  uint64_t seconds;
  uint64_t ms = 0;
  if (!read_digits(&value, TIMEOUT_MAX_SECONDS, &seconds)) return reject(reason, correct);
  if (*value == '.') {
    value++;
    if (*value == '\0') return reject(reason, correct);
    for (uint64_t weight = MS_PER_SECOND / 10; *value >= '0' && *value <= '9'; value++, weight /= 10)
      ms += weight * (uint64_t)(*value - '0');
  }
  ms += seconds * MS_PER_SECOND;
  if (*value || ms == 0) return reject(reason, correct);
  *(uint64_t *)member(options, offset) = ms;
  return 0;
}

/* Returns the place of value among words joined by blanks, from 0; -EINVAL with the words in reason: it is none. */
static int choose(const char *words, const char *value, char *reason) {
  size_t length = strlen(value), used = (size_t)snprintf(reason, NOMEM_OPTION_REASON_BYTES, "give ");
  int place = 0;
  for (const char *word = words; *word; place++) {
    size_t word_length = strcspn(word, " ");
    if (word_length == length && memcmp(word, value, length) == 0) return place;
    const char *next = word + word_length + (word[word_length] == ' ');
    const char *between = *next == '\0' ? "" : strchr(next, ' ') != NULL ? ", " : " or ";
    used +=
        (size_t)snprintf(reason + used, NOMEM_OPTION_REASON_BYTES - used, "%.*s%s", (int)word_length, word, between);
    word = next;
  }
  return -EINVAL;
}

#define FAULTS "transient persistent both all"
static int read_faults(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  static const unsigned kinds[] = {NOMEM_FAULT_TRANSIENT, NOMEM_FAULT_PERSISTENT, NOMEM_FAULT_BOTH, NOMEM_FAULT_ALL};
  int chosen = choose(FAULTS, value, reason);
  if (chosen < 0) return chosen;
  *(unsigned *)member(options, offset) = kinds[chosen];
  return 0;
}

#define ENGINES "auto exec fork snapshot"
_Static_assert(NOMEM_CHOICE_AUTO == 0 && NOMEM_CHOICE_SNAPSHOT == 3, "in the order of their names");
static int read_engine(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  int chosen = choose(ENGINES, value, reason);
  if (chosen < 0) return chosen;
  *(enum nomem__engine_choice *)member(options, offset) = (enum nomem__engine_choice)chosen;
  return 0;
}

#define ISOLATE "auto on off"
_Static_assert(NOMEM_ISOLATE_AUTO == 0 && NOMEM_ISOLATE_OFF == 2, "in the order of their names");
static int read_isolate(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  int chosen = choose(ISOLATE, value, reason);
  if (chosen < 0) return chosen;
  *(enum nomem__isolate_choice *)member(options, offset) = (enum nomem__isolate_choice)chosen;
  return 0;
}

#define LEAKS "handled all off"
_Static_assert(NOMEM_LEAKS_HANDLED == 1 && NOMEM_LEAKS_OFF == 3, "in the order of their names, behind the default");
static int read_leaks(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  int chosen = choose(LEAKS, value, reason);
  if (chosen < 0) return chosen;
  *(enum nomem__leaks *)member(options, offset) = (enum nomem__leaks)(chosen + 1);
  return 0;
}

#define HEAP "sites all off"
_Static_assert(NOMEM_HEAP_SITES == 1 && NOMEM_HEAP_OFF == 3, "in the order of their names, behind the default");
static int read_heap(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  int chosen = choose(HEAP, value, reason);
  if (chosen < 0) return chosen;
  *(enum nomem__heap_choice *)member(options, offset) = (enum nomem__heap_choice)(chosen + 1);
  return 0;
}

static int read_count(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  uint64_t number;
  if (!read_digits(&value, UINT32_MAX, &number) || *value || number == 0)
    return reject(reason, "give a whole number from 1 to 4294967295");
  *(uint64_t *)member(options, offset) = number;
  return 0;
}

static int read_shard(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  uint64_t shard = 0, shards = 0;
  (void)offset;
  if (!read_digits(&value, SHARDS_MAX, &shard) || *value++ != '/' || !read_digits(&value, SHARDS_MAX, &shards) ||
      *value || shard == 0 || shard > shards)
    return reject(reason, "give I/N, such as 2/3 for the second of three, N at most 10000");
  options->shard = shard;
  options->shards = shards;
  return 0;
}

static int read_path(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  if (*value == '\0') return reject(reason, "give the path of a file");
  *(const char **)member(options, offset) = value;
  return 0;
}

/* The name of a report, which may have parts that differ from process to process. */
static int read_report(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  const char *mistake = nomem__file_name_find_mistake(value);
  if (mistake != NULL) return reject(reason, mistake);
  return read_path(options, offset, value, reason);
}

static int read_folder(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  const char *mistake = nomem__file_name_find_mistake(value);
  if (mistake != NULL) return reject(reason, mistake);
  if (*value == '\0') return reject(reason, "give the path of a folder");
  *(const char **)member(options, offset) = value;
  return 0;
}

static int read_wrapper(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  int chosen = choose(ISOLATE, value, reason);
  if (chosen < 0) return chosen;
  *(enum nomem__wrapper_choice *)member(options, offset) = (enum nomem__wrapper_choice)chosen;
  return 0;
}

#define IN_PLACE "auto off"
_Static_assert(NOMEM_IN_PLACE_AUTO == 0 && NOMEM_IN_PLACE_OFF == 1, "in the order of their names");
static int read_in_place(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  int chosen = choose(IN_PLACE, value, reason);
  if (chosen < 0) return chosen;
  *(enum nomem__in_place_choice *)member(options, offset) = (enum nomem__in_place_choice)chosen;
  return 0;
}

static int read_error_status(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  uint64_t number;
  if (!read_digits(&value, UINT8_MAX, &number) || *value || number == 0)
    return reject(reason, "give an exit status from 1 to 255");
  *(unsigned *)member(options, offset) = (unsigned)number;
  return 0;
}

static int read_regex(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  if (*value == '\0') return reject(reason, "give a regular expression, such as '^uv_'");
  *(const char **)member(options, offset) = value;
  return 0;
}

static int read_suppress(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  _Static_assert(NOMEM_SUPPRESS_MAX == 16, "the message names it");
  (void)offset;
  if (*value == '\0') return reject(reason, "give the path of a file");
  if (options->suppress_count == NOMEM_SUPPRESS_MAX) return reject(reason, "more than 16 files: join some");
  options->suppress[options->suppress_count++] = value;
  return 0;
}

static int read_image(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  _Static_assert(NOMEM_GLOB_BYTES == 256 && NOMEM_PLAN_NAME_BYTES == 96, "the messages name them");
  if (strlen(value) >= NOMEM_GLOB_BYTES) return reject(reason, "longer than 255 bytes: use * and ? to shorten it");
  if (strchr(value, '/')) return reject(reason, "give base names, without '/'");
  for (const char *name = value;; name += strcspn(name, ",") + 1) {
    size_t length = strcspn(name, ",");
    if (length == 0)
      return reject(reason, "a name is empty: give base names joined by single commas, such as 'lua*,xmllint'");
    if (length >= NOMEM_PLAN_NAME_BYTES)
      return reject(reason, "a name is longer than 95 bytes: use * and ? to shorten it");
    if (name[length] == '\0') break;
  }
  *(const char **)member(options, offset) = value;
  return 0;
}

static int read_under_test(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  _Static_assert(NOMEM_PLAN_NAME_BYTES == 96, "the message names it");
  for (const char *glob = value;; glob += strcspn(glob, ",") + 1) {
    size_t length = strcspn(glob, ",");
    if (length == 0)
      return reject(reason, "a pattern is empty: give some joined by single commas, such as 'src/*' or 'libuv.so*'");
    if (length >= NOMEM_PLAN_NAME_BYTES)
      return reject(reason, "a pattern is longer than 95 bytes: use * and ? to shorten it");
    if (glob[length] == '\0') break;
  }
  *(const char **)member(options, offset) = value;
  return 0;
}

/* Adds an exit status to a set, a bit for each. */
static int read_exit_code(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  uint64_t number, *codes = member(options, offset);
  if (!read_digits(&value, UINT8_MAX, &number) || *value || number == 0)
    return reject(reason, "give an exit status from 1 to 255");
  codes[number / 64] |= UINT64_C(1) << number % 64;
  return 0;
}

static int read_plan(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  struct nomem_plan_error error = {0};
  *(const char **)member(options, offset) = value;
  if (nomem_plan_parse(value, &options->plan, &error) == 0) return 0;
  snprintf(reason, NOMEM_OPTION_REASON_BYTES, "column %zu: %s", error.column, error.reason);
  return -EINVAL;
}

/* Ways of a hostile allocator, as hostile= of a plan has them. */
static int read_hostile(struct nomem__options *options, size_t offset, const char *value, char *reason) {
  static const char key[] = "hostile=";
  struct nomem_plan plan;
  struct nomem_plan_error error = {0};
  char text[sizeof key + NOMEM_OPTION_REASON_BYTES / 2];
  if (strcspn(value, " \t\n\v\f\r;") != strlen(value) || strlen(value) >= NOMEM_OPTION_REASON_BYTES / 2)
    return reject(reason, "give names joined by single commas, such as 'moves,fresh'");
  snprintf(text, sizeof text, "%s%s", key, value);
  if (nomem_plan_parse(text, &plan, &error) != 0) return reject(reason, error.reason + strlen("hostile: "));
  *(uint32_t *)member(options, offset) = plan.rule[0].hostile;
  return 0;
}

#define ONLY(command) NOMEM_SCOPE(NOMEM_COMMAND_##command)
#define ALL_COMMANDS (NOMEM_SCOPE_TOP - 1)
/* Those that explore. */
#define EXPLORERS (ONLY(EXPLORE) | ONLY(SUITE))
/* Those that write reports. */
#define REPORTERS (EXPLORERS | ONLY(REPORT))
#define RUNNERS (ONLY(EXPLORE) | ONLY(RUN) | ONLY(SITES) | ONLY(MINIMISE))
/* What an option does: has a value read into a member, or into several of the reader's choice; or something else. */
#define SET(reader, name) NOMEM_OPTION_SET, reader, offsetof(struct nomem__options, name)
#define SET_SEVERAL(reader) NOMEM_OPTION_SET, reader, 0
#define PRINT(what) NOMEM_OPTION_##what, NULL, 0

/* In the order of --help, which has a heading before each group (options_help.c). Texts are plain ASCII, and are
 * wrapped where they are printed. */
const struct nomem__option nomem__option_table[] = {
    {"fail", "PLAN", 0, ONLY(RUN) | ONLY(MINIMISE), SET(read_plan, plan_text),
     "which allocations fail: 'nth=3' the third, 'nth=3..' the third and all later ones, 'site=9f3a2c11@2' the second "
     "at that site. Conditions joined by spaces must all hold; of rules joined by ';' one is enough. Required for run, "
     "unless it has a hostile allocator"},
    {"faults", "KIND", 0, EXPLORERS, SET(read_faults, faults),
     "what fails in a run. transient: one allocation; persistent: it and all later ones; both: runs of either kind; "
     "all: those, and runs in which a second allocation fails that the program makes only because the first one failed "
     "(default)"},
    {"all", NULL, 0, EXPLORERS, SET(read_flag, all), "try every single allocation, however long it takes"},
    {"max-points", "N", 0, EXPLORERS, SET(read_count, max_points),
     "make no more than the first N runs of the schedule (default: no limit)"},
    {"budget", "SECONDS", 0, EXPLORERS, SET(read_seconds, budget_ms),
     "start no run after this time, and report what was not tried (default: no limit)"},
    {"quick", NULL, 0, ONLY(SUITE), SET(read_flag, quick),
     "where many tests reach an allocation site in the same way, fail it only in the three that differ most from one "
     "another"},
    {"sites", "REGEX", 0, EXPLORERS | ONLY(SITES), SET(read_regex, sites),
     "use only sites whose call stack contains a function, a module or a file:line that matches the POSIX extended "
     "regular expression REGEX, such as '^uv_' or 'reader\\.c:'"},
    {"image", "GLOB[,GLOB]", 0, RUNNERS, SET(read_image, image),
     "base names of the programs whose allocations fail, if PROGRAM starts others (default: all but shells and other "
     "launchers. explore leaves the system's programs alone, too, if others run; and if an interpreter runs a script, "
     "only what is allocated "
     "below modules that it loads from outside the system's folders fails)"},
    {"under-test", "GLOB[,GLOB]", 0, EXPLORERS, SET(read_under_test, under_test),
     "which code is under test, by source path such as 'src/*' or by file such as 'libuv.so*'. All other code of the "
     "programs is test code: its own allocations do not fail, and its assertions and crashes do not count. '*': all "
     "code is under test (default: code in folders or files that are named like tests is test code)"},
    {"hostile", "[=LIST]", 0, EXPLORERS | ONLY(RUN), SET(read_hostile, hostile),
     "fail nothing, but serve allocations in the least friendly way that the C standard allows. moves: realloc moves "
     "each block; fresh: fresh memory is filled; freed: freed memory is overwritten; zero: a block of 0 bytes is NULL; "
     "errno: a call that succeeds changes errno; align: blocks are aligned to 16 bytes and no more; all (default); or "
     "several, joined by commas. explore and suite make such runs, one way at a time, in addition to all others; run "
     "makes one run with all of LIST, and needs no plan"},
    {"tests", "REGEX", 0, ONLY(SUITE), SET(read_regex, tests),
     "explore only tests whose name, as --list prints it, matches the POSIX extended regular expression REGEX"},
    {"list", NULL, 0, ONLY(SUITE), SET(read_flag, list),
     "explore nothing: print the tests that PROGRAM starts, and what would be left out and why"},
    {"list", NULL, 0, ONLY(REPORT), SET(read_flag, list), "list the reports in the store, the last one first"},
    {"split", NULL, 0, ONLY(SUITE), SET(read_flag, split),
     "explore each test of a program that contains many as a test of its own: tests of GoogleTest, Catch2, doctest, "
     "Criterion and libuv's runner, and test cases of Check"},
    {"in-place", "WHEN", 0, ONLY(SUITE), SET(read_in_place, in_place),
     "what to do about tests that pass only if PROGRAM starts them, for example because they need its server. auto: "
     "run PROGRAM once more, and explore each of them while PROGRAM waits for it (default); off: only name them"},
    {"number", "N", 0, ONLY(REPORT), SET(read_count, report_number),
     "make the report that has this number in the list (default: 1)"},
    {"jobs", "N", 'j', EXPLORERS, SET(read_jobs, jobs),
     "make up to N runs at a time, 1 to 256 (default: one for each processor, or 8 if the program mostly waits; 1 if "
     "runs are not isolated)"},
    {"isolate", "WHEN", 0, EXPLORERS | ONLY(RUN) | ONLY(MINIMISE), SET(read_isolate, isolate),
     "give each run a network and IPC of its own, and discard what it changes below the working directory, the home "
     "directory, /tmp, /var/tmp and /dev/shm. on: refuse to run if that is not possible; off: never; auto: where it is "
     "possible (default)"},
    {"timeout", "SECONDS", 't', RUNNERS, SET(read_seconds, timeout_ms),
     "kill a run that takes longer; decimals are allowed (default for explore: ten times as long as a run without a "
     "failure, but at least 1; otherwise: no limit)"},
    {"timeout", "SECONDS", 't', ONLY(SUITE), SET(read_seconds, timeout_ms),
     "end PROGRAM after this time, and explore the tests that it had started by then (default: no limit)"},
    {"engine", "ENGINE", 0, EXPLORERS, SET(read_engine, engine),
     "how a run is started. exec: start the program for each run; fork: start it once, and fork it before main; "
     "snapshot: fork it at the allocation; auto: the fastest of these that is safe for the program (default)"},
    {"stdin", "FILE", 0, RUNNERS, SET(read_path, stdin_path),
     "give each run FILE as its standard input; with run, '-' stands for nomem's own (default: empty)"},
    {"guard", "N", 0, ONLY(RUN) | ONLY(MINIMISE), SET(read_count, guarded_from),
     "give each block pages of its own, from the Nth allocation of the run on and for at most 4096 blocks. Code that "
     "uses such a block after it was freed, or goes past its end, gets SIGSEGV at once, and nomem prints which block "
     "it was"},
    {"no-trace", NULL, 0, ONLY(EXPLORE) | ONLY(RUN) | ONLY(MINIMISE), SET(read_flag, no_trace),
     "do not use ptrace, for programs that trace themselves. Findings then lack the stack of the place where they "
     "broke"},
    {"aslr", NULL, 0, RUNNERS | ONLY(SUITE), SET(read_flag, aslr),
     "leave address-space randomisation on (by default it is off in the runs, to make them more alike)"},
    {"leaks", "RUNS", 0, EXPLORERS | ONLY(RUN), SET(read_leaks, leaks),
     "which runs are checked for leaked memory. handled: those that ended as they do without a failure; all: also "
     "those that gave up; off: none (default for explore: handled, and of runs that gave up what a function below main "
     "had lost). With run, all shows what is leaked and what corrupts the heap"},
    {"heap", "RUNS", 0, EXPLORERS, SET(read_heap, heap),
     "which of the runs that ended well are made once more, to check whether they use freed blocks or go past the end "
     "of blocks. sites: that of the first failure of each site, up to a limit (default); all: every run; off: none"},
    {"skip-code", "N", 0, EXPLORERS, SET(read_exit_code, skip_codes),
     "an exit status by which a test says that it was skipped: such a run counts as 'handled'. May be given more than "
     "once (77 always is one)"},
    {"bad-code", "N", 0, EXPLORERS, SET(read_exit_code, bad_codes),
     "an exit status by which a test says that a result was wrong: such a run is a finding, 'wrong'. May be given more "
     "than once"},
    {"suppress", "FILE", 0, EXPLORERS, SET_SEVERAL(read_suppress),
     "exclude findings that match the rules in FILE; may be given more than once"},
    {"no-default-suppressions", NULL, 0, EXPLORERS, SET(read_flag, no_default_suppressions),
     "show the C library's own known faults, too"},
    {"strict", NULL, 0, EXPLORERS, SET(read_flag, strict),
     "count advisory verdicts as findings, too ('nomem explain' lists them)"},
    {"baseline", "FILE", 0, EXPLORERS, SET(read_path, baseline),
     "count only findings that are not in the store FILE, of an earlier exploration of the same command"},
    {"report", "FILE", 0, REPORTERS, SET(read_report, text_path),
     "write the text to FILE. In names of reports %p stands for the number of nomem's process, %n for PROGRAM's name, "
     "%q{NAME} for a variable's value, and %% for %"},
    {"log-file", "FILE", 0, REPORTERS, SET(read_report, text_path), "the same as --report, as valgrind calls it"},
    {"json", "FILE", 0, REPORTERS, SET(read_report, reports[NOMEM_REPORT_JSON]),
     "write all that was found and covered to FILE, as JSON. '-' stands for standard output; the text then goes to "
     "standard error"},
    {"junit", "FILE", 0, REPORTERS, SET(read_report, reports[NOMEM_REPORT_JUNIT]),
     "write the findings to FILE as JUnit XML, each as a failed test case"},
    {"sarif", "FILE", 0, REPORTERS, SET(read_report, reports[NOMEM_REPORT_SARIF]),
     "write the findings to FILE as SARIF 2.1.0, for annotations on the lines of a pull request"},
    {"tap", "FILE", 0, REPORTERS, SET(read_report, reports[NOMEM_REPORT_TAP]),
     "write the findings to FILE in the Test Anything Protocol, version 13"},
    {"html", "FILE", 0, REPORTERS, SET(read_report, reports[NOMEM_REPORT_HTML]),
     "write a page to FILE, with a chart of all call stacks that allocate"},
    {"markdown", "FILE", 0, REPORTERS, SET(read_report, reports[NOMEM_REPORT_MARKDOWN]),
     "write a table of the findings to FILE as Markdown, for a comment on a pull request"},
    {"write-suppressions", "FILE", 0, REPORTERS, SET(read_report, reports[NOMEM_REPORT_SUPPRESSIONS]),
     "write to FILE a rule for each finding that suppresses it from then on. Add the reason why it is not mended"},
    {"coverage", "DIR", 0, EXPLORERS, SET(read_folder, coverage),
     "keep the coverage data of the runs in DIR (of gcc --coverage, or of clang -fprofile-instr-generate "
     "-fcoverage-mapping), and report how many lines only failed allocations reach, and which checks of an allocation "
     "no run entered. Each run then starts the program anew, and none is taken from the store"},
    {"stacks", NULL, 0, ONLY(SITES), SET(read_flag, stacks), "print whole call stacks"},
    {"verify", NULL, 0, ONLY(SITES), SET(read_flag, verify),
     "unwind every stack again, and print how many were recognised, how many had to be unwound, and how many were "
     "mistaken for another"},
    {"wrapper", "WHEN", 0, ONLY(EXPLORE), SET(read_wrapper, wrapper),
     "behave as a test runner expects of a program in front of a test: first run the test as it is, on nomem's own "
     "standard streams; print to standard error; and end as the test ended, unless there are findings. on, off; auto: "
     "where meson, ctest, automake, prove or Bazel started nomem (default)"},
    {"error-exitcode", "N", 0, REPORTERS, SET(read_error_status, error_status),
     "end with the exit status N when there are findings (default: 1)"},
    {"verbose", NULL, 'v', RUNNERS | ONLY(SUITE) | ONLY(REPORT), SET(read_flag, verbose), "print what is being done"},
    {"quiet", NULL, 'q', REPORTERS | ONLY(RUN) | ONLY(REPLAY) | ONLY(MINIMISE), SET(read_flag, quiet),
     "print only findings and errors"},
    {"store", "FILE", 0, EXPLORERS | ONLY(REPLAY) | ONLY(MINIMISE) | ONLY(EXPLAIN), SET(read_path, store),
     "the file that keeps what was done and found, so that the same command goes on from there when it is given again "
     "(default: .nomem/store.db, or what NOMEM_STORE names; if that is empty, none)"},
    {"no-store", NULL, 0, EXPLORERS, SET(read_flag, no_store), "keep nothing, and take nothing from a store"},
    {"fresh", NULL, 0, EXPLORERS, SET(read_flag, fresh), "forget what the store knows of this command, and start anew"},
    {"shard", "I/N", 0, EXPLORERS, SET_SEVERAL(read_shard),
     "make only the I-th of N parts of all runs, to divide them over N machines; 'nomem merge' joins the stores"},
    {"gdb", NULL, 0, ONLY(REPLAY), SET(read_flag, gdb),
     "run the finding under gdb, which stops at the call that fails"},
    {"rr", NULL, 0, ONLY(REPLAY), SET(read_flag, rr), "record the finding with rr, to step through it, also backwards"},
    {"help", NULL, 'h', NOMEM_SCOPE_TOP | ALL_COMMANDS, PRINT(HELP), "print this help"},
    {"version", NULL, 0, NOMEM_SCOPE_TOP | ALL_COMMANDS, PRINT(VERSION), "print the version"},
    {"man", NULL, 0, NOMEM_SCOPE_TOP, PRINT(MANUAL), "print the options in the form of the manual page"},
    {"completion", "SHELL", 0, NOMEM_SCOPE_TOP, PRINT(COMPLETION),
     "print a completion script for a shell: bash, zsh or fish"},
    {.name = NULL},
};

const char *nomem__option_values(const struct nomem__option *option) {
  static const struct {
    int (*read)(struct nomem__options *options, size_t offset, const char *value, char *reason);
    const char *values;
  } choices[] = {{read_faults, FAULTS}, {read_engine, ENGINES}, {read_isolate, ISOLATE},  {read_wrapper, ISOLATE},
                 {read_leaks, LEAKS},   {read_heap, HEAP},      {read_in_place, IN_PLACE}};
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
    if (option->read == choices[i].read) return choices[i].values;
  return option->action == NOMEM_OPTION_COMPLETION ? NOMEM_COMPLETION_SHELLS : NULL;
}
