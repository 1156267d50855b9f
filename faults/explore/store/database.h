/* SPDX-License-Identifier: MIT */
/* The campaign store: one SQLite file with campaigns, their sites, points, runs and findings (docs/store.md).
 *
 * Whatever moment the command is killed at, the file is whole and lacks at most the last half second. Any number of
 * commands may use it at once. Every function that fails has said so in one line on standard error. Not thread-safe;
 * errno is not kept.
 */
#ifndef NOMEM_DATABASE_H
#define NOMEM_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the store is, below the working directory, unless --store or the environment variable names another. An empty
 * variable means none. */
#define NOMEM_STORE_FOLDER ".nomem"
#define NOMEM_STORE_PATH NOMEM_STORE_FOLDER "/store.db"
#define NOMEM_STORE_ENV "NOMEM_STORE"

enum nomem__store_mode {
  NOMEM_STORE_READ,  /* the file must be there, and is not changed */
  NOMEM_STORE_WRITE, /* the file is created when it is not there */
  /* The same, of a file that the command has had open before: it is not looked through for damage once more. */
  NOMEM_STORE_WRITE_AGAIN,
};

/* Records of every campaign whether all its points were tried. */
#define NOMEM_STORE_MARK_ENDED                                                                                      \
  "UPDATE campaigns SET ended=CASE WHEN NOT EXISTS (SELECT 1 FROM points LEFT JOIN runs USING(campaign,site,"       \
  "occurrence,persistent,second) WHERE points.campaign=campaigns.id AND (verdict IS NULL OR unconfirmed<>0)) THEN " \
  "coalesce(ended,CURRENT_TIMESTAMP) END"

/* The variables that the runs of a campaign need, "NAME=value", and of secrets the NAME alone: docs/store.md. Stores
 * that older versions made do not have the table until a newer one writes to them. */
#define NOMEM_STORE_VARIABLES                                                                                       \
  "CREATE TABLE IF NOT EXISTS variables(campaign INTEGER NOT NULL, position INTEGER NOT NULL, entry BLOB NOT NULL," \
  " PRIMARY KEY(campaign, position)) WITHOUT ROWID;"

/* Whole reports, as JSON; written: one more than of the one before. As of variables, older stores have no such table.
 */
#define NOMEM_STORE_REPORTS                                                                                         \
  "CREATE TABLE IF NOT EXISTS reports(identity TEXT NOT NULL, directory TEXT NOT NULL, command_text TEXT NOT NULL," \
  " written INTEGER NOT NULL, document TEXT NOT NULL, PRIMARY KEY(identity, directory)) WITHOUT ROWID;"

struct nomem__store {
  sqlite3 *db;
  const char *path; /* the caller's */
};

/* Returns the path of the store that a command is to read: the one that was named, or else the environment's, or else
 * the one below the working directory. */
const char *nomem__store_path(const char *named);

/* Returns the absolute path of the store that a command is to write to, the caller's to free: what was named, or the
 * environment names, or else the one below the working directory, whose folder is made. NULL: what was named is empty,
 * so there is to be none; or *error is not 0, but an errno: that folder cannot be made or written to. */
char *nomem__store_place(const char *named, int *error);

/* Opens the store at path, which must outlive it. A file that is damaged, of another version or no store is left as it
 * is. Returns 0, or a negative error code with store->db NULL: -EINVAL for such a file, -ENOENT when there is none to
 * read, any other when it cannot be opened or created. With quiet_if_denied, nothing is said in that last case. */
int nomem__store_open(struct nomem__store *store, const char *path, enum nomem__store_mode mode, bool quiet_if_denied);

/* Closes a store; one that is all zero, too. Leaves one file that can be copied, unless another command still uses it.
 */
void nomem__store_close(struct nomem__store *store);

/* Prepares a statement and binds what follows to its parameters in turn: format has a letter for each: i (int64_t), t
 * (const char *, may be NULL) or b (const void *, size_t). What is bound must outlive the statement. Returns NULL when
 * it failed. */
sqlite3_stmt *nomem__store_prepare(struct nomem__store *store, const char *sql, const char *format, ...);

/* Goes to the next row. Returns false when there is none, or when it failed, which sets *failed; failed may be NULL. */
bool nomem__store_step(struct nomem__store *store, sqlite3_stmt *statement, bool *failed);

/* Runs a statement that has no result. Returns 0 or -EIO. */
int nomem__store_do(struct nomem__store *store, const char *sql, const char *format, ...);

/* Begins and ends a change that is there as a whole or not at all. The end commits it when result is 0, and otherwise
 * takes it back. Returns result, or -EIO. */
int nomem__store_begin(struct nomem__store *store);
int nomem__store_end(struct nomem__store *store, int result);

/* Whether the database of that name ("main", or one that was attached) has the table. */
bool nomem__store_has_table(struct nomem__store *store, const char *database, const char *table);

/* Returns the text of a column, "" for none; valid until the next step. */
const char *nomem__store_column_text(sqlite3_stmt *statement, int column);

#endif
