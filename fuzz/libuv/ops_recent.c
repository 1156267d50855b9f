/* SPDX-License-Identifier: MIT */
/* What libuv has had only since some version after 1.44: each where the libuv that is fuzzed has it. */
#include <string.h>
#include <unistd.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

#define SINCE(major, minor) (UV_VERSION_HEX >= ((major) << 16 | (minor) << 8))

enum { CHOICES = 8 };

#if SINCE(1, 45)
static int get_group(void *unused) {
  uv_passwd_t user;
  uv_group_t group;
  (void)unused;
  int result = uv_os_get_group(&group, (uv_uid_t)getgid());
  if (result) return result;
  CHECK(group.groupname, "a group has no name");
  uv_os_free_group(&group);
  result = uv_os_get_passwd2(&user, (uv_uid_t)getuid());
  if (result == 0) uv_os_free_passwd(&user);
  return result;
}

static void check_clock(void) {
  uv_timespec64_t time = {-1, -1};
  uv_metrics_t metrics;
  CHECK(uv_clock_gettime(UV_CLOCK_MONOTONIC, &time) == 0 && time.tv_sec >= 0, "there is no time");
  CHECK(uv_clock_gettime(UV_CLOCK_REALTIME, &time) == 0 && time.tv_nsec < 1000000000, "a second has %d ns",
        time.tv_nsec);
  CHECK(uv_clock_gettime((uv_clock_id)77, &time) == UV_EINVAL, "there is a clock 77");
  CHECK(uv_metrics_info(&world_loop, &metrics) == 0 && uv_get_available_memory() > 0, "the loop has no metrics");
}

static int run_affinity(void *unused) {
  char mask[1024] = {0}, other[1024];
  (void)unused;
  int size = uv_cpumask_size();
  CHECK(size > 0 && (size_t)size <= sizeof mask, "uv_cpumask_size is %d", size);
  uv_thread_t self = uv_thread_self();
  int result = uv_thread_getaffinity(&self, mask, (size_t)size);
  if (result == 0) result = uv_thread_setaffinity(&self, mask, other, (size_t)size);
  CHECK(result || !memcmp(mask, other, (size_t)size), "a thread may run elsewhere than it said");
  CHECK(uv_thread_getaffinity(&self, mask, 1) == UV_EINVAL, "a mask of one processor is enough");
  CHECK(uv_thread_getcpu() >= 0, "this thread does not run");
  return result;
}
#endif

#if SINCE(1, 46)
static void on_connection(uv_stream_t *server, int status) {
  CHECK(status == 0 || server, "never");
}

static void on_connect(uv_connect_t *connect, int status) {
  *(bool *)connect->data = true;
  CHECK(status == 0, "a connection to a name in no folder returned %s", uv_err_name(status));
}

/* The names of these pipes are in no folder: the first byte is 0. */
static int name_abstractly(void *unused) {
  char name[32];
  uv_pipe_t server, client;
  bool connected = false;
  uv_connect_t connect = {.data = &connected};
  (void)unused;
  int length = 1 + snprintf(name + 1, sizeof name - 1, "nomem-%d", (int)getpid());
  name[0] = '\0';
  uv_pipe_init(&world_loop, &server, 0);
  uv_pipe_init(&world_loop, &client, 0);
  int result = uv_pipe_bind2(&server, name, (size_t)length, UV_PIPE_NO_TRUNCATE);
  if (result == 0) result = uv_listen((uv_stream_t *)&server, 1, on_connection);
  if (result == 0) result = uv_pipe_connect2(&connect, &client, name, (size_t)length, 0, on_connect);
  if (result == 0) world_wait("uv_pipe_connect2", &connected);
  world_close(&client);
  world_close(&server);
  return result;
}
#endif

#if SINCE(1, 47)
static int translate(void *unused) {
  static const uint16_t text[] = {'a', 0xe4, 0x4f60, 0xd83d, 0xdca9, 0xd800};
  uint16_t back[16] = {0};
  char *bytes = NULL;
  size_t length = 0;
  (void)unused;
  int result = uv_utf16_to_wtf8(text, 6, &bytes, &length);
  if (result) return result;
  CHECK(length == uv_utf16_length_as_wtf8(text, 6), "what was translated has another length than was said");
  ssize_t units = uv_wtf8_length_as_utf16(bytes);
  CHECK(units == 7, "six units and an end are %zd", units);
  uv_wtf8_to_utf16(bytes, back, (size_t)units);
  CHECK(!memcmp(back, text, sizeof text), "translated to and fro a text differs");
  memory_disown(bytes); /* the caller's to free */
  return 0;
}
#endif

#if SINCE(1, 50)
static int set_names(void *unused) {
  char before[32], name[32];
  uv_thread_t self = uv_thread_self();
  (void)unused;
  int result = uv_thread_getname(&self, before, sizeof before);
  if (result == 0) result = uv_thread_setname("nomem-thread");
  if (result == 0) result = uv_thread_getname(&self, name, sizeof name);
  CHECK(result || !strcmp(name, "nomem-thread"), "a thread was named nomem-thread, and is %s", name);
  uv_thread_setname(before);
  uv_rusage_t usage;
  CHECK(uv_getrusage_thread(&usage) == 0, "a thread has used nothing");
  return result;
}

static void post(void *sem) {
  uv_sem_post(sem);
}

/* Nobody joins it: it is over when it has said so. */
static int detach_thread(void *unused) {
  uv_thread_t thread;
  uv_sem_t sem;
  int priority = 0;
  (void)unused;
  CHECK(uv_sem_init(&sem, 0) == 0, "uv_sem_init failed");
  CHECK(uv_thread_getpriority(uv_thread_self(), &priority) == 0 &&
            uv_thread_setpriority(uv_thread_self(), UV_THREAD_PRIORITY_NORMAL) == 0,
        "a thread may not have the priority that it has");
  int result = uv_thread_create(&thread, post, &sem);
  if (result == 0) result = uv_thread_detach(&thread);
  if (result == 0) uv_sem_wait(&sem);
  uv_sem_destroy(&sem);
  return result;
}

/* Several datagrams by one call. */
static int send_several(void *unused) {
  struct sockaddr_in address;
  uv_udp_t handle;
  uv_buf_t buffer = uv_buf_init((char *)(uintptr_t) "abc", 3);
  uv_buf_t *bufs[] = {&buffer, &buffer};
  unsigned nbufs[] = {1, 1};
  struct sockaddr *addresses[] = {(struct sockaddr *)&address, (struct sockaddr *)&address};
  int length = sizeof address;
  (void)unused;
  uv_ip4_addr("127.0.0.1", 0, &address);
  int result = uv_udp_init(&world_loop, &handle);
  if (result) return result;
  result = uv_udp_bind(&handle, (struct sockaddr *)&address, 0);
  if (result == 0) result = uv_udp_getsockname(&handle, (struct sockaddr *)&address, &length);
  if (result == 0) result = uv_udp_try_send2(&handle, 2, bufs, nbufs, addresses, 0);
  CHECK(result < 0 || result == 2, "of two datagrams %d were sent", result);
  world_close(&handle);
  return result < 0 ? result : 0;
}
#endif

/* Step: which. A version that has none of it does nothing. */
void op_recent(struct fuzz_step step) {
  switch (step.a % CHOICES) {
#if SINCE(1, 45)
    case 0:
      world_try_as_usual("uv_os_get_group", get_group, NULL);
      break;
    case 1:
      check_clock();
      break;
    case 2:
      world_try_as_usual("the processors of a thread", run_affinity, NULL);
      break;
#endif
#if SINCE(1, 46)
    case 3:
      world_try("uv_pipe_bind2", name_abstractly, NULL, 0);
      break;
#endif
#if SINCE(1, 47)
    case 4:
      world_try("uv_utf16_to_wtf8", translate, NULL, 0);
      break;
#endif
#if SINCE(1, 50)
    case 5:
      world_try("the name of a thread", set_names, NULL, 0);
      break;
    case 6:
      world_try("uv_udp_try_send2", send_several, NULL, 0);
      break;
    case 7:
      world_try("uv_thread_detach", detach_thread, NULL, 0);
      break;
#endif
    default:
      break;
  }
}
