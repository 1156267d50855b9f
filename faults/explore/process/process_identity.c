/* SPDX-License-Identifier: MIT */
#include "process_identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../program_kinds.h"
#include "../text/grow.h"
#include "../text/hash.h"
#include "../text/memory.h"
#include "tracees.h"

#define PROCESSES_MAX 4096

struct entry {
  pid_t pid;
  size_t parent; /* its index in the list; the root is its own parent */
  struct nomem__process process;
  uint32_t children, running; /* so many it has started, and so many of them run */
  bool had_several_running;
};

struct nomem__processes {
  struct entry *list; /* the root first */
  size_t count, room;
};

static struct entry *find(const struct nomem__processes *processes, pid_t pid) {
  for (size_t i = processes->count; i-- > 0;)
    if (processes->list[i].pid == pid) return &processes->list[i];
  return NULL;
}

static struct entry *add(struct nomem__processes *processes, pid_t pid) {
  if (processes->count == PROCESSES_MAX) return NULL;
  struct entry *list = nomem__grow(processes->list, processes->count, &processes->room, sizeof *list);
  processes->list = list;
  struct entry *entry = &processes->list[processes->count++];
  *entry = (struct entry){.pid = pid};
  return entry;
}

static void read_name(struct entry *entry) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/%d/exe", (int)entry->pid);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length > 0 ? length : 0] = '\0';
  snprintf(entry->process.name, sizeof entry->process.name, "%.*s", NOMEM__PROCESS_NAME - 1, nomem__base_name(path));
}

/* A hash of the numbers of all processes on the way from the root. */
static uint64_t id_of(uint64_t parent_id, uint32_t number) {
  uint64_t id = nomem__hash_number(parent_id, number);
  return id != 0 ? id : 1;
}

static struct nomem__processes *begin(pid_t root) {
  struct nomem__processes *processes = nomem__calloc(1, sizeof *processes);
  struct entry *entry = add(processes, root);
  if (entry == NULL) {
    free(processes);
    return NULL;
  }
  entry->process.id = NOMEM__HASH_START;
  read_name(entry);
  return processes;
}

/* The process that a thread belongs to. */
static struct entry *find_by_thread(const struct nomem__processes *processes, pid_t tid) {
  struct entry *entry = find(processes, tid);
  if (entry != NULL) return entry;
  struct nomem__status status;
  nomem__status_read(tid, &status);
  return find(processes, status.pid);
}

void nomem__processes_forked(struct nomem__processes **processes, pid_t root, pid_t creator, pid_t child) {
  if (*processes == NULL) *processes = begin(root);
  struct entry *parent = *processes != NULL ? find_by_thread(*processes, creator) : NULL;
  if (parent == NULL) return;
  size_t parent_index = (size_t)(parent - (*processes)->list);
  parent->children++;
  struct entry *entry = add(*processes, child);
  if (entry == NULL) return;
  parent = &(*processes)->list[parent_index]; /* the list may have moved */
  parent->had_several_running |= parent->running++ > 0;
  entry->parent = parent_index;
  entry->process = parent->process;
  entry->process.parent_id = parent->process.id;
  entry->process.id = id_of(parent->process.id, parent->children);
}

void nomem__processes_executed(struct nomem__processes *processes, pid_t pid) {
  struct entry *entry = processes != NULL ? find(processes, pid) : NULL;
  if (entry != NULL) read_name(entry);
}

void nomem__processes_ended(struct nomem__processes *processes, pid_t pid, int status) {
  struct entry *entry = processes != NULL ? find(processes, pid) : NULL;
  if (entry == NULL) return;
  entry->process.has_exited = WIFEXITED(status);
  entry->process.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  if (entry->process.parent_id != 0) processes->list[entry->parent].running--;
}

struct nomem__process nomem__processes_get(const struct nomem__processes *processes, pid_t pid) {
  const struct entry *entry = processes != NULL ? find(processes, pid) : NULL;
  if (entry == NULL) return (struct nomem__process){0};
  struct nomem__process process = entry->process;
  process.is_order_uncertain = process.parent_id != 0 && processes->list[entry->parent].had_several_running;
  return process;
}

void nomem__processes_free(struct nomem__processes *processes) {
  if (processes == NULL) return;
  free(processes->list);
  free(processes);
}
