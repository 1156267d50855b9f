/* SPDX-License-Identifier: MIT */
/* Doubles of libuv functions, each wrong in one way, between the fuzz target libuv and libuv: the linker's --wrap sends
 * the target's calls here. NOMEM_LIBUV_DOUBLE names the one that is wrong. Built without sanitizers, as libuv is.
 *
 * Run by tools/mutants-libuv.sh, which reads the names and the functions to wrap in this file.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* libuv's own, which a static library does not hide. */
void *uv__malloc(size_t size);
void uv__free(void *ptr);

static const char *chosen = "";

/* Early: the target exchanges the environment. */
__attribute__((constructor)) static void choose(void) {
  const char *name = getenv("NOMEM_LIBUV_DOUBLE");
  if (name) chosen = strdup(name);
}

static bool is(const char *name) {
  return strcmp(chosen, name) == 0;
}

#define DOUBLE(type, function, ...)    \
  type __real_##function(__VA_ARGS__); \
  type __wrap_##function(__VA_ARGS__); \
  type __wrap_##function(__VA_ARGS__)

DOUBLE(int, uv_pipe_bind, uv_pipe_t *handle, const char *name) {
  void *kept = is("leaks-on-failure") ? uv__malloc(1) : NULL;
  int result = __real_uv_pipe_bind(handle, name);
  if (result != UV_ENOMEM) uv__free(kept);
  return result;
}

DOUBLE(int, uv_fs_opendir, uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb callback) {
  int result = __real_uv_fs_opendir(loop, req, path, callback);
  return result == UV_ENOMEM && is("wrong-error") ? UV_EINVAL : result;
}

DOUBLE(int, uv_udp_send, uv_udp_send_t *req, uv_udp_t *handle, const uv_buf_t *bufs, unsigned nbufs,
       const struct sockaddr *address, uv_udp_send_cb callback) {
  static bool failed;
  if (failed && is("fails-for-ever")) return UV_ENOMEM;
  int result = __real_uv_udp_send(req, handle, bufs, nbufs, address, callback);
  failed = result == UV_ENOMEM;
  return result;
}

DOUBLE(int, uv_os_setenv, const char *name, const char *value) {
  static unsigned calls;
  if (is("fails-without-fault") && ++calls % 3 == 0) return UV_ENOMEM;
  return __real_uv_os_setenv(name, value);
}

DOUBLE(int, uv_cpu_info, uv_cpu_info_t **cpus, int *count) {
  int result = __real_uv_cpu_info(cpus, count);
  if (result != UV_ENOMEM || !is("succeeds-with-part")) return result;
  *count = 1;
  *cpus = calloc(1, sizeof **cpus);
  return 0;
}

DOUBLE(int, uv_fs_rename, uv_loop_t *loop, uv_fs_t *req, const char *from, const char *to, uv_fs_cb callback) {
  int result = __real_uv_fs_rename(loop, req, from, to, callback);
  if (result == UV_ENOMEM && is("request-stays")) loop->active_reqs.count++;
  return result;
}

DOUBLE(void, uv_os_free_passwd, uv_passwd_t *entry) {
  char *name = entry->username;
  __real_uv_os_free_passwd(entry);
  if (is("writes-to-freed")) name[0] = '\0';
}

DOUBLE(void, uv_os_free_environ, uv_env_item_t *items, int count) {
  if (is("frees-twice")) uv__free(items[0].name);
  __real_uv_os_free_environ(items, count);
}

DOUBLE(int, uv_fs_event_start, uv_fs_event_t *handle, uv_fs_event_cb callback, const char *path, unsigned flags) {
  int result = __real_uv_fs_event_start(handle, callback, path, flags);
  if (result == UV_ENOMEM && is("descriptor-stays") && dup(STDERR_FILENO) < 0) abort();
  return result;
}

DOUBLE(int, uv_getaddrinfo, uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb callback, const char *node,
       const char *service, const struct addrinfo *hints) {
  int result = __real_uv_getaddrinfo(loop, req, callback, node, service, hints);
  return result == UV_ENOMEM && callback && is("never-calls-back") ? 0 : result;
}

DOUBLE(int, uv_fs_poll_start, uv_fs_poll_t *handle, uv_fs_poll_cb callback, const char *path, unsigned interval) {
  int result = __real_uv_fs_poll_start(handle, callback, path, interval);
  if (result == UV_ENOMEM && is("crashes-on-failure")) *(volatile char *)handle->poll_ctx = 0;
  return result;
}

DOUBLE(int, uv_interface_addresses, uv_interface_address_t **addresses, int *count) {
  int result = __real_uv_interface_addresses(addresses, count);
  if (result == 0 && is("writes-past-end")) ((char *)*addresses)[(size_t)*count * sizeof **addresses] = 0;
  return result;
}

DOUBLE(int, uv_fs_read, uv_loop_t *loop, uv_fs_t *req, uv_file file, const uv_buf_t *bufs, unsigned nbufs,
       int64_t offset, uv_fs_cb callback) {
  int result = __real_uv_fs_read(loop, req, file, bufs, nbufs, offset, callback);
  if (result != UV_ENOMEM || !is("reads-less")) return result;
  return __real_uv_fs_read(loop, req, file, bufs, 1, offset, callback);
}

DOUBLE(int, uv_fs_readdir, uv_loop_t *loop, uv_fs_t *req, uv_dir_t *dir, uv_fs_cb callback) {
  int result = __real_uv_fs_readdir(loop, req, dir, callback);
  if (result != UV_ENOMEM || !is("takes-failure-for-end")) return result;
  req->result = 0;
  return 0;
}

DOUBLE(uv_loop_t *, uv_loop_new, void) {
  uv_loop_t *loop = __real_uv_loop_new();
  return loop || !is("aborts-on-failure") ? loop : (abort(), NULL);
}

DOUBLE(int, uv_poll_stop, uv_poll_t *handle) {
  return is("stop-does-nothing") ? 0 : __real_uv_poll_stop(handle);
}

DOUBLE(int, uv_pipe_chmod, uv_pipe_t *handle, int mode) {
  int result = __real_uv_pipe_chmod(handle, mode);
  return result == UV_ENOMEM && is("succeeds-without-doing") ? 0 : result;
}

DOUBLE(int, uv_tcp_close_reset, uv_tcp_t *handle, uv_close_cb callback) {
  if (!is("closes-without-reset")) return __real_uv_tcp_close_reset(handle, callback);
  uv_close((uv_handle_t *)handle, callback);
  return 0;
}

DOUBLE(int, uv_pipe_pending_count, uv_pipe_t *handle) {
  int count = __real_uv_pipe_pending_count(handle);
  return is("forgets-what-is-pending") && count == 1 ? 0 : count;
}

DOUBLE(int, uv_getnameinfo, uv_loop_t *loop, uv_getnameinfo_t *req, uv_getnameinfo_cb callback,
       const struct sockaddr *address, int flags) {
  int result = __real_uv_getnameinfo(loop, req, callback, address, flags);
  if (!callback && is("answers-wrongly")) req->host[0] = '9';
  return result;
}

DOUBLE(int, uv_udp_recv_stop, uv_udp_t *handle) {
  if (is("keeps-a-block")) uv__malloc(1);
  return __real_uv_udp_recv_stop(handle);
}

DOUBLE(char **, uv_setup_args, int argc, char **argv) {
  char **copy = __real_uv_setup_args(argc, argv);
  return is("loses-arguments") && copy != argv ? argv : copy;
}

DOUBLE(void, uv_library_shutdown, void) {
  if (!is("shuts-nothing-down")) __real_uv_library_shutdown();
}

DOUBLE(int, uv_tty_get_winsize, uv_tty_t *handle, int *width, int *height) {
  int result = __real_uv_tty_get_winsize(handle, width, height);
  if (is("swaps-results")) *width = *height;
  return result;
}

DOUBLE(int, uv_rwlock_trywrlock, uv_rwlock_t *lock) {
  int result = __real_uv_rwlock_trywrlock(lock);
  return is("locks-what-is-locked") ? 0 : result;
}
