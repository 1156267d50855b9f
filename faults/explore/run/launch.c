/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel_copy.h"
#include "forked_runs.h"

/* A run is looked at so often: a program fills memory with its output at some megabytes a millisecond. */
#define STEP_MS 25
/* A sanitizer that looks for leaks reads all memory of its process and symbolises what it finds: it has so many times
 * the time. */
#define LEAK_CHECK_FACTOR 10
#define NS_PER_MS 1000000

void nomem__launch_take_request(struct nomem__worker *worker, const struct nomem__run_request *request) {
  worker->request = *request;
  worker->request.plan = NULL;
  worker->limit_ms = request->check_leaks ? request->timeout_ms * LEAK_CHECK_FACTOR : request->timeout_ms;
}

/* The program may have written behind the pages that the command knows. That memory would stay for as long as the
 * command: the file cannot be made shorter, so what lies there is given back. */
static void drop_appended(const struct nomem__worker *worker) {
  struct stat status;
  off_t known = (off_t)worker->channel_bytes;
  if (fstat(worker->channel_fd, &status) != 0 || status.st_size <= known) return;
  fallocate(worker->channel_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, known, status.st_size - known);
}

/* Zeroes what a run counts. Sites and modules stay, with the pages they lie on, unless the last run may have
 * overwritten them. */
static int reset_tables(struct nomem__worker *worker) {
  struct nomem_channel *channel = worker->channel;
  drop_appended(worker);
  if (!worker->is_dirty) {
    nomem__site_tables_zero(channel);
    return 0;
  }
  off_t bytes = (off_t)sizeof *channel;
  if (fallocate(worker->channel_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, bytes) != 0) return -errno;
  if (worker->used_tables != NULL) nomem__site_tables_enter(worker->used_tables, channel);
  return 0;
}

/* What the program is told. */
static void tell(struct nomem__worker *worker, enum nomem_engine engine, const char *plan) {
  const struct nomem__run_setup *setup = worker->setup;
  const struct nomem__run_request *request = &worker->request;
  struct nomem_channel *copy = worker->copy;
  bool is_executed = engine == NOMEM_ENGINE_EXEC && *plan == '\0';
  bool has_tables = request->note_recoveries && worker->used_tables != NULL;
  copy->magic = NOMEM_CHANNEL_MAGIC;
  copy->watch = request->watch;
  copy->guarded_from = request->watch == NOMEM_WATCH_BLOCK_TABLE ? request->guarded_from : 0;
  copy->check_leaks = request->check_leaks && setup->trace;
  copy->measures_coverage = setup->coverage != NULL;
  copy->fork = (struct nomem_fork){.engine = engine};
  /* With one point, no call after it need have a site. */
  copy->record_sites = setup->inherit || request->record_sites || is_executed;
  copy->known_sites = has_tables ? worker->used_tables->site_count : 0;
  copy->verify = setup->verify;
  copy->stop_at_fault = NOMEM_STOP_NEVER;
  if (request->stop_watcher != NULL)
    copy->stop_at_fault = request->stop_watcher->begin(request->stop_watcher, worker->channel);
  memset(copy->plan, 0, sizeof copy->plan);
  snprintf(copy->plan, sizeof copy->plan, "%s", plan);
  snprintf(copy->image, sizeof copy->image, "%s", setup->image);
  worker->needs_sites = is_executed || request->watch == NOMEM_WATCH_BLOCK_TABLE;
}

int nomem__launch_prepare(struct nomem__worker *worker, enum nomem_engine engine, const char *plan) {
  struct nomem_channel *channel = worker->channel;
  int result = reset_tables(worker);
  if (result == 0) result = nomem__output_capture_restart(&worker->capture);
  if (result != 0) return result;
  nomem__site_tables_clear_report(channel);
  memset(channel->images, 0, sizeof channel->images);
  channel->image_count = 0;
  channel->screening = (struct nomem_screening){0};
  channel->fork = (struct nomem_fork){0};
  tell(worker, engine, plan);
  nomem__channel_copy_tell(worker->copy, channel);
  nomem__channel_copy_begin(worker->copy, channel);
  worker->exit_records.wants_all = *plan == '\0';
  worker->point = NULL;
  worker->takes_snapshots = worker->is_unsound = false;
  return 0;
}

static pid_t last_failed_thread(const struct nomem_channel *channel) {
  struct nomem_fault fault;
  uint32_t count = nomem__channel_faults(channel);
  return count > 0 && nomem__channel_copy_fault(channel, count - 1, &fault) ? fault.tid : 0;
}

static bool has_written_too_much(const struct nomem__worker *worker) {
  return !worker->setup->inherit && nomem__output_capture_bytes(&worker->capture) > NOMEM_OUTPUT_MAX_BYTES;
}

static void step_clock(struct nomem__worker *worker) {
  struct nomem__tree *tree = worker->run != NULL ? worker->run : worker->parent;
  struct nomem__processor_step use = {0};
  if (tree != NULL) use = nomem__tree_use_step(tree);
  nomem__run_clock_step(&worker->clock, uv_hrtime(), worker->step_ms * NS_PER_MS, &use);
}

/* The time that the run has left, in milliseconds. The early limit is that of a run, but not of the process that is
 * forked for runs. */
static uint64_t find_remaining_ms(const struct nomem__worker *worker, bool has_early_limit) {
  uint64_t used_ms = worker->clock.used_ns / NS_PER_MS;
  uint64_t limit_ms = has_early_limit ? worker->request.early_ms : worker->limit_ms;
  if (limit_ms == 0) return UINT64_MAX;
  return used_ms < limit_ms ? limit_ms - used_ms : 0;
}

static void check_limits(uv_timer_t *timer);

static void look_again(struct nomem__worker *worker, uint64_t remaining_ms) {
  worker->step_ms = remaining_ms < STEP_MS ? remaining_ms : STEP_MS;
  uv_timer_start(&worker->timer, check_limits, worker->step_ms, 0);
}

static void check_limits(uv_timer_t *timer) {
  struct nomem__worker *worker = timer->data;
  bool has_early_limit = worker->request.early_ms != 0 && worker->run != NULL;
  step_clock(worker);
  uint64_t remaining_ms = find_remaining_ms(worker, has_early_limit);
  worker->is_flooded = has_written_too_much(worker);
  worker->has_early_limit = has_early_limit && remaining_ms == 0;
  if (!worker->is_flooded && remaining_ms > 0)
    look_again(worker, remaining_ms);
  else if (worker->run == NULL && worker->parent != NULL)
    nomem__tree_cancel(worker->parent);
  else if (worker->run != NULL && worker->is_flooded)
    nomem__tree_stop(worker->run);
  else if (worker->run != NULL)
    nomem__tree_time_out(worker->run, last_failed_thread(worker->channel));
}

void nomem__launch_start_clock(struct nomem__worker *worker) {
  nomem__run_clock_start(&worker->clock, uv_hrtime());
  worker->has_early_limit = worker->is_flooded = false;
  uv_update_time(worker->loop);
  look_again(worker, worker->limit_ms != 0 ? worker->limit_ms : UINT64_MAX);
}

/* A stack is worth having once a call has failed: a program that dies before that dies in the baseline as well. One
 * that has overwritten its channel may have had its call failed, too. */
/* Of a death before any fault only a run with guarded blocks tells something new. */
static bool wants_stack(void *user) {
  const struct nomem__worker *worker = user;
  const struct nomem_channel *channel = worker->channel;
  return worker->copy->guarded_from != 0 || channel->fault_count > 0 || channel->faults[0].ready != 0 ||
         channel->hostile_calls > 0 || channel->magic != NOMEM_CHANNEL_MAGIC;
}

static bool wants_caught(void *user) {
  const struct nomem__worker *worker = user;
  const struct nomem__signal_watcher *watcher = worker->request.signal_watcher;
  return watcher != NULL && (watcher->is_learning || wants_stack(user));
}

static void dies(void *user) {
  struct nomem__worker *worker = user;
  nomem__output_capture_note_death(&worker->capture);
}

/* The time that this takes is not the run's. */
static void record_exit(void *user, pid_t pid, pid_t tid) {
  struct nomem__worker *worker = user;
  uint64_t began_ns = uv_hrtime();
  nomem__channel_copy_report(worker->copy, worker->channel);
  if (nomem__exit_records_want(&worker->exit_records, worker->copy, pid)) {
    nomem__channel_copy_sites(worker->copy, worker->channel);
    nomem__exit_records_read(&worker->exit_records, worker->copy, pid, tid);
  }
  nomem__run_clock_exclude(&worker->clock, uv_hrtime() - began_ns);
}

static bool caught(void *user, const struct nomem__stack *stack) {
  struct nomem__worker *worker = user;
  struct nomem__signal_watcher *watcher = worker->request.signal_watcher;
  if (!watcher->caught(watcher, stack)) return false;
  worker->last_fault = nomem__site_tables_last_fault(worker->channel);
  nomem__output_capture_note_death(&worker->capture);
  /* A process that catches a signal need not come to its end. */
  if (worker->copy->guarded_from != 0) record_exit(worker, stack->pid, stack->tid);
  return true;
}

static bool is_bug_at(void *user, const struct nomem__stack *stack) {
  const struct nomem__worker *worker = user;
  struct nomem__signal_watcher *watcher = worker->request.signal_watcher;
  return watcher != NULL && watcher->is_bug_at(watcher, stack);
}

struct nomem__tree_callbacks nomem__launch_callbacks(struct nomem__worker *worker,
                                                     void (*done)(struct nomem__tree *tree,
                                                                  const struct nomem__end *end, void *user)) {
  return (struct nomem__tree_callbacks){.done = done,
                                        .wants_stack = wants_stack,
                                        .wants_caught = wants_caught,
                                        .dies = dies,
                                        .caught = caught,
                                        .is_bug_at = is_bug_at,
                                        .user = worker};
}

/* What tracing makes possible is asked for only with it. All forks of one process share its view of the files. */
static struct nomem__spawn_request spawn_request(const struct nomem__worker *worker, struct nomem__openings *openings) {
  const struct nomem__run_setup *setup = worker->setup;
  const struct nomem__run_request *request = &worker->request;
  const struct nomem__environment *environment = &worker->environment;
  bool is_forked = worker->copy->fork.engine != NOMEM_ENGINE_EXEC;
  bool is_watched = !setup->inherit && !worker->capture.is_bounded;
  struct nomem__spawn_request spawn = {.keeper = worker->keeper,
                                       .path = setup->program,
                                       .argv = setup->argv,
                                       .environment = is_forked              ? environment->forked
                                                      : request->check_leaks ? environment->checked
                                                                             : environment->plain,
                                       .stdin_fd = -1,
                                       .stdout_fd = setup->inherit ? -1 : worker->capture.fd[NOMEM_OUTPUT],
                                       .stderr_fd = setup->inherit ? -1 : worker->capture.fd[NOMEM_ERROR],
                                       .output_max_bytes = is_watched ? NOMEM_OUTPUT_KEEPER_BYTES : 0,
                                       .own_session = !setup->inherit,
                                       .same_addresses = setup->same_addresses,
                                       .is_forked = is_forked,
                                       .sandbox = setup->isolation != NULL ? worker->sandbox : NULL,
                                       .is_fresh = (!request->keep_files || worker->needs_fresh_files) && !is_forked,
                                       .scratch_socket = worker->scratch_socket[1],
                                       .trace = setup->trace,
                                       .stop_watcher = request->stop_watcher};
  if (!setup->trace) return spawn;
  spawn.watch_effects = request->watch_effects || request->created_path != NULL;
  spawn.created_path = request->created_path;
  bool may_watch = request->watch_openings && !spawn.watch_effects && !is_forked;
  if (may_watch) spawn.openings = openings;
  spawn.watch_exits = request->watch == NOMEM_WATCH_BLOCK_TABLE;
  spawn.allow_detach = request->check_leaks;
  return spawn;
}

int nomem__launch_program(struct nomem__worker *worker, const struct nomem__tree_callbacks *callbacks,
                          struct nomem__tree **tree) {
  const struct nomem__run_setup *setup = worker->setup;
  bool has_fault = worker->copy->plan[0] != '\0';
  nomem__environment_choose_coverage(&worker->environment,
                                     has_fault ? NOMEM_COVERAGE_FAILURES : NOMEM_COVERAGE_BASELINE);
  worker->openings.channel = worker->channel;
  struct nomem__spawn_request spawn = spawn_request(worker, &worker->openings);
  spawn.creator = &worker->creator;
  worker->has_fresh_files = spawn.is_fresh;
  bool is_own_input = setup->inherit && setup->stdin_path != NULL && strcmp(setup->stdin_path, "-") == 0;
  if (!is_own_input) {
    spawn.stdin_fd = open(setup->stdin_path != NULL ? setup->stdin_path : "/dev/null", O_RDONLY | O_CLOEXEC);
    if (spawn.stdin_fd < 0) return -errno;
  }
  nomem__launch_start_clock(worker);
  int result = nomem__tree_start(worker->trees, &spawn, callbacks, tree);
  if (spawn.stdin_fd >= 0) close(spawn.stdin_fd);
  if (result != 0) uv_timer_stop(&worker->timer);
  return result;
}

bool nomem__launch_note_program(void *user, pid_t pid) {
  struct nomem__worker *worker = user;
  if (worker->exit_records.wants_all)
    nomem__executed_programs_note(&worker->executed, worker->channel, pid, worker->setup->preload);
  return nomem__executed_programs_replaces_injected(worker->channel, pid);
}

int nomem__launch_run(struct nomem__worker *worker) {
  struct nomem__tree_callbacks callbacks = nomem__launch_callbacks(worker, nomem__launch_run_done);
  callbacks.exits = record_exit;
  callbacks.executed = nomem__launch_note_program;
  worker->creator.depth = 0;
  return nomem__launch_program(worker, &callbacks, &worker->run);
}

void nomem__launch_read_output(struct nomem__worker *worker) {
  struct nomem__outcome *outcome = &worker->outcome;
  if (!outcome->is_flooded) {
    outcome->output = nomem__output_capture_read(&worker->capture, NOMEM_OUTPUT);
    outcome->error = nomem__output_capture_read(&worker->capture, NOMEM_ERROR);
  }
  bool has_death = outcome->end.fatal_deaths > 0 || outcome->end.caught.signal != 0;
  nomem__output_capture_tail(&worker->capture, has_death, outcome->tail, sizeof outcome->tail);
  struct nomem__sanitizer_memory *sanitizer = worker->setup->sanitizer;
  if (sanitizer != NULL && worker->request.learn_reports)
    nomem__sanitizer_learn(sanitizer, outcome->error.fd, outcome->error.bytes);
  else if (sanitizer != NULL)
    nomem__sanitizer_read(sanitizer, outcome->error.fd, outcome->error.bytes, &outcome->report);
}

/* What cannot be undone no other run is to find: from now on, each has a view of its own, and none is forked from a
 * process that sees it. */
static void leave_shared_view(struct nomem__worker *worker) {
  worker->needs_fresh_files = true;
  worker->outcome.has_marked_view = true;
  nomem__forked_runs_give_up(worker);
}

/* Of other runs nobody compares what they wrote. */
static bool has_ended_well(const struct nomem__outcome *outcome) {
  const struct nomem__end *end = &outcome->end;
  return end->root_status == 0 && !end->timed_out && !end->was_cancelled && !outcome->is_flooded;
}

static void list_created_files(struct nomem__worker *worker) {
  struct nomem__created_files *files = &worker->exit_records.first.created_files;
  bool is_read = worker->request.reads_files && has_ended_well(&worker->outcome);
  struct nomem__written_files *written = is_read ? &worker->written_files : NULL;
  if (worker->sandbox == NULL) return;
  worker->outcome.files = written;
  if (worker->has_fresh_files)
    nomem__created_files_list_fresh(files, written, worker->sandbox, worker->scratch_socket[0]);
  else if (!nomem__created_files_list_shared(files, written, worker->sandbox))
    leave_shared_view(worker);
}

/* Returns whether the pages have only what the command and the injector have written there. */
static bool read_report(struct nomem__worker *worker) {
  struct nomem_channel *copy = worker->copy;
  bool is_whole = nomem__channel_copy_report(copy, worker->channel);
  if (worker->needs_sites) is_whole &= nomem__channel_copy_sites(copy, worker->channel);
  /* Forks have tables of their own. */
  bool is_executed = copy->fork.engine == NOMEM_ENGINE_EXEC;
  if (is_executed && worker->used_tables != NULL)
    is_whole &= nomem__site_tables_are_whole(worker->used_tables, worker->channel);
  return is_whole;
}

/* The site of the point that the run was made for; NULL: it had another plan. */
static const struct nomem_site *find_point(const struct nomem__worker *worker, uint64_t *occurrence) {
  static struct nomem_plan plan;
  if (worker->takes_snapshots) {
    *occurrence = worker->point->occurrence;
    return nomem__site_tables_find(worker->used_tables, worker->point->key, NOMEM__ALL_DIGITS);
  }
  if (nomem_plan_parse(worker->copy->plan, &plan, NULL) != 0 || plan.rule_count == 0) return NULL;
  const struct nomem_rule *rule = &plan.rule[0];
  const struct nomem_site_match *match = rule->has & NOMEM_HAS_FROM ? &rule->from : &rule->site;
  *occurrence = match->occurrence.first;
  return nomem__site_tables_find(worker->used_tables, match->key, match->digits);
}

/* Where a run has overwritten what it had reported, its fault is the one that it was to have: what it did before that,
 * it would have done in the runs without a fault, too. */
static void assume_fault(struct nomem__worker *worker) {
  struct nomem_channel *copy = worker->copy;
  struct nomem_fault *fault = &copy->faults[0];
  uint64_t occurrence;
  const struct nomem_site *site = fault->ready ? NULL : find_point(worker, &occurrence);
  const struct nomem__end *end = &worker->outcome.end;
  if (site == NULL) return;
  *fault = (struct nomem_fault){.ready = 1,
                                .fn = site->fn,
                                .pid = end->has_stack ? end->stack.pid : copy->screening.first.pid,
                                .size_bytes = site->first_size,
                                .nth = site->first_nth,
                                .site = site->key,
                                .occurrence = occurrence,
                                .depth = site->depth};
  fault->tid = fault->pid;
  memcpy(fault->frame, site->frame, sizeof fault->frame);
  if (copy->fault_count == 0) copy->fault_count = 1;
}

/* How far it had come when it had written too much, and was ended, is chance. */
static void forget_end(struct nomem__end *end) {
  end->timed_out = end->has_stack = false;
  end->fatal_deaths = 0;
  end->fatal_signal = 0;
  end->stack.depth = 0;
  end->threads = (struct nomem__threads){0};
  end->caught.signal = 0;
}

/* What was caught first is where it blew up, unless a sanitizer has caught it and says so. Calls that
 * failed after it, such as in its handler, have not led to it. */
static void choose_blow_up(struct nomem__worker *worker) {
  struct nomem__outcome *outcome = &worker->outcome;
  struct nomem__end *end = &outcome->end;
  outcome->was_caught =
      end->caught.signal != 0 && !nomem__sanitizer_is_of_signal(outcome->report.kind, end->caught.signal);
  if (!outcome->was_caught) return;
  end->fatal_signal = end->caught.signal;
  end->stack = end->caught.stack;
  end->memory = end->caught.memory;
  end->has_stack = true;
  nomem__site_tables_forget_faults(worker->copy, worker->last_fault);
}

void nomem__launch_run_done(struct nomem__tree *tree, const struct nomem__end *end, void *user) {
  struct nomem__worker *worker = user;
  struct nomem__outcome *outcome = &worker->outcome;
  (void)tree;
  uv_timer_stop(&worker->timer);
  worker->run = NULL;
  *outcome = (struct nomem__outcome){
      .end = *end,
      .channel = worker->copy,
      .duration_us = nomem__run_clock_duration_us(&worker->clock, uv_hrtime(), worker->step_ms * NS_PER_MS),
      .starved_us = worker->clock.starved_ns / 1000,
      .is_flooded = worker->is_flooded || has_written_too_much(worker)};
  outcome->is_damaged = !read_report(worker);
  if (outcome->is_damaged) {
    assume_fault(worker);
    nomem__forked_runs_give_up(worker);
  }
  worker->is_dirty = outcome->is_damaged || outcome->is_flooded || end->fatal_deaths > 0 || end->caught.signal != 0 ||
                     end->timed_out || end->was_cancelled;
  if (outcome->is_flooded) forget_end(&outcome->end);
  outcome->is_early = outcome->end.timed_out && worker->has_early_limit;
  if (!worker->setup->inherit) nomem__launch_read_output(worker);
  choose_blow_up(worker);
  nomem__exit_records_finish(&worker->exit_records, worker->copy, end->processes);
  list_created_files(worker);
  nomem__executed_programs_finish(&worker->executed, worker->copy, end->processes, end->root);
  outcome->not_injected = &worker->executed;
  outcome->residue = &worker->exit_records.first;
  outcome->child_residue = &worker->exit_records.child_residue;
  if (worker->request.created_path != NULL && worker->creator.depth > 0) outcome->creator = &worker->creator;
  if (worker->request.watch_openings) outcome->openings = &worker->openings;
  if (worker->takes_snapshots) outcome->rank = worker->point->rank;
  worker->request.done(worker, outcome, worker->request.user);
  nomem__exit_records_clear(&worker->exit_records);
  nomem__written_files_free(&worker->written_files);
  nomem__openings_clear(&worker->openings);
  nomem__executed_programs_clear(&worker->executed);
  bool goes_on = worker->takes_snapshots && worker->parent != NULL && !outcome->is_damaged && !outcome->has_marked_view;
  if (goes_on) nomem__forked_runs_continue(worker);
}
