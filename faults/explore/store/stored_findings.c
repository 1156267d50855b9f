/* SPDX-License-Identifier: MIT */
#include "stored_findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../text/complain.h"
#include "../text/grow.h"
#include "../text/memory.h"

/* The condition for the campaign that was used last of those of one command, in one folder and with one input. A suite
 * explores the same words in several. */
#define LAST                                                                                            \
  "last_used=(SELECT max(last_used) FROM campaigns AS other WHERE other.command=campaigns.command AND " \
  "other.directory=campaigns.directory AND other.stdin_path IS campaigns.stdin_path)"

static void free_finding(struct nomem__stored_finding *finding) {
  free(finding->id);
  free(finding->message);
  free(finding->plan);
  free(finding->command);
  free(finding->command_text);
  free(finding->excluded);
}

void nomem__stored_findings_free(struct nomem__stored_findings *findings) {
  for (size_t i = 0; i < findings->count; i++) free_finding(&findings->list[i]);
  free(findings->list);
  *findings = (struct nomem__stored_findings){0};
}

static void add_finding(struct nomem__stored_findings *findings, sqlite3_stmt *row) {
  struct nomem__stored_finding *list = nomem__grow(findings->list, findings->count, &findings->room, sizeof *list);
  findings->list = list;
  size_t bytes = (size_t)sqlite3_column_bytes(row, 5);
  struct nomem__stored_finding finding = {.campaign = sqlite3_column_int64(row, 0),
                                          .number = (uint64_t)sqlite3_column_int64(row, 1),
                                          .id = nomem__strdup(nomem__store_column_text(row, 2)),
                                          .message = nomem__strdup(nomem__store_column_text(row, 3)),
                                          .plan = nomem__strdup(nomem__store_column_text(row, 4)),
                                          .command = nomem__malloc(bytes + 1),
                                          .command_bytes = bytes,
                                          .command_text = nomem__strdup(nomem__store_column_text(row, 6)),
                                          .excluded = nomem__strdup(nomem__store_column_text(row, 7)),
                                          .is_flaky = sqlite3_column_int(row, 8) != 0,
                                          .needs_timeout = sqlite3_column_int(row, 9) != 0,
                                          .needs_block_table = sqlite3_column_int(row, 10) != 0};
  int64_t block_table = sqlite3_column_int64(row, 10); /* where blocks are guarded, 1 more than from where on */
  finding.guarded_from = block_table > 1 ? (uint64_t)(block_table - 1) : 0;
  if (bytes > 0) memcpy(finding.command, sqlite3_column_blob(row, 5), bytes);
  finding.command[bytes] = '\0';
  findings->list[findings->count++] = finding;
}

static int count_campaigns(struct nomem__stored_findings *findings, struct nomem__store *store) {
  bool failed = false;
  sqlite3_stmt *row = nomem__store_prepare(store, "SELECT ended IS NULL FROM campaigns WHERE " LAST, "");
  while (nomem__store_step(store, row, &failed)) {
    findings->campaigns++;
    if (sqlite3_column_int(row, 0) != 0) findings->is_unfinished = true;
  }
  sqlite3_finalize(row);
  return failed ? -EIO : 0;
}

int nomem__stored_findings_read(struct nomem__stored_findings *findings, struct nomem__store *store) {
  bool failed = false;
  *findings = (struct nomem__stored_findings){0};
  int result = count_campaigns(findings, store);
  if (result != 0) return result;
  sqlite3_stmt *row = nomem__store_prepare(
      store,
      "SELECT campaign,number,findings.id,message,plan,command,command_text,exclusion,flaky,needs_timeout,"
      "needs_block_table FROM "
      "findings JOIN campaigns ON campaigns.id=campaign WHERE " LAST " ORDER BY last_used DESC,number",
      "");
  while (nomem__store_step(store, row, &failed)) add_finding(findings, row);
  sqlite3_finalize(row);
  if (failed) result = -EIO;
  if (result != 0) nomem__stored_findings_free(findings);
  return result;
}

int nomem__stored_findings_open(struct nomem__stored_findings *findings, const char *path) {
  struct nomem__store store;
  int result = nomem__store_open(&store, path, NOMEM_STORE_READ, false);
  if (result != 0) return result;
  result = nomem__stored_findings_read(findings, &store);
  nomem__store_close(&store);
  return result;
}

const struct nomem__stored_finding *nomem__stored_findings_find(const struct nomem__stored_findings *findings,
                                                                const char *id, const char *command,
                                                                size_t command_bytes) {
  for (size_t i = 0; i < findings->count; i++) {
    const struct nomem__stored_finding *finding = &findings->list[i];
    if (strcmp(finding->id, id) == 0 && finding->command_bytes == command_bytes &&
        memcmp(finding->command, command, command_bytes) == 0)
      return finding;
  }
  return NULL;
}
