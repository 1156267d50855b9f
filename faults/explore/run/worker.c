/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../process/syscall_effects.h"
#include "../residue/exit_records.h"
#include "environment.h"

/* A run whose output goes past this is writing without end, into memory. */
#define OUTPUT_MAX_BYTES (64u << 20)
#define OUTPUT_CHECK_MS 100
/* A sanitizer that looks for leaks reads all memory of its process, and names its findings. */
#define CHECKED_FACTOR 10

struct nomem__worker {
  uv_loop_t *loop;
  struct nomem__trees *trees;
  const struct nomem__run_setup *setup;
  struct nomem_channel *channel;
  size_t channel_bytes; /* with the points behind it */
  int channel_fd;
  struct nomem__output_capture capture;
  bool is_dirty; /* the last run may have written anywhere in the channel */
  const struct nomem__site_tables *known;
  struct nomem__environment environment;
  uv_timer_t timer; /* looks at the clock and at the output, while a run goes on */
  uint64_t started_ns, deadline_ms;
  bool was_early;
  struct nomem__tree *tree;          /* of the run that goes on */
  struct nomem__tree *parent;        /* of the process that is forked: the server, or the one snapshots are taken of */
  bool has_lost_server;              /* it ended by itself: runs are made by starting the program */
  struct nomem__run_request request; /* of the run that goes on, or of the snapshots; its plan is in the channel */
  struct nomem__stack creator;       /* depth 0: nobody has made it */
  bool is_fresh;                     /* the run, or what is forked for it, has a view of the files of its own */
  struct nomem__exit_records ends;
  struct nomem__sandbox *sandbox; /* NULL: none */
  int scratch_socket[2];          /* a pair: for nomem__sandbox_receive_scratch, and for runs in the sandbox */
  enum nomem_obstacle obstacle;
  bool is_snapshot, is_unsound;
  uint32_t *ranks; /* of the channel's points, which the program may write to */
  size_t rank_count;
  uint32_t rank;                         /* of the run that goes on */
  uint64_t (*next_early_ms)(void *user); /* with is_snapshot: of the run to come */
  nomem__worker_ended ended;             /* with is_snapshot */
  struct nomem__outcome outcome;
};

int nomem__worker_use_huge_pages(struct nomem__worker *worker) {
  return nomem__environment_use_huge_pages(&worker->environment);
}

static int make_environment(struct nomem__worker *worker) {
  char channel[64];
  if (worker->sandbox != NULL)
    nomem__sandbox_path(worker->sandbox, channel, sizeof channel);
  else
    snprintf(channel, sizeof channel, "/proc/%d/fd/%d", (int)getpid(), worker->channel_fd);
  return nomem__environment_make(&worker->environment, worker->setup, channel);
}

static int map_channel(struct nomem__worker *worker) {
  if (worker->setup->isolation == NULL) {
    worker->channel_fd = nomem__channel_file();
  } else {
    int result = nomem__sandbox_open(worker->setup->isolation, &worker->sandbox, &worker->channel_fd);
    if (result != 0) return result;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, worker->scratch_socket) != 0) return -errno;
  }
  if (worker->channel_fd < 0) return worker->channel_fd;
  int result = nomem__output_capture_open(&worker->capture);
  if (result != 0) return result;
  if (ftruncate(worker->channel_fd, sizeof(struct nomem_channel)) != 0) return -errno;
  void *pages = mmap(NULL, sizeof(struct nomem_channel), PROT_READ | PROT_WRITE, MAP_SHARED, worker->channel_fd, 0);
  if (pages == MAP_FAILED) return -errno;
  worker->channel = pages;
  worker->channel_bytes = sizeof *worker->channel;
  worker->is_dirty = true;
  return 0;
}

int nomem__worker_open(struct nomem__trees *trees, uv_loop_t *loop, const struct nomem__run_setup *setup,
                       struct nomem__worker **out) {
  struct nomem__worker *worker = calloc(1, sizeof *worker);
  if (worker == NULL) return -ENOMEM;
  *worker = (struct nomem__worker){.loop = loop,
                                   .trees = trees,
                                   .setup = setup,
                                   .channel_fd = -1,
                                   .capture = NOMEM_STREAMS_NONE,
                                   .scratch_socket = {-1, -1}};
  uv_timer_init(loop, &worker->timer);
  worker->timer.data = worker;
  int result = map_channel(worker);
  if (result == 0) result = make_environment(worker);
  if (result != 0) {
    nomem__worker_close(worker);
    return result;
  }
  *out = worker;
  return 0;
}

static void free_worker(uv_handle_t *timer) {
  struct nomem__worker *worker = timer->data;
  free(worker->ranks);
  if (worker->channel != NULL) munmap(worker->channel, worker->channel_bytes);
  if (worker->channel_fd >= 0) close(worker->channel_fd);
  nomem__output_capture_close(&worker->capture);
  for (unsigned i = 0; i < 2; i++)
    if (worker->scratch_socket[i] >= 0) close(worker->scratch_socket[i]);
  nomem__environment_free(&worker->environment);
  free(worker);
}

void nomem__worker_close(struct nomem__worker *worker) {
  nomem__exit_records_clear(&worker->ends);
  nomem__sandbox_close(worker->sandbox);
  worker->sandbox = NULL;
  uv_close((uv_handle_t *)&worker->timer, free_worker);
}

static void read_streams(struct nomem__worker *worker) {
  struct nomem__outcome *outcome = &worker->outcome;
  outcome->output = nomem__output_capture_read(&worker->capture, NOMEM_OUTPUT);
  outcome->error = nomem__output_capture_read(&worker->capture, NOMEM_ERROR);
  nomem__output_capture_tail(&worker->capture, outcome->end.fatal_deaths > 0, outcome->tail, sizeof outcome->tail);
  struct nomem__sanitizer_memory *sanitizer = worker->setup->sanitizer;
  if (sanitizer != NULL && worker->request.learn_reports)
    nomem__sanitizer_learn(sanitizer, outcome->error.fd, outcome->error.bytes);
  else if (sanitizer != NULL)
    nomem__sanitizer_read(sanitizer, outcome->error.fd, outcome->error.bytes, &outcome->report);
}

static void wake_parent(struct nomem__worker *worker) {
  worker->channel->fork.turn++;
  syscall(SYS_futex, &worker->channel->fork.turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void start_clock(struct nomem__worker *worker);

static void list_made(struct nomem__worker *worker) {
  if (worker->sandbox == NULL) return;
  if (worker->is_fresh)
    nomem__created_files_list_fresh(&worker->ends.first.created_files, worker->sandbox, worker->scratch_socket[0]);
  else
    nomem__created_files_list_shared(&worker->ends.first.created_files, worker->sandbox);
}

static void run_ended(struct nomem__tree *tree, const struct nomem__end *end, void *user) {
  struct nomem__worker *worker = user;
  (void)tree;
  uv_timer_stop(&worker->timer);
  worker->tree = NULL;
  worker->outcome = (struct nomem__outcome){
      .end = *end, .channel = worker->channel, .duration_us = (uv_hrtime() - worker->started_ns) / 1000};
  worker->outcome.is_early = end->timed_out && worker->was_early;
  worker->is_dirty = end->fatal_deaths > 0 || end->timed_out || end->was_cancelled;
  if (!worker->setup->inherit) read_streams(worker);
  nomem__exit_records_finish(&worker->ends, worker->channel, end->processes);
  list_made(worker);
  worker->outcome.residue = &worker->ends.first;
  worker->outcome.child_residue = &worker->ends.child_residue;
  if (worker->request.created_path != NULL && worker->creator.depth > 0) worker->outcome.creator = &worker->creator;
  if (worker->is_snapshot) worker->outcome.rank = worker->rank;
  worker->request.done(worker, &worker->outcome, worker->request.user);
  nomem__exit_records_clear(&worker->ends);
  if (!worker->is_snapshot || worker->parent == NULL) return;
  nomem__site_tables_clear_report(worker->channel);
  if (nomem__output_capture_rewind(&worker->capture) != 0) worker->is_unsound = true;
  start_clock(worker);
  wake_parent(worker);
}

static void run_exits(void *user, pid_t pid) {
  struct nomem__worker *worker = user;
  uint64_t began_ns = uv_hrtime();
  nomem__exit_records_read(&worker->ends, worker->channel, pid);
  worker->started_ns += uv_hrtime() - began_ns; /* no time of the run's */
}

static pid_t last_failed_thread(const struct nomem_channel *channel) {
  uint32_t count = channel->fault_count;
  if (count == 0) return 0;
  const struct nomem_fault *fault = &channel->faults[(count < NOMEM_FAULTS ? count : NOMEM_FAULTS) - 1];
  return fault->ready ? fault->tid : 0;
}

static void check(uv_timer_t *timer) {
  struct nomem__worker *worker = timer->data;
  uint64_t elapsed_ms = (uv_hrtime() - worker->started_ns) / 1000000;
  uint64_t output = worker->setup->inherit ? 0 : nomem__output_capture_bytes(&worker->capture);
  bool has_early = worker->request.early_ms != 0 && worker->tree != NULL; /* it is not for what is forked */
  uint64_t deadline_ms = has_early ? worker->request.early_ms : worker->deadline_ms;
  if ((deadline_ms == 0 || elapsed_ms < deadline_ms) && output <= OUTPUT_MAX_BYTES) {
    uint64_t left = deadline_ms == 0 ? OUTPUT_CHECK_MS : deadline_ms - elapsed_ms;
    uv_timer_start(timer, check, left < OUTPUT_CHECK_MS ? left : OUTPUT_CHECK_MS, 0);
    return;
  }
  worker->was_early = has_early && output <= OUTPUT_MAX_BYTES;
  if (worker->tree != NULL)
    nomem__tree_time_out(worker->tree, last_failed_thread(worker->channel));
  else if (worker->parent != NULL)
    nomem__tree_cancel(worker->parent);
}

static void start_clock(struct nomem__worker *worker) {
  worker->started_ns = uv_hrtime();
  worker->was_early = false;
  uv_update_time(worker->loop);
  uint64_t first_ms =
      worker->deadline_ms != 0 && worker->deadline_ms < OUTPUT_CHECK_MS ? worker->deadline_ms : OUTPUT_CHECK_MS;
  uv_timer_start(&worker->timer, check, first_ms, 0);
}

/* A stack is worth having once something was failed: what dies before that dies in the baseline too. */
static bool was_failed(void *user) {
  struct nomem__worker *worker = user;
  if (worker->channel->fault_count == 0) return false;
  nomem__output_capture_note_death(&worker->capture);
  return true;
}

/* Zeroes what a run counts. Sites and modules stay, with the pages they lie on, unless the last run may have spoiled
 * them. */
static int reset_tables(struct nomem__worker *worker) {
  struct nomem_channel *channel = worker->channel;
  if (worker->is_dirty) {
    off_t bytes = (off_t)sizeof *channel;
    if (fallocate(worker->channel_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, bytes) != 0) return -errno;
    if (worker->known != NULL) nomem__site_tables_enter(worker->known, channel);
    return 0;
  }
  nomem__site_tables_zero(channel);
  return 0;
}

static int reset(struct nomem__worker *worker, enum nomem_engine engine, const char *plan) {
  const struct nomem__run_setup *setup = worker->setup;
  const struct nomem__run_request *request = &worker->request;
  struct nomem_channel *channel = worker->channel;
  int result = reset_tables(worker);
  if (result != 0) return result;
  result = nomem__output_capture_restart(&worker->capture);
  if (result != 0) return result;
  nomem__site_tables_clear_report(channel);
  memset(channel->images, 0, sizeof channel->images);
  channel->image_count = 0;
  channel->watch = request->watch;
  channel->check_leaks = request->check_leaks && setup->trace;
  channel->watched = (struct nomem_watched){0};
  channel->fork = (struct nomem_fork){.engine = engine};
  worker->ends.wants_all = *plan == '\0';
  channel->magic = NOMEM_CHANNEL_MAGIC;
  /* A run of one point need name no call after it. */
  channel->record_sites = setup->inherit || request->record_sites || (engine == NOMEM_ENGINE_EXEC && *plan == '\0');
  channel->known_sites = request->note_recoveries && worker->known != NULL ? worker->known->site_count : 0;
  channel->verify = setup->verify;
  channel->stop_at_fault = NOMEM_STOP_NEVER;
  if (request->stop_watcher != NULL)
    channel->stop_at_fault = request->stop_watcher->begin(request->stop_watcher, channel);
  snprintf(channel->plan, sizeof channel->plan, "%s", plan);
  snprintf(channel->image, sizeof channel->image, "%s", setup->image);
  worker->is_snapshot = worker->is_unsound = false;
  return 0;
}

/* Starts the program; *tree is its tree. */
static int start_program(struct nomem__worker *worker, const struct nomem__tree_callbacks *callbacks,
                         struct nomem__tree **tree) {
  const struct nomem__run_setup *setup = worker->setup;
  const struct nomem__run_request *request = &worker->request;
  bool is_forked = worker->channel->fork.engine != NOMEM_ENGINE_EXEC;
  /* All forks of one process have one view of the files. */
  worker->is_fresh = !request->keep_files && !is_forked;
  bool lists_effects = request->watch_effects || request->created_path != NULL;
  struct nomem__spawn_request start = {.path = setup->program,
                                       .argv = setup->argv,
                                       .environment = is_forked              ? worker->environment.forked
                                                      : request->check_leaks ? worker->environment.checked
                                                                             : worker->environment.plain,
                                       .stdin_fd = -1,
                                       .stdout_fd = setup->inherit ? -1 : worker->capture.fd[NOMEM_OUTPUT],
                                       .stderr_fd = setup->inherit ? -1 : worker->capture.fd[NOMEM_ERROR],
                                       .own_session = !setup->inherit,
                                       .same_addresses = setup->same_addresses,
                                       .stop_watcher = request->stop_watcher,
                                       .sandbox = setup->isolation != NULL ? worker->sandbox : NULL,
                                       .is_fresh = worker->is_fresh,
                                       .scratch_socket = worker->scratch_socket[1],
                                       .trace = setup->trace,
                                       .created_path = setup->trace ? request->created_path : NULL,
                                       .creator = &worker->creator,
                                       .watch_effects = lists_effects && setup->trace,
                                       .watch_exits = request->watch == NOMEM_WATCH_BLOCK_TABLE && setup->trace,
                                       .allow_detach = request->check_leaks && setup->trace};
  if (!setup->inherit || setup->stdin_path == NULL || strcmp(setup->stdin_path, "-") != 0) {
    start.stdin_fd = open(setup->stdin_path != NULL ? setup->stdin_path : "/dev/null", O_RDONLY | O_CLOEXEC);
    if (start.stdin_fd < 0) return -errno;
  }
  start_clock(worker);
  int result = nomem__tree_start(worker->trees, &start, callbacks, tree);
  if (start.stdin_fd >= 0) close(start.stdin_fd);
  if (result != 0) uv_timer_stop(&worker->timer);
  return result;
}

static int start_run(struct nomem__worker *worker) {
  const struct nomem__tree_callbacks callbacks = {
      .done = run_ended, .wants_stack = was_failed, .exits = run_exits, .user = worker};
  worker->creator.depth = 0;
  return start_program(worker, &callbacks, &worker->tree);
}

/* Whether a process that has stopped is the one that was forked for the run. */
static bool adopt_run(void *user, pid_t child) {
  struct nomem__worker *worker = user;
  if (worker->channel->fork.child != child || worker->tree != NULL) return false;
  worker->channel->fork.child = 0;
  nomem__output_capture_keep(&worker->capture);
  start_clock(worker);
  uint32_t point = worker->channel->fork.point; /* the fork, which may write anything there, has not run yet */
  bool is_known = !worker->is_snapshot || point < worker->rank_count;
  if (is_known && worker->is_snapshot) {
    worker->rank = worker->ranks[point];
    worker->request.early_ms = worker->next_early_ms(worker->request.user);
  }
  const struct nomem__tree_callbacks callbacks = {.done = run_ended, .wants_stack = was_failed, .user = worker};
  if (is_known && nomem__tree_adopt(worker->parent, child, &callbacks, &worker->tree) == 0) return true;
  worker->is_unsound = true; /* the parent would wait for it for ever */
  nomem__tree_cancel(worker->parent);
  kill(child, SIGKILL);
  return true;
}

/* The server is gone. A run that was asked of it is made by starting the program after all. */
static void server_ended(struct nomem__tree *tree, const struct nomem__end *end, void *user) {
  struct nomem__worker *worker = user;
  (void)tree;
  bool was_waiting = worker->tree == NULL && uv_is_active((uv_handle_t *)&worker->timer);
  worker->parent = NULL;
  if (!end->was_cancelled) {
    worker->obstacle = worker->channel->fork.obstacle;
    worker->has_lost_server = true;
  }
  if (!was_waiting) return;
  char plan[NOMEM_PLAN_BYTES];
  snprintf(plan, sizeof plan, "%s", worker->channel->plan);
  worker->is_dirty = true;
  if (end->was_cancelled || reset(worker, NOMEM_ENGINE_EXEC, plan) != 0 || start_run(worker) != 0)
    run_ended(NULL, end, worker);
}

static int ask_server(struct nomem__worker *worker, const char *plan) {
  if (worker->parent == NULL) {
    int result = reset(worker, NOMEM_ENGINE_SERVER, plan);
    if (result != 0) return result;
    worker->channel->fork.turn = 1;
    const struct nomem__tree_callbacks callbacks = {
        .done = server_ended, .wants_stack = was_failed, .adopts = adopt_run, .user = worker};
    return start_program(worker, &callbacks, &worker->parent);
  }
  nomem__site_tables_clear_report(worker->channel);
  snprintf(worker->channel->plan, sizeof worker->channel->plan, "%s", plan);
  int result = nomem__output_capture_rewind(&worker->capture);
  if (result != 0) return result;
  start_clock(worker);
  wake_parent(worker);
  return 0;
}

/* Takes over what the next run asks for. */
static void take_request(struct nomem__worker *worker, const struct nomem__run_request *request) {
  worker->request = *request;
  worker->request.plan = NULL; /* the channel has it */
  worker->deadline_ms = request->check_leaks ? request->timeout_ms * CHECKED_FACTOR : request->timeout_ms;
}

int nomem__worker_start(struct nomem__worker *worker, const struct nomem__run_request *request) {
  take_request(worker, request);
  if (request->use_server && !worker->has_lost_server) return ask_server(worker, request->plan);
  int result = reset(worker, NOMEM_ENGINE_EXEC, request->plan);
  return result != 0 ? result : start_run(worker);
}

void nomem__worker_stop_server(struct nomem__worker *worker) {
  worker->has_lost_server = false;
  if (worker->parent != NULL && !worker->is_snapshot) nomem__tree_cancel(worker->parent);
}

enum nomem_obstacle nomem__worker_obstacle(const struct nomem__worker *worker) {
  return worker->obstacle;
}

static void snapshot_ended(struct nomem__tree *tree, const struct nomem__end *end, void *user) {
  struct nomem__worker *worker = user;
  (void)tree;
  uv_timer_stop(&worker->timer);
  worker->parent = NULL;
  worker->outcome = (struct nomem__outcome){.end = *end, .channel = worker->channel};
  worker->is_dirty = true;
  worker->is_unsound |= (end->effects & (NOMEM_EFFECT_PROCESSES | NOMEM_EFFECT_THREADS)) != 0;
  read_streams(worker);
  if (worker->tree != NULL) nomem__tree_cancel(worker->tree);
  worker->ended(worker, &worker->outcome, worker->is_unsound, worker->request.user);
}

/* Room behind the channel for so many points. */
static int make_room(struct nomem__worker *worker, size_t count) {
  size_t bytes = sizeof *worker->channel + count * sizeof(struct nomem_snapshot_point);
  if (bytes == worker->channel_bytes) return 0;
  if (ftruncate(worker->channel_fd, (off_t)bytes) != 0) return -errno;
  void *pages = mremap(worker->channel, worker->channel_bytes, bytes, MREMAP_MAYMOVE);
  if (pages == MAP_FAILED) return -errno;
  worker->channel = pages;
  worker->channel_bytes = bytes;
  return 0;
}

int nomem__worker_take_snapshots(struct nomem__worker *worker, const struct nomem__run_request *request,
                                 const struct nomem__snapshot_series *series) {
  const struct nomem__snapshot *snapshots = series->list;
  size_t count = series->count;
  take_request(worker, request);
  int result = make_room(worker, count);
  if (result == 0) result = reset(worker, NOMEM_ENGINE_SNAPSHOT, request->plan);
  if (result != 0) return result;
  free(worker->ranks);
  worker->ranks = calloc(count, sizeof *worker->ranks);
  worker->rank_count = worker->ranks != NULL ? count : 0;
  if (worker->ranks == NULL) return -ENOMEM;
  struct nomem_site *site = NULL;
  for (uint32_t i = 0; i < count; i++) {
    worker->channel->points[i] = (struct nomem_snapshot_point){
        .occurrence = snapshots[i].occurrence, .second = snapshots[i].second, .persistent = snapshots[i].persistent};
    worker->ranks[i] = snapshots[i].rank;
    if (site == NULL || site->key != snapshots[i].key) {
      site = nomem__site_tables_find(worker->channel, snapshots[i].key);
      if (site == NULL) return -ENOENT;
      site->next_point = i;
    }
    site->end_point = i + 1;
  }
  worker->channel->fork.point_count = count;
  worker->channel->fork.avoid_shared = series->avoid_shared;
  worker->is_snapshot = true;
  worker->next_early_ms = series->early_ms;
  worker->ended = series->ended;
  const struct nomem__tree_callbacks callbacks = {
      .done = snapshot_ended, .wants_stack = was_failed, .adopts = adopt_run, .user = worker};
  return start_program(worker, &callbacks, &worker->parent);
}

struct nomem__site_tables *nomem__worker_tables(const struct nomem__worker *worker) {
  return nomem__site_tables_copy(worker->channel);
}

void nomem__worker_know(struct nomem__worker *worker, const struct nomem__site_tables *known) {
  worker->known = known;
  if (!nomem__site_tables_are(known, worker->channel)) worker->is_dirty = true;
}

bool nomem__worker_is_busy(const struct nomem__worker *worker) {
  return uv_is_active((const uv_handle_t *)&worker->timer);
}

void nomem__worker_cancel(struct nomem__worker *worker) {
  if (worker->tree != NULL) nomem__tree_cancel(worker->tree);
  if (worker->parent != NULL) nomem__tree_cancel(worker->parent);
}
