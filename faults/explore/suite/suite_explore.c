/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "../run/ending_signals.h"
#include "../run/job_count.h"
#include "../run/session.h"
#include "../store/database.h"
#include "../text/complain.h"
#include "../text/error_text.h"
#include "../text/memory.h"
#include "in_place.h"
#include "shared_symbols.h"
#include "suite.h"
#include "suite_turns.h"

/* The line on a terminal is drawn so often. */
#define LOOK_MS 200
/* So long a case's process may take to end once it is interrupted: it finishes what it has found. */
#define PATIENCE_NS UINT64_C(60000000000)
#define NS_PER_MS UINT64_C(1000000)
/* So many cases take turns at the most: each has a process that waits for its turn. */
#define TURNS_MAX 1000
/* Descriptors that a case takes of the command, and that the command has beside. */
#define CASE_DESCRIPTORS 3
#define OTHER_DESCRIPTORS 100

/* What is waited for beside the processes of cases: signals, and the process of the runner. */
#define WATCHED_BESIDE 2

static size_t boards_bytes(const struct nomem__suite *suite) {
  return (suite->cases.count + 1) * sizeof(struct nomem__progress_board);
}

static int watch_signals(struct nomem__suite_exploration *exploration) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  for (size_t i = 0; i < NOMEM_ENDING_SIGNALS; i++)
    if (!nomem__ending_signal_is_ignored(nomem__ending_signals[i])) sigaddset(&signals, nomem__ending_signals[i]);
  sigprocmask(SIG_BLOCK, &signals, &exploration->setup.signals);
  exploration->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  return exploration->signal_fd < 0 ? -errno : 0;
}

/* Cases take turns where not all of their sites may have theirs. Returns whether there are descriptors enough. */
static bool can_take_turns(const struct nomem__suite_exploration *exploration, size_t cases) {
  struct rlimit limit = exploration->setup.descriptors;
  const struct nomem__options *options = exploration->suite->options;
  rlim_t needed = cases * CASE_DESCRIPTORS + OTHER_DESCRIPTORS;
  if ((options->budget_ms == 0 && !options->quick) || cases > TURNS_MAX || needed > limit.rlim_max) return false;
  if (limit.rlim_cur < needed) limit.rlim_cur = needed;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static int open_exploration(struct nomem__suite_exploration *exploration) {
  struct nomem__suite *suite = exploration->suite;
  size_t cases = 0;
  for (size_t i = 0; i < suite->cases.count; i++) cases += suite->cases.list[i].reason == NULL;
  exploration->setup = (struct nomem__case_setup){.options = suite->options,
                                                  .folder = suite->folder,
                                                  .store = suite->store,
                                                  .inputs = suite->inputs,
                                                  .symbols = nomem__symbols_open(),
                                                  .lone_lock = memfd_create("nomem-lock", MFD_CLOEXEC)};
  getrlimit(RLIMIT_NOFILE, &exploration->setup.descriptors);
  exploration->takes_turns = can_take_turns(exploration, cases);
  nomem__suite_turns_open(exploration);
  exploration->slots = nomem__calloc(suite->cases.count + 1, sizeof *exploration->slots);
  nomem__set_aside_open(&exploration->aside, suite->cases.count);
  exploration->watched = nomem__calloc(suite->cases.count + WATCHED_BESIDE, sizeof *exploration->watched);
  exploration->load =
      (struct nomem__suite_load){.processors = nomem__session_count_processors(), .wanted_jobs = suite->options->jobs};
  void *boards = mmap(NULL, boards_bytes(suite), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  exploration->boards = boards != MAP_FAILED ? boards : NULL;
  int result = boards == MAP_FAILED || exploration->setup.lone_lock < 0 ? -errno : 0;
  int watching = watch_signals(exploration);
  return result != 0 ? result : watching;
}

static void close_exploration(struct nomem__suite_exploration *exploration) {
  if (exploration->boards != NULL) munmap(exploration->boards, boards_bytes(exploration->suite));
  if (exploration->signal_fd >= 0) close(exploration->signal_fd);
  if (exploration->setup.lone_lock >= 0) close(exploration->setup.lone_lock);
  for (size_t i = 0; i < exploration->suite->cases.count; i++) free(exploration->slots[i].sites.sites);
  free(exploration->slots);
  free(exploration->watched);
  free(exploration->start_order);
  nomem__case_turns_free(&exploration->turns);
  nomem__symbols_close(exploration->setup.symbols);
  sigprocmask(SIG_SETMASK, &exploration->setup.signals, NULL);
}

/* The milliseconds that are left; 0: no limit. */
static uint64_t find_budget_ms(const struct nomem__suite *suite) {
  uint64_t budget_ms = suite->options->budget_ms, used_ms = (uv_hrtime() - suite->began_ns) / NS_PER_MS;
  if (budget_ms == 0) return 0;
  return used_ms < budget_ms ? budget_ms - used_ms : 1;
}

static bool is_time_up(const struct nomem__suite *suite) {
  uint64_t budget_ms = suite->options->budget_ms;
  return budget_ms != 0 && (uv_hrtime() - suite->began_ns) / NS_PER_MS >= budget_ms;
}

bool nomem__suite_is_over(const struct nomem__suite *suite) {
  return suite->interrupted_by != 0 || is_time_up(suite);
}

bool nomem__suite_has_room(const struct nomem__suite_exploration *exploration) {
  unsigned running = 0, sum = 0;
  for (size_t i = 0; i < exploration->suite->cases.count; i++) {
    if (!nomem__case_slot_is_busy(&exploration->slots[i])) continue;
    unsigned known = exploration->boards[i].load;
    sum += known != 0 ? known : NOMEM_LOAD_WHOLE;
    running++;
  }
  return nomem__suite_load_has_room(&exploration->load, running, sum);
}

size_t nomem__suite_count_busy(const struct nomem__suite_exploration *exploration) {
  size_t busy = 0;
  for (size_t i = 0; i < exploration->suite->cases.count; i++) busy += nomem__case_slot_is_busy(&exploration->slots[i]);
  return busy;
}

static unsigned count_remaining(const struct nomem__suite_exploration *exploration) {
  const struct nomem__suite_cases *cases = &exploration->suite->cases;
  size_t remaining = 0;
  for (size_t i = 0; i < cases->count; i++) {
    size_t number = exploration->start_order[i];
    bool is_due = i >= exploration->next && cases->list[number].reason == NULL;
    remaining += is_due || exploration->slots[number].process.pid != 0;
  }
  return remaining < NOMEM_JOBS_MAX ? (unsigned)remaining : NOMEM_JOBS_MAX;
}

static void give_up_case(struct nomem__suite *suite, size_t number, enum nomem__left_out why, const char *reason) {
  nomem__suite_case_leave_out(&suite->cases.list[number], why, "%s", reason);
}

static void start_case(struct nomem__suite_exploration *exploration, size_t number) {
  struct nomem__suite *suite = exploration->suite;
  struct nomem__case_slot *slot = &exploration->slots[number];
  *slot = (struct nomem__case_slot){.since_ns = uv_hrtime()};
  struct nomem__case_request request = {
      .suite_case = &suite->cases.list[number],
      .share = nomem__suite_load_share(&exploration->load, count_remaining(exploration) + 1),
      .budget_ms = find_budget_ms(suite),
      .board = &exploration->boards[number],
      .takes_turns = exploration->takes_turns && exploration->in_place == NULL,
      .is_in_place = exploration->in_place != NULL};
  if (request.is_in_place) {
    request.inherited = exploration->in_place->places[number].inherited;
    request.copies = exploration->in_place->places[number].copies;
    request.numbers = exploration->in_place->places[number].numbers;
  }
  int result = nomem__case_start(&slot->process, &exploration->setup, &request);
  if (result != 0) give_up_case(suite, number, NOMEM_LEFT_OUT_UNFIT, nomem__error_text(-result));
}

static void release(const struct nomem__suite_exploration *exploration, size_t number) {
  if (exploration->in_place != NULL) nomem__in_place_release(exploration->in_place, number);
}

/* Why a case has to wait no longer for its turn. */
static void give_up_turn(struct nomem__suite *suite, size_t number) {
  if (suite->interrupted_by != 0)
    give_up_case(suite, number, NOMEM_LEFT_OUT_INTERRUPTED, "the suite was interrupted before its turn");
  else
    give_up_case(suite, number, NOMEM_LEFT_OUT_NO_TIME, "the time was up before its turn");
}

/* Starts as many cases as the processors have room for. */
static void start_more(struct nomem__suite_exploration *exploration) {
  struct nomem__suite *suite = exploration->suite;
  while (exploration->next < suite->cases.count) {
    size_t number = exploration->start_order[exploration->next];
    bool is_left_out = suite->cases.list[number].reason != NULL;
    bool may_start = nomem__suite_turns_may_start(exploration, number) && nomem__suite_has_room(exploration);
    if (!is_left_out && !nomem__suite_is_over(suite) && !may_start) return;
    exploration->next++;
    if (is_left_out) continue;
    if (nomem__suite_is_over(suite))
      give_up_turn(suite, number);
    else
      start_case(exploration, number);
  }
}

/* From now on the case is as the runner has started it this time. */
static void start_in_place(struct nomem__suite_exploration *exploration, size_t number) {
  struct nomem__suite_case *suite_case = &exploration->suite->cases.list[number];
  struct nomem__place *place = &exploration->in_place->places[number];
  place->state = NOMEM_PLACE_BEGUN;
  suite_case->image = &place->image;
  suite_case->is_in_place = true;
  suite_case->left_out = NOMEM_LEFT_OUT_NO;
  free(suite_case->reason);
  suite_case->reason = NULL;
  free(exploration->suite->results[number].reason);
  exploration->suite->results[number] = (struct nomem__case_result){.left_out = NOMEM_LEFT_OUT_NO};
  if (nomem__suite_is_over(exploration->suite))
    give_up_turn(exploration->suite, number);
  else
    start_case(exploration, number);
  if (suite_case->reason != NULL) release(exploration, number);
}

static void start_placed(struct nomem__suite_exploration *exploration) {
  for (size_t i = 0; i < exploration->in_place->count; i++) {
    bool is_ready = exploration->in_place->places[i].state == NOMEM_PLACE_READY;
    if (is_ready && (nomem__suite_is_over(exploration->suite) || nomem__suite_has_room(exploration)))
      start_in_place(exploration, i);
  }
}

static void end_case(struct nomem__suite_exploration *exploration, size_t number, int status) {
  struct nomem__suite *suite = exploration->suite;
  struct nomem__case_slot *slot = &exploration->slots[number];
  struct nomem__case_result *result = &suite->results[number];
  suite->explored_us[number] = slot->busy_us + (uv_hrtime() - slot->since_ns) / 1000;
  nomem__case_finish(&slot->process, status, result);
  if (result->reason != NULL) give_up_case(suite, number, result->left_out, result->reason);
  nomem__shared_symbols_learn(exploration->setup.symbols, result->document);
  exploration->boards[number] = (struct nomem__progress_board){0};
  slot->process.pid = 0;
  release(exploration, number);
  nomem__suite_progress_done(&exploration->progress, suite, number);
  nomem__set_aside_put(&exploration->aside, number, result);
}

static void reap(struct nomem__suite_exploration *exploration) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (exploration->in_place != NULL && nomem__in_place_has_ended(exploration->in_place, pid)) continue;
    for (size_t i = 0; i < exploration->suite->cases.count; i++)
      if (exploration->slots[i].process.pid == pid) end_case(exploration, i, status);
  }
}

static void signal_cases(struct nomem__suite_exploration *exploration, int number) {
  for (size_t i = 0; i < exploration->suite->cases.count; i++)
    if (exploration->slots[i].process.pid > 0) kill(exploration->slots[i].process.pid, number);
}

/* Whoever does not end when it is interrupted. */
static void kill_all(struct nomem__suite_exploration *exploration) {
  signal_cases(exploration, SIGKILL);
  if (exploration->in_place != NULL && exploration->in_place->runner != 0) kill(exploration->in_place->runner, SIGKILL);
}

/* Cases that are being explored say what they have found so far. */
static void interrupt(struct nomem__suite_exploration *exploration, int number) {
  if (exploration->suite->interrupted_by == 0) exploration->interrupted_ns = uv_hrtime();
  exploration->suite->interrupted_by = number;
  signal_cases(exploration, SIGINT);
}

/* A case has made its runs without a fault, or has had its turn. One that says nothing more ends soon. */
static void hear_case(struct nomem__case_slot *slot) {
  struct nomem__case_message message;
  if (nomem__case_read_message(slot->process.order_fd, &message) != 0) {
    slot->is_concluding = true;
    return;
  }
  slot->is_waiting = true;
  slot->busy_us += (uv_hrtime() - slot->since_ns) / 1000;
  if (message.has_sites && slot->sites.sites == NULL)
    slot->sites = message;
  else
    free(message.sites);
}

static void wait_for_change(struct nomem__suite_exploration *exploration) {
  struct signalfd_siginfo info;
  struct pollfd *watched = exploration->watched;
  size_t cases = exploration->suite->cases.count;
  for (size_t i = 0; i < cases; i++) {
    const struct nomem__case_slot *slot = &exploration->slots[i];
    bool may_speak = nomem__case_slot_is_busy(slot) && exploration->takes_turns && !slot->is_concluding;
    watched[i] = (struct pollfd){.fd = may_speak ? slot->process.order_fd : -1, .events = POLLIN};
  }
  watched[cases] = (struct pollfd){.fd = exploration->signal_fd, .events = POLLIN};
  watched[cases + 1] =
      (struct pollfd){.fd = exploration->in_place != NULL ? exploration->in_place->socket : -1, .events = POLLIN};
  poll(watched, cases + WATCHED_BESIDE, LOOK_MS);
  nomem__suite_load_adapt(&exploration->load, nomem__idle_time_look(&exploration->idle_time));
  for (size_t i = 0; i < cases; i++)
    if (watched[i].fd >= 0 && watched[i].revents != 0) hear_case(&exploration->slots[i]);
  while (read(exploration->signal_fd, &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD) interrupt(exploration, (int)info.ssi_signo);
  if (watched[cases + 1].fd >= 0 && watched[cases + 1].revents != 0)
    nomem__in_place_hear(exploration->in_place, exploration->suite);
  if (exploration->interrupted_ns != 0 && uv_hrtime() - exploration->interrupted_ns > PATIENCE_NS)
    kill_all(exploration);
}

bool nomem__suite_is_anyone_left(const struct nomem__suite_exploration *exploration) {
  for (size_t i = 0; i < exploration->suite->cases.count; i++)
    if (exploration->slots[i].process.pid != 0) return true;
  return false;
}

static void explore_cases(struct nomem__suite_exploration *exploration) {
  for (;;) {
    reap(exploration);
    start_more(exploration);
    if (exploration->takes_turns) nomem__suite_turns_take(exploration);
    if (!nomem__suite_is_anyone_left(exploration) && exploration->next == exploration->suite->cases.count) return;
    nomem__suite_progress_draw(&exploration->progress, exploration->boards, exploration->suite->cases.count);
    wait_for_change(exploration);
  }
}

static size_t count_for_place(const struct nomem__suite *suite) {
  size_t count = 0;
  for (size_t i = 0; i < suite->cases.count; i++) count += nomem__in_place_is_wanted(&suite->cases.list[i]);
  return count;
}

/* What the runner has not come to, or what has failed there, too. */
static void describe_unplaced(struct nomem__suite_exploration *exploration) {
  struct nomem__suite *suite = exploration->suite;
  for (size_t i = 0; i < exploration->in_place->count; i++) {
    const struct nomem__place *place = &exploration->in_place->places[i];
    struct nomem__suite_case *suite_case = &suite->cases.list[i];
    if (place->state != NOMEM_PLACE_AWAITED || suite->interrupted_by != 0) continue;
    char *reason = nomem__in_place_describe(exploration->in_place, place, suite_case->reason);
    give_up_case(suite, i, suite_case->left_out, reason);
    free(reason);
  }
}

/* The runner goes on to its end when all cases are explored, because it may have to tidy up; but not when the command
 * is interrupted. */
static void follow_runner(struct nomem__suite_exploration *exploration) {
  struct nomem__in_place *in_place = exploration->in_place;
  while (in_place->runner != 0 || in_place->socket >= 0 || nomem__suite_is_anyone_left(exploration)) {
    reap(exploration);
    start_placed(exploration);
    if (exploration->suite->interrupted_by != 0 && !nomem__suite_is_anyone_left(exploration))
      nomem__in_place_end_runner(in_place);
    nomem__suite_progress_draw(&exploration->progress, exploration->boards, exploration->suite->cases.count);
    if (in_place->runner != 0 || in_place->socket >= 0 || nomem__suite_is_anyone_left(exploration))
      wait_for_change(exploration);
  }
}

static void explore_in_place(struct nomem__suite_exploration *exploration) {
  struct nomem__suite *suite = exploration->suite;
  size_t count =
      suite->options->in_place == NOMEM_IN_PLACE_AUTO && !nomem__suite_is_over(suite) ? count_for_place(suite) : 0;
  if (count == 0) return;
  nomem__suite_progress_stop(&exploration->progress);
  if (!suite->options->quiet)
    nomem__complain(count == 1 ? "%zu test passes only where the runner starts it: the runner runs once more, and the "
                                 "test is explored there"
                               : "%zu tests pass only where the runner starts them: the runner runs once more, and the "
                                 "tests are explored there",
                    count);
  suite->in_place = nomem__calloc(1, sizeof *suite->in_place);
  int result = nomem__in_place_begin(suite->in_place, suite, &exploration->setup);
  if (result != 0) {
    nomem__complain("cannot start the runner once more: %s", nomem__error_text(-result));
    return;
  }
  exploration->in_place = suite->in_place;
  exploration->progress.cases += count;
  follow_runner(exploration);
  describe_unplaced(exploration);
}

int nomem__suite_explore(struct nomem__suite *suite) {
  struct nomem__suite_exploration *exploration = nomem__calloc(1, sizeof *exploration);
  exploration->suite = suite;
  suite->began_ns = uv_hrtime();
  int result = open_exploration(exploration);
  int noted = nomem__ending_signals_take(); /* since the recording */
  if (noted != 0) interrupt(exploration, noted);
  if (result == 0) {
    nomem__suite_progress_start(&exploration->progress, suite);
    explore_cases(exploration);
    explore_in_place(exploration);
    nomem__suite_progress_stop(&exploration->progress);
  } else {
    nomem__complain("cannot explore: %s", nomem__error_text(-result));
  }
  suite->ended_ns = uv_hrtime();
  nomem__set_aside_take_all(&exploration->aside, suite->results, suite->cases.count);
  close_exploration(exploration);
  free(exploration);
  return result;
}
