/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../isolation/isolation.h"
#include "../text/complain.h"
#include "../text/error_text.h"
#include "../text/quote.h"
#include "ending_signals.h"
#include "environment.h"
#include "job_count.h"

/* So many descriptors the loop and one run take, and some more. */
#define LEAST_DESCRIPTORS 24

static void handle_interrupt(uv_signal_t *watcher, int signal) {
  struct nomem__session *session = watcher->data;
  session->interrupted_by = signal;
  session->interrupts++;
  if (session->on_interrupt != NULL) session->on_interrupt(session->user);
}

/* One that is ignored is left so. */
static int watch_signal(struct nomem__session *session, int signal) {
  if (nomem__ending_signal_is_ignored(signal)) return 0;
  uv_signal_t *watcher = &session->signals[session->signal_count];
  int result = uv_signal_init(&session->loop, watcher);
  if (result != 0) return result;
  session->signal_count++;
  watcher->data = session;
  result = uv_signal_start(watcher, handle_interrupt, signal);
  uv_unref((uv_handle_t *)watcher);
  return result;
}

/* Every signal that would end the command, also those that hardly anybody sends. One that breaks a pipe, or a limit of
 * a file's size, shows where the command writes. */
static int watch_signals(struct nomem__session *session) {
  static const int rare[] = {SIGSTKFLT, SIGVTALRM, SIGPROF, SIGIO, SIGPWR};
  int result = 0;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  for (size_t i = 0; i < NOMEM_ENDING_SIGNALS && result == 0; i++)
    result = watch_signal(session, nomem__ending_signals[i]);
  for (size_t i = 0; i < sizeof rare / sizeof *rare && result == 0; i++) result = watch_signal(session, rare[i]);
  for (int number = SIGRTMIN; number <= SIGRTMAX && result == 0; number++) result = watch_signal(session, number);
  return result;
}

/* libuv ends the process by abort where it gets no descriptor for its own signals. */
static int check_descriptors(void) {
  int fds[LEAST_DESCRIPTORS], result = 0;
  unsigned count = 0;
  for (; count < LEAST_DESCRIPTORS && result == 0; count++) {
    fds[count] = eventfd(0, EFD_CLOEXEC);
    if (fds[count] < 0) result = -errno;
  }
  while (count-- > 0)
    if (fds[count] >= 0) close(fds[count]);
  return result;
}

static int open_parts(struct nomem__session *session) {
  int result = check_descriptors();
  if (result == 0) result = uv_loop_init(&session->loop);
  if (result != 0) return result;
  session->has_loop = true;
  result = nomem__trees_open(&session->loop, session->isolation, &session->trees);
  if (result == 0) result = watch_signals(session);
  if (result != 0) return result;
  if (session->symbols == NULL) {
    session->symbols = nomem__symbols_open();
    session->owns_symbols = true;
  }
  nomem__trees_set_symbols(session->trees, session->symbols);
  return 0;
}

unsigned nomem__session_count_processors(void) {
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : count < NOMEM_JOBS_MAX ? (unsigned)count : NOMEM_JOBS_MAX;
}

void nomem__session_take_turn(const struct nomem__session *session) {
  const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  bool is_isolated = session->is_isolated && session->setup.isolation != NULL;
  if (session->lone_lock > 0 && !is_isolated) fcntl(session->lone_lock, F_SETLKW, &whole);
}

void nomem__session_end_turn(const struct nomem__session *session) {
  const struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
  if (session->lone_lock > 0) fcntl(session->lone_lock, F_SETLK, &whole);
}

/* Decides whether runs are isolated, and how many there are at a time. */
static int open_isolation(struct nomem__session *session, bool inherit) {
  const struct nomem__options *options = session->options;
  char reason[NOMEM_ISOLATION_REASON_BYTES] = "";
  bool is_complete = false, is_wanted = options->isolate != NOMEM_ISOLATE_OFF;
  session->jobs = options->jobs != 0 ? options->jobs : 1;
  if (!is_wanted) nomem__session_take_turn(session);
  if (options->command == NOMEM_COMMAND_SITES || !is_wanted) return 0;
  unsigned wanted = options->jobs != 0 ? options->jobs : inherit ? 1 : session->processors;
  unsigned most = options->jobs == 0 && !inherit && wanted < NOMEM_WAITING_JOBS_MAX ? NOMEM_WAITING_JOBS_MAX : wanted;
  int result =
      nomem__isolation_open(wanted, most, options->coverage, &session->isolation, &is_complete, reason, sizeof reason);
  if (options->isolate == NOMEM_ISOLATE_ON && !is_complete) {
    nomem__complain("--isolate on: not possible here: %s: use auto, or off", reason);
    return result != 0 ? result : -EPERM;
  }
  session->setup.isolation = session->isolation;
  if (is_complete) session->jobs = wanted;
  session->is_isolated = is_complete;
  nomem__session_take_turn(session);
  snprintf(session->isolation_reason, sizeof session->isolation_reason, "%s", reason);
  return 0;
}

void nomem__session_choose_jobs(struct nomem__session *session, unsigned run_load) {
  bool is_isolated = session->is_isolated && session->setup.isolation != NULL;
  if (session->options->jobs == 0 && is_isolated) session->jobs = nomem__job_count(session->processors, run_load);
  if (session->board != NULL) session->board->load = session->jobs * run_load;
}

void nomem__session_say_isolation(const struct nomem__session *session) {
  const struct nomem__options *options = session->options;
  if (options->isolate == NOMEM_ISOLATE_OFF) return;
  if (session->is_isolated && options->verbose)
    nomem__complain("runs are isolated: own network and IPC; changes to files are thrown away in %s",
                    session->isolation_reason);
  else if (!session->is_isolated && !options->quiet && (!session->setup.inherit || options->verbose))
    nomem__complain("runs are not isolated from one another (%s), %s (--isolate off says that this is meant)",
                    session->isolation_reason,
                    session->jobs > 1 ? "and several at a time may disturb each other" : "so there is one at a time");
}

bool nomem__session_drop_isolation(struct nomem__session *session) {
  if (session->setup.isolation == NULL || session->options->isolate == NOMEM_ISOLATE_ON) return false;
  session->setup.isolation = NULL;
  nomem__session_take_turn(session);
  session->settled = *session->options; /* a reproduction must not be isolated, either */
  session->settled.isolate = NOMEM_ISOLATE_OFF;
  session->options = &session->settled;
  session->jobs = session->options->jobs != 0 ? session->options->jobs : 1;
  return true;
}

void nomem__session_choose_image(struct nomem__session *session, const char *names) {
  snprintf(session->chosen_image, sizeof session->chosen_image, "%s", names);
  session->settled = *session->options; /* a reproduction must choose the same */
  session->settled.image = session->setup.image = session->chosen_image;
  session->options = &session->settled;
}

static int open_session(struct nomem__session *session, bool inherit) {
  const struct nomem__options *options = session->options;
  char reason[NOMEM_TARGET_REASON_BYTES];
  if (access("/proc/self/fd", X_OK) != 0) {
    nomem__complain("/proc is not there: mount it first, for instance by 'mount -t proc proc /proc'");
    return -ENOENT;
  }
  int result = nomem__target_check(options->program[0], &session->target, reason, sizeof reason);
  if (result != 0) {
    nomem__complain("%s", reason);
    return result;
  }
  result = nomem__preload_find(session->preload, sizeof session->preload);
  if (result != 0) {
    if (result == -EINVAL)
      nomem__complain("%s: its path has a blank or a colon, which LD_PRELOAD cannot take: install nomem elsewhere",
                      session->preload);
    else
      nomem__complain("libnomem-preload.so is not beside the command: run 'make' or 'make install' again");
    return result;
  }
  session->setup = (struct nomem__run_setup){.program = session->target.path,
                                             .argv = options->program,
                                             .preload = session->target.elf.has_backend ? NULL : session->preload,
                                             .image = options->image,
                                             .stdin_path = options->stdin_path,
                                             .inherit = inherit,
                                             .same_addresses = !options->aslr,
                                             .trace = !options->no_trace,
                                             .coverage = options->coverage,
                                             .verify = options->verify,
                                             .sanitizer = inherit ? NULL : &session->sanitizer};
  result = open_isolation(session, inherit);
  if (result == 0) {
    result = open_parts(session);
    if (result != 0) nomem__complain("cannot start: %s", nomem__error_text(-result));
  }
  if (result != 0) nomem__session_close(session);
  return result;
}

int nomem__session_open(struct nomem__session *session, const struct nomem__options *options, bool inherit) {
  *session = (struct nomem__session){.options = options, .processors = nomem__session_count_processors()};
  return open_session(session, inherit);
}

int nomem__session_open_shared(struct nomem__session *session, const struct nomem__options *options,
                               const struct nomem__session_shared *shared) {
  *session = (struct nomem__session){.options = options,
                                     .symbols = shared->symbols,
                                     .board = shared->board,
                                     .lone_lock = shared->lone_lock,
                                     .processors = shared->processors};
  return open_session(session, false);
}

static void close_loop(struct nomem__session *session) {
  if (session->trees != NULL) nomem__trees_close(session->trees);
  nomem__ending_signals_unwatch(session->signals, session->signal_count);
  uv_run(&session->loop, UV_RUN_DEFAULT);
  uv_loop_close(&session->loop);
}

void nomem__session_close(struct nomem__session *session) {
  if (session->has_loop) close_loop(session);
  if (session->owns_symbols) nomem__symbols_close(session->symbols);
  nomem__sanitizer_forget(&session->sanitizer);
  nomem__isolation_close(session->isolation);
}

void nomem__session_run(struct nomem__session *session) {
  uv_run(&session->loop, UV_RUN_DEFAULT);
}

void nomem__session_run_until(struct nomem__session *session, const struct nomem__worker *worker) {
  while (nomem__worker_is_busy(worker) && uv_run(&session->loop, UV_RUN_ONCE) != 0) continue;
}

bool nomem__session_can_retry(struct nomem__session *session, int result) {
  char name[NOMEM_QUOTE_BYTES];
  if (result == -EPERM && session->setup.trace) {
    session->setup.trace = false;
    nomem__complain(
        "ptrace is not allowed here: findings will lack the stack of the crash (--no-trace says that this is meant)");
    return true;
  }
  if (session->setup.stdin_path != NULL && (result == -ENOENT || result == -EACCES || result == -EISDIR))
    nomem__complain("--stdin: cannot read %s: %s", nomem__quote(session->setup.stdin_path, name, sizeof name),
                    strerror(-result));
  else
    nomem__complain("cannot start %s: %s", nomem__quote(session->target.path, name, sizeof name),
                    result == -ECHILD ? "the process that starts it was killed" : nomem__error_text(-result));
  return false;
}

static bool has_injected_image(const struct nomem_channel *channel, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (channel->images[i].injected) return true;
  return false;
}

bool nomem__session_was_injected(const struct nomem__outcome *outcome) {
  const struct nomem_channel *channel = outcome->channel;
  uint32_t count = channel->image_count < NOMEM_IMAGES ? channel->image_count : NOMEM_IMAGES;
  if (outcome->end.start_error != 0) {
    nomem__complain("the program could not be executed: %s", strerror(outcome->end.start_error));
    return false;
  }
  const struct nomem__executed_programs *not_injected = outcome->not_injected;
  bool has_reason = not_injected != NULL && not_injected->count > 0 && !has_injected_image(channel, count);
  if (has_reason) {
    nomem__complain("nothing was intercepted: %s", not_injected->list[0].reason);
    return false;
  }
  if (count == 0) {
    nomem__complain(
        "nothing was intercepted: the program did not load the preload library (is it static or setuid, or started "
        "through something that clears LD_PRELOAD?): link nomem-link.o into it instead");
    return false;
  }
  if (has_injected_image(channel, count)) {
    if (nomem__channel_calls(channel) > 0) return true;
    nomem__complain(
        "nothing was intercepted: the program allocates nothing, or brings an allocator of its own: "
        "give it work to do, or link nomem-link.o into it");
    return false;
  }
  char name[NOMEM_QUOTE_BYTES];
  const char *path = channel->images[0].path;
  const char *slash = memrchr(path, '/', strnlen(path, NOMEM_PATH_BYTES));
  nomem__quote(slash != NULL ? slash + 1 : path, name, sizeof name);
  nomem__complain(
      "nothing was intercepted: only %s ran, which is a launcher, or not selected by --image: "
      "select the program with --image (%s, if it is this one)",
      name, name);
  return false;
}
