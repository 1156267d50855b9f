/* SPDX-License-Identifier: MIT */
/* Reports what was failed when the target dies, in addition to what the fuzzer and the sanitizer report.
 *
 * It may run on the small stack of a signal handler: what is large is static, and only one thread is let in. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../faults/inject/module_names.h"
#include "../../faults/program_kinds.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

/* libFuzzer's callback, called by a sanitizer that found something; it writes the artifact. A sanitizer has room for
 * one callback: ours takes the place, and calls this one. NULL under another fuzzer. */
extern void _ZN6fuzzer6Fuzzer19StaticDeathCallbackEv(void) __attribute__((weak));
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
extern void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t out_bytes) __attribute__((weak));

/* In a library of their own before glibc 2.34, which a target may not be linked with. */
#pragma weak dlopen
#pragma weak dlsym

__attribute__((visibility("default"), noreturn)) void _Exit(int status);

static bool has_libfuzzer(void) {
  return &_ZN6fuzzer6Fuzzer19StaticDeathCallbackEv != NULL;
}

/* Where the code of a frame is loaded; 0 when its module is not. */
static uintptr_t address_of(nomem_frame frame, const char *path) {
  for (const struct link_map *module = _r_debug.r_map; module != NULL; module = module->l_next) {
    const char *name = module->l_name[0] == '\0' ? nomem__module_program() : module->l_name;
    if (strcmp(name, path) == 0) return module->l_addr + NOMEM_FRAME_OFFSET(frame);
  }
  return 0;
}

static bool add_function(const char *name, void *text) {
  nomem__text_add(text, " in ");
  nomem__text_add(text, name);
  return true;
}

static void add_frame(struct nomem_text *text, unsigned number, nomem_frame frame) {
  static char line[1024];
  unsigned module = NOMEM_FRAME_MODULE(frame);
  const char *path = module == 0 || module > NOMEM_MODULES ? "" : nomem__decision_channel()->modules[module - 1].path;
  uintptr_t address = address_of(frame, path);
  memset(line, 0, sizeof line);
  nomem__text_add(text, "    #");
  nomem__text_number(text, number);
  if (address != 0 && &__sanitizer_symbolize_pc != NULL)
    __sanitizer_symbolize_pc((void *)(address - 1), " in %f %S", line, sizeof line - 2);
  if (line[0] == '\0' ||
      strncmp(line, " in <null>", strlen(" in <null>")) == 0) { /* no symbols, or nothing to read them with */
    nomem__module_function_is(nomem__decision_channel(), frame, add_function, text);
    nomem__text_add(text, " ");
    nomem__text_add(text, path);
    nomem__text_add(text, "+0x");
    nomem__text_hex(text, NOMEM_FRAME_OFFSET(frame));
    line[0] = '\0';
  }
  for (const char *at = line; *at != '\0'; at += strlen(at) + 1) { /* there is a NUL after each inlined function */
    if (at != line) nomem__text_add(text, "\n       inlined");
    nomem__text_add(text, at);
  }
  nomem__text_add(text, "\n");
}

static void print_failed_call(const struct nomem_failed_call *failed) {
  static struct nomem_text text;
  nomem__text_add(&text, "nomem: the call that was failed: ");
  nomem__text_add(&text, nomem_fn_name(failed->fn));
  nomem__text_add(&text, " of ");
  nomem__text_number(&text, failed->size_bytes);
  nomem__text_add(&text, failed->size_bytes == 1 ? " byte\n" : " bytes\n");
  for (unsigned i = 0; i < failed->site->depth; i++) {
    size_t before = text.length;
    add_frame(&text, i, failed->site->frame[i]);
    if (strstr(text.bytes + before, " LLVMFuzzerTestOneInput ") != NULL) break;
  }
  nomem__text_flush(&text, STDERR_FILENO);
}

/* Where the fuzzer has put the current input, or "". It names the file after what happened, which only it knows: of the
 * files that different campaigns may have left, the newest is the one. */
static void find_artifact(struct nomem_text *path) {
  static const char *const kinds[] = {"crash-", "leak-", "timeout-", "oom-", "slow-unit-"};
  static struct nomem_text candidate;
  struct timespec newest = {0};
  struct stat status;
  if (nomem__options.exact_artifact[0] != '\0') {
    nomem__text_add(path, nomem__options.exact_artifact);
    return;
  }
  char digest[41];
  if (nomem__current.is_running)
    nomem__sha1_hex(nomem__current.data, nomem__current.size, digest);
  else
    memcpy(digest, nomem__current.leak_digest, sizeof digest);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    candidate.length = 0;
    nomem__text_add(&candidate, nomem__options.artifact_prefix);
    nomem__text_add(&candidate, kinds[i]);
    nomem__text_add(&candidate, digest);
    if (stat(candidate.bytes, &status) != 0) continue;
    if (status.st_mtim.tv_sec < newest.tv_sec ||
        (status.st_mtim.tv_sec == newest.tv_sec && status.st_mtim.tv_nsec <= newest.tv_nsec))
      continue;
    newest = status.st_mtim;
    *path = candidate;
  }
}

static void write_plan(const struct nomem_text *artifact, const char *plan) {
  static struct nomem_text path, text;
  nomem__text_add(&path, artifact->bytes);
  nomem__text_add(&path, ".plan");
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path.bytes, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return;
  nomem__text_add(&text, plan);
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, fd);
  syscall(SYS_close, fd);
  nomem__text_add(&text, "nomem: plan written to ");
  nomem__text_add(&text, path.bytes);
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, STDERR_FILENO);
}

static void add_setting(struct nomem_text *text, const char *name, const char *value) {
  if (value == NULL || value[0] == '\0') return;
  nomem__text_add(text, name);
  nomem__text_add(text, "=");
  nomem__text_quoted(text, value);
  nomem__text_add(text, " ");
}

/* The words as given. Under a plan an input is run once, unless sticky=1 asks for it to be compared. */
static void add_words(struct nomem_text *text) {
  static struct nomem_text words;
  words.length = 0;
  words.bytes[0] = '\0';
  if (nomem__options.words != NULL) nomem__text_add(&words, nomem__options.words);
  if (nomem__current.is_running && nomem__current.plan == NULL && !nomem__options.has_plan)
    nomem__text_add(&words, words.length > 0 ? ",sticky=1" : "sticky=1");
  add_setting(text, "NOMEM_FUZZ", words.bytes);
}

/* A plan that names one call needs none of the settings about other calls. */
static void add_command(struct nomem_text *text, const struct nomem_plan *plan, const char *plan_text) {
  add_words(text);
  if (plan->has != NOMEM_HAS_SITE) {
    add_setting(text, "NOMEM_FUZZ_ONLY", nomem__options.only_text);
    add_setting(text, "NOMEM_FUZZ_NOT", nomem__options.except_text);
    add_setting(text, "NOMEM_FUZZ_KNOWN", nomem__known_sites_setting());
  }
  add_setting(text, "NOMEM_FUZZ_PLAN", plan_text);
  nomem__text_quoted(text, nomem__options.program);
}

static bool is_noted; /* the call is in the file of known ones */

static void print_commands(const struct nomem_plan *plan, uint64_t site) {
  static char plan_text[NOMEM_PLAN_BYTES];
  static struct nomem_text artifact, text;
  nomem_plan_print(plan, plan_text, sizeof plan_text);
  find_artifact(&artifact);
  if (artifact.length > 0 && !nomem__options.has_plan) write_plan(&artifact, plan_text);
  /* Inputs named on the command line are not written again. */
  const char *input = artifact.length > 0 ? artifact.bytes : nomem__options.only_input;
  nomem__text_add(&text, "nomem: reproduce: ");
  add_command(&text, plan, plan_text);
  nomem__text_add(&text, " ");
  nomem__text_quoted(&text, input);
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, STDERR_FILENO);
  if (!nomem__options.has_plan) is_noted = nomem__known_sites_add(site, input);
  if (!has_libfuzzer()) return;
  nomem__text_add(&text, "nomem: minimise the input: ");
  add_command(&text, plan, plan_text);
  nomem__text_add(&text, " -minimize_crash=1 -runs=100000 ");
  nomem__text_quoted(&text, input);
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, STDERR_FILENO);
}

/* One finding must not stand in the way of the next. */
static void print_how_to_continue(const struct nomem_failed_call *failed) {
  static struct nomem_text except, text;
  if (is_noted) {
    nomem__text_add(&text, "nomem: go on without this call: start again; it is in ");
    nomem__text_add(&text, nomem__options.known_text);
    nomem__text_add(&text, " now\n");
    nomem__text_flush(&text, STDERR_FILENO);
    return;
  }
  if (nomem__options.except_text != NULL && nomem__options.except_text[0] != '\0') {
    nomem__text_add(&except, nomem__options.except_text);
    nomem__text_add(&except, ";");
  }
  nomem__text_add(&except, "site=");
  nomem__text_hex(&except, failed->site->key);
  nomem__text_add(&text, "nomem: go on without this call: ");
  add_setting(&text, "NOMEM_FUZZ_NOT", except.bytes);
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, STDERR_FILENO);
}

void nomem__report_harness(const struct nomem_failed_call *failed) {
  nomem__print_line(
      "not counted: what follows is not checked by the harness itself, and crashed there or where it passed "
      "NULL on; the call is left alone from now on");
  print_failed_call(failed);
  nomem__known_sites_add(failed->site->key, "not checked by the harness");
}

/* The plan that names the calls one by one: what minimise_plan.sh begins with. */
static void print_calls_one_by_one(const struct nomem_failed_call *calls, uint32_t count) {
  static struct nomem_text text;
  nomem__text_add(&text, "nomem: one by one: ");
  for (uint32_t i = 0; i < count; i++) {
    nomem__text_add(&text, i == 0 ? "site=" : ";site=");
    nomem__text_hex(&text, calls[i].site->key);
    nomem__text_add(&text, "@");
    nomem__text_number(&text, calls[i].occurrence);
  }
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, STDERR_FILENO);
}

static void print_many_calls(const struct nomem_failed_call *calls, const struct nomem_failed_call *last,
                             uint32_t count) {
  static struct nomem_text text;
  nomem__text_add(&text, "nomem: it was the first of ");
  nomem__text_number(&text, count);
  nomem__text_add(&text, "; the last:\n");
  nomem__text_flush(&text, STDERR_FILENO);
  print_failed_call(last);
  if (count <= NOMEM_FAILED_MAX) print_calls_one_by_one(calls, count);
}

void nomem__print_line(const char *line) {
  static struct nomem_text text;
  nomem__text_add(&text, "nomem: ");
  nomem__text_add(&text, line);
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, STDERR_FILENO);
}

/* Reports once, and only on a run or on what a run has left behind. */
static void report(void) {
  static _Atomic bool is_done;
  const struct nomem_failed_call *calls, *last, *cause = &nomem__current.leak_failed;
  const struct nomem_plan *plan = nomem__current.leak_plan;
  uint32_t failed = 0;
  atomic_store(&nomem__mode, 0);
  if ((!nomem__current.is_running && plan == NULL) || atomic_exchange(&is_done, true)) return;
  if (nomem__current.is_running) {
    bool is_after = nomem__current.plan == NULL && nomem__current.after_plan != NULL;
    plan = is_after ? nomem__current.after_plan : nomem__current.plan;
    failed = is_after ? 1 : nomem__decision_failed(&calls, &last);
    cause = is_after ? &nomem__current.after_failed : &calls[0];
    if (plan == NULL || failed == 0) {
      nomem__print_line(
          "no call was failed in this run: if NOMEM_FUZZ=off does not show the same, a call failed in an "
          "earlier run has left it behind");
      return;
    }
    if (nomem__current.finding != NULL)
      nomem__print_line(nomem__current.finding);
    else if (is_after)
      nomem__print_line("no call was failed in this run, but in the one before it:");
  }
  print_failed_call(cause);
  if (failed > 1) print_many_calls(calls, last, failed);
  print_commands(plan, cause->site->key);
  if (!nomem__options.has_plan) print_how_to_continue(cause);
}

/* As the fuzzer names and writes it. */
static void write_leaking_input(void) {
  static struct nomem_text path;
  if (nomem__options.exact_artifact[0] == '\0') {
    nomem__text_add(&path, nomem__options.artifact_prefix);
    nomem__text_add(&path, "leak-");
    nomem__text_add(&path, nomem__current.leak_digest);
  } else {
    nomem__text_add(&path, nomem__options.exact_artifact);
  }
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path.bytes, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  for (size_t done = 0; fd >= 0 && done < nomem__current.size;) {
    ssize_t written = write(fd, nomem__current.data + done, nomem__current.size - done);
    if (written <= 0) break;
    done += (size_t)written;
  }
  if (fd >= 0) syscall(SYS_close, fd);
}

void nomem__report_leak(void) {
  write_leaking_input();
  report();
}

static void on_death(void) {
  atomic_store(&nomem__mode, 0);
  nomem__scout_died(__builtin_dwarf_cfa());
  if (has_libfuzzer()) _ZN6fuzzer6Fuzzer19StaticDeathCallbackEv();
  report();
}

/* The signal then has the effect that it would have had: an instruction that caused it causes it once more. */
static void on_signal(int signal, siginfo_t *info, void *context) {
  (void)context;
  report();
  if (info->si_code <= 0) raise(signal);
}

/* Other fuzzers leave it to the system to end the process, or to a sanitizer, whose handlers are left alone. */
static void report_signals(void) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  const struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND};
  struct sigaction now;
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL) sigaction(signals[i], &action, NULL);
}

/* libFuzzer calls this to end the process once it has written the artifact of a crash, a leak, a timeout or an exit. */
void _Exit(int status) {
  nomem__scout_died(__builtin_dwarf_cfa());
  if (status != 0) report();
  for (;;) syscall(SYS_exit_group, status);
}

/* gcc has a library for each sanitizer, and each ends the process by itself. */
static void arm_shared_sanitizers(void) {
  for (struct link_map *module = _r_debug.r_map; module != NULL && &dlopen != NULL; module = module->l_next) {
    if (!nomem__is_sanitizer(nomem__module_base_name(module->l_name))) continue;
    void *library = dlopen(module->l_name, RTLD_LAZY | RTLD_NOLOAD), *found = NULL;
    void (*set_death_callback)(void (*)(void));
    if (library != NULL) found = dlsym(library, "__sanitizer_set_death_callback");
    memcpy(&set_death_callback, &found, sizeof found);
    if (found != NULL) set_death_callback(on_death);
  }
}

void nomem__report_arm(void) {
  if (&__sanitizer_set_death_callback != NULL) __sanitizer_set_death_callback(on_death);
  arm_shared_sanitizers();
  if (!has_libfuzzer()) report_signals();
}

/* Without libFuzzer nobody ends the process by _Exit, so the report is made before. */
_Noreturn void nomem__report_finding(const char *finding) {
  nomem__scout_died(__builtin_dwarf_cfa());
  nomem__current.finding = finding;
  nomem__current.plan = NULL;
  nomem__current.is_running = true;
  if (!has_libfuzzer()) report();
  raise(SIGABRT);
  __builtin_trap();
}
