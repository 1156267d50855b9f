/* SPDX-License-Identifier: MIT */
/* Finds out what this process was started for: a command's channel, a plan in the environment, or nothing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../program_kinds.h"
#include "call_site.h"
#include "exit_report.h"
#include "fork_server.h"
#include "injector.h"
#include "module_names.h"
#include "sanitizer.h"

#include "forbidden_calls.h"

/* Returns the environment's own text. Unlike getenv it takes no lock. */
static const char *variable(const char *name) {
  size_t length = strlen(name);
  for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
    if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') return *entry + length + 1;
  return NULL;
}

/* So many sites have room at first. */
#define FIRST_SITES 2048

static struct nomem__growing_map channel_map;

/* A process that forks for the command has tables of its own, and so has each fork. The points behind the tables become
 * private with them, because nobody changes them any more, and each fork then has one mapping less to copy. */
static bool make_tables_private(struct nomem_channel *channel, size_t bytes, int fd) {
  size_t from = offsetof(struct nomem_channel, live_bytes);
  return nomem__growing_map_reach(&channel_map, bytes) &&
         mmap((char *)channel + from, bytes - from, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, (off_t)from) !=
             MAP_FAILED;
}

/* What is forked has a few variables more than what is started for each run: see faults/explore/run/environment.c. They
 * are the last ones, and have served their purpose. A program that copies its environment allocates for each. */
static void drop_extra_variables(void) {
  char **first = NULL;
  for (char **entry = environ; *entry != NULL; entry++)
    if (strcmp(*entry, NOMEM_BIND_NOW) == 0) first = entry;
  if (first != NULL) *first = NULL;
}

/* Whether this process takes part. Where the engine forks, only the first process of the run does: others would write
 * to pages that are not theirs. */
static bool takes_part(struct nomem_channel *channel, size_t bytes, int fd) {
  if (channel->magic != NOMEM_CHANNEL_MAGIC) return false;
  if (channel->fork.engine == NOMEM_ENGINE_EXEC) return true;
  int32_t none = 0;
  return nomem__is_injected(channel->image, nomem__module_base_name(nomem__module_program())) &&
         atomic_compare_exchange_strong(&channel->fork.owner, &none, (int32_t)syscall(SYS_getpid)) &&
         make_tables_private(channel, bytes, fd);
}

/* A path that cannot be opened is no error: the run is over, or this process has given up the right to open it. */
static struct nomem_channel *map_channel(const char *path) {
  int fd = nomem__open(path, O_RDWR);
  if (fd < 0) return NULL;
  struct stat status;
  struct nomem_channel *channel = NULL;
  if (fstat(fd, &status) == 0 && status.st_size >= (off_t)sizeof *channel)
    channel = nomem__growing_map_make(&channel_map, fd, offsetof(struct nomem_channel, sites[FIRST_SITES]),
                                      (size_t)status.st_size);
  if (channel != NULL && !takes_part(channel, (size_t)status.st_size, fd)) {
    munmap(channel, channel_map.bytes);
    channel = NULL;
  }
  nomem__site_grow_in(&channel_map);
  nomem__close(fd);
  return channel;
}

static struct nomem_channel *make_channel(const char *plan) {
  void *pages = mmap(NULL, sizeof(struct nomem_channel), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return NULL;
  struct nomem_channel *channel = pages;
  size_t length = strlen(plan);
  if (length >= NOMEM_PLAN_BYTES) length = NOMEM_PLAN_BYTES - 1;
  memcpy(channel->plan, plan, length);
  return channel;
}

static void print(const char *text) {
  ssize_t written = write(STDERR_FILENO, text, strlen(text));
  (void)written;
}

static _Noreturn void reject_plan(const struct nomem_plan_error *error) {
  char digits[24];
  char *at = digits + sizeof digits - 1;
  *at = '\0';
  for (size_t rest = error->column; at > digits && (rest > 0 || *at == '\0'); rest /= 10)
    *--at = (char)('0' + rest % 10);
  print("nomem: " NOMEM_PLAN_ENV ": column ");
  print(at);
  print(": ");
  print(error->reason);
  print("\n");
  _exit(2);
}

static void enter_image(struct nomem_channel *channel, bool injected) {
  uint32_t index = atomic_fetch_add(&channel->image_count, 1);
  if (index >= NOMEM_IMAGES) return;
  struct nomem_image *image = &channel->images[index];
  image->pid = (int32_t)syscall(SYS_getpid);
  image->injected = injected;
  const char *path = nomem__module_program();
  memcpy(image->path, path, strlen(path) + 1);
  atomic_store_explicit(&image->ready, 1, memory_order_release);
}

void nomem__attach(void) {
  uint32_t start = NOMEM_MODE_START;
  if (environ == NULL) return; /* the C library has no environment yet: the next call tries again */
  if (!atomic_compare_exchange_strong(&nomem__mode, &start, 0)) return;
  int saved_errno = errno;
  if (getauxval(AT_SECURE) != 0) { /* set-uid and the like: the environment is the caller's, the privileges are not */
    errno = saved_errno;
    return;
  }
  const char *path = variable(NOMEM_CHANNEL_ENV);
  const char *plan = variable(NOMEM_PLAN_ENV);
  struct nomem_channel *channel = NULL;
  if (path != NULL)
    channel = map_channel(path);
  else if (plan != NULL)
    channel = make_channel(plan);
  if (channel != NULL) {
    if (channel->fork.engine != NOMEM_ENGINE_EXEC) drop_extra_variables();
    bool injected = nomem__is_injected(channel->image, nomem__module_base_name(nomem__module_program()));
    enter_image(channel, injected);
    nomem__fork_server_prepare(channel);
    struct nomem_plan_error error;
    int result = injected ? nomem__start(channel, &error) : -ENOENT;
    if (result == -EINVAL) reject_plan(&error);
    if (result == 0 && channel->watch != NOMEM_WATCH_NONE) nomem__exit_report_enter(channel);
    nomem__exit_report_prepare(channel);
  }
  errno = saved_errno;
}
