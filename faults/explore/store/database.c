/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "database.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../text/complain.h"
#include "../text/memory.h"
#include "../text/quote.h"

/* "nomm" in the field of SQLite's header that says which program a file belongs to. */
#define APPLICATION_ID 0x6e6f6d6d
#define APPLICATION_ID_TEXT "1852796269"
/* Of the tables below. Raised by any change that a reader of the old ones would misread. */
#define SCHEMA_VERSION 5
#define SCHEMA_VERSION_TEXT "5"
/* How long to wait for another command, which writes for milliseconds only. */
#define BUSY_MS 10000
/* SQLite's header, and where in it the version and the program are, big end first. */
#define HEADER_BYTES 100
#define HEADER_VERSION 60
#define HEADER_APPLICATION 68

/* Every table names a point by its site, occurrence, kind and second site ('' for none), not by a number: so stores are
 * joined by plain copying. second_faults has the sites that a run reached only because the first call of another one
 * had failed; block_table says whether the run kept one. */
static const char schema[] =
    "PRAGMA application_id=" APPLICATION_ID_TEXT
    ";"
    "CREATE TABLE campaigns(id INTEGER PRIMARY KEY, identity TEXT NOT NULL, directory TEXT NOT NULL,"
    " command BLOB NOT NULL, command_text TEXT NOT NULL, image TEXT NOT NULL, nomem_version TEXT NOT NULL,"
    " faults INTEGER NOT NULL, stdin_path TEXT, image_globs TEXT NOT NULL, aslr INTEGER NOT NULL,"
    " no_trace INTEGER NOT NULL, isolated INTEGER NOT NULL DEFAULT 1, timeout_ms INTEGER NOT NULL,"
    " allocations INTEGER NOT NULL, baseline_us INTEGER NOT NULL, last_used INTEGER NOT NULL,"
    " started TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, ended TEXT,"
    " UNIQUE(identity, directory));"
    "CREATE TABLE sites(campaign INTEGER NOT NULL, site TEXT NOT NULL, calls INTEGER NOT NULL,"
    " first_nth INTEGER NOT NULL, before_main INTEGER NOT NULL, name TEXT,"
    " PRIMARY KEY(campaign, site)) WITHOUT ROWID;"
    "CREATE TABLE points(campaign INTEGER NOT NULL, site TEXT NOT NULL, occurrence INTEGER NOT NULL,"
    " persistent INTEGER NOT NULL, second TEXT NOT NULL, rank INTEGER NOT NULL,"
    " PRIMARY KEY(campaign, site, occurrence, persistent, second)) WITHOUT ROWID;"
    "CREATE TABLE second_faults(campaign INTEGER NOT NULL, site TEXT NOT NULL, second TEXT NOT NULL,"
    " similar TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY(campaign, site, second)) WITHOUT ROWID;"
    "CREATE TABLE runs(campaign INTEGER NOT NULL, site TEXT NOT NULL, occurrence INTEGER NOT NULL,"
    " persistent INTEGER NOT NULL, second TEXT NOT NULL, verdict TEXT NOT NULL, engine TEXT NOT NULL,"
    " duration_us INTEGER NOT NULL, finding TEXT, evidence TEXT, unconfirmed INTEGER NOT NULL,"
    " block_table INTEGER NOT NULL, PRIMARY KEY(campaign, site, occurrence, persistent, second)) WITHOUT ROWID;"
    "CREATE TABLE findings(campaign INTEGER NOT NULL, verdict TEXT NOT NULL, finding TEXT NOT NULL,"
    " site TEXT NOT NULL, occurrence INTEGER NOT NULL, persistent INTEGER NOT NULL, second TEXT NOT NULL,"
    " rank INTEGER NOT NULL, id TEXT NOT NULL, id_group TEXT NOT NULL, number INTEGER NOT NULL,"
    " runs INTEGER NOT NULL, flaky INTEGER NOT NULL, confirmed INTEGER NOT NULL, needs_timeout INTEGER NOT NULL, plan "
    "TEXT NOT NULL,"
    " needs_block_table INTEGER NOT NULL, location TEXT NOT NULL, message TEXT NOT NULL, fault_stack TEXT NOT NULL, "
    "blow_up_stack TEXT NOT NULL,"
    " document TEXT NOT NULL, exclusion TEXT, PRIMARY KEY(campaign, verdict, finding)) WITHOUT "
    "ROWID;" NOMEM_STORE_VARIABLES NOMEM_STORE_REPORTS "PRAGMA user_version=" SCHEMA_VERSION_TEXT ";";

static int complain(const struct nomem__store *store, const char *what, int result) {
  char quoted[NOMEM_QUOTE_BYTES];
  nomem__complain("store %s: %s", nomem__quote(store->path, quoted, sizeof quoted), what);
  return result;
}

static uint32_t read_big_endian(const unsigned char *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int check_version(const struct nomem__store *store, uint32_t version) {
  char what[128];
  if (version == SCHEMA_VERSION) return 0;
  snprintf(what, sizeof what, "format %" PRIu32 ", but this nomem uses format %d: move it away, and explore again",
           version, SCHEMA_VERSION);
  return complain(store, what, -EINVAL);
}

/* Checks a file before SQLite opens it, which may change it. Returns 0 for a store, and for an empty file and for none,
 * which *is_new tells. */
static int check_header(const struct nomem__store *store, bool *is_new) {
  unsigned char header[HEADER_BYTES];
  struct stat status;
  *is_new = stat(store->path, &status) != 0 && errno == ENOENT;
  if (*is_new) return 0;
  if (stat(store->path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
    return complain(store, "no regular file, but a device or a pipe: name a file (--no-store keeps nothing)", -EINVAL);
  int file = open(store->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return -errno;
  ssize_t bytes = read(file, header, sizeof header);
  int error = errno;
  close(file);
  if (bytes < 0) return -error;
  *is_new = bytes == 0;
  if (bytes == 0) return 0;
  if (bytes < HEADER_BYTES || memcmp(header, "SQLite format 3", 16) != 0 ||
      read_big_endian(header + HEADER_APPLICATION) != APPLICATION_ID)
    return complain(store, "not a store of nomem's: move it away, or name another", -EINVAL);
  return check_version(store, read_big_endian(header + HEADER_VERSION));
}

/* The error code of what SQLite last did: that of the system call behind it, where there was one. */
static int error_of(struct nomem__store *store) {
  int code = sqlite3_errcode(store->db) & 0xff, error = sqlite3_system_errno(store->db);
  switch (code) {
    case SQLITE_FULL:
      return -ENOSPC;
    case SQLITE_NOMEM:
      return -ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return -EBUSY;
    case SQLITE_READONLY:
      return -EACCES;
    case SQLITE_IOERR:
      return error > 0 ? -error : -EIO;
    default:
      return error > 0 ? -error : -EACCES;
  }
}

static int fail(struct nomem__store *store) {
  char what[256];
  int code = sqlite3_errcode(store->db) & 0xff;
  bool has_reason = code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
  snprintf(what, sizeof what, "%s%s%s", sqlite3_errmsg(store->db), has_reason ? ": " : "",
           has_reason ? strerror(-error_of(store)) : "");
  return complain(store, what, -EIO);
}

static bool is_damaged(struct nomem__store *store) {
  sqlite3_stmt *statement = NULL;
  bool is_whole = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &statement, NULL) == SQLITE_OK &&
                  sqlite3_step(statement) == SQLITE_ROW && strcmp(nomem__store_column_text(statement, 0), "ok") == 0;
  int code = sqlite3_errcode(store->db);
  sqlite3_finalize(statement);
  return !is_whole && code != SQLITE_BUSY;
}

/* Of two commands that come at once, the second finds the tables there. They are created before the write-ahead log is,
 * so that the file's header says from the first moment what it is. */
static int create_tables(struct nomem__store *store) {
  if (sqlite3_exec(store->db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK) return error_of(store);
  sqlite3_stmt *statement = nomem__store_prepare(store, "PRAGMA user_version", "");
  bool is_there = nomem__store_step(store, statement, NULL) && sqlite3_column_int(statement, 0) == SCHEMA_VERSION;
  sqlite3_finalize(statement);
  if (!is_there && sqlite3_exec(store->db, schema, NULL, NULL, NULL) != SQLITE_OK) return error_of(store);
  return sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : error_of(store);
}

static int prepare_to_write(struct nomem__store *store, bool is_new) {
  /* Waiting for the disk would take longer than all the rest, and an empty store need not survive a loss of power. */
  sqlite3_exec(store->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
  if (is_new) {
    int result = create_tables(store);
    if (result != 0) return result;
  }
  if (sqlite3_db_readonly(store->db, "main") == 1) return -EACCES;
  /* On a file system that has no shared memory SQLite keeps its rollback journal instead, which is as safe. */
  sqlite3_exec(store->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
  if (is_new || nomem__store_has_table(store, "main", "reports")) return 0;
  return sqlite3_exec(store->db, NOMEM_STORE_VARIABLES NOMEM_STORE_REPORTS, NULL, NULL, NULL) == SQLITE_OK
             ? 0
             : error_of(store);
}

/* Opens a store that cannot be locked, in a folder that nobody may write to: nobody changes it. */
static int open_unlocked(struct nomem__store *store) {
  if (strpbrk(store->path, "?#%") != NULL) return -EACCES; /* they have a meaning in what follows */
  char *name = sqlite3_mprintf("file:%s?immutable=1", store->path);
  int result = sqlite3_open_v2(name, &store->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
  sqlite3_free(name);
  return result == SQLITE_OK ? 0 : -EACCES;
}

static int open_database(struct nomem__store *store, enum nomem__store_mode mode) {
  int flags = mode == NOMEM_STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  int result = sqlite3_open_v2(store->path, &store->db, flags, NULL);
  if (result == SQLITE_OK) sqlite3_busy_timeout(store->db, BUSY_MS);
  if (result == SQLITE_OK && mode == NOMEM_STORE_READ)
    result = sqlite3_exec(store->db, "SELECT 1 FROM campaigns", NULL, NULL, NULL);
  if (result == SQLITE_OK) return 0;
  int error = error_of(store);
  if (result != SQLITE_CANTOPEN && result != SQLITE_READONLY) return error;
  sqlite3_close(store->db);
  store->db = NULL;
  return mode == NOMEM_STORE_READ ? open_unlocked(store) : error;
}

const char *nomem__store_path(const char *named) {
  const char *environment = getenv(NOMEM_STORE_ENV);
  if (named != NULL) return named;
  return environment != NULL && *environment != '\0' ? environment : NOMEM_STORE_PATH;
}

static bool make_folder(void) {
  return (mkdir(NOMEM_STORE_FOLDER, 0777) == 0 || errno == EEXIST) && access(NOMEM_STORE_FOLDER, W_OK) == 0;
}

static char *make_absolute(const char *path) {
  char *folder = path[0] != '/' ? nomem__checked(getcwd(NULL, 0)) : NULL;
  char *whole = folder != NULL ? nomem__format("%s/%s", folder, path) : nomem__strdup(path);
  free(folder);
  return whole;
}

char *nomem__store_place(const char *named, int *error) {
  if (named == NULL) named = getenv(NOMEM_STORE_ENV);
  *error = 0;
  if (named != NULL) return *named != '\0' ? make_absolute(named) : NULL;
  if (make_folder()) return make_absolute(NOMEM_STORE_PATH);
  *error = errno;
  return NULL;
}

int nomem__store_open(struct nomem__store *store, const char *path, enum nomem__store_mode mode, bool quiet_if_denied) {
  bool is_new = false;
  *store = (struct nomem__store){.path = path};
  int result = check_header(store, &is_new);
  if (result == -EINVAL) return result;
  if (result == 0 && is_new && mode == NOMEM_STORE_READ) {
    return complain(store, "no such store: 'nomem explore' creates one", -ENOENT);
  }
  if (result == 0) result = open_database(store, mode);
  bool is_looked_through = !is_new && mode != NOMEM_STORE_WRITE_AGAIN;
  if (store->db != NULL && is_looked_through && result != -ENOMEM && is_damaged(store))
    result = complain(store, "damaged: move it away, or name another", -EINVAL);
  else if (result == 0 && mode != NOMEM_STORE_READ)
    result = prepare_to_write(store, is_new);
  if (result == 0) return 0;
  sqlite3_close(store->db);
  store->db = NULL;
  char what[128];
  snprintf(what, sizeof what, "cannot be opened: %s", strerror(-result));
  if (result != -EINVAL && !quiet_if_denied) complain(store, what, result);
  return result;
}

void nomem__store_close(struct nomem__store *store) {
  sqlite3_close(store->db);
  store->db = NULL;
}

static int bind_all(sqlite3_stmt *statement, const char *format, va_list arguments) {
  int result = SQLITE_OK;
  for (int number = 1; *format != '\0' && result == SQLITE_OK; format++, number++) {
    if (*format == 'i') {
      result = sqlite3_bind_int64(statement, number, va_arg(arguments, int64_t));
    } else if (*format == 't') {
      result = sqlite3_bind_text(statement, number, va_arg(arguments, const char *), -1, SQLITE_STATIC);
    } else {
      const void *bytes = va_arg(arguments, const void *);
      result = sqlite3_bind_blob64(statement, number, bytes, va_arg(arguments, size_t), SQLITE_STATIC);
    }
  }
  return result;
}

static sqlite3_stmt *prepare(struct nomem__store *store, const char *sql, const char *format, va_list arguments) {
  sqlite3_stmt *statement = NULL;
  int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
  if (result == SQLITE_OK) result = bind_all(statement, format, arguments);
  if (result == SQLITE_OK) return statement;
  fail(store);
  sqlite3_finalize(statement);
  return NULL;
}

sqlite3_stmt *nomem__store_prepare(struct nomem__store *store, const char *sql, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  sqlite3_stmt *statement = prepare(store, sql, format, arguments);
  va_end(arguments);
  return statement;
}

bool nomem__store_step(struct nomem__store *store, sqlite3_stmt *statement, bool *failed) {
  if (statement != NULL) {
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    fail(store);
  }
  if (failed != NULL) *failed = true;
  return false;
}

int nomem__store_do(struct nomem__store *store, const char *sql, const char *format, ...) {
  bool failed = false;
  va_list arguments;
  va_start(arguments, format);
  sqlite3_stmt *statement = prepare(store, sql, format, arguments);
  va_end(arguments);
  while (nomem__store_step(store, statement, &failed)) continue;
  sqlite3_finalize(statement);
  return failed ? -EIO : 0;
}

int nomem__store_begin(struct nomem__store *store) {
  return nomem__store_do(store, "BEGIN IMMEDIATE", "");
}

int nomem__store_end(struct nomem__store *store, int result) {
  if (result == 0) result = nomem__store_do(store, "COMMIT", "");
  if (result != 0) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  return result;
}

bool nomem__store_has_table(struct nomem__store *store, const char *database, const char *table) {
  char sql[128];
  snprintf(sql, sizeof sql, "SELECT 1 FROM %s.sqlite_master WHERE type='table' AND name=?", database);
  sqlite3_stmt *row = nomem__store_prepare(store, sql, "t", table);
  bool is_there = nomem__store_step(store, row, NULL);
  sqlite3_finalize(row);
  return is_there;
}

const char *nomem__store_column_text(sqlite3_stmt *statement, int column) {
  const unsigned char *text = sqlite3_column_text(statement, column);
  return text == NULL ? "" : (const char *)text;
}
