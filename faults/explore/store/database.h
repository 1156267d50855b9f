/* SPDX-License-Identifier: MIT */
/* The campaign store: one SQLite file with campaigns, their sites, points, runs and findings (docs/store.md).
 *
 * Whatever moment the command is killed at, the file is whole and lacks at most the last half second. Any number of
 * commands may use it at once. Every failure has said so in one line on standard error. Not thread-safe; errno is not
 * kept.
 */
#ifndef NOMEM_DATABASE_H
#define NOMEM_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Below the working directory, unless --store or the environment variable names another; an empty one: none. */
#define NOMEM_STORE_FOLDER ".nomem"
#define NOMEM_STORE_PATH NOMEM_STORE_FOLDER "/store.db"
#define NOMEM_STORE_ENV "NOMEM_STORE"

enum nomem__store_mode {
  NOMEM_STORE_READ,  /* the file must be there, and is not changed */
  NOMEM_STORE_WRITE, /* it is made when it is not there */
};

/* Says of every campaign whether all its points were tried. */
#define NOMEM_STORE_MARK_ENDED                                                                                   \
  "UPDATE campaigns SET ended=CASE WHEN NOT EXISTS (SELECT 1 FROM points LEFT JOIN runs USING(campaign,site,"    \
  "occurrence,persistent,second) WHERE points.campaign=campaigns.id AND (verdict IS NULL OR unproven<>0)) THEN " \
  "coalesce(ended,CURRENT_TIMESTAMP) END"

struct nomem__store {
  sqlite3 *db;
  const char *path; /* the caller's */
};

/* Opens the store at path, which outlives it. A file that is damaged, or is no store, is left as it is. Returns 0, or a
 * negative error code and store->db is NULL: -EINVAL for such a file, -ENOENT when there is none to read, otherwise it
 * cannot be opened or made; quiet_if_denied: in that last case nothing is said. */
int nomem__store_open(struct nomem__store *store, const char *path, enum nomem__store_mode mode, bool quiet_if_denied);

/* All zero is allowed. Leaves one file that can be copied, unless another command still uses it. */
void nomem__store_close(struct nomem__store *store);

/* Prepares sql and binds what follows to its parameters in turn: format has a letter for each: i (int64_t), t (const
 * char *, may be NULL) or b (const void *, size_t). What is bound must outlive the statement. NULL: it failed. */
sqlite3_stmt *nomem__store_prepare(struct nomem__store *store, const char *sql, const char *format, ...);

/* The next row is there. False: there is none, or it failed (then *failed, unless that is NULL, is set). */
bool nomem__store_step(struct nomem__store *store, sqlite3_stmt *statement, bool *failed);

/* Runs a statement without a result. Returns 0 or -EIO. */
int nomem__store_do(struct nomem__store *store, const char *sql, const char *format, ...);

/* A change that is there as a whole or not at all. end commits it if result, which it returns or -EIO, is 0. */
int nomem__store_begin(struct nomem__store *store);
int nomem__store_end(struct nomem__store *store, int result);

/* A column's text; "" for none. Valid until the next step. */
const char *nomem__store_text(sqlite3_stmt *statement, int column);

#endif
