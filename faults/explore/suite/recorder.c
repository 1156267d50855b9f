/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>
#include <uv.h>

#include "../process/keeper.h"
#include "../process/proc_file.h"
#include "../process/process_tree.h"
#include "../process/tracees.h"
#include "../report/report.h"
#include "../run/ending_signals.h"
#include "../stack/memory_map.h"
#include "../target/interpreters.h"
#include "../target/target_check.h"
#include "../text/complain.h"
#include "../text/error_text.h"
#include "../text/grow.h"
#include "../text/quote.h"
#include "recorded_input.h"
#include "runner_kinds.h"
#include "suite_cases.h"
#include "under_loader.h"
#include "under_valgrind.h"
#include "variables.h"

/* So long the runner may take to end when a terminal has interrupted it, which sends it SIGINT and SIGQUIT as well. */
#define PATIENCE_MS 3000
/* So far up the forebears of a process are looked at: a shell forks without executing anything. */
#define GENERATIONS 100

/* So long a process waits before it begins until its standard input is known, and how long when so many have waited in
 * vain: their runner writes to them later, if at all. */
#define INPUT_PATIENCE_MS 2000
#define INPUT_IMPATIENCE_MS 20
#define VAIN_WAITS_MAX 5
#define INPUT_LOOK_MS 2

/* A process that is stopped before it begins, until it is known what the pipe has that it reads. */
struct waiting {
  pid_t pid;
  size_t image;
  int pipe;
  uint64_t until_ms; /* of the loop's clock */
};

/* The image that a process has executed last. */
struct live {
  pid_t pid;
  size_t image;
  uint64_t began_ns;
};

struct recorder {
  struct nomem__recording *recording;
  uv_loop_t loop;
  uv_signal_t signals[NOMEM_ENDING_SIGNALS];
  size_t signal_count;
  uv_timer_t timer;
  struct nomem__trees *trees;
  struct nomem__keeper *keeper;
  struct nomem__tree *tree; /* NULL: it has ended */
  struct live *lives;
  size_t live_count, live_room;
  struct waiting *waiting;
  size_t waiting_count, waiting_room;
  size_t vain_waits;
  uv_timer_t looks; /* at their pipes */
  size_t last_left; /* the image that was seen last of all: it has ended, or was let go */
  int start_error;
  const struct nomem__onlooker *onlooker; /* NULL: there is none */
  uv_poll_t heard;
  size_t held;     /* so many processes have their end held back */
  uint64_t end_ms; /* of the loop's clock: when the time of the runner is up; while ends are held, how much is left */
};

static struct live *find_live(struct recorder *recorder, pid_t pid) {
  for (size_t i = recorder->live_count; i-- > 0;)
    if (recorder->lives[i].pid == pid) return &recorder->lives[i];
  return NULL;
}

/* The caller's; "": it cannot be read. */
static char *read_link(pid_t pid, const char *name) {
  char path[64], target[PATH_MAX];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  ssize_t length = readlink(path, target, sizeof target - 1);
  target[length > 0 ? length : 0] = '\0';
  return nomem__strdup(target);
}

/* The path by which a program was called that its user may execute and not read: the kernel shows neither its file nor
 * its folder, which is taken to be that of the process that started it. The caller's; "": it is not known. */
static char *read_called_path(pid_t pid) {
  struct nomem__status status;
  char *words = NULL, *path = NULL;
  size_t bytes = 0;
  if (nomem__proc_file_read(pid, "cmdline", NOMEM_RECORDED_WORDS_MAX, &words, &bytes) != 0 || bytes == 0 ||
      memchr(words, '\0', bytes) == NULL || strchr(words, '/') == NULL) {
    free(words);
    return nomem__strdup("");
  }
  if (words[0] == '/') return words;
  nomem__status_read(pid, &status);
  char *folder = read_link(status.parent, "cwd");
  path = nomem__format("%s/%s", folder, words);
  char *real = nomem__checked(realpath(path, NULL));
  free(folder);
  free(words);
  if (real == NULL) return path;
  free(path);
  return real;
}

/* The image of the process that started this one, however many forks lie between them. */
static size_t find_parent_image(struct recorder *recorder, pid_t pid) {
  struct nomem__status status = {.parent = pid};
  for (int i = 0; i < GENERATIONS && status.parent > 1; i++) {
    nomem__status_read(status.parent, &status);
    const struct live *live = find_live(recorder, status.parent);
    if (live != NULL) return live->image;
  }
  return NOMEM_NO_IMAGE;
}

/* What is needed to run it once more. Returns as nomem__input_note. */
static int note_whole(struct nomem__recording *recording, struct nomem__recorded_image *image, pid_t pid) {
  size_t bytes;
  char *block;
  nomem__proc_file_read(pid, "cmdline", NOMEM_RECORDED_WORDS_MAX, &image->words, &image->word_bytes);
  image->folder = read_link(pid, "cwd");
  nomem__proc_file_read(pid, "environ", NOMEM_RECORDED_VARIABLES_MAX, &block, &bytes);
  if (block != NULL) image->variables = nomem__variables_compare(environ, block, bytes, &image->variable_bytes);
  free(block);
  bool is_readable = image->words != NULL && image->word_bytes > 0 && image->words[image->word_bytes - 1] == '\0' &&
                     image->variables != NULL && image->folder[0] == '/';
  int pipe = nomem__input_note(recording, image, pid);
  image->is_whole =
      is_readable && nomem__recording_take_bytes(recording, image->word_bytes + image->variable_bytes + PATH_MAX);
  if (image->is_whole) return pipe;
  if (pipe >= 0) close(pipe);
  free(image->words);
  free(image->variables);
  image->words = image->variables = NULL;
  return -1;
}

/* All is known that the process begins with. */
static void note_beginning(struct recorder *recorder, size_t number, pid_t pid) {
  const struct nomem__recorded_image *image = &recorder->recording->images[number];
  if (image->is_whole && recorder->onlooker != NULL)
    recorder->onlooker->begins(recorder->onlooker->user, recorder->recording, number, pid);
}

static struct waiting *find_waiting(struct recorder *recorder, pid_t pid) {
  for (size_t i = 0; i < recorder->waiting_count; i++)
    if (recorder->waiting[i].pid == pid) return &recorder->waiting[i];
  return NULL;
}

static void stop_waiting(struct recorder *recorder, struct waiting *waiting) {
  close(waiting->pipe);
  *waiting = recorder->waiting[--recorder->waiting_count];
  if (recorder->waiting_count == 0) uv_timer_stop(&recorder->looks);
}

static void look_at_pipes(uv_timer_t *timer) {
  struct recorder *recorder = timer->data;
  for (size_t i = recorder->waiting_count; i-- > 0;) {
    struct waiting waiting = recorder->waiting[i];
    bool is_settled = nomem__input_take(recorder->recording, &recorder->recording->images[waiting.image], waiting.pipe);
    bool is_late = !is_settled && uv_now(&recorder->loop) >= waiting.until_ms;
    recorder->vain_waits += is_late;
    if (!is_settled && !is_late) continue;
    stop_waiting(recorder, &recorder->waiting[i]);
    note_beginning(recorder, waiting.image, waiting.pid);
    if (recorder->tree != NULL) nomem__tree_begin(recorder->tree, waiting.pid);
  }
}

/* Returns whether the process has to wait. */
static bool await_input(struct recorder *recorder, size_t number, pid_t pid, int pipe) {
  if (nomem__input_take(recorder->recording, &recorder->recording->images[number], pipe)) {
    close(pipe);
    return false;
  }
  uv_update_time(&recorder->loop);
  uint64_t patience_ms = recorder->vain_waits < VAIN_WAITS_MAX ? INPUT_PATIENCE_MS : INPUT_IMPATIENCE_MS;
  recorder->waiting =
      nomem__grow(recorder->waiting, recorder->waiting_count, &recorder->waiting_room, sizeof *recorder->waiting);
  recorder->waiting[recorder->waiting_count++] =
      (struct waiting){.pid = pid, .image = number, .pipe = pipe, .until_ms = uv_now(&recorder->loop) + patience_ms};
  uv_timer_start(&recorder->looks, look_at_pipes, INPUT_LOOK_MS, INPUT_LOOK_MS);
  return true;
}

static bool delays(void *user, pid_t pid) {
  return find_waiting(user, pid) != NULL;
}

static bool executed(void *user, pid_t pid) {
  struct recorder *recorder = user;
  struct live *live = find_live(recorder, pid);
  size_t before = live != NULL ? live->image : NOMEM_NO_IMAGE;
  size_t parent =
      before != NOMEM_NO_IMAGE ? recorder->recording->images[before].parent : find_parent_image(recorder, pid);
  char *path = read_link(pid, "exe");
  if (path[0] == '\0') {
    free(path);
    path = read_called_path(pid);
  }
  size_t number = nomem__recording_add(recorder->recording, path, parent, before);
  free(path);
  if (live == NULL) {
    recorder->lives = nomem__grow(recorder->lives, recorder->live_count, &recorder->live_room, sizeof *recorder->lives);
    live = &recorder->lives[recorder->live_count++];
  }
  *live = (struct live){.pid = pid, .image = number, .began_ns = uv_hrtime()};
  if (number == NOMEM_NO_IMAGE) return false;
  struct nomem__recorded_image *image = &recorder->recording->images[number];
  bool is_under_valgrind = nomem__is_valgrinds_tool(image->path), is_loader = nomem__is_loader(image->path);
  int pipe = -1;
  if (nomem__suite_may_be_case(image->path) || nomem__suite_may_run_case(image->path) ||
      nomem__runner_kind_needs_words(image->path) || is_under_valgrind || is_loader)
    pipe = note_whole(recorder->recording, image, pid);
  if (image->is_whole && is_under_valgrind) nomem__take_from_valgrind(image);
  if (image->is_whole && is_loader) nomem__take_from_loader(image);
  if (pipe < 0 || !await_input(recorder, number, pid, pipe)) note_beginning(recorder, number, pid);
  return false;
}

/* A sanitizer that looks for leaks when its process ends fails in one that is traced. */
static bool lets_go(void *user, pid_t pid) {
  struct recorder *recorder = user;
  struct live *live = find_live(recorder, pid);
  if (live == NULL || live->image == NOMEM_NO_IMAGE) return false;
  struct nomem__recorded_image *image = &recorder->recording->images[live->image];
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
  int fd = image->is_whole ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  image->was_let_go = fd >= 0 && nomem__elf_looks_for_leaks(fd);
  if (fd >= 0) close(fd);
  if (!image->was_let_go) return false;
  recorder->last_left = live->image;
  *live = recorder->lives[--recorder->live_count];
  return true;
}

static bool has_projects_module(pid_t pid, const char *interpreter) {
  struct nomem__memory_map map = {0};
  bool is_found = false;
  if (nomem__memory_map_read_areas(&map, pid) != 0) return false;
  for (size_t i = 0; i < map.area_count && !is_found; i++)
    is_found = map.areas[i].is_executable && map.areas[i].path[0] == '/' &&
               nomem__module_kind_of(map.areas[i].path, interpreter) == NOMEM_MODULE_PROJECTS;
  nomem__memory_map_free(&map);
  return is_found;
}

/* Its memory is still there, and ptrace says what its status will be. */
static void exits(void *user, pid_t pid, pid_t tid) {
  struct recorder *recorder = user;
  struct live *live = find_live(recorder, pid);
  unsigned long status = 0;
  struct waiting *waiting = find_waiting(recorder, pid);
  if (waiting != NULL) stop_waiting(recorder, waiting);
  recorder->last_left = live != NULL ? live->image : NOMEM_NO_IMAGE;
  if (live == NULL) return;
  if (live->image != NOMEM_NO_IMAGE && ptrace(PTRACE_GETEVENTMSG, tid, NULL, &status) == 0) {
    struct nomem__recorded_image *image = &recorder->recording->images[live->image];
    image->has_ended = true;
    image->status = (int)status;
    image->wall_us = (uv_hrtime() - live->began_ns) / 1000;
    image->has_projects_module = nomem__suite_may_run_case(image->path) && has_projects_module(pid, image->path);
  }
  *live = recorder->lives[--recorder->live_count];
}

static void done(struct nomem__tree *tree, const struct nomem__end *end, void *user) {
  struct recorder *recorder = user;
  (void)tree;
  recorder->tree = NULL;
  recorder->start_error = end->start_error;
  recorder->recording->status = end->root_status;
  uv_timer_stop(&recorder->timer);
  while (recorder->waiting_count > 0) stop_waiting(recorder, &recorder->waiting[0]);
  if (recorder->onlooker != NULL) uv_poll_stop(&recorder->heard);
}

static void cancel(uv_timer_t *timer) {
  struct recorder *recorder = timer->data;
  if (recorder->tree != NULL) nomem__tree_cancel(recorder->tree);
}

static void time_out(uv_timer_t *timer) {
  struct recorder *recorder = timer->data;
  recorder->recording->has_timed_out = true;
  cancel(timer);
}

/* The time of the runner stands still while it waits. */
static void stop_clock(struct recorder *recorder) {
  if (recorder->held++ > 0 || recorder->recording->interrupted_by != 0) return;
  uv_update_time(&recorder->loop);
  uint64_t now_ms = uv_now(&recorder->loop);
  recorder->end_ms = recorder->end_ms > now_ms ? recorder->end_ms - now_ms : 1;
  uv_timer_stop(&recorder->timer);
}

static void start_clock(struct recorder *recorder) {
  uint64_t left_ms = recorder->end_ms;
  if (--recorder->held > 0 || recorder->recording->interrupted_by != 0) return;
  uv_update_time(&recorder->loop);
  recorder->end_ms = uv_now(&recorder->loop) + left_ms;
  uv_timer_start(&recorder->timer, time_out, left_ms, 0);
}

static bool holds(void *user, pid_t pid) {
  struct recorder *recorder = user;
  const struct nomem__onlooker *onlooker = recorder->onlooker;
  bool is_held = recorder->last_left != NOMEM_NO_IMAGE && recorder->recording->interrupted_by == 0 &&
                 onlooker->holds(onlooker->user, recorder->recording, recorder->last_left, pid);
  if (is_held) stop_clock(recorder);
  return is_held;
}

static void hear(uv_poll_t *watcher, int result, int events) {
  struct recorder *recorder = watcher->data;
  pid_t pid = recorder->onlooker->hears(recorder->onlooker->user);
  (void)result, (void)events;
  if (pid < 0) {
    uv_poll_stop(watcher);
    cancel(&recorder->timer);
  } else if (pid > 0 && recorder->tree != NULL) {
    start_clock(recorder);
    nomem__tree_release(recorder->tree, pid);
  }
}

/* A runner that a terminal has interrupted, too, tidies up. */
static void interrupted(uv_signal_t *watcher, int number) {
  struct recorder *recorder = watcher->data;
  bool is_first = recorder->recording->interrupted_by == 0;
  bool has_runner_got_it = (number == SIGINT || number == SIGQUIT) && isatty(STDIN_FILENO);
  recorder->recording->interrupted_by = number;
  if (is_first && has_runner_got_it)
    uv_timer_start(&recorder->timer, cancel, PATIENCE_MS, 0);
  else
    cancel(&recorder->timer);
}

static int open_parts(struct recorder *recorder) {
  int result = uv_loop_init(&recorder->loop);
  if (result != 0) return result;
  uv_timer_init(&recorder->loop, &recorder->timer);
  recorder->timer.data = recorder;
  uv_timer_init(&recorder->loop, &recorder->looks);
  recorder->looks.data = recorder;
  for (size_t i = 0; i < NOMEM_ENDING_SIGNALS; i++) {
    if (nomem__ending_signal_is_ignored(nomem__ending_signals[i])) continue;
    uv_signal_t *watcher = &recorder->signals[recorder->signal_count++];
    uv_signal_init(&recorder->loop, watcher);
    watcher->data = recorder;
    uv_signal_start(watcher, interrupted, nomem__ending_signals[i]);
    uv_unref((uv_handle_t *)watcher);
  }
  if (recorder->onlooker != NULL) {
    result = uv_poll_init(&recorder->loop, &recorder->heard, recorder->onlooker->socket);
    if (result != 0) return result;
    recorder->heard.data = recorder;
    uv_poll_start(&recorder->heard, UV_READABLE, hear); /* of a handle that is open and idle, it cannot fail */
  }
  result = nomem__trees_open(&recorder->loop, NULL, &recorder->trees);
  if (result == 0) result = nomem__trees_add_keeper(recorder->trees, NULL, &recorder->keeper);
  return result;
}

static void close_parts(struct recorder *recorder) {
  if (recorder->trees != NULL) nomem__trees_close(recorder->trees);
  nomem__ending_signals_unwatch(recorder->signals, recorder->signal_count);
  if (recorder->heard.data != NULL) uv_close((uv_handle_t *)&recorder->heard, NULL);
  uv_close((uv_handle_t *)&recorder->timer, NULL);
  uv_close((uv_handle_t *)&recorder->looks, NULL);
  uv_run(&recorder->loop, UV_RUN_DEFAULT);
  uv_loop_close(&recorder->loop);
  free(recorder->lives);
  free(recorder->waiting);
}

/* A signal of a terminal ends the runner, too, and the loop with it, which may not have come to its own then. */
static void hear_signals(struct recorder *recorder) {
  if (recorder->signal_count == 0) return;
  uv_handle_t *watcher = (uv_handle_t *)&recorder->signals[0];
  uv_ref(watcher);
  uv_run(&recorder->loop, UV_RUN_NOWAIT);
  uv_unref(watcher);
}

static int run(struct recorder *recorder, const struct nomem__options *options, const char *path) {
  /* What whoever reads a report or a list there does not expect. */
  bool is_diverted = options->list || nomem__reports_have_standard_output(options);
  const struct nomem__spawn_request request = {.keeper = recorder->keeper,
                                               .path = path,
                                               .argv = options->program,
                                               .environment = environ,
                                               .stdin_fd = -1,
                                               .stdout_fd = is_diverted ? STDERR_FILENO : -1,
                                               .stderr_fd = -1,
                                               .trace = true,
                                               .watch_exits = true};
  const struct nomem__tree_callbacks callbacks = {.done = done,
                                                  .executed = executed,
                                                  .delays = delays,
                                                  .lets_go = lets_go,
                                                  .exits = exits,
                                                  .holds = recorder->onlooker != NULL ? holds : NULL,
                                                  .user = recorder};
  uint64_t began_ns = uv_hrtime();
  int result = nomem__tree_start(recorder->trees, &request, &callbacks, &recorder->tree);
  if (result != 0) return result;
  uv_update_time(&recorder->loop);
  /* The loop goes on as long as the timer does. */
  uint64_t limit_ms = options->timeout_ms != 0 ? options->timeout_ms : UINT64_MAX / 4;
  recorder->end_ms = uv_now(&recorder->loop) + limit_ms;
  uv_timer_start(&recorder->timer, time_out, limit_ms, 0);
  uv_run(&recorder->loop, UV_RUN_DEFAULT);
  hear_signals(recorder);
  recorder->recording->wall_us = (uv_hrtime() - began_ns) / 1000;
  return -recorder->start_error;
}

/* The runner need not be fit for a preload, but it must be there. */
static int find_runner(const char *name, struct nomem__target *target) {
  char reason[NOMEM_TARGET_REASON_BYTES];
  int result = nomem__target_check(name, target, reason, sizeof reason);
  if (result == 0 || (target->path[0] != '\0' && access(target->path, X_OK) == 0)) return 0;
  nomem__complain("%s", reason);
  return result;
}

static int complain(int result, const char *path) {
  char quoted[NOMEM_QUOTE_BYTES];
  if (result == -EPERM)
    nomem__complain(
        "ptrace is not allowed here, and nothing else shows what a runner starts: allow it (in a container by "
        "--cap-add=SYS_PTRACE), or put 'nomem explore --' in front of each test");
  else
    nomem__complain("cannot start %s: %s", nomem__quote(path, quoted, sizeof quoted), nomem__error_text(-result));
  return result;
}

int nomem__record(const struct nomem__options *options, const struct nomem__onlooker *onlooker,
                  struct nomem__recording *recording) {
  struct recorder recorder = {.recording = recording, .onlooker = onlooker};
  struct nomem__target target;
  int result = find_runner(options->program[0], &target);
  if (result != 0) return result;
  result = open_parts(&recorder);
  if (result == 0) result = run(&recorder, options, target.path);
  close_parts(&recorder);
  nomem__inputs_settle(recording);
  return result == 0 ? 0 : complain(result, target.path);
}
