/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../isolation/descriptor_message.h"
#include "../text/grow.h"
#include "../text/memory_stream.h"
#include "in_place.h"
#include "in_place_messages.h"
#include "recorder.h"
#include "variants.h"
#include "whole_messages.h"

/* A case that runs. */
struct begun {
  pid_t pid;
  struct nomem__inherited inherited;
};

struct second_run {
  const struct nomem__suite *suite;
  const struct nomem__place *places;
  bool *is_done; /* of each case: it has passed, and the command knows */
  struct begun *begun;
  size_t begun_count, begun_room;
  int socket;
};

/* The first case that is still wanted and has this command but for the names of files that are made anew each time. */
static size_t find_similar(const struct second_run *run, const struct nomem__recorded_image *image) {
  const struct nomem__suite_cases *cases = &run->suite->cases;
  size_t i = 0;
  while (i < cases->count &&
         (run->places[i].state != NOMEM_PLACE_AWAITED || run->is_done[i] ||
          !nomem__variants_are_similar(cases->list[i].image, image, cases->list[i].left_out == NOMEM_LEFT_OUT_GONE)))
    i++;
  return i;
}

/* Returns the number of cases if it is none of those that are wanted, or another case has started it. In an environment
 * that no case has had, it is the first of its command. */
static size_t find_case(const struct second_run *run, const struct nomem__recording *recording,
                        const struct nomem__recorded_image *image) {
  const struct nomem__suite_cases *cases = &run->suite->cases;
  size_t found = cases->count;
  bool is_known = false;
  for (size_t i = 0; i < cases->count; i++) {
    bool is_awaited = run->places[i].state == NOMEM_PLACE_AWAITED && !run->is_done[i];
    if (!nomem__suite_is_same_command(cases->list[i].image, image)) continue;
    is_known = true;
    bool is_exact = nomem__variants_are_same(cases->list[i].image, image);
    if (is_exact && !is_awaited) return cases->count;
    if (is_exact || (is_awaited && found == cases->count)) found = i;
    if (is_exact) break;
  }
  if (!is_known) found = find_similar(run, image);
  return found < cases->count && nomem__suite_is_started_by_case(recording, image) ? cases->count : found;
}

static void begins(void *user, const struct nomem__recording *recording, size_t number, pid_t pid) {
  struct second_run *run = user;
  if (find_case(run, recording, &recording->images[number]) == run->suite->cases.count) return;
  run->begun = nomem__grow(run->begun, run->begun_count, &run->begun_room, sizeof *run->begun);
  struct begun *begun = &run->begun[run->begun_count++];
  begun->pid = pid;
  nomem__inherited_note(&begun->inherited, pid);
}

/* Copies what the process was started with, and has not closed. */
static void copy_inherited(struct second_run *run, pid_t pid, struct nomem__placed_message *message,
                           int copies[NOMEM_INHERITED_MAX]) {
  for (size_t i = run->begun_count; i-- > 0;) {
    struct begun *begun = &run->begun[i];
    if (begun->pid != pid) continue;
    nomem__inherited_copy(&begun->inherited, pid, copies);
    message->inherited = begun->inherited.count;
    memcpy(message->numbers, begun->inherited.number, sizeof message->numbers);
    *begun = run->begun[--run->begun_count];
    return;
  }
}

/* All strings with their NULs, in one block, which is the caller's. */
static char *join_command(const struct nomem__recorded_image *image, size_t *bytes) {
  const char *input = image->input_path != NULL ? image->input_path : "";
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  fprintf(out, "%s%c%s%c%s%c", image->path, '\0', image->folder, '\0', input, '\0');
  fwrite(image->words, 1, image->word_bytes, out);
  *bytes = strlen(image->path) + strlen(image->folder) + strlen(input) + 3 + image->word_bytes;
  return nomem__memory_stream_close(&stream);
}

static int send_passed(struct second_run *run, struct nomem__placed_message *message,
                       const struct nomem__recorded_image *image, const int *copies) {
  size_t bytes;
  char *command = join_command(image, &bytes);
  message->variable_bytes = image->variable_bytes;
  message->command_bytes = bytes;
  int result = nomem__send_whole(run->socket, message, sizeof *message);
  if (result == 0) result = nomem__send_whole(run->socket, image->variables, image->variable_bytes);
  if (result == 0) result = nomem__send_whole(run->socket, command, bytes);
  free(command);
  for (size_t i = 0; i < message->inherited; i++) {
    if (result == 0) nomem__descriptor_send(run->socket, copies[i]);
    close(copies[i]);
  }
  return result;
}

static bool holds(void *user, const struct nomem__recording *recording, size_t number, pid_t pid) {
  struct second_run *run = user;
  const struct nomem__recorded_image *image = &recording->images[number];
  size_t case_number = find_case(run, recording, image);
  if (case_number == run->suite->cases.count) return false;
  struct nomem__placed_message message = {.placed = NOMEM_PLACED_PASSED, .number = case_number, .pid = pid};
  int copies[NOMEM_INHERITED_MAX];
  if (image->status != 0) {
    message.placed = NOMEM_PLACED_FAILED;
    message.status = image->status;
    nomem__send_whole(run->socket, &message, sizeof message);
    return false;
  }
  copy_inherited(run, pid, &message, copies);
  run->is_done[case_number] = send_passed(run, &message, image, copies) == 0;
  return run->is_done[case_number];
}

static pid_t hears(void *user) {
  const struct second_run *run = user;
  int64_t pid;
  return nomem__receive_whole(run->socket, &pid, sizeof pid) == 0 ? (pid_t)pid : -1;
}

_Noreturn void nomem__in_place_run(const struct nomem__suite *suite, const struct nomem__place *places, int socket) {
  struct second_run run = {.suite = suite,
                           .places = places,
                           .is_done = nomem__calloc(suite->cases.count + 1, sizeof *run.is_done),
                           .socket = socket};
  const struct nomem__onlooker onlooker = {
      .begins = begins, .holds = holds, .hears = hears, .socket = socket, .user = &run};
  struct nomem__recording recording = {0};
  int result = nomem__record(suite->options, &onlooker, &recording);
  const struct nomem__placed_message message = {.placed = NOMEM_PLACED_TIME_UP};
  if (recording.has_timed_out) nomem__send_whole(socket, &message, sizeof message);
  nomem__recording_free(&recording);
  free(run.begun);
  free(run.is_done);
  _exit(result == 0 ? 0 : 1);
}
