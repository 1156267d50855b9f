/* SPDX-License-Identifier: MIT */
#include "exit_records.h"

#include <uv.h>

/* Reading the processes of a run other than the first takes no longer than this, all together. */
#define READ_MAX_NS UINT64_C(2000000000)

/* The process in which the first call was failed; 0: no call was. */
static pid_t first_failed(const struct nomem_channel *channel) {
  return channel->fault_count > 0 && channel->faults[0].ready ? channel->faults[0].pid : 0;
}

/* The entry of a process other than the first. NULL: it has none, or it is not wanted. */
static const struct nomem_exit_report *find_other(const struct nomem__exit_records *records,
                                                  const struct nomem_channel *channel, pid_t pid) {
  if (!records->wants_all && pid != first_failed(channel)) return NULL;
  uint32_t count = channel->child_report_count;
  for (uint32_t i = 0; i < count && i < NOMEM_CHILD_REPORTS; i++)
    if (channel->child_reports[i].pid == pid) return &channel->child_reports[i];
  return NULL;
}

static const struct nomem_exit_report *find_report(const struct nomem__exit_records *records,
                                                   const struct nomem_channel *channel, pid_t pid) {
  return pid == channel->screening.first.pid ? &channel->screening.first : find_other(records, channel, pid);
}

bool nomem__exit_records_want(const struct nomem__exit_records *records, const struct nomem_channel *channel,
                              pid_t pid) {
  const struct nomem_exit_report *report = find_report(records, channel, pid);
  return report != NULL && (report == &channel->screening.first || records->spent_ns <= READ_MAX_NS);
}

void nomem__exit_records_read(struct nomem__exit_records *records, const struct nomem_channel *channel, pid_t pid,
                              pid_t tid) {
  const struct nomem_exit_report *report = find_report(records, channel, pid);
  bool is_first = report == &channel->screening.first;
  uint64_t began_ns = uv_hrtime();
  struct nomem__process_residue *residue =
      is_first ? &records->first : nomem__child_residue_add(&records->child_residue, pid);
  if (report == NULL || residue == NULL) return;
  nomem__process_residue_read(residue, pid, tid, channel, report);
  records->spent_ns += uv_hrtime() - began_ns;
}

void nomem__exit_records_finish(struct nomem__exit_records *records, const struct nomem_channel *channel,
                                const struct nomem__processes *processes) {
  uint32_t count = channel->child_report_count;
  nomem__process_residue_finish(&records->first, channel, processes);
  for (uint32_t i = 0; i < count && i < NOMEM_CHILD_REPORTS; i++) {
    const struct nomem_exit_report *report = &channel->child_reports[i];
    pid_t pid = report->pid;
    if (find_other(records, channel, pid) != report) continue;
    struct nomem__process_residue *residue = nomem__child_residue_find(&records->child_residue, pid);
    if (residue == NULL) residue = nomem__child_residue_add(&records->child_residue, pid);
    if (residue == NULL) return;
    nomem__process_residue_set_counts(residue, report);
    residue->identity = nomem__processes_get(processes, pid);
  }
}

void nomem__exit_records_clear(struct nomem__exit_records *records) {
  nomem__process_residue_clear(&records->first);
  nomem__child_residue_free(&records->child_residue);
  records->spent_ns = 0;
}
