/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../faults/inject/module_names.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

/* Linking with --defsym=nomem_fuzz_named=1 makes the engine work only under a name that asks for it. */
extern char nomem_fuzz_named[] __attribute__((weak));

static const struct nomem_options defaults = {
    .runs_max = 16,
    /* Each costs two more runs with all that belongs to them: for the smallest inputs as much time as a dozen runs. */
    .sample = 512,
    .time_max_ms = 1000,
    .detects_leaks = true,
    .program = "",
    .only_input = "INPUT",
    .artifact_prefix = "./",
    .exact_artifact = "",
};

struct nomem_options nomem__options;

/* What main was given. */
static struct {
  int argc;
  char **argv;
} command;

/* Ends the process: something in the environment or on the command line is wrong. */
static _Noreturn void reject(const char *where, const char *what, const char *why) {
  struct nomem_text text = {0};
  nomem__text_add(&text, "nomem: ");
  nomem__text_add(&text, where);
  nomem__text_add(&text, ": ");
  nomem__text_add(&text, what);
  nomem__text_add(&text, why);
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, STDERR_FILENO);
  _exit(2);
}

static void parse_plan(const char *where, const char *source, uint32_t allowed, struct nomem_plan *plan) {
  struct nomem_plan_error error;
  struct nomem_text column = {0};
  if (strlen(source) >= NOMEM_PLAN_BYTES) reject(where, "the plan is too long", "");
  if (nomem_plan_parse(source, plan, &error) != 0) {
    nomem__text_add(&column, "column ");
    nomem__text_number(&column, error.column);
    nomem__text_add(&column, ": ");
    reject(where, column.bytes, error.reason);
  }
  if (plan->has & ~allowed)
    reject(where, "has a condition that is not for here",
           allowed & NOMEM_HAS_NTH ? ": all but thread= and hostile= are" : ": in=, module=, fn= and site= are");
}

/* The number after "key=", or false. */
static bool number_of(const char *word, size_t length, const char *key, uint64_t *value) {
  size_t at = strlen(key);
  if (length <= at || strncmp(word, key, at) != 0) return false;
  for (*value = 0; at < length; at++) {
    if (word[at] < '0' || word[at] > '9' || *value > 1000000) return false;
    *value = *value * 10 + (uint64_t)(word[at] - '0');
  }
  return true;
}

static bool is_word(const char *word, size_t length, const char *expected) {
  return strlen(expected) == length && strncmp(word, expected, length) == 0;
}

/* No word gave a value. */
#define NOT_GIVEN UINT64_MAX

static void parse_words(const char *where, const char *words, bool *is_on, uint64_t *sticky) {
  while (*words != '\0') {
    size_t length = strcspn(words, " ,");
    uint64_t number;
    if (is_word(words, length, "off") || is_word(words, length, "0")) {
      nomem__options.off = true;
    } else if (is_word(words, length, "on") || is_word(words, length, "1")) {
      *is_on = true;
    } else if (is_word(words, length, "harness")) {
      nomem__options.fails_harness = true;
    } else if (is_word(words, length, "new")) {
      nomem__options.fails_new = true;
    } else if (number_of(words, length, "runs=", &number)) {
      nomem__options.runs_max = (uint32_t)number;
    } else if (number_of(words, length, "sticky=", &number)) {
      *sticky = number;
    } else if (number_of(words, length, "sample=", &number)) {
      nomem__options.sample = (uint32_t)number;
    } else if (number_of(words, length, "time_ms=", &number)) {
      nomem__options.time_max_ms = number;
    } else if (length > 0) {
      reject(where, words, ": unknown word: use off, on, harness, new, runs=N, sample=N, sticky=0|1 or time_ms=N");
    }
    words += length + (words[length] != '\0');
  }
}

/* What follows "-name=" or "--name=" in the argument, or NULL. */
static const char *flag(const char *argument, const char *name) {
  size_t length = strlen(name);
  if (argument[0] != '-') return NULL;
  argument += argument[1] == '-' ? 2 : 1;
  return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

static const char *variable(char **environment, const char *name) {
  size_t length = strlen(name);
  for (; *environment != NULL; environment++)
    if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return *environment + length + 1;
  return NULL;
}

/* A flag takes precedence over the variable. */
static const char *setting(int argc, char **argv, char **environment, const char *flag_name, const char *name) {
  for (int i = argc - 1; i > 0; i--) {
    const char *value = flag(argv[i], flag_name);
    if (value != NULL) return value;
  }
  return variable(environment, name);
}

/* Whether it is a flag with which libFuzzer runs no input itself, but starts processes that do, or prints its help. */
static bool has_fuzzer_start_others(const char *argument) {
  static const char *const flags[] = {"fork", "jobs", "minimize_crash", "cleanse_crash", "help"};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
    const char *value = flag(argument, flags[i]);
    if (value != NULL) return value[0] != '0';
  }
  return false;
}

static bool is_file(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The fuzzer's own flags that matter here. Whether it merges: an input is then kept for what it does undisturbed. */
static bool read_fuzzer_flags(int argc, char **argv) {
  bool merges = false;
  int inputs = 0, files = 0;
  for (int i = 1; i < argc; i++) {
    const char *value;
    if (argv[i][0] != '-') {
      nomem__options.only_input = ++inputs == 1 ? argv[i] : "INPUT";
      files += is_file(argv[i]);
    }
    if ((value = flag(argv[i], "ignore_crashes")) != NULL) nomem__options.goes_on = value[0] != '0';
    if (flag(argv[i], "stop_file") != NULL) nomem__options.is_job = true;
    if ((value = flag(argv[i], "fork")) != NULL) nomem__options.starts_jobs = value[0] != '0';
    if ((value = flag(argv[i], "detect_leaks")) != NULL) nomem__options.detects_leaks = value[0] != '0';
    if ((value = flag(argv[i], "artifact_prefix")) != NULL) nomem__options.artifact_prefix = value;
    if ((value = flag(argv[i], "exact_artifact_path")) != NULL) nomem__options.exact_artifact = value;
    if ((value = flag(argv[i], "merge")) != NULL) merges |= value[0] != '0';
    if (flag(argv[i], "merge_control_file") != NULL || flag(argv[i], "merge_inner") != NULL) merges = true;
    nomem__options.starts_others |= has_fuzzer_start_others(argv[i]);
  }
  nomem__options.is_replay = inputs > 0 && files == inputs;
  return merges;
}

static const char *find_known_file(void) {
  static struct nomem_text path;
  path.length = 0;
  nomem__text_add(&path, nomem__options.artifact_prefix);
  nomem__text_add(&path, nomem__module_base_name(nomem__module_program()));
  nomem__text_add(&path, ".nomem-known");
  return path.bytes;
}

/* The text of the file beside the input that report.c wrote, without the end of its line; NULL when there is none. */
static const char *read_found_plan(void) {
  static struct nomem_text path;
  path.length = 0;
  static char plan[NOMEM_PLAN_BYTES];
  nomem__text_add(&path, nomem__options.only_input);
  nomem__text_add(&path, ".plan");
  int fd = nomem__open(path.bytes, O_RDONLY);
  if (fd < 0) return NULL;
  ssize_t length = syscall(SYS_read, fd, plan, sizeof plan - 1);
  nomem__close(fd);
  if (length <= 0) return NULL;
  plan[strcspn(plan, "\n")] = '\0';
  return plan;
}

static bool has_name_that_asks(void) {
  const char *name = nomem__module_base_name(nomem__module_program());
  return nomem__glob("*@nomem", name) || nomem__glob("*_nomem", name);
}

static void read_options(int argc, char **argv, char **environment) {
  struct nomem_options *options = &nomem__options;
  *options = defaults;
  uint64_t sticky = NOT_GIVEN;
  bool is_on = false, merges = read_fuzzer_flags(argc, argv);
  uint32_t about_sites = NOMEM_HAS_IN | NOMEM_HAS_MODULE | NOMEM_HAS_FN | NOMEM_HAS_SITE;
  if (argc > 0) options->program = argv[0];
  options->words = setting(argc, argv, environment, "nomem", "NOMEM_FUZZ");
  options->plan_text = setting(argc, argv, environment, "nomem_plan", "NOMEM_FUZZ_PLAN");
  options->only_text = setting(argc, argv, environment, "nomem_only", "NOMEM_FUZZ_ONLY");
  options->except_text = setting(argc, argv, environment, "nomem_not", "NOMEM_FUZZ_NOT");
  if (options->words != NULL) parse_words("NOMEM_FUZZ", options->words, &is_on, &sticky);
  if (options->only_text != NULL) parse_plan("NOMEM_FUZZ_ONLY", options->only_text, about_sites, &options->only);
  if (options->except_text != NULL) parse_plan("NOMEM_FUZZ_NOT", options->except_text, about_sites, &options->except);
  options->known_text = options->known_given = setting(argc, argv, environment, "nomem_known", "NOMEM_FUZZ_KNOWN");
  options->has_plan = options->plan_text != NULL;
  if (options->known_text == NULL && !options->has_plan && !options->is_replay && !merges)
    options->known_text = find_known_file();
  if (options->known_text != NULL && nomem__known_sites_read(options->known_text) != 0)
    reject("NOMEM_FUZZ_KNOWN", options->known_text, ": has a line that does not begin with the 16 digits of a site");
  options->tries_everything = options->is_replay && !options->has_plan && is_file(options->only_input);
  if (options->tries_everything) options->found_plan = read_found_plan();
  options->compares = sticky == NOT_GIVEN ? !options->has_plan : sticky != 0;
  if (options->has_plan)
    parse_plan("NOMEM_FUZZ_PLAN", options->plan_text, ~(uint32_t)(NOMEM_HAS_THREAD | NOMEM_HAS_HOSTILE),
               &options->plan);
  /* cppcheck-suppress knownConditionTrueFalse ; it is weak */
  if (!is_on && !options->has_plan && nomem_fuzz_named != NULL && !has_name_that_asks()) options->off = true;
  options->merges = merges && !is_on && !options->has_plan;
  if (!options->off) nomem__entry_arm();
}

/* The C library passes to constructors what it passes to main. */
__attribute__((constructor)) static void read_options_at_start(int argc, char **argv, char **environment) {
  command.argc = argc;
  command.argv = argv;
  read_options(argc, argv, environment);
}

void nomem__options_read_again(void) {
  const struct nomem_options *options = &nomem__options;
  const struct {
    const char *flag_name, *name, *used;
  } settings[] = {{"nomem", "NOMEM_FUZZ", options->words},
                  {"nomem_plan", "NOMEM_FUZZ_PLAN", options->plan_text},
                  {"nomem_only", "NOMEM_FUZZ_ONLY", options->only_text},
                  {"nomem_not", "NOMEM_FUZZ_NOT", options->except_text},
                  {"nomem_known", "NOMEM_FUZZ_KNOWN", options->known_given}};
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    const char *now = setting(command.argc, command.argv, environ, settings[i].flag_name, settings[i].name);
    if (now == settings[i].used) continue;
    read_options(command.argc, command.argv, environ);
    return;
  }
}
