#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A run whose output goes past this is writing without end, into memory. */
#define OUTPUT_MAX_BYTES (64u << 20)
#define OUTPUT_CHECK_MS 100

struct nomem__worker {
  uv_loop_t *loop;
  struct nomem__trees *trees;
  const struct nomem__setup *setup;
  struct nomem_channel *channel;
  int channel_fd, output_fd;
  char **environment;
  char preload_entry[4096 + 16];
  char channel_entry[64];
  uv_timer_t timer; /* looks at the clock and at the output, while a run goes on */
  uint64_t started_ns, deadline_ms;
  struct nomem__tree *tree;
  nomem__worker_done done;
  void *user;
  size_t label;
  struct nomem__outcome outcome;
};

int nomem__preload_find(char *path, size_t path_bytes) {
  static const char *const places[] = {"libnomem-preload.so", "../lib/nomem/libnomem-preload.so"};
  char self[4096];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length <= 0) return -ENOENT;
  self[length] = '\0';
  *strrchr(self, '/') = '\0';
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    int needed = snprintf(path, path_bytes, "%s/%s", self, places[i]);
    if (needed < 0 || (size_t)needed >= path_bytes || access(path, R_OK) != 0) continue;
    return strpbrk(path, " \t\n:") == NULL ? 0 : -EINVAL;
  }
  return -ENOENT;
}

static bool is_entry(const char *entry, const char *name) {
  size_t length = strlen(name);
  return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* The command's own environment, with the injector first among the preloads. */
static int make_environment(struct nomem__worker *worker) {
  size_t count = 0;
  while (environ[count] != NULL) count++;
  worker->environment = calloc(count + 3, sizeof *worker->environment);
  if (worker->environment == NULL) return -ENOMEM;
  const char *others = getenv("LD_PRELOAD");
  if (others != NULL && strcmp(others, worker->setup->preload) == 0) others = NULL;
  snprintf(worker->preload_entry, sizeof worker->preload_entry, "LD_PRELOAD=%s%s%s", worker->setup->preload,
           others != NULL && *others != '\0' ? ":" : "", others != NULL ? others : "");
  snprintf(worker->channel_entry, sizeof worker->channel_entry, NOMEM_CHANNEL_ENV "=/proc/%d/fd/%d", (int)getpid(),
           worker->channel_fd);
  size_t at = 0;
  for (size_t i = 0; i < count; i++)
    if (!is_entry(environ[i], "LD_PRELOAD") && !is_entry(environ[i], NOMEM_CHANNEL_ENV) &&
        !is_entry(environ[i], NOMEM_PLAN_ENV))
      worker->environment[at++] = environ[i];
  worker->environment[at++] = worker->preload_entry;
  worker->environment[at] = worker->channel_entry;
  return 0;
}

static int map_channel(struct nomem__worker *worker) {
  worker->channel_fd = memfd_create("nomem-channel", MFD_CLOEXEC);
  worker->output_fd = memfd_create("nomem-output", MFD_CLOEXEC);
  if (worker->channel_fd < 0 || worker->output_fd < 0) return -errno;
  if (fcntl(worker->output_fd, F_SETFL, O_APPEND) != 0) return -errno;
  if (ftruncate(worker->channel_fd, sizeof(struct nomem_channel)) != 0) return -errno;
  void *pages = mmap(NULL, sizeof(struct nomem_channel), PROT_READ | PROT_WRITE, MAP_SHARED, worker->channel_fd, 0);
  if (pages == MAP_FAILED) return -errno;
  worker->channel = pages;
  return 0;
}

int nomem__worker_open(struct nomem__trees *trees, uv_loop_t *loop, const struct nomem__setup *setup,
                       struct nomem__worker **out) {
  struct nomem__worker *worker = calloc(1, sizeof *worker);
  if (worker == NULL) return -ENOMEM;
  *worker = (struct nomem__worker){.loop = loop, .trees = trees, .setup = setup, .channel_fd = -1, .output_fd = -1};
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
  if (worker->channel != NULL) munmap(worker->channel, sizeof *worker->channel);
  if (worker->channel_fd >= 0) close(worker->channel_fd);
  if (worker->output_fd >= 0) close(worker->output_fd);
  free(worker->environment);
  free(worker);
}

void nomem__worker_close(struct nomem__worker *worker) {
  uv_close((uv_handle_t *)&worker->timer, free_worker);
}

/* FNV-1a over what the program wrote: enough to tell equal from different. */
static void read_output(struct nomem__worker *worker) {
  struct nomem__outcome *outcome = &worker->outcome;
  unsigned char buffer[16384];
  off_t at = 0;
  ssize_t length;
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  while ((length = pread(worker->output_fd, buffer, sizeof buffer, at)) > 0) {
    for (ssize_t i = 0; i < length; i++) hash = (hash ^ buffer[i]) * UINT64_C(0x100000001b3);
    at += length;
  }
  outcome->output_hash = hash;
  outcome->output_bytes = (uint64_t)at;
  off_t tail = at > (off_t)sizeof outcome->output_tail - 1 ? at - (off_t)sizeof outcome->output_tail + 1 : 0;
  length = pread(worker->output_fd, outcome->output_tail, sizeof outcome->output_tail - 1, tail);
  outcome->output_tail[length > 0 ? length : 0] = '\0';
}

static void run_ended(struct nomem__tree *tree, const struct nomem__end *end, void *user) {
  struct nomem__worker *worker = user;
  (void)tree;
  uv_timer_stop(&worker->timer);
  worker->tree = NULL;
  worker->outcome = (struct nomem__outcome){
      .end = *end, .channel = worker->channel, .duration_us = (uv_hrtime() - worker->started_ns) / 1000};
  if (!worker->setup->inherit) read_output(worker);
  worker->done(worker, &worker->outcome, worker->user);
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
  off_t output = worker->setup->inherit ? 0 : lseek(worker->output_fd, 0, SEEK_END);
  if ((worker->deadline_ms == 0 || elapsed_ms < worker->deadline_ms) && output <= (off_t)OUTPUT_MAX_BYTES) {
    uint64_t left = worker->deadline_ms == 0 ? OUTPUT_CHECK_MS : worker->deadline_ms - elapsed_ms;
    uv_timer_start(timer, check, left < OUTPUT_CHECK_MS ? left : OUTPUT_CHECK_MS, 0);
    return;
  }
  nomem__tree_time_out(worker->tree, last_failed_thread(worker->channel));
}

/* A stack is worth having once something was failed: what dies before that dies in the baseline too. */
static bool was_failed(void *user) {
  const struct nomem__worker *worker = user;
  return worker->channel->fault_count > 0;
}

/* Zero pages again, without giving up the mapping: only what the last run touched is returned to the kernel. */
static int reset(struct nomem__worker *worker, const char *plan) {
  const struct nomem__setup *setup = worker->setup;
  if (fallocate(worker->channel_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, sizeof *worker->channel) != 0)
    return -errno;
  if (ftruncate(worker->output_fd, 0) != 0) return -errno;
  worker->channel->magic = NOMEM_CHANNEL_MAGIC;
  worker->channel->record_sites = 1;
  worker->channel->verify = setup->verify;
  snprintf(worker->channel->plan, sizeof worker->channel->plan, "%s", plan);
  snprintf(worker->channel->image, sizeof worker->channel->image, "%s", setup->image);
  return 0;
}

int nomem__worker_start(struct nomem__worker *worker, const char *plan, uint64_t timeout_ms, nomem__worker_done done,
                        void *user) {
  const struct nomem__setup *setup = worker->setup;
  int result = reset(worker, plan);
  if (result != 0) return result;
  struct nomem__start start = {.path = setup->program,
                               .argv = setup->argv,
                               .environment = worker->environment,
                               .stdin_fd = -1,
                               .stdout_fd = setup->inherit ? -1 : worker->output_fd,
                               .stderr_fd = setup->inherit ? -1 : worker->output_fd,
                               .own_session = !setup->inherit,
                               .same_addresses = setup->same_addresses,
                               .trace = setup->trace};
  if (!setup->inherit || setup->stdin_path == NULL || strcmp(setup->stdin_path, "-") != 0) {
    start.stdin_fd = open(setup->stdin_path != NULL ? setup->stdin_path : "/dev/null", O_RDONLY | O_CLOEXEC);
    if (start.stdin_fd < 0) return -errno;
  }
  worker->done = done;
  worker->user = user;
  worker->deadline_ms = timeout_ms;
  worker->started_ns = uv_hrtime();
  result = nomem__tree_start(worker->trees, &start, run_ended, was_failed, worker, &worker->tree);
  if (start.stdin_fd >= 0) close(start.stdin_fd);
  if (result != 0) return result;
  uv_update_time(worker->loop);
  uint64_t first = timeout_ms != 0 && timeout_ms < OUTPUT_CHECK_MS ? timeout_ms : OUTPUT_CHECK_MS;
  return uv_timer_start(&worker->timer, check, first, 0);
}

void nomem__worker_label(struct nomem__worker *worker, size_t label) {
  worker->label = label;
}

size_t nomem__worker_label_of(const struct nomem__worker *worker) {
  return worker->label;
}

void nomem__worker_cancel(struct nomem__worker *worker) {
  if (worker->tree != NULL) nomem__tree_cancel(worker->tree);
}
