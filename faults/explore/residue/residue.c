/* SPDX-License-Identifier: MIT */
#include "residue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void raise_to(unsigned *most, unsigned count) {
  if (count > *most) *most = count;
}

void nomem__baseline_residue_add(struct nomem__baseline_residue *baseline, struct nomem__process_residue *first,
                                 struct nomem__child_residue *child_residue) {
  unsigned number = baseline->run_count < NOMEM__BASELINE_RUNS ? baseline->run_count++ : NOMEM__BASELINE_RUNS - 1;
  baseline->is_known = first->is_known && (number == 0 || baseline->is_known);
  baseline->has_leak_check = first->has_leak_check;
  baseline->live[number] = first->live;
  raise_to(&baseline->descriptors, first->descriptors);
  raise_to(&baseline->threads, first->threads);
  raise_to(&baseline->children, first->children);
  baseline->first = first->identity;
  nomem__child_residue_free(&baseline->child_residue[number]);
  baseline->child_residue[number] = *child_residue;
  *child_residue = (struct nomem__child_residue){0};
  nomem__created_files_free(&baseline->created_files[number]);
  baseline->created_files[number] = first->created_files;
  first->created_files = (struct nomem__created_files){0};
}

void nomem__baseline_residue_add_block_table(struct nomem__baseline_residue *baseline,
                                             struct nomem__process_residue *first,
                                             struct nomem__child_residue *child_residue, uint32_t misuse_count) {
  if (baseline->block_table_count == NOMEM__BASELINE_RUNS) return;
  if (baseline->block_table_count == 0) {
    nomem__process_residue_clear(&baseline->with_block_table);
    baseline->with_block_table = *first;
    *first = (struct nomem__process_residue){0};
    baseline->misuse_count = misuse_count;
  }
  struct nomem__child_residue *kept = &baseline->block_tables[baseline->block_table_count++];
  nomem__child_residue_free(kept);
  *kept = *child_residue;
  *child_residue = (struct nomem__child_residue){0};
}

void nomem__baseline_residue_free(struct nomem__baseline_residue *baseline) {
  nomem__process_residue_clear(&baseline->with_block_table);
  for (unsigned i = 0; i < NOMEM__BASELINE_RUNS; i++) {
    nomem__created_files_free(&baseline->created_files[i]);
    nomem__child_residue_free(&baseline->child_residue[i]);
    nomem__child_residue_free(&baseline->block_tables[i]);
  }
  *baseline = (struct nomem__baseline_residue){0};
}

/* What the process left in which the first call was failed; NULL: that was the run's first process, or nothing is known
 * of it. */
static const struct nomem__process_residue *find_injected_child(const struct nomem__run_end *run) {
  const struct nomem_fault *fault = &run->channel->faults[0];
  bool was_failed = run->channel->fault_count > 0 && fault->ready;
  return was_failed ? nomem__child_residue_find(run->child_residue, fault->pid) : NULL;
}

/* Whether the run's first process came to its end as in the baseline. Where it is the root, the run's own status says
 * so already. */
static bool has_first_ended_alike(const struct nomem__baseline_residue *baseline, const struct nomem__run_end *run) {
  const struct nomem__process *here = &run->first->identity, *there = &baseline->first;
  if (here->id == 0 || there->id == 0 || run->takes_any_status || run->gave_up) return true;
  return here->has_exited == there->has_exited && here->status == there->status;
}

/* Whether the first process had more open, running or not waited for at its end than that of any baseline. */
static bool has_more_open(const struct nomem__baseline_residue *baseline, const struct nomem__process_residue *first) {
  return first->has_ended && (first->descriptors > baseline->descriptors || first->threads > baseline->threads ||
                              first->children > baseline->children);
}

/* Whether the counts of a run without a block table give reason to make it once more with one. child is the process in
 * which the call was failed, NULL where that is the first. */
static bool is_suspect(const struct nomem__baseline_residue *baseline, const struct nomem__run_end *run,
                       const struct nomem__process_residue *child) {
  const struct nomem__process_residue *first = run->first;
  struct nomem__peers peers = {0};
  bool has_peers =
      child != NULL && baseline->run_count > 0 &&
      nomem__peers_find(baseline->child_residue, baseline->run_count, child, run->takes_any_status, &peers);
  bool is_first_alike = has_first_ended_alike(baseline, run);
  /* A process that LeakSanitizer alone looks at has no count. */
  bool has_count = !baseline->has_leak_check || !first->has_ended || first->live != 0;
  if (is_first_alike && !has_count) return true;
  if (!is_first_alike && !has_peers) return false;
  if (is_first_alike && has_more_open(baseline, first)) return true;
  if (has_peers && nomem__peers_are_exceeded(&peers, child)) return true;
  for (unsigned i = 0; i < baseline->run_count; i++)
    if (first->live == baseline->live[i]) return false;
  return true;
}

static bool has_left_more(const struct nomem__baseline_residue *baseline, const struct nomem__process_residue *first) {
  for (unsigned i = 0; i < baseline->run_count; i++)
    if (first->live <= baseline->live[i]) return false;
  return true;
}

/* Whether the process in which the call was failed, or the first one, had more descriptors open than in the baselines.
 */
static bool has_left_open(const struct nomem__baseline_residue *baseline, const struct nomem__run_end *run) {
  const struct nomem__process_residue *child = find_injected_child(run);
  struct nomem__peers peers = {0};
  if (run->first->has_ended && run->first->descriptors > baseline->descriptors) return true;
  return child != NULL && child->has_ended && baseline->run_count > 0 &&
         nomem__peers_find(baseline->child_residue, baseline->run_count, child, true, &peers) &&
         nomem__peers_are_exceeded(&peers, child);
}

static void compute_first_look(const struct nomem__baseline_residue *baseline, const struct nomem__run_end *run,
                               const struct nomem__created_file *file, struct nomem__residue *residue) {
  bool is_plain = run->channel->watch == NOMEM_WATCH_LIVE && !run->channel->check_leaks;
  if (!is_plain || !baseline->is_known || !run->first->is_known) return;
  residue->has_left_more = run->gave_up && has_left_more(baseline, run->first);
  residue->has_left_open = run->gave_up && has_left_open(baseline, run);
  if (!run->counts) return;
  residue->suspected_file = file;
  residue->needs_closer_look = file != NULL || is_suspect(baseline, run, find_injected_child(run));
}

/* Names the process, where it is not the run's first. */
static void add_process(const struct nomem__child_residue *child_residue, pid_t pid, char *text, size_t text_bytes) {
  const struct nomem__process_residue *child = nomem__child_residue_find(child_residue, pid);
  size_t length = strlen(text);
  char quoted[NOMEM_QUOTE_BYTES];
  if (child == NULL) return;
  snprintf(text + length, text_bytes - length, ", in another process of the run: %s",
           nomem__quote(child->identity.name, quoted, sizeof quoted));
}

/* Finds what a process leaked of which that counts. */
static bool find_leak(const struct nomem__run_end *run, const struct nomem__peers *peers,
                      const struct nomem__process_residue *here, struct nomem__leak_site *leak) {
  struct nomem__leak_filter filter = run->leak_filter;
  if (!run->gave_up) filter.counts = NULL;
  bool is_comparable = run->gave_up ? here->has_main_frame : run->counts;
  return is_comparable && nomem__peers_find_new_leak(peers, here, &filter, leak);
}

/* A mutex that every baseline leaves unlocked is locked, and main() has returned: whoever called it cannot unlock it.
 */
static void find_locked_mutex(const struct nomem__run_end *run, const struct nomem__peers *peers,
                              const struct nomem__process_residue *here, struct nomem__residue *residue) {
  bool is_comparable = here->has_returned && here->has_block_table && (run->counts || run->gave_up);
  if (!is_comparable || here->heap.locked_mutexes == 0 || residue->has_leftover) return;
  for (unsigned i = 0; i < peers->count; i++)
    if (!peers->list[i]->has_block_table || peers->list[i]->heap.locked_mutexes >= here->heap.locked_mutexes) return;
  residue->has_leftover = residue->has_locked_mutex = true;
  snprintf(residue->leftover, sizeof residue->leftover, "a mutex is still locked that is not without a failure");
}

/* A descriptor that a function below main() opened, and left open when a call failed that it led to. */
static void find_lost_descriptor(const struct nomem__run_end *run, const struct nomem__peers *peers,
                                 const struct nomem__process_residue *here, struct nomem__residue *residue) {
  int fd;
  if (!run->gave_up || residue->has_leftover) return;
  if (!nomem__process_residue_describe_lost(here, peers->list, peers->count, &run->descriptor_filter, residue->leftover,
                                            sizeof residue->leftover, &fd))
    return;
  residue->has_leftover = true;
  residue->lost_descriptor = fd;
  residue->lost_by = here->pid;
}

/* What the block table of the process showed in which the call was failed, against the same process of the baselines.
 * Without such a process there, nothing can be said. */
static void compute_child(const struct nomem__baseline_residue *baseline, const struct nomem__run_end *run,
                          struct nomem__residue *residue) {
  const struct nomem__process_residue *child = find_injected_child(run);
  struct nomem__peers peers = {0};
  if (child == NULL || baseline->block_table_count < NOMEM__BASELINE_RUNS ||
      !nomem__peers_find(baseline->block_tables, baseline->block_table_count, child,
                         run->takes_any_status || run->gave_up, &peers))
    return;
  if (child->heap.has_misuse && !nomem__peers_have_misuse(&peers)) residue->late_misuse = child;
  residue->has_leak = find_leak(run, &peers, child, &residue->leak);
  if (residue->has_leak) residue->leak.pid = child->pid;
  find_locked_mutex(run, &peers, child, residue);
  find_lost_descriptor(run, &peers, child, residue);
  if (residue->lost_descriptor != 0)
    add_process(run->child_residue, child->pid, residue->leftover, sizeof residue->leftover);
  if (!run->counts || residue->has_leftover) return;
  residue->has_leftover = nomem__peers_describe_excess(&peers, child, residue->leftover, sizeof residue->leftover);
  if (residue->has_leftover) add_process(run->child_residue, child->pid, residue->leftover, sizeof residue->leftover);
}

/* The same of the run's first process, where the other one shows nothing. */
static void compute_first(const struct nomem__baseline_residue *baseline, const struct nomem__run_end *run,
                          struct nomem__residue *residue) {
  const struct nomem__process_residue *first = run->first, *there = &baseline->with_block_table;
  if (residue->late_misuse == NULL && first->heap.has_misuse && !there->heap.has_misuse) residue->late_misuse = first;
  if (!has_first_ended_alike(baseline, run)) return;
  const struct nomem__peers peers = {.list = {there}, .count = 1};
  if (!residue->has_leak) residue->has_leak = find_leak(run, &peers, first, &residue->leak);
  if (run->counts && !residue->has_leftover && has_more_open(baseline, first))
    residue->has_leftover =
        nomem__process_residue_describe_new(first, there, residue->leftover, sizeof residue->leftover);
  find_locked_mutex(run, &peers, first, residue);
  find_lost_descriptor(run, &peers, first, residue);
}

/* What the injector saw of a misuse is the program's own where the baseline does the same. */
static const struct nomem_misuse *find_misuse(const struct nomem__baseline_residue *baseline,
                                              const struct nomem_channel *channel) {
  uint32_t next = baseline->misuse_count;
  if (channel->watch != NOMEM_WATCH_BLOCK_TABLE || next >= channel->misuse_count || next >= NOMEM_MISUSES) return NULL;
  return channel->misuses[next].ready ? &channel->misuses[next] : NULL;
}

/* Where the process crashed, as far as its block table is known. */
static void find_guarded_use(const struct nomem__run_end *run, struct nomem__residue *residue) {
  if (run->stack == NULL) return;
  const struct nomem__process_residue *process = nomem__child_residue_find(run->child_residue, run->stack->pid);
  if (process == NULL && run->first->pid == run->stack->pid) process = run->first;
  if (process == NULL) return;
  residue->guarded_use = run->was_caught ? nomem__guarded_use_find_earlier(&process->heap, run->stack)
                                         : nomem__guarded_use_find(&process->heap, run->stack);
}

void nomem__residue_compute(const struct nomem__baseline_residue *baseline, const struct nomem__run_end *run,
                            struct nomem__residue *residue) {
  *residue = (struct nomem__residue){.child_residue = run->child_residue};
  const struct nomem__created_files *made = baseline->created_files;
  const struct nomem__created_file *file =
      run->counts ? nomem__created_files_find_new(&run->first->created_files, &made[0], &made[1]) : NULL;
  compute_first_look(baseline, run, file, residue);
  if (run->channel->watch == NOMEM_WATCH_BLOCK_TABLE) residue->created_file = file;
  residue->misuse = find_misuse(baseline, run->channel);
  find_guarded_use(run, residue);
  compute_child(baseline, run, residue);
  compute_first(baseline, run, residue);
}

void nomem__residue_describe_leak(const struct nomem__residue *residue, char *text, size_t text_bytes) {
  const struct nomem__leak_site *leak = &residue->leak;
  snprintf(text, text_bytes, "%" PRIu64 " byte%s in %" PRIu64 " block%s", leak->bytes, leak->bytes == 1 ? "" : "s",
           leak->blocks, leak->blocks == 1 ? "" : "s");
  add_process(residue->child_residue, leak->pid, text, text_bytes);
}

void nomem__residue_describe_misuse(const struct nomem__residue *residue, char *text, size_t text_bytes) {
  const struct nomem_misuse *misuse = residue->misuse;
  const struct nomem__process_residue *late = residue->late_misuse;
  text[0] = '\0';
  if (residue->guarded_use.place != NOMEM_GUARDED_NONE)
    snprintf(text, text_bytes, "%s", nomem__guarded_use_text(&residue->guarded_use));
  else if (misuse != NULL && misuse->kind < NOMEM_MISUSE_KINDS) {
    snprintf(text, text_bytes, "%s%s", nomem__heap_misuse_texts[misuse->kind],
             misuse->kind == NOMEM_MISUSE_WRITTEN ? ", which was here" : "");
    add_process(residue->child_residue, misuse->pid, text, text_bytes);
  } else if (late != NULL) {
    enum nomem_misuse_kind kind = late->heap.misuse.kind;
    snprintf(text, text_bytes, "%s, which was seen when the run was over; it was %s here",
             nomem__heap_misuse_texts[kind], kind == NOMEM_MISUSE_WRITTEN ? "freed" : "allocated");
    add_process(residue->child_residue, late->pid, text, text_bytes);
  }
}
