/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../nomem_version.h"
#include "../store/evidence.h"
#include "../store/stored_reports.h"
#include "../text/complain.h"
#include "../text/grow.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "../text/strings.h"
#include "../text/words.h"
#include "fingerprint.h"
#include "journal_load.h"

/* So often the file is written: what came since then is lost when the command is killed. */
#define FLUSH_NS UINT64_C(500000000)
/* A site's key as text. */
#define KEY_BYTES 17

/* A run that has not been written yet. */
struct entry {
  size_t rank;
  enum nomem__verdict verdict;
  enum nomem_engine engine;
  uint64_t duration_us;
  int64_t unconfirmed;     /* of a snapshot's run: the number by which it is confirmed or deleted; 0: it counts */
  int block_table;         /* NOMEM_STORED_... */
  bool is_mark;            /* the run is there already, and only that is new */
  char finding[KEY_BYTES]; /* "": none */
  char *evidence;          /* owned; NULL: none */
};

struct nomem__journal {
  struct nomem__store store;
  int64_t id;
  int64_t token; /* tells the unconfirmed runs of this command from those of others, and of commands that were killed */
  bool is_named; /* the user has asked for this store */
  bool is_broken;
  bool is_waiting; /* for nomem__journal_keep_runs, and writes no run before */
  struct entry *entries;
  size_t entry_count, entry_room;
  size_t second_faults_written; /* so many of the campaign's list */
  uint64_t flushed_ns;
  struct nomem__strings strings; /* paths of the stacks that were read */
};

static void print_key(uint64_t key, char text[KEY_BYTES]) {
  snprintf(text, KEY_BYTES, "%016" PRIx64, key);
}

/* The key of the site whose first call fails, too; "" for a point of one fault. */
static void print_second_key(const struct nomem__campaign *campaign, const struct nomem__point *point,
                             char text[KEY_BYTES]) {
  text[0] = '\0';
  if (point->second != 0) print_key(nomem__campaign_second(campaign, point), text);
}

/* The command goes on without its journal. */
static void give_up(struct nomem__journal *journal) {
  if (!journal->is_broken) nomem__complain("going on without the store: what follows cannot be resumed");
  journal->is_broken = true;
}

/* Binds the columns that name a point, which are the first ones of every table. The texts are the caller's and must
 * outlive the statement's next step. */
static void bind_point(const struct nomem__campaign *campaign, sqlite3_stmt *statement,
                       const struct nomem__point *point, char site[KEY_BYTES], char second[KEY_BYTES]) {
  print_key(campaign->sites[point->site].key, site);
  print_second_key(campaign, point, second);
  sqlite3_bind_int64(statement, 1, campaign->journal->id);
  sqlite3_bind_text(statement, 2, site, -1, SQLITE_STATIC);
  sqlite3_bind_int64(statement, 3, (int64_t)point->occurrence);
  sqlite3_bind_int(statement, 4, point->persistent);
  sqlite3_bind_text(statement, 5, second, -1, SQLITE_STATIC);
}

/* Marks a run that is there already. */
static int write_mark(struct nomem__campaign *campaign, const struct entry *entry) {
  const struct nomem__point *point = &campaign->points[entry->rank];
  char site[KEY_BYTES], second[KEY_BYTES];
  print_key(campaign->sites[point->site].key, site);
  print_second_key(campaign, point, second);
  return nomem__store_do(
      &campaign->journal->store,
      "UPDATE runs SET block_table=? WHERE campaign=? AND site=? AND occurrence=? AND persistent=? AND second=?",
      "iitiit", (int64_t)entry->block_table, campaign->journal->id, site, (int64_t)point->occurrence,
      (int64_t)point->persistent, second);
}

static int write_run(struct nomem__campaign *campaign, sqlite3_stmt *statement, const struct entry *entry) {
  const struct nomem__point *point = &campaign->points[entry->rank];
  char site[KEY_BYTES], second[KEY_BYTES];
  bool failed = false;
  bind_point(campaign, statement, point, site, second);
  sqlite3_bind_text(statement, 6, nomem__verdicts[entry->verdict].name, -1, SQLITE_STATIC);
  sqlite3_bind_text(statement, 7, nomem__engine_names[entry->engine], -1, SQLITE_STATIC);
  sqlite3_bind_int64(statement, 8, (int64_t)entry->duration_us);
  sqlite3_bind_text(statement, 9, entry->finding[0] != '\0' ? entry->finding : NULL, -1, SQLITE_STATIC);
  sqlite3_bind_text(statement, 10, entry->evidence, -1, SQLITE_STATIC);
  sqlite3_bind_int64(statement, 11, entry->unconfirmed);
  sqlite3_bind_int(statement, 12, entry->block_table);
  nomem__store_step(&campaign->journal->store, statement, &failed);
  sqlite3_reset(statement);
  return failed ? -EIO : 0;
}

/* They are written together with the runs that noted them, because these runs will not be made again. */
static int write_second_faults(struct nomem__campaign *campaign) {
  struct nomem__journal *journal = campaign->journal;
  int result = 0;
  while (result == 0 && journal->second_faults_written < campaign->second_faults.count) {
    const struct nomem__second_fault *fault = &campaign->second_faults.list[journal->second_faults_written];
    char site[KEY_BYTES], second[KEY_BYTES], similar[KEY_BYTES];
    print_key(campaign->sites[fault->site].key, site);
    print_key(fault->key, second);
    print_key(fault->similar, similar);
    result = nomem__store_do(&journal->store, "INSERT OR IGNORE INTO second_faults VALUES(?,?,?,?,?)", "ittti",
                             journal->id, site, second, similar, (int64_t)journal->second_faults_written);
    journal->second_faults_written++;
  }
  return result;
}

static void drop_entries(struct nomem__journal *journal) {
  for (size_t i = 0; i < journal->entry_count; i++) free(journal->entries[i].evidence);
  journal->entry_count = 0;
}

static void flush(struct nomem__campaign *campaign) {
  struct nomem__journal *journal = campaign->journal;
  journal->flushed_ns = uv_hrtime();
  if (journal->is_waiting) return;
  if (journal->entry_count > 0 && !journal->is_broken) {
    sqlite3_stmt *statement = NULL;
    int result = nomem__store_begin(&journal->store);
    if (result == 0) {
      statement =
          nomem__store_prepare(&journal->store, "INSERT OR REPLACE INTO runs VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", "");
      if (statement == NULL) result = -EIO;
      for (size_t i = 0; i < journal->entry_count && result == 0; i++)
        result = journal->entries[i].is_mark ? write_mark(campaign, &journal->entries[i])
                                             : write_run(campaign, statement, &journal->entries[i]);
      sqlite3_finalize(statement);
      if (result == 0) result = write_second_faults(campaign);
      result = nomem__store_end(&journal->store, result);
    }
    if (result != 0) give_up(journal);
  }
  drop_entries(journal);
}

void nomem__journal_keep_runs(struct nomem__campaign *campaign, bool are_kept) {
  struct nomem__journal *journal = campaign->journal;
  if (journal == NULL) return;
  journal->is_waiting &= !are_kept;
  if (!are_kept) drop_entries(journal);
  flush(campaign);
}

static int64_t unconfirmed_number(const struct nomem__worker_slot *slot) {
  return slot->campaign->journal->token + 1 + (slot - slot->campaign->workers);
}

static int stored_block_table(const struct nomem__point_state *state) {
  if (state->was_heap_checked) return NOMEM_STORED_HEAP_CHECK;
  if (state->had_block_table) return NOMEM_STORED_BLOCK_TABLE;
  if (state->has_left_open) return state->may_have_lost ? NOMEM_STORED_LEFT_OPEN_AND_LOST : NOMEM_STORED_LEFT_OPEN;
  return state->may_have_lost ? NOMEM_STORED_MAY_HAVE_LOST : NOMEM_STORED_NO_BLOCK_TABLE;
}

void nomem__journal_add_run(struct nomem__worker_slot *slot, const struct nomem__outcome *outcome, size_t rank,
                            const uint64_t *hash, const struct nomem__finding *finding) {
  struct nomem__campaign *campaign = slot->campaign;
  struct nomem__journal *journal = campaign->journal;
  if (journal == NULL || journal->is_broken) return;
  struct entry *list = nomem__grow(journal->entries, journal->entry_count, &journal->entry_room, sizeof *list);
  journal->entries = list;
  struct entry *entry = &journal->entries[journal->entry_count++];
  *entry = (struct entry){.rank = rank,
                          .verdict = (enum nomem__verdict)(campaign->states[rank].result - 1),
                          .engine = campaign->engine,
                          .duration_us = outcome->duration_us,
                          .block_table = stored_block_table(&campaign->states[rank]),
                          .unconfirmed = campaign->engine == NOMEM_ENGINE_SNAPSHOT ? unconfirmed_number(slot) : 0};
  if (hash != NULL) print_key(*hash, entry->finding);
  if (finding != NULL) entry->evidence = nomem__evidence_write(finding);
  if (finding != NULL && entry->evidence == NULL) journal->entry_count--; /* so is this one */
  if (uv_hrtime() - journal->flushed_ns > FLUSH_NS) flush(campaign);
}

void nomem__journal_mark_heap_checked(struct nomem__campaign *campaign, size_t rank) {
  struct nomem__journal *journal = campaign->journal;
  if (journal == NULL || journal->is_broken) return;
  struct entry *list = nomem__grow(journal->entries, journal->entry_count, &journal->entry_room, sizeof *list);
  journal->entries = list;
  journal->entries[journal->entry_count++] =
      (struct entry){.rank = rank, .block_table = NOMEM_STORED_HEAP_CHECK, .is_mark = true};
  if (uv_hrtime() - journal->flushed_ns > FLUSH_NS) flush(campaign);
}

/* Of snapshots that are not written yet. */
static void confirm_entries(struct nomem__journal *journal, int64_t number, bool are_sound) {
  size_t kept = 0;
  for (size_t i = 0; i < journal->entry_count; i++) {
    struct entry entry = journal->entries[i];
    bool is_sound = entry.unconfirmed != number || are_sound;
    if (entry.unconfirmed == number) entry.unconfirmed = 0;
    if (is_sound)
      journal->entries[kept++] = entry;
    else
      free(entry.evidence);
  }
  journal->entry_count = kept;
}

void nomem__journal_confirm_snapshots(struct nomem__worker_slot *slot, bool are_sound) {
  struct nomem__journal *journal = slot->campaign->journal;
  if (journal == NULL) return;
  flush(slot->campaign);
  confirm_entries(journal, unconfirmed_number(slot), are_sound);
  if (journal->is_broken || journal->is_waiting) return;
  const char *sql = are_sound ? "UPDATE runs SET unconfirmed=0 WHERE campaign=? AND unconfirmed=?"
                              : "DELETE FROM runs WHERE campaign=? AND unconfirmed=?";
  if (nomem__store_do(&journal->store, sql, "ii", journal->id, unconfirmed_number(slot)) != 0) give_up(journal);
}

static int delete_campaign(struct nomem__journal *journal) {
  static const char *const tables[] = {"sites", "points", "second_faults", "runs", "findings"};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    char sql[64];
    snprintf(sql, sizeof sql, "DELETE FROM %s WHERE campaign=?", tables[i]);
    if (nomem__store_do(&journal->store, sql, "i", journal->id) != 0) return -EIO;
  }
  return 0;
}

/* Those of the last time: what they were before is no longer known to lead to the findings. */
static int write_variables(struct nomem__journal *journal, char *const *variables) {
  int result = nomem__store_do(&journal->store, "DELETE FROM variables WHERE campaign=?", "i", journal->id);
  for (int64_t i = 0; variables != NULL && variables[i] != NULL && result == 0; i++)
    result = nomem__store_do(&journal->store, "INSERT INTO variables VALUES(?,?,?)", "iib", journal->id, i,
                             variables[i], strlen(variables[i]));
  return result;
}

static int find_campaign(struct nomem__campaign *campaign, const char *identity, const char *directory) {
  const struct nomem__options *options = campaign->session->options;
  struct nomem__journal *journal = campaign->journal;
  size_t command_bytes;
  char *command = nomem__join_words(options->program, &command_bytes), *text = nomem__format_command(options->program);
  int result = nomem__store_do(
      &journal->store,
      "INSERT INTO campaigns(identity,directory,command,command_text,image,nomem_version,faults,stdin_path,"
      "image_globs,aslr,no_trace,timeout_ms,allocations,baseline_us,last_used) VALUES(?,?,?,?,?,'" NOMEM_VERSION
      "',?,?,?,?,?,?,?,?,0) ON CONFLICT DO NOTHING",
      "ttbttittiiiii", identity, directory, command, command_bytes, text, campaign->programs.first_path,
      (int64_t)options->faults, options->stdin_path, options->image, (int64_t)options->aslr, (int64_t)options->no_trace,
      (int64_t)campaign->timeout_ms, (int64_t)campaign->allocations, (int64_t)campaign->baseline_us);
  free(command);
  free(text);
  if (result != 0) return result;
  sqlite3_stmt *row = nomem__store_prepare(&journal->store, "SELECT id FROM campaigns WHERE identity=? AND directory=?",
                                           "tt", identity, directory);
  bool is_there = nomem__store_step(&journal->store, row, NULL);
  if (is_there) journal->id = sqlite3_column_int64(row, 0);
  sqlite3_finalize(row);
  if (!is_there) return -EIO;
  result = nomem__store_do(&journal->store,
                           "UPDATE campaigns SET last_used=(SELECT max(last_used)+1 FROM campaigns),isolated=? "
                           "WHERE id=?",
                           "ii", (int64_t)(options->isolate != NOMEM_ISOLATE_OFF), journal->id);
  if (result == 0) result = write_variables(journal, options->variables);
  return result == 0 && options->fresh ? delete_campaign(journal) : result;
}

static int write_sites(struct nomem__campaign *campaign) {
  struct nomem__journal *journal = campaign->journal;
  int result = 0;
  for (size_t i = 0; i < campaign->site_count && result == 0; i++) {
    const struct nomem__campaign_site *site = &campaign->sites[i];
    char key[KEY_BYTES];
    print_key(site->key, key);
    result =
        nomem__store_do(&journal->store, "INSERT OR IGNORE INTO sites VALUES(?,?,?,?,?,NULL)", "itiii", journal->id,
                        key, (int64_t)site->count, (int64_t)site->first_nth, (int64_t)site->before_main);
  }
  return result;
}

/* Those from a rank on. */
static int write_points(struct nomem__campaign *campaign, size_t from) {
  struct nomem__journal *journal = campaign->journal;
  bool failed = false;
  sqlite3_stmt *statement =
      nomem__store_prepare(&journal->store, "INSERT OR IGNORE INTO points VALUES(?,?,?,?,?,?)", "");
  for (size_t i = from; i < campaign->point_count && statement != NULL && !failed; i++) {
    char site[KEY_BYTES], second[KEY_BYTES];
    bind_point(campaign, statement, &campaign->points[i], site, second);
    sqlite3_bind_int64(statement, 6, (int64_t)i);
    nomem__store_step(&journal->store, statement, &failed);
    sqlite3_reset(statement);
  }
  sqlite3_finalize(statement);
  return failed || statement == NULL ? -EIO : 0;
}

/* All of it is one change: another command sees the campaign with all its points or not at all. */
static int write_campaign(struct nomem__campaign *campaign) {
  char identity[NOMEM_IDENTITY_BYTES];
  char *directory = nomem__checked(getcwd(NULL, 0));
  nomem__fingerprint(campaign, identity);
  int result = nomem__store_begin(&campaign->journal->store);
  if (result == 0) {
    result = find_campaign(campaign, identity, directory != NULL ? directory : "");
    if (result == 0) result = write_sites(campaign);
    if (result == 0) result = write_points(campaign, 0);
    result = nomem__store_end(&campaign->journal->store, result);
  }
  free(directory);
  return result;
}

static int load(struct nomem__campaign *campaign, bool with_second_faults) {
  struct nomem__journal *journal = campaign->journal;
  int result = nomem__journal_load(campaign, &journal->store, journal->id, &journal->strings, with_second_faults);
  if (with_second_faults) journal->second_faults_written = campaign->second_faults.count;
  return result;
}

static int write_second_points(struct nomem__campaign *campaign, size_t from) {
  struct nomem__store *store = &campaign->journal->store;
  int result = nomem__store_begin(store);
  if (result == 0) result = nomem__store_end(store, write_points(campaign, from));
  return result == 0 ? load(campaign, false) : result;
}

void nomem__journal_schedule_second_faults(struct nomem__campaign *campaign) {
  size_t from = campaign->point_count;
  nomem__campaign_schedule_second_faults(campaign);
  if (campaign->point_count == from || campaign->journal == NULL || campaign->journal->is_broken) return;
  if (write_second_points(campaign, from) != 0) give_up(campaign->journal);
}

static int resume(struct nomem__campaign *campaign) {
  size_t elsewhere = 0;
  for (size_t i = 0; i < campaign->point_count; i++) elsewhere += campaign->states[i].is_known;
  int result = load(campaign, true);
  if (result == 0 && nomem__campaign_count_due(campaign) == 0) nomem__journal_schedule_second_faults(campaign);
  if (result == 0 && campaign->known_count > 0 && !campaign->session->options->quiet)
    nomem__complain("resumed: %zu of %zu points were known (--fresh forgets them)", campaign->known_count,
                    campaign->point_count - elsewhere);
  return result;
}

static int open_store(struct nomem__store *store, const char *named, enum nomem__store_mode mode) {
  if (named != NULL && *named == '\0') return 1;
  if (named != NULL) return nomem__store_open(store, named, mode, false);
  int result = mkdir(NOMEM_STORE_FOLDER, 0777) == 0 || errno == EEXIST ? 0 : -errno;
  if (result == 0) result = nomem__store_open(store, NOMEM_STORE_PATH, NOMEM_STORE_WRITE, true);
  if (result == 0 || result == -EINVAL) return result;
  nomem__complain("cannot write " NOMEM_STORE_PATH
                  ": %s: going on without (--store names another, --no-store says "
                  "that this is meant)",
                  strerror(-result));
  return 1;
}

int nomem__journal_open(struct nomem__campaign *campaign) {
  const struct nomem__options *options = campaign->session->options;
  if (options->no_store) return 0;
  struct nomem__journal *journal = nomem__calloc(1, sizeof *journal);
  const char *named = options->store != NULL ? options->store : getenv(NOMEM_STORE_ENV);
  journal->is_named = named != NULL;
  journal->is_waiting = options->is_in_place;
  int result = open_store(&journal->store, named, options->is_suites ? NOMEM_STORE_WRITE_AGAIN : NOMEM_STORE_WRITE);
  if (result != 0) {
    free(journal);
    return result > 0 ? 0 : result;
  }
  campaign->journal = journal;
  uint64_t random = 0;
  if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0) random = (uint64_t)getpid() << 16 ^ uv_hrtime();
  journal->token = (int64_t)((random >> 2 | UINT64_C(1) << 61) & ~(uint64_t)0xffff);
  result = write_campaign(campaign);
  if (result == 0) result = resume(campaign);
  journal->flushed_ns = uv_hrtime();
  return result;
}

static int write_finding(struct nomem__campaign *campaign, size_t number, const json_t *document) {
  struct nomem__journal *journal = campaign->journal;
  const struct nomem__finding *finding = &campaign->findings.list[number];
  char site[KEY_BYTES], second[KEY_BYTES], hash[KEY_BYTES], *fault = NULL, *blow_up = NULL;
  print_key(nomem__campaign_key(campaign, &finding->point), site);
  print_second_key(campaign, &finding->point, second);
  print_key(finding->hash, hash);
  /* The next command may be given no baseline store, or another one. */
  bool is_temporary = finding->exclusion == NOMEM_EXCLUSION_KNOWN &&
                      nomem__verdict_counts(finding->verdict, campaign->session->options->strict);
  char *dumped = json_dumps(document, JSON_COMPACT);
  fault = nomem__evidence_print_stack(json_object_get(document, "fault"));
  blow_up = nomem__evidence_print_stack(json_object_get(document, "blow_up"));
  int result = nomem__store_do(
      &journal->store, "INSERT OR REPLACE INTO findings VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      "itttiitittiiiiititttttt", journal->id, nomem__verdicts[finding->verdict].name, hash, site,
      (int64_t)finding->point.occurrence, (int64_t)finding->point.persistent, second, (int64_t)finding->rank,
      nomem__json_string(document, "id"), nomem__json_string(document, "group"), (int64_t)(number + 1),
      (int64_t)finding->runs, (int64_t)finding->is_flaky, (int64_t)finding->is_confirmed,
      (int64_t)finding->needs_timeout, finding->plan,
      finding->needs_block_table ? (int64_t)(1 + finding->guarded_from) : 0, nomem__json_string(document, "location"),
      nomem__json_string(document, "message"), fault, blow_up, dumped, is_temporary ? NULL : finding->exclusion_reason);
  free(dumped);
  free(fault);
  free(blow_up);
  return result;
}

static bool are_sites_named(struct nomem__journal *journal) {
  sqlite3_stmt *row = nomem__store_prepare(
      &journal->store, "SELECT 1 FROM sites WHERE campaign=? AND name IS NULL LIMIT 1", "i", journal->id);
  bool is_missing = nomem__store_step(&journal->store, row, NULL);
  sqlite3_finalize(row);
  return !is_missing;
}

/* A name takes the symbols of all frames, which costs more than everything else here, so it is found once for each
 * campaign. */
static int name_sites(struct nomem__campaign *campaign) {
  struct nomem__journal *journal = campaign->journal;
  int result = 0;
  if (are_sites_named(journal)) return 0;
  for (size_t i = 0; i < campaign->site_count && result == 0; i++) {
    char key[KEY_BYTES], *name = nomem__durable_name(campaign, &campaign->sites[i]);
    print_key(campaign->sites[i].key, key);
    result = nomem__store_do(&journal->store, "UPDATE sites SET name=? WHERE campaign=? AND site=?", "tit", name,
                             journal->id, key);
    free(name);
  }
  return result;
}

static int write_end(struct nomem__campaign *campaign, const json_t *documents) {
  struct nomem__journal *journal = campaign->journal;
  int result = nomem__store_do(&journal->store, "DELETE FROM findings WHERE campaign=?", "i", journal->id);
  for (size_t i = 0; i < campaign->findings.count && result == 0; i++)
    result = write_finding(campaign, i, json_array_get(documents, i));
  if (result == 0) result = name_sites(campaign);
  return result != 0 ? result
                     : nomem__store_do(&journal->store, NOMEM_STORE_MARK_ENDED " WHERE id=?", "i", journal->id);
}

void nomem__journal_write_end(struct nomem__campaign *campaign, const json_t *documents) {
  struct nomem__journal *journal = campaign->journal;
  if (journal == NULL) return;
  flush(campaign);
  if (journal->is_broken) return;
  int result = nomem__store_begin(&journal->store);
  if (result == 0) result = nomem__store_end(&journal->store, write_end(campaign, documents));
  if (result != 0) give_up(journal);
}

void nomem__journal_keep_report(struct nomem__campaign *campaign, const json_t *document) {
  struct nomem__journal *journal = campaign->journal;
  if (journal == NULL || journal->is_broken) return;
  sqlite3_stmt *row = nomem__store_prepare(
      &journal->store, "SELECT identity,directory,command_text FROM campaigns WHERE id=?", "i", journal->id);
  if (row != NULL && nomem__store_step(&journal->store, row, NULL) &&
      nomem__stored_report_write(&journal->store, nomem__store_column_text(row, 0), nomem__store_column_text(row, 1),
                                 nomem__store_column_text(row, 2), document) != 0)
    give_up(journal);
  sqlite3_finalize(row);
}

bool nomem__journal_has_failed(const struct nomem__campaign *campaign) {
  const struct nomem__journal *journal = campaign->journal;
  return journal != NULL && journal->is_named && journal->is_broken;
}

void nomem__journal_close(struct nomem__campaign *campaign) {
  struct nomem__journal *journal = campaign->journal;
  if (journal == NULL) return;
  flush(campaign);
  nomem__store_close(&journal->store);
  nomem__strings_free(&journal->strings);
  drop_entries(journal);
  free(journal->entries);
  free(journal);
  campaign->journal = NULL;
}
