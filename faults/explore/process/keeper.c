/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../text/memory.h"
#include "keeper_process.h"
#include "keeper_protocol.h"

/* To start a program takes a keeper milliseconds. One that was stopped or killed by a run does not answer. */
#define ANSWER_SECONDS 30

struct nomem__keeper {
  struct nomem__keeper *next;
  const struct nomem__sandbox *sandbox; /* NULL: none */
  pid_t pid;                            /* 0: it is gone */
  int socket;                           /* -1: it is gone */
  int children;                         /* the list of its children in /proc; -1: not read yet */
};

/* A keeper knows by the end of its socket that the command is gone, so no other one may hold the command's end. */
static _Noreturn void become_keeper(const struct nomem__keepers *keepers, const struct nomem__keeper *keeper,
                                    const int ends[2], pid_t command) {
  close(ends[0]);
  for (const struct nomem__keeper *other = keepers->first; other != NULL; other = other->next)
    if (other->socket >= 0) close(other->socket);
  nomem__keeper_process(ends[1], command, keeper->sandbox);
}

static int start_process(const struct nomem__keepers *keepers, struct nomem__keeper *keeper) {
  int ends[2];
  const struct timeval limit = {.tv_sec = ANSWER_SECONDS};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
  pid_t command = getpid(), pid = fork();
  if (pid == 0) become_keeper(keepers, keeper, ends, command);
  int result = pid < 0 ? -errno : 0;
  close(ends[1]);
  if (result != 0) {
    close(ends[0]);
    return result;
  }
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  keeper->pid = pid;
  keeper->socket = ends[0];
  return 0;
}

int nomem__keeper_open(struct nomem__keepers *keepers, const struct nomem__sandbox *sandbox,
                       struct nomem__keeper **out) {
  struct nomem__keeper *keeper = nomem__calloc(1, sizeof *keeper);
  *keeper = (struct nomem__keeper){.sandbox = sandbox, .socket = -1, .children = -1};
  int result = start_process(keepers, keeper);
  if (result != 0) {
    free(keeper);
    return result;
  }
  keeper->next = keepers->first;
  keepers->first = *out = keeper;
  return 0;
}

/* Its process has been waited for. */
static void forget_process(struct nomem__keeper *keeper) {
  if (keeper->socket >= 0) close(keeper->socket);
  if (keeper->children >= 0) close(keeper->children);
  keeper->pid = 0;
  keeper->socket = keeper->children = -1;
}

void nomem__keeper_end(struct nomem__keeper *keeper) {
  if (keeper->pid == 0) return;
  kill(keeper->pid, SIGKILL);
  while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR) continue;
  forget_process(keeper);
}

void nomem__keeper_close(struct nomem__keepers *keepers, struct nomem__keeper *keeper) {
  if (keeper == NULL) return;
  struct nomem__keeper **at = &keepers->first;
  while (*at != keeper) at = &(*at)->next;
  *at = keeper->next;
  nomem__keeper_end(keeper);
  free(keeper);
}

struct nomem__keeper *nomem__keepers_ended(struct nomem__keepers *keepers, pid_t pid) {
  for (struct nomem__keeper *keeper = keepers->first; keeper != NULL; keeper = keeper->next) {
    if (keeper->pid != pid) continue;
    forget_process(keeper);
    return keeper;
  }
  return NULL;
}

bool nomem__keepers_have(const struct nomem__keepers *keepers, pid_t pid) {
  for (const struct nomem__keeper *keeper = keepers->first; keeper != NULL; keeper = keeper->next)
    if (keeper->pid == pid) return true;
  return false;
}

pid_t nomem__keeper_pid(const struct nomem__keeper *keeper) {
  return keeper->pid;
}

/* A run may have stopped it. */
static void wake(const struct nomem__keeper *keeper) {
  kill(keeper->pid, SIGCONT);
}

static int send_all(int socket, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t sent = send(socket, bytes, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return -EPIPE;
    bytes += sent;
    count -= (size_t)sent;
  }
  return 0;
}

/* The descriptors come with the first byte. */
static int send_order(int socket, const struct nomem__keeper_order *order, const int *descriptors, size_t count) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(NOMEM_KEEPER_DESCRIPTORS * sizeof(int))];
  } control = {
      .header = {.cmsg_len = CMSG_LEN(count * sizeof *descriptors), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  struct iovec piece = {(void *)order, sizeof *order};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(count * sizeof *descriptors);
    memcpy(CMSG_DATA(&control.header), descriptors, count * sizeof *descriptors);
  }
  ssize_t sent;
  while ((sent = sendmsg(socket, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) continue;
  if (sent <= 0) return -EPIPE;
  return send_all(socket, (const char *)order + sent, sizeof *order - (size_t)sent);
}

static size_t count_text(char *const *list, size_t *bytes) {
  size_t count = 0;
  for (; list[count] != NULL; count++) *bytes += strlen(list[count]) + 1;
  return count;
}

static char *append_text(char *to, const char *text) {
  size_t bytes = strlen(text) + 1;
  memcpy(to, text, bytes);
  return to + bytes;
}

/* The caller's to free. */
static char *join_text(const struct nomem__spawn_request *request, struct nomem__keeper_order *order) {
  order->text_bytes = strlen(request->path) + 1;
  order->argument_count = count_text(request->argv, &order->text_bytes);
  order->entry_count = count_text(request->environment, &order->text_bytes);
  char *text = nomem__malloc(order->text_bytes), *at = text;
  at = append_text(at, request->path);
  for (char **argument = request->argv; *argument != NULL; argument++) at = append_text(at, *argument);
  for (char **entry = request->environment; *entry != NULL; entry++) at = append_text(at, *entry);
  return text;
}

static int send_request(int socket, const struct nomem__spawn_request *request, const sigset_t *blocked, int go,
                        int error) {
  const int all[NOMEM_KEEPER_DESCRIPTORS] = {
      [NOMEM_KEEPER_GO] = go,
      [NOMEM_KEEPER_ERROR] = error,
      [NOMEM_KEEPER_STDIN] = request->stdin_fd,
      [NOMEM_KEEPER_STDOUT] = request->stdout_fd,
      [NOMEM_KEEPER_STDERR] = request->stderr_fd,
      [NOMEM_KEEPER_SCRATCH] = request->sandbox != NULL ? request->scratch_socket : -1};
  int there[NOMEM_KEEPER_DESCRIPTORS];
  size_t count = 0;
  struct nomem__keeper_order order = {.kind = NOMEM_KEEPER_START,
                                      .own_session = request->own_session,
                                      .same_addresses = request->same_addresses,
                                      .uses_sandbox = request->sandbox != NULL,
                                      .is_fresh = request->is_fresh,
                                      .watch_effects = request->watch_effects,
                                      .watch_openings = request->openings != NULL,
                                      .is_forked = request->is_forked,
                                      .output_max_bytes = request->output_max_bytes,
                                      .group = getpgrp(),
                                      .blocked = *blocked};
  for (unsigned i = 0; i < NOMEM_KEEPER_DESCRIPTORS; i++) {
    order.has_descriptor[i] = all[i] >= 0;
    if (all[i] >= 0) there[count++] = all[i];
  }
  char *text = join_text(request, &order);
  int result = send_order(socket, &order, there, count);
  if (result == 0) result = send_all(socket, text, order.text_bytes);
  free(text);
  return result;
}

/* Returns 1 when a report was read, 0 when there is none yet, or a negative error code: the keeper is gone. */
static int receive_report(int socket, struct nomem__keeper_report *report, int flags) {
  ssize_t length;
  while ((length = recv(socket, report, sizeof *report, flags)) < 0 && errno == EINTR) continue;
  if (length < 0 && errno == EAGAIN && (flags & MSG_DONTWAIT) != 0) return 0;
  return length == sizeof *report ? 1 : -ECHILD;
}

int nomem__keeper_start(struct nomem__keepers *keepers, struct nomem__keeper *keeper,
                        const struct nomem__spawn_request *request, const sigset_t *blocked, int go, int error,
                        pid_t *pid) {
  struct nomem__keeper_report report = {.error = 0};
  int result = keeper->pid == 0 ? start_process(keepers, keeper) : 0;
  if (result != 0) return result;
  wake(keeper);
  result = send_request(keeper->socket, request, blocked, go, error);
  if (result == 0) result = receive_report(keeper->socket, &report, MSG_WAITALL);
  if (result < 0) {
    nomem__keeper_end(keeper);
    return result;
  }
  *pid = report.pid;
  return -report.error;
}

void nomem__keeper_sweep(struct nomem__keeper *keeper, pid_t spared) {
  const struct nomem__keeper_order order = {.kind = NOMEM_KEEPER_SWEEP, .spared = spared};
  if (keeper->pid == 0) return;
  wake(keeper);
  send_order(keeper->socket, &order, NULL, 0); /* when this fails, it is gone, which its end says as well */
}

bool nomem__keeper_read(struct nomem__keeper *keeper, struct nomem__keeper_report *report) {
  return keeper->socket >= 0 && receive_report(keeper->socket, report, MSG_DONTWAIT) > 0;
}

/* In doubt the answer is yes. */
bool nomem__keeper_has_others(struct nomem__keeper *keeper, pid_t pid) {
  char path[64], list[64], expected[16];
  if (keeper->children < 0) {
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)keeper->pid, (int)keeper->pid);
    keeper->children = open(path, O_RDONLY | O_CLOEXEC);
  }
  ssize_t length = keeper->children >= 0 ? pread(keeper->children, list, sizeof list - 1, 0) : -1;
  if (length <= 0) return length < 0;
  list[length] = '\0';
  snprintf(expected, sizeof expected, "%d ", (int)pid);
  return strcmp(list, expected) != 0;
}
