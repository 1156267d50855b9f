/* SPDX-License-Identifier: MIT */
#include "executed_programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../target/target_check.h"
#include "../text/grow.h"
#include "../text/memory.h"
#include "process_words.h"

/* The number that a process has in its own namespace, the last of those that the kernel lists. */
static pid_t find_inner_pid(pid_t pid) {
  char path[64], line[256];
  int inner = (int)pid;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE *file = nomem__checked(fopen(path, "re"));
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "NSpid:", 6) != 0) continue;
    const char *last = strrchr(line, '\t');
    if (last != NULL) sscanf(last, "%d", &inner);
    break;
  }
  if (file != NULL) fclose(file);
  return inner;
}

static uint32_t count_images(const struct nomem_channel *channel) {
  uint32_t count = channel->image_count;
  return count < NOMEM_IMAGES ? count : NOMEM_IMAGES;
}

bool nomem__executed_programs_replaces_injected(const struct nomem_channel *channel, pid_t pid) {
  pid_t inner_pid = find_inner_pid(pid);
  for (uint32_t i = count_images(channel); i-- > 0;)
    if (channel->images[i].pid == inner_pid) return channel->images[i].injected != 0;
  return false;
}

/* Whether the environment of a process has what the injector is loaded and finds its channel by. */
static bool has_environment(pid_t pid, const char *preload) {
  struct nomem__process_words words;
  int result = nomem__process_words_read(&words, pid, "environ");
  if (result != 0) return result != -ENODATA; /* nobody knows, or there is none */
  const char *preloaded = nomem__process_words_value(&words, "LD_PRELOAD");
  bool has_channel = nomem__process_words_value(&words, NOMEM_CHANNEL_ENV) != NULL;
  bool has_preload = preload == NULL || (preloaded != NULL && strstr(preloaded, preload) != NULL);
  nomem__process_words_free(&words);
  return has_channel && has_preload;
}

static void read_path(pid_t pid, char path[NOMEM_PATH_BYTES]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
  ssize_t length = readlink(link, path, NOMEM_PATH_BYTES - 1);
  path[length > 0 ? length : 0] = '\0';
}

/* Says why the injector will not be loaded, as far as that can be told before the program runs. */
static void explain(struct nomem__executed_program *program, const char *preload) {
  char file[64], quoted[NOMEM_QUOTE_BYTES];
  snprintf(file, sizeof file, "/proc/%d/exe", (int)program->pid);
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  int error = fd >= 0 ? nomem__target_check_open(fd, program->path, program->reason, sizeof program->reason) : 0;
  if (fd >= 0) close(fd);
  program->is_privileged = error == -EPERM;
  if (error != 0) return;
  nomem__quote(program->path, quoted, sizeof quoted);
  snprintf(program->reason, sizeof program->reason,
           has_environment(program->pid, preload) ? "%s did not load the preload library"
                                                  : "%s was executed without LD_PRELOAD or " NOMEM_CHANNEL_ENV
                                                    " in its environment: leave them there",
           quoted);
}

static void note_successor(struct nomem__executed_programs *programs, pid_t pid, uint32_t images) {
  for (size_t i = 0; i < programs->count; i++) {
    struct nomem__executed_program *program = &programs->list[i];
    if (program->pid != pid || program->has_successor) continue;
    program->has_successor = true;
    program->images_end = images;
  }
}

void nomem__executed_programs_note(struct nomem__executed_programs *programs, const struct nomem_channel *channel,
                                   pid_t pid, const char *preload) {
  uint32_t images = count_images(channel);
  note_successor(programs, pid, images);
  if (programs->count == NOMEM__EXECUTED_MAX || images == NOMEM_IMAGES) return;
  programs->list = nomem__grow(programs->list, programs->count, &programs->room, sizeof *programs->list);
  struct nomem__executed_program *program = &programs->list[programs->count++];
  *program = (struct nomem__executed_program){.pid = pid, .inner_pid = find_inner_pid(pid), .images_first = images};
  read_path(pid, program->path);
  explain(program, preload);
}

static bool was_injected(const struct nomem__executed_program *program, const struct nomem_channel *channel) {
  uint32_t images = count_images(channel);
  uint32_t end = program->has_successor && program->images_end < images ? program->images_end : images;
  if (end == NOMEM_IMAGES) return true; /* its own entry may be one of those for which there is no room */
  for (uint32_t i = program->images_first; i < end; i++)
    if (channel->images[i].pid == program->inner_pid) return true;
  return false;
}

/* Whether the program came to its end, or went on to another: one that was killed before may not have begun yet. */
static bool has_run(const struct nomem__executed_program *program, const struct nomem__processes *processes,
                    pid_t root) {
  return program->pid == root || program->has_successor || nomem__processes_get(processes, program->pid).has_exited;
}

void nomem__executed_programs_finish(struct nomem__executed_programs *programs, const struct nomem_channel *channel,
                                     const struct nomem__processes *processes, pid_t root) {
  size_t kept = 0;
  for (size_t i = 0; i < programs->count; i++) {
    const struct nomem__executed_program *program = &programs->list[i];
    if (!was_injected(program, channel) && has_run(program, processes, root)) programs->list[kept++] = *program;
  }
  programs->count = kept;
}

static bool has_program(const struct nomem__executed_programs *programs, const char *path, const char *reason) {
  for (size_t i = 0; i < programs->count; i++)
    if (strcmp(programs->list[i].path, path) == 0 && strcmp(programs->list[i].reason, reason) == 0) return true;
  return false;
}

void nomem__executed_programs_copy(struct nomem__executed_programs *copy,
                                   const struct nomem__executed_programs *programs) {
  copy->list = nomem__calloc(programs->count + 1, sizeof *copy->list);
  copy->room = programs->count + 1;
  for (size_t i = 0; i < programs->count; i++) {
    const struct nomem__executed_program *program = &programs->list[i];
    if (!has_program(copy, program->path, program->reason)) copy->list[copy->count++] = *program;
  }
}

bool nomem__executed_programs_have_privileged(const struct nomem__executed_programs *programs) {
  for (size_t i = 0; i < programs->count; i++)
    if (programs->list[i].is_privileged) return true;
  return false;
}

void nomem__executed_programs_clear(struct nomem__executed_programs *programs) {
  free(programs->list);
  *programs = (struct nomem__executed_programs){0};
}
