/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "in_place.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../isolation/descriptor_message.h"
#include "../text/memory.h"
#include "in_place_messages.h"
#include "whole_messages.h"

/* A descriptor that was sent takes no longer to come. */
#define DESCRIPTOR_MS 10000

bool nomem__in_place_is_wanted(const struct nomem__suite_case *suite_case) {
  bool is_elsewhere = suite_case->left_out == NOMEM_LEFT_OUT_NOT_ALONE || suite_case->left_out == NOMEM_LEFT_OUT_GONE;
  return suite_case->reason != NULL && is_elsewhere && suite_case->image->is_whole;
}

static _Noreturn void become_runner(const struct nomem__in_place *in_place, const struct nomem__suite *suite,
                                    const struct nomem__case_setup *setup, int socket, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != parent) _exit(1);
  sigprocmask(SIG_SETMASK, &setup->signals, NULL);
  setrlimit(RLIMIT_NOFILE, &setup->descriptors);
  nomem__in_place_run(suite, in_place->places, socket);
}

int nomem__in_place_begin(struct nomem__in_place *in_place, const struct nomem__suite *suite,
                          const struct nomem__case_setup *setup) {
  int ends[2];
  *in_place = (struct nomem__in_place){.count = suite->cases.count, .socket = -1};
  in_place->places = nomem__calloc(in_place->count + 1, sizeof *in_place->places);
  for (size_t i = 0; i < in_place->count; i++)
    if (nomem__in_place_is_wanted(&suite->cases.list[i])) in_place->places[i].state = NOMEM_PLACE_AWAITED;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
  fflush(NULL); /* what is not written yet would be written twice */
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    close(ends[0]);
    become_runner(in_place, suite, setup, ends[1], parent);
  }
  int result = pid < 0 ? -errno : 0;
  close(ends[1]);
  if (result != 0) {
    close(ends[0]);
    return result;
  }
  in_place->runner = pid;
  in_place->socket = ends[0];
  return 0;
}

/* Names of temporary files may be others than when the case was recorded. Returns false: nobody understands it. */
static bool take_command(struct nomem__place *place, char *command, size_t bytes) {
  enum { PATH, FOLDER, INPUT, PARTS };
  char *part[PARTS], *at = command;
  place->command = command;
  for (int i = 0; i < PARTS; i++) {
    part[i] = at;
    at += strnlen(at, bytes - (size_t)(at - command)) + 1;
    if (at >= command + bytes) return false;
  }
  place->image.path = part[PATH];
  place->image.folder = part[FOLDER];
  place->image.input_path = part[INPUT][0] != '\0' ? part[INPUT] : NULL;
  place->image.words = at;
  place->image.word_bytes = bytes - (size_t)(at - command);
  return command[bytes - 1] == '\0';
}

static void take_place(struct nomem__place *place, const struct nomem__recorded_image *image,
                       const struct nomem__placed_message *message, char *variables) {
  place->state = NOMEM_PLACE_READY;
  place->pid = (pid_t)message->pid;
  place->failed_status = 0;
  place->image = *image;
  place->image.variables = variables;
  place->image.variable_bytes = message->variable_bytes;
  place->image.status = 0;
}

/* They come one by one. */
static int receive_inherited(int socket, struct nomem__place *place, const struct nomem__placed_message *message) {
  for (; place->inherited < message->inherited; place->inherited++) {
    struct pollfd coming = {.fd = socket, .events = POLLIN};
    poll(&coming, 1, DESCRIPTOR_MS);
    int copy = nomem__descriptor_receive(socket);
    if (copy < 0) return -EPIPE;
    place->copies[place->inherited] = copy;
    place->numbers[place->inherited] = message->numbers[place->inherited];
  }
  return 0;
}

static void close_inherited(struct nomem__place *place) {
  while (place->inherited > 0) close(place->copies[--place->inherited]);
}

/* The caller's; NULL: it does not come. */
static char *receive_block(int socket, uint64_t bytes) {
  if (bytes > NOMEM_RECORDED_BYTES_MAX) return NULL;
  char *block = nomem__calloc(1, (size_t)bytes + 1);
  if (nomem__receive_whole(socket, block, (size_t)bytes) == 0) return block;
  free(block);
  return NULL;
}

/* Returns 0, or -EPIPE: the process says nothing more, or what nobody understands. */
static int read_message(struct nomem__in_place *in_place, const struct nomem__suite *suite) {
  struct nomem__placed_message message;
  if (nomem__receive_whole(in_place->socket, &message, sizeof message) != 0) return -EPIPE;
  if (message.placed == NOMEM_PLACED_TIME_UP) {
    in_place->has_timed_out = true;
    return 0;
  }
  if (message.number >= in_place->count || message.inherited > NOMEM_INHERITED_MAX) return -EPIPE;
  struct nomem__place *place = &in_place->places[message.number];
  if (place->state != NOMEM_PLACE_AWAITED) return -EPIPE;
  if (message.placed == NOMEM_PLACED_FAILED) {
    place->failed_status = (int)message.status;
    return 0;
  }
  char *variables = receive_block(in_place->socket, message.variable_bytes);
  if (variables == NULL) return -EPIPE;
  take_place(place, suite->cases.list[message.number].image, &message, variables);
  char *command = receive_block(in_place->socket, message.command_bytes);
  if (command == NULL || !take_command(place, command, message.command_bytes)) {
    place->state = NOMEM_PLACE_AWAITED;
    return -EPIPE;
  }
  return receive_inherited(in_place->socket, place, &message);
}

static void close_socket(struct nomem__in_place *in_place) {
  if (in_place->socket >= 0) close(in_place->socket);
  in_place->socket = -1;
}

void nomem__in_place_hear(struct nomem__in_place *in_place, const struct nomem__suite *suite) {
  if (read_message(in_place, suite) != 0) close_socket(in_place);
}

void nomem__in_place_release(struct nomem__in_place *in_place, size_t number) {
  struct nomem__place *place = &in_place->places[number];
  int64_t pid = place->pid;
  close_inherited(place);
  place->state = NOMEM_PLACE_OVER;
  place->pid = 0;
  if (pid != 0 && in_place->socket >= 0) nomem__send_whole(in_place->socket, &pid, sizeof pid);
}

/* It sees that nobody speaks to it any more; what it has said already is still read. */
void nomem__in_place_end_runner(struct nomem__in_place *in_place) {
  if (in_place->socket >= 0) shutdown(in_place->socket, SHUT_WR);
}

bool nomem__in_place_has_ended(struct nomem__in_place *in_place, pid_t pid) {
  if (in_place->runner != pid) return false;
  in_place->runner = 0;
  return true;
}

char *nomem__in_place_describe(const struct nomem__in_place *in_place, const struct nomem__place *place,
                               const char *reason) {
  static const char when[] = "when the runner ran once more";
  int status = place->failed_status;
  if (WIFSIGNALED(status)) return nomem__format("%s; %s, signal %d killed it", reason, when, WTERMSIG(status));
  if (status != 0) return nomem__format("%s; %s, it exited with %d", reason, when, WEXITSTATUS(status));
  if (in_place->has_timed_out) return nomem__format("%s; %s, the time was up before it was started", reason, when);
  return nomem__format("%s; %s, it was not started again", reason, when);
}

void nomem__in_place_free(struct nomem__in_place *in_place) {
  close_socket(in_place);
  for (size_t i = 0; i < in_place->count; i++) {
    close_inherited(&in_place->places[i]);
    free(in_place->places[i].image.variables);
    free(in_place->places[i].command);
  }
  free(in_place->places);
  *in_place = (struct nomem__in_place){.socket = -1};
}
