/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "libuv/world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum {
  GUARD_MS = 10, /* so often a loop wakes up that waits for nothing */
  TURNS = 300,   /* so often and so long the loop turns before it is given up */
  SECONDS = 5,
  WAIT_US = 1000,
  TREE_FDS = 8,
  ENVIRONMENT_MAX = 8,
};

uv_loop_t world_loop;

static char base[WORLD_PATH_BYTES / 2];
static uv_timer_t guard;
static unsigned descriptors;
static bool is_warm; /* libuv and the C library have opened what they open once in a process */

/* The environment for uv_os_environ and uv_os_homedir. */
static char *environment[ENVIRONMENT_MAX];
static char **kept_environment;

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
  (void)status;
  (void)kind;
  (void)place;
  remove(path);
  return 0;
}

static void remove_tree(const char *path) {
  nftw(path, remove_entry, TREE_FDS, FTW_DEPTH | FTW_PHYS);
}

static void remove_base(void) {
  remove_tree(base);
}

void world_prepare(void) {
  const char *where = getenv("TMPDIR");
  int length = snprintf(base, sizeof base, "%s/nomem-libuv-XXXXXX", where && *where ? where : "/tmp");
  if (length < 0 || (size_t)length >= sizeof base || !mkdtemp(base)) {
    fprintf(stderr, "libuv: cannot make a directory '%s': %s; set TMPDIR\n", base, strerror(errno));
    exit(2);
  }
  atexit(remove_base);
}

void world_path(char path[WORLD_PATH_BYTES], const char *name) {
  snprintf(path, WORLD_PATH_BYTES, "%s/w/%s", base, name);
}

static void make_file(const char *name) {
  char path[WORLD_PATH_BYTES];
  uint8_t bytes[WORLD_FILE_BYTES];
  fuzz_fill(bytes, sizeof bytes, 1);
  world_path(path, name);
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  CHECK(file >= 0 && write(file, bytes, sizeof bytes) == (ssize_t)sizeof bytes, "cannot write '%s': %s", path,
        strerror(errno));
  close(file);
}

static void make_directory(const char *name) {
  char path[WORLD_PATH_BYTES];
  world_path(path, name);
  CHECK(mkdir(path, 0700) == 0, "cannot make '%s': %s", path, strerror(errno));
}

static void make_files(void) {
  char path[WORLD_PATH_BYTES];
  world_path(path, "");
  remove_tree(path);
  make_directory("");
  make_directory("d");
  make_file("f");
  make_file("d/a");
  make_file("d/b");
  make_file("d/c");
  world_path(path, "l");
  CHECK(symlink("f", path) == 0, "cannot make '%s': %s", path, strerror(errno));
}

static unsigned count_descriptors(void) {
  unsigned count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (folder && readdir(folder)) count++;
  if (folder) closedir(folder);
  return count;
}

static void exchange_environment(void) {
  static char home[] = "HOME=/root", path[] = "PATH=/usr/bin:/bin", tmp[] = "TMPDIR=/tmp", odd[] = "odd";
  static char pool[] = "UV_THREADPOOL_SIZE=1"; /* several threads would allocate in any order */
  char *const fresh[] = {home, path, tmp, pool, odd, NULL};
  kept_environment = environ;
  memcpy(environment, fresh, sizeof fresh);
  environ = environment;
}

static void on_guard(uv_timer_t *timer) {
  (void)timer;
}

static int init_loop(void *unused) {
  (void)unused;
  return uv_loop_init(&world_loop);
}

void world_begin(const char *plan) {
  make_files();
  descriptors = count_descriptors();
  exchange_environment();
  memory_begin(plan);
  world_try("uv_loop_init", init_loop, NULL, 0);
  memory_pause();
  uv_timer_init(&world_loop, &guard);
  uv_timer_start(&guard, on_guard, GUARD_MS, GUARD_MS);
  uv_unref((uv_handle_t *)&guard);
  memory_resume();
}

/* Whether the loop may turn once more. A handle may keep it busy, so that later it waits for others between its turns.
 */
static bool may_turn(unsigned turns, time_t begun) {
  if (turns > TURNS) usleep(WAIT_US);
  return turns < TURNS || time(NULL) - begun < SECONDS;
}

void world_end(void) {
  unsigned turns = 0;
  time_t begun = time(NULL);
  ops_close_slots();
  uv_close((uv_handle_t *)&guard, NULL);
  bool alive = true, patient = true;
  while (alive && patient) {
    alive = uv_run(&world_loop, UV_RUN_NOWAIT);
    patient = may_turn(++turns, begun);
  }
  CHECK(!alive, "every handle is closed, and the loop still waits for %u requests", world_loop.active_reqs.count);
  int result = uv_loop_close(&world_loop);
  CHECK(result == 0, "every handle is closed, and uv_loop_close returns %s", uv_err_name(result));
  environ = kept_environment;
  memory_end();
  unsigned now = count_descriptors();
  CHECK(!is_warm || now == descriptors, "%u descriptors were open before, %u are after", descriptors, now);
  is_warm = true;
}

static const char *name_of(int result) {
  return result < 0 ? uv_err_name(result) : "success";
}

bool world_judge(const char *what, int result, int wanted, uint64_t before) {
  if (result == wanted) return false;
  CHECK(memory_faults() > before, "%s: %s instead of %s, and no call was failed", what, name_of(result),
        name_of(wanted));
  CHECK(result == UV_ENOMEM, "%s: %s instead of ENOMEM, after a call was failed", what, name_of(result));
  return true;
}

void world_try(const char *what, world_call call, void *argument, int wanted) {
  uint64_t before = memory_faults();
  if (!world_judge(what, call(argument), wanted, before)) return;
  memory_pause();
  int again = call(argument);
  CHECK(again == wanted, "%s: after a failure, %s with enough memory, instead of %s", what, name_of(again),
        name_of(wanted));
  memory_resume();
}

void world_try_as_usual(const char *what, world_call call, void *argument) {
  memory_pause();
  int wanted = call(argument);
  memory_resume();
  world_try(what, call, argument, wanted);
}

void world_wait(const char *what, const bool *done) {
  time_t begun = time(NULL);
  for (unsigned turns = 0; !*done && may_turn(turns, begun); turns++) {
    int alive = uv_run(&world_loop, UV_RUN_ONCE);
    CHECK(alive || *done, "%s never called back, and the loop has nothing left to do", what);
  }
  CHECK(*done, "%s has not called back", what);
}

static void work_nothing(uv_work_t *work) {
  (void)work;
}

static void on_worked(uv_work_t *work, int status) {
  (void)status;
  *(bool *)work->data = true;
}

void world_settle(void) {
  bool done = false;
  uv_work_t work = {.data = &done};
  int result = uv_queue_work(&world_loop, &work, work_nothing, on_worked);
  CHECK(result == 0, "uv_queue_work returned %s", uv_err_name(result));
  world_wait("uv_queue_work", &done);
}

static void on_close(uv_handle_t *handle) {
  *(bool *)handle->data = true;
}

void world_close(void *handle) {
  bool done = false;
  ((uv_handle_t *)handle)->data = &done;
  uv_close(handle, on_close);
  world_wait("uv_close", &done);
}
