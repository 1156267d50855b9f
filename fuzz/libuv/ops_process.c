/* SPDX-License-Identifier: MIT */
/* Processes: children of this one, and what it may ask and set of itself. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { STDIO_MAX = 12, SPAWNS_MAX = 1, DESCRIPTORS = 64, PATH_BYTES = 4096 };

enum how { PLAIN, THROUGH_PIPES, ELSEWHERE, INHERITS, KILLED, AS_SOMEBODY, HOWS };

static unsigned spawns_left;

struct child {
  enum how how;
  const char *file;
  int stdio_count;
  bool exited, echoed;
  uv_pipe_t in, out;
  uv_write_t write;
  uv_shutdown_t shutdown;
  uv_process_t process;
  int result;
};

void ops_allow_spawns(void) {
  spawns_left = SPAWNS_MAX;
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal_number) {
  struct child *child = process->data;
  CHECK(!child->exited, "%s ended twice", child->file);
  CHECK(status == 0 && signal_number == (child->how == KILLED ? SIGTERM : 0), "%s ended with %d, signal %d",
        child->file, (int)status, signal_number);
  child->exited = true;
}

static void on_alloc(uv_handle_t *handle, size_t bytes, uv_buf_t *buffer) {
  static char space[16];
  (void)handle;
  (void)bytes;
  *buffer = uv_buf_init(space, sizeof space);
}

static void on_echo(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer) {
  struct child *child = stream->data;
  if (bytes == 0) return;
  CHECK(bytes < 0 || (bytes == 3 && !memcmp(buffer->base, "abc", 3)), "of an echo of 3 bytes %zd came", bytes);
  if (bytes < 0) uv_read_stop(stream);
  if (bytes < 0) child->echoed = true;
}

static void on_written(uv_write_t *write, int status) {
  struct child *child = write->data;
  if (status) child->result = status;
}

static void on_shutdown(uv_shutdown_t *shutdown, int status) {
  struct child *child = shutdown->data;
  if (status) child->result = status;
}

/* Whatever fails here, the pipes are closed, and the child then ends by itself. */
static int echo(struct child *child) {
  uv_buf_t buffer = uv_buf_init((char *)(uintptr_t) "abc", 3);
  child->out.data = child->write.data = child->shutdown.data = child;
  int result = uv_read_start((uv_stream_t *)&child->out, on_alloc, on_echo);
  if (result == 0) result = uv_write(&child->write, (uv_stream_t *)&child->in, &buffer, 1, on_written);
  if (result == 0) result = uv_shutdown(&child->shutdown, (uv_stream_t *)&child->in, on_shutdown);
  if (result == 0) world_wait("an echo", &child->echoed);
  return result ? result : child->result;
}

static int kill_child(struct child *child) {
  int pid = uv_process_get_pid(&child->process);
  CHECK(pid > 0 && uv_kill(pid, 0) == 0, "a child cannot be found by its number");
  int result = uv_process_kill(&child->process, SIGTERM);
  CHECK(result == 0, "uv_process_kill returned %s", uv_err_name(result));
  CHECK(uv_process_kill(&child->process, 4096) == UV_EINVAL, "a signal that is none was sent");
  return 0;
}

static int attend(struct child *child) {
  int result = 0;
  if (child->how == THROUGH_PIPES) result = echo(child);
  if (child->how == THROUGH_PIPES && result) uv_process_kill(&child->process, SIGKILL);
  if (child->how == KILLED) result = kill_child(child);
  return result;
}

static void choose_stdio(struct child *child, uv_stdio_container_t *stdio) {
  if (child->how == THROUGH_PIPES) {
    uv_pipe_init(&world_loop, &child->in, 0);
    uv_pipe_init(&world_loop, &child->out, 0);
    stdio[0] = (uv_stdio_container_t){UV_CREATE_PIPE | UV_READABLE_PIPE, {.stream = (uv_stream_t *)&child->in}};
    stdio[1] = (uv_stdio_container_t){UV_CREATE_PIPE | UV_WRITABLE_PIPE, {.stream = (uv_stream_t *)&child->out}};
    child->stdio_count = 2;
  }
  if (child->how == INHERITS) {
    for (int i = 0; i < child->stdio_count; i++)
      stdio[i] = (uv_stdio_container_t){UV_INHERIT_FD, {.fd = STDERR_FILENO}};
  }
}

static void close_pipes(struct child *child) {
  if (child->how != THROUGH_PIPES) return;
  world_close(&child->in);
  world_close(&child->out);
}

static int spawn(void *argument) {
  struct child *child = argument;
  char folder[WORLD_PATH_BYTES];
  uv_stdio_container_t stdio[STDIO_MAX] = {{.flags = UV_IGNORE}};
  char *arguments[] = {(char *)(uintptr_t)child->file, child->how == KILLED ? (char *)(uintptr_t) "60" : NULL, NULL};
  char *environment[] = {(char *)(uintptr_t) "PATH=/usr/bin:/bin", (char *)(uintptr_t) "A=b", NULL};
  uv_process_options_t options = {.file = child->file, .args = arguments, .exit_cb = on_exit_of, .stdio = stdio};
  child->exited = child->echoed = false;
  child->result = 0;
  world_path(folder, "d");
  choose_stdio(child, stdio);
  options.stdio_count = child->stdio_count;
  if (child->how == ELSEWHERE) options.cwd = folder;
  if (child->how == ELSEWHERE) options.env = environment;
  if (child->how == ELSEWHERE) options.flags = UV_PROCESS_DETACHED;
  if (child->how == AS_SOMEBODY) options.flags = UV_PROCESS_SETUID | UV_PROCESS_SETGID;
  options.uid = getuid();
  options.gid = getgid();
  int result = uv_spawn(&world_loop, &child->process, &options);
  child->process.data = child;
  if (result == 0) {
    result = attend(child);
    if (result == 0) world_wait("uv_spawn", &child->exited);
  }
  close_pipes(child);
  world_close(&child->process);
  return result;
}

/* A process takes milliseconds, so an input starts few. Step: which file, how many descriptors, how. */
void op_spawn(struct fuzz_step step) {
  static const char *const files[HOWS] = {"/bin/true", "/bin/cat", "true", "/bin/true", "/bin/sleep", "/bin/true"};
  struct child child = {.how = step.c % HOWS, .stdio_count = step.b % STDIO_MAX};
  child.file = step.a & 1 ? files[child.how] : "/none/such";
  if (spawns_left == 0) return;
  spawns_left--;
  world_try("uv_spawn", spawn, &child, step.a & 1 ? 0 : UV_ENOENT);
}

static void check_priority(void) {
  int priority = 77;
  CHECK(uv_os_getpriority(0, &priority) == 0, "this process has no priority");
  CHECK(uv_os_setpriority(0, priority) == 0, "a process may not have the priority that it has");
  CHECK(uv_os_setpriority(0, 99) == UV_EINVAL, "a priority of 99 can be set");
}

/* Where it is, to and fro: nothing is said in between, because artifacts are written to a path that is relative. */
static void check_folder(void) {
  char before[PATH_BYTES], there[PATH_BYTES], folder[WORLD_PATH_BYTES];
  size_t size = sizeof before, there_size = sizeof there;
  world_path(folder, "d");
  if (uv_cwd(before, &size)) return;
  int went = uv_chdir(folder);
  int asked = uv_cwd(there, &there_size);
  int back = uv_chdir(before);
  CHECK(went == 0 && asked == 0 && back == 0, "a folder cannot be entered or left");
  CHECK(strlen(there) == there_size && strcmp(there + there_size - 2, "/d") == 0, "in '%s' the folder is '%s'", folder,
        there);
  size = 1;
  CHECK(uv_cwd(there, &size) == UV_ENOBUFS && size > 1, "a folder's name fits into one byte");
  CHECK(uv_chdir("/none/such") == UV_ENOENT, "a folder that is not there was entered");
}

/* Standard descriptors are kept open across the check: others of this process need them later. */
static void check_inheritance(void) {
  int flags[DESCRIPTORS];
  for (int i = 0; i < DESCRIPTORS; i++) flags[i] = fcntl(i, F_GETFD);
  uv_disable_stdio_inheritance();
  int marked = fcntl(STDERR_FILENO, F_GETFD);
  for (int i = 0; i < DESCRIPTORS; i++)
    if (flags[i] >= 0) fcntl(i, F_SETFD, flags[i]);
  CHECK(flags[STDERR_FILENO] < 0 || marked & FD_CLOEXEC, "a descriptor would still be inherited");
}

static void check_self(void) {
  char path[PATH_BYTES];
  size_t size = sizeof path;
  CHECK(uv_os_getpid() == getpid() && uv_os_getppid() == getppid(), "this process has another number");
  CHECK(uv_kill(getpid(), 0) == 0, "this process is not there");
  CHECK(uv_exepath(path, &size) == 0 && size == strlen(path) && path[0] == '/', "this program's path is '%s'", path);
  CHECK(uv_open_osfhandle(uv_get_osfhandle(STDERR_FILENO)) == STDERR_FILENO, "a descriptor is no handle");
}

/* Step: which. */
void op_self(struct fuzz_step step) {
  void (*const checks[])(void) = {check_priority, check_folder, check_inheritance, check_self};
  checks[step.a % (sizeof checks / sizeof checks[0])]();
}

void op_title(struct fuzz_step step) {
  static const char *const titles[] = {"t", "a title that is longer than what there is room for, by far", ""};
  const char *title = titles[step.a % 3];
  char text[PATH_BYTES] = "?";
  int result = uv_set_process_title(title);
  CHECK(result == 0, "uv_set_process_title returned %s", uv_err_name(result));
  CHECK(uv_get_process_title(text, sizeof text) == 0 && strncmp(text, title, strlen(text)) == 0,
        "the title '%s' was set and is '%s'", title, text);
  CHECK(uv_get_process_title(text, 0) == UV_EINVAL, "a title fits into nothing");
  CHECK(!text[0] || uv_get_process_title(text, strlen(text)) == UV_ENOBUFS, "a title fits without its end");
}
