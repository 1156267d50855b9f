/* SPDX-License-Identifier: MIT */
/* What the thread pool does beside files, signals, shared libraries, and figures of the system. */
#include <signal.h>
#include <string.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { WORKS = 4, RANDOM_BYTES = 300 };

/* Holds the pool's only thread, so that what is queued behind can be cancelled. */
struct held {
  uv_sem_t release;
  uv_work_t work;
  bool done;
};

static void hold(uv_work_t *work) {
  uv_sem_wait(&((struct held *)work->data)->release);
}

static void on_held(uv_work_t *work, int status) {
  (void)status;
  ((struct held *)work->data)->done = true;
}

static void hold_pool(struct held *held) {
  held->done = false;
  held->work.data = held;
  CHECK(uv_sem_init(&held->release, 0) == 0, "uv_sem_init failed");
  int result = uv_queue_work(&world_loop, &held->work, hold, on_held);
  CHECK(result == 0, "uv_queue_work returned %s", uv_err_name(result));
}

static void let_pool_go(struct held *held) {
  uv_sem_post(&held->release);
  world_wait("uv_queue_work", &held->done);
  uv_sem_destroy(&held->release);
}

/* One request of each kind that can wait in the pool. */
struct waiting {
  unsigned called, cancelled;
  uv_work_t work;
  uv_random_t random;
  uv_getnameinfo_t name;
  uv_getaddrinfo_t address;
  char bytes[8];
};

static void count(struct waiting *waiting, int status, int cancelled) {
  waiting->called++;
  CHECK(status == cancelled, "a request that was cancelled in time ended with %s", uv_err_name(status));
}

static void never(uv_work_t *work) {
  (void)work;
  CHECK(false, "work was done that was cancelled in time");
}

static void on_work(uv_work_t *work, int status) {
  count(work->data, status, UV_ECANCELED);
}

static void on_random(uv_random_t *random, int status, void *bytes, size_t size) {
  (void)bytes;
  (void)size;
  count(random->data, status, UV_ECANCELED);
}

static void on_name(uv_getnameinfo_t *name, int status, const char *host, const char *service) {
  (void)host;
  (void)service;
  count(name->data, status, UV_EAI_CANCELED);
}

static void on_address(uv_getaddrinfo_t *address, int status, struct addrinfo *found) {
  uv_freeaddrinfo(found);
  count(address->data, status, UV_EAI_CANCELED);
}

static void cancel(struct waiting *waiting, void *request) {
  int result = uv_cancel(request);
  CHECK(result == 0, "uv_cancel of what waits returned %s", uv_err_name(result));
  waiting->cancelled++;
}

static int queue_and_cancel(struct waiting *waiting) {
  struct sockaddr_in local;
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
  uv_ip4_addr("127.0.0.1", 1, &local);
  waiting->work.data = waiting->random.data = waiting->name.data = waiting->address.data = waiting;
  CHECK(uv_queue_work(&world_loop, &waiting->work, never, on_work) == 0, "uv_queue_work failed");
  cancel(waiting, &waiting->work);
  CHECK(uv_random(&world_loop, &waiting->random, waiting->bytes, 8, 0, on_random) == 0, "uv_random failed");
  cancel(waiting, &waiting->random);
  CHECK(uv_getnameinfo(&world_loop, &waiting->name, on_name, (struct sockaddr *)&local, 0) == 0,
        "uv_getnameinfo failed");
  cancel(waiting, &waiting->name);
  int result = uv_getaddrinfo(&world_loop, &waiting->address, on_address, "127.0.0.1", NULL, &hints);
  if (result == 0) cancel(waiting, &waiting->address);
  return result;
}

static int cancel_all(void *unused) {
  struct waiting waiting = {.called = 0};
  struct held held;
  (void)unused;
  hold_pool(&held);
  int result = queue_and_cancel(&waiting);
  let_pool_go(&held);
  while (waiting.called < waiting.cancelled) uv_run(&world_loop, UV_RUN_ONCE);
  CHECK(waiting.called == waiting.cancelled, "%u requests were cancelled, %u called back", waiting.cancelled,
        waiting.called);
  return result;
}

void op_cancel(struct fuzz_step step) {
  (void)step;
  world_try("uv_cancel", cancel_all, NULL, 0);
}

struct randomness {
  bool done;
  int status;
};

/* cppcheck-suppress constParameter ; the type of callbacks */
static void on_bytes(uv_random_t *random, int status, void *bytes, size_t size) {
  struct randomness *randomness = random->data;
  CHECK(bytes && size == RANDOM_BYTES, "uv_random gives %zu bytes instead of %u", size, (unsigned)RANDOM_BYTES);
  randomness->status = status;
  randomness->done = true;
}

static int get_random(void *unused) {
  static const uint8_t none[RANDOM_BYTES];
  uint8_t bytes[RANDOM_BYTES] = {0};
  struct randomness randomness = {.done = false};
  uv_random_t random = {.data = &randomness};
  (void)unused;
  int result = uv_random(&world_loop, &random, bytes, sizeof bytes, 0, on_bytes);
  if (result) return result;
  world_wait("uv_random", &randomness.done);
  CHECK(memcmp(bytes, none, sizeof bytes) != 0, "300 bytes are random, and all are zero");
  CHECK(uv_random(&world_loop, &random, bytes, 1, 1, NULL) == UV_EINVAL, "uv_random takes flags");
  CHECK(uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL) == 0, "uv_random at once failed");
  return randomness.status;
}

void op_random(struct fuzz_step step) {
  (void)step;
  world_try("uv_random", get_random, NULL, 0);
}

struct caught {
  unsigned count;
  bool seen, is_oneshot;
};

static void on_signal(uv_signal_t *handle, int number) {
  struct caught *caught = handle->data;
  CHECK(number == SIGURG, "signal %d was caught as %d", SIGURG, number);
  CHECK(!caught->is_oneshot || !caught->seen, "a signal of one shot was caught twice");
  caught->count++;
  caught->seen = true;
}

/* A signal of this process to itself, which does nothing where nobody catches it. */
static int catch_signal(void *argument) {
  struct caught caught = {.is_oneshot = *(bool *)argument};
  uv_signal_t handle, second;
  int result = uv_signal_init(&world_loop, &handle);
  if (result) return result;
  uv_signal_init(&world_loop, &second);
  handle.data = second.data = &caught;
  CHECK(uv_signal_start(&handle, on_signal, 0) == UV_EINVAL, "signal 0 can be caught");
  result = caught.is_oneshot ? uv_signal_start_oneshot(&handle, on_signal, SIGURG)
                             : uv_signal_start(&handle, on_signal, SIGURG);
  CHECK(result == 0, "uv_signal_start returned %s", uv_err_name(result));
  CHECK(uv_kill(uv_os_getpid(), SIGURG) == 0, "uv_kill of this process failed");
  world_wait("a signal", &caught.seen);
  CHECK(uv_is_active((uv_handle_t *)&handle) == !caught.is_oneshot,
        "a signal of one shot is still watched, or another not");
  result = uv_signal_start(&second, on_signal, SIGURG);
  CHECK(result == 0 && uv_signal_stop(&handle) == 0, "a signal cannot be watched twice");
  world_close(&second);
  world_close(&handle);
  return 0;
}

void op_signal(struct fuzz_step step) {
  bool is_oneshot = step.a & 1;
  world_try("a signal", catch_signal, &is_oneshot, 0);
}

void op_library(struct fuzz_step step) {
  uv_lib_t library;
  void *address = NULL;
  uint64_t before = memory_faults(); /* without memory for it the text is "no error" */
  const char *name = step.a & 1 ? "libc.so.6" : NULL;
  int result = uv_dlopen(name, &library);
  CHECK(result == 0, "uv_dlopen failed: %s", uv_dlerror(&library));
  CHECK(uv_dlsym(&library, "strlen", &address) == 0 && address, "uv_dlsym does not find strlen");
  CHECK(strcmp(uv_dlerror(&library), "no error") == 0, "after a success uv_dlerror says %s", uv_dlerror(&library));
  CHECK(uv_dlsym(&library, "no_such_function_", &address) == -1, "uv_dlsym finds what there is not");
  CHECK(memory_faults() > before || strstr(uv_dlerror(&library), "no_such_function_"), "uv_dlerror says %s",
        uv_dlerror(&library));
  uv_dlclose(&library);
}

/* Figures of the system: only that they are possible. */
void op_figures(struct fuzz_step step) {
  double load[3] = {-1, -1, -1}, uptime = -1;
  uv_timeval64_t time = {0, -1};
  (void)step;
  uv_loadavg(load);
  CHECK(load[0] >= 0 && load[1] >= 0 && load[2] >= 0, "a load is negative");
  CHECK(uv_uptime(&uptime) == 0 && uptime >= 0, "the system has not run yet");
  CHECK(uv_gettimeofday(&time) == 0 && time.tv_usec >= 0 && time.tv_usec < 1000000, "a second has %d us", time.tv_usec);
  CHECK(uv_get_total_memory() >= uv_get_free_memory() && uv_get_free_memory() > 0, "more memory is free than there is");
  uv_get_constrained_memory();
  CHECK(uv_available_parallelism() >= 1, "nothing can run");
  CHECK(uv_version() == UV_VERSION_HEX && strncmp(uv_version_string(), "1.", 2) == 0,
        "the header is of version %x, the library of %x", UV_VERSION_HEX, uv_version());
}
