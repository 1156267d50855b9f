/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "process_residue.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../process/own_filter.h"
#include "../text/hash.h"
#include "../text/memory.h"
#include "../text/quote.h"
#include "../text/varying_names.h"
#include "heap_scan.h"

/* Makes "socket:[1234]" a socket, and "pipe:[1234]" a pipe. */
static void cut_number(char *what) {
  char *bracket = strstr(what, ":[");
  if (what[0] != '/' && bracket != NULL && bracket[2] >= '0' && bracket[2] <= '9') *bracket = '\0';
}

static void list_descriptors(struct nomem__process_residue *residue, pid_t tid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", (int)tid);
  DIR *folder = nomem__checked(opendir(path));
  residue->open = nomem__calloc(NOMEM__DESCRIPTORS_MAX, sizeof *residue->open);
  const struct dirent *entry;
  while (folder != NULL && residue->open_count < NOMEM__DESCRIPTORS_MAX && (entry = readdir(folder)) != NULL) {
    struct nomem__descriptor *open = &residue->open[residue->open_count];
    ssize_t length = readlinkat(dirfd(folder), entry->d_name, open->what, sizeof open->what - 1);
    open->what[length < 0 ? 0 : length] = '\0';
    open->fd = atoi(entry->d_name);
    if (length < 0 || open->fd <= STDERR_FILENO) continue; /* ".", ".." and the standard streams */
    cut_number(open->what);
    residue->open_count++;
  }
  if (folder != NULL) closedir(folder);
}

void nomem__process_residue_read(struct nomem__process_residue *residue, pid_t pid, pid_t tid,
                                 const struct nomem_channel *channel, const struct nomem_exit_report *report) {
  nomem__process_residue_clear(residue);
  residue->pid = pid;
  residue->has_block_table = nomem__heap_scan_process(tid, channel, report, &residue->heap) == 0;
  residue->has_filter = nomem__has_own_filter(tid);
  residue->has_returned = report->returned_to != 0;
  residue->has_main_frame = report->returned_to != 0 && report->main_frame_bytes != 0;
  list_descriptors(residue, tid);
}

void nomem__process_residue_set_counts(struct nomem__process_residue *residue, const struct nomem_exit_report *report) {
  residue->has_ended = report->has_ended != 0;
  residue->descriptors = report->descriptors;
  residue->threads = report->threads;
  residue->children = report->children;
}

void nomem__process_residue_finish(struct nomem__process_residue *residue, const struct nomem_channel *channel,
                                   const struct nomem__processes *processes) {
  const struct nomem_exit_report *first = &channel->screening.first;
  residue->is_known = channel->watch != NOMEM_WATCH_NONE && first->pid != 0;
  residue->live = channel->screening.live;
  residue->has_leak_check = channel->screening.has_leak_check != 0;
  residue->pid = first->pid;
  residue->identity = nomem__processes_get(processes, residue->pid);
  nomem__process_residue_set_counts(residue, first);
}

static unsigned count_open(const struct nomem__process_residue *residue, const char *what, bool is_exact) {
  unsigned count = 0;
  for (unsigned i = 0; i < residue->open_count; i++) {
    const char *other = residue->open[i].what;
    count += is_exact ? strcmp(other, what) == 0 : nomem__names_are_similar(other, what);
  }
  return count;
}

/* Whether it is open more often here. The name of a temporary file differs from run to run, so that both its own name
 * and similar ones are counted. */
static bool is_one_more(const struct nomem__process_residue *here, const struct nomem__process_residue *there,
                        const char *what) {
  return count_open(here, what, true) > count_open(there, what, true) &&
         count_open(here, what, false) > count_open(there, what, false);
}

static void describe_descriptor(const struct nomem__descriptor *open, char *what, size_t what_bytes) {
  char quoted[NOMEM_QUOTE_BYTES];
  snprintf(what, what_bytes, "descriptor %d is open: %s", open->fd, nomem__quote(open->what, quoted, sizeof quoted));
}

bool nomem__process_residue_describe_new(const struct nomem__process_residue *here,
                                         const struct nomem__process_residue *there, char *what, size_t what_bytes) {
  if (!here->has_ended || !there->has_ended) return false;
  for (unsigned i = 0; i < here->open_count && here->descriptors > there->descriptors; i++) {
    const struct nomem__descriptor *open = &here->open[i];
    if (!is_one_more(here, there, open->what)) continue;
    describe_descriptor(open, what, what_bytes);
    return true;
  }
  if (here->threads > there->threads) {
    unsigned more = here->threads - there->threads;
    snprintf(what, what_bytes, "%u thread%s more than without a failure run%s", more, more == 1 ? "" : "s",
             more == 1 ? "s" : "");
    return true;
  }
  if (here->children > there->children) {
    snprintf(what, what_bytes, "a child process that was not waited for");
    return true;
  }
  return false;
}

static bool is_held(const struct nomem__process_residue *here, int fd) {
  return fd >= 64 || (here->heap.held_numbers >> fd & 1) != 0;
}

bool nomem__process_residue_describe_lost(const struct nomem__process_residue *here,
                                          const struct nomem__process_residue *const *there, unsigned there_count,
                                          const struct nomem__descriptor_filter *filter, char *what, size_t what_bytes,
                                          int *fd) {
  if (!here->has_ended || !here->has_main_frame || filter->counts == NULL) return false;
  for (unsigned i = 0; i < here->open_count; i++) {
    const struct nomem__descriptor *open = &here->open[i];
    bool is_more = there_count > 0 && !is_held(here, open->fd);
    for (unsigned j = 0; j < there_count && is_more; j++)
      is_more =
          there[j]->has_ended && here->descriptors > there[j]->descriptors && is_one_more(here, there[j], open->what);
    if (!is_more || !filter->counts(filter->user, here->pid, open->fd)) continue;
    describe_descriptor(open, what, what_bytes);
    *fd = open->fd;
    return true;
  }
  return false;
}

/* The name of a temporary file in it; its end when there is none. */
static const char *temporary_name(const char *text) {
  static const char *const signs[] = {" (deleted)'", "'/tmp/", "'/var/tmp/", "'/dev/shm/"};
  const char *slash = strrchr(text, '/');
  for (size_t i = 0; i < sizeof signs / sizeof *signs && slash != NULL; i++)
    if (strstr(text, signs[i]) != NULL) return slash + 1;
  return text + strlen(text);
}

uint64_t nomem__process_residue_hash(const char *text) {
  uint64_t hash = NOMEM__HASH_START;
  const char *name = temporary_name(text);
  for (; text < name; text++)
    if (*text < '0' || *text > '9') hash = nomem__hash_byte(hash, (unsigned char)*text);
  return hash + strlen(name);
}

void nomem__process_residue_clear(struct nomem__process_residue *residue) {
  nomem__heap_residue_free(&residue->heap);
  nomem__created_files_free(&residue->created_files);
  free(residue->open);
  *residue = (struct nomem__process_residue){0};
}
