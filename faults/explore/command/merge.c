/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../judge/verdict.h"
#include "../run/session.h"
#include "../store/database.h"
#include "../text/complain.h"
#include "../text/quote.h"
#include "commands.h"

/* A campaign is the same wherever it was explored; what OUT has already stays as it is. */
static const char *const steps[] = {
    "CREATE TEMP TABLE joined AS SELECT min(id) AS id, identity FROM source.campaigns GROUP BY identity",
    "INSERT INTO main.campaigns(identity,directory,command,command_text,image,nomem_version,faults,stdin_path,"
    "image_globs,aslr,no_trace,isolated,timeout_ms,allocations,baseline_us,last_used,started,ended) SELECT identity,"
    "directory,command,command_text,image,nomem_version,faults,stdin_path,image_globs,aslr,no_trace,isolated,timeout_"
    "ms,"
    "allocations,baseline_us,last_used,started,ended FROM source.campaigns WHERE id IN (SELECT id FROM joined) AND "
    "identity NOT IN (SELECT identity FROM main.campaigns)",
    "CREATE TEMP TABLE numbers AS SELECT source.campaigns.id AS old, min(main.campaigns.id) AS new FROM "
    "source.campaigns JOIN main.campaigns USING(identity) GROUP BY source.campaigns.id",
    "INSERT INTO main.sites SELECT new,site,calls,first_nth,before_main,name FROM source.sites JOIN numbers ON "
    "old=campaign WHERE true ON CONFLICT DO UPDATE SET name=coalesce(name,excluded.name)",
    "INSERT OR IGNORE INTO main.points SELECT new,site,occurrence,persistent,second,rank FROM source.points JOIN "
    "numbers ON old=campaign",
    "INSERT OR IGNORE INTO main.second_faults SELECT new,site,second,similar,position FROM source.second_faults JOIN "
    "numbers ON old=campaign",
    "INSERT INTO main.runs SELECT new,site,occurrence,persistent,second,verdict,engine,duration_us,finding,evidence,0,"
    "block_table FROM source.runs JOIN numbers ON old=campaign WHERE unconfirmed=0 ON CONFLICT DO UPDATE SET "
    "verdict=excluded.verdict,engine=excluded.engine,duration_us=excluded.duration_us,finding=excluded.finding,"
    "evidence=excluded.evidence,"
    "unconfirmed=0,block_table=excluded.block_table WHERE unconfirmed<>0 OR excluded.block_table>block_table",
    "INSERT INTO main.findings SELECT new,verdict,finding,site,occurrence,persistent,second,rank,id,id_group,number,"
    "runs,flaky,confirmed,needs_timeout,plan,needs_block_table,location,message,fault_stack,blow_up_stack,document,"
    "exclusion FROM source.findings JOIN numbers ON old=campaign WHERE true ON CONFLICT DO UPDATE SET "
    "site=excluded.site,"
    "occurrence=excluded.occurrence,persistent=excluded.persistent,second=excluded.second,rank=excluded.rank,"
    "flaky=excluded.flaky,"
    "confirmed=excluded.confirmed,needs_timeout=excluded.needs_timeout,plan=excluded.plan,"
    "needs_block_table=excluded.needs_block_table,location=excluded.location,"
    "message=excluded.message,fault_stack=excluded.fault_stack,blow_up_stack=excluded.blow_up_stack,"
    "document=excluded.document,exclusion=excluded.exclusion WHERE (excluded.persistent,excluded.second<>'',"
    "excluded.rank)<(findings.persistent,findings.second<>'',findings.rank)",
    "UPDATE main.findings SET runs=(SELECT count(*) FROM main.runs WHERE runs.campaign=findings.campaign AND "
    "runs.verdict=findings.verdict AND runs.finding=findings.finding)",
};

/* Older stores do not have that table. */
static const char copy_variables[] =
    "INSERT INTO main.variables SELECT new,position,entry FROM source.variables JOIN numbers ON old=campaign WHERE new "
    "NOT IN (SELECT campaign FROM main.variables)";

/* Nor that one. That of a program is shown with all that was merged; those of a suite's shards stand beside one
 * another.
 */
static const char copy_reports[] =
    "INSERT OR IGNORE INTO main.reports SELECT identity||iif(identity IN (SELECT identity FROM main.reports),'-'||"
    "(SELECT count(*) FROM main.reports),''),directory,command_text,written+(SELECT coalesce(max(written),0) FROM "
    "main.reports),document FROM source.reports WHERE document NOT IN (SELECT document FROM main.reports) AND "
    "(identity LIKE 'suite-%' OR identity NOT IN (SELECT identity FROM main.reports))";

static int verdict_number(const char *name) {
  int number = 0;
  while (number < NOMEM_VERDICT_COUNT && strcmp(name, nomem__verdicts[number].name) != 0) number++;
  return number;
}

static void verdict_order(sqlite3_context *context, int count, sqlite3_value **values) {
  const unsigned char *name = sqlite3_value_text(values[0]);
  (void)count;
  sqlite3_result_int(context, verdict_number(name == NULL ? "" : (const char *)name));
}

/* The order of a report; and of those of one kind, the ids that a report gives. */
static int number_findings(struct nomem__store *store) {
  static const char sql[] =
      "WITH ranked AS (SELECT campaign AS c, verdict AS v, finding AS f, row_number() OVER (PARTITION BY campaign "
      "ORDER BY flaky,verdict_order(verdict),runs DESC,finding) AS n FROM findings), named AS (SELECT c,v,f,n,"
      "verdict||'-'||substr(id_group,1,12) AS name, row_number() OVER (PARTITION BY campaign,id_group ORDER BY n) AS "
      "same "
      "FROM ranked JOIN findings ON campaign=c AND verdict=v AND finding=f) UPDATE findings SET number=n,"
      "id=name||iif(same=1,'','-'||same),document=json_set(document,'$.id',name||iif(same=1,'','-'||same),'$.runs',"
      "runs) FROM named WHERE campaign=c AND verdict=v AND finding=f";
  if (sqlite3_create_function(store->db, "verdict_order", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, verdict_order,
                              NULL, NULL) != SQLITE_OK)
    return -EIO;
  return nomem__store_do(store, sql, "");
}

static int join(struct nomem__store *store) {
  int result = nomem__store_begin(store);
  if (result != 0) return result;
  for (size_t i = 0; i < sizeof steps / sizeof *steps && result == 0; i++)
    result = nomem__store_do(store, steps[i], "");
  if (result == 0 && nomem__store_has_table(store, "source", "variables"))
    result = nomem__store_do(store, copy_variables, "");
  if (result == 0 && nomem__store_has_table(store, "source", "reports"))
    result = nomem__store_do(store, copy_reports, "");
  if (result == 0) result = nomem__store_do(store, "DROP TABLE joined", "");
  if (result == 0) result = nomem__store_do(store, "DROP TABLE numbers", "");
  if (result == 0) result = number_findings(store);
  if (result == 0) result = nomem__store_do(store, NOMEM_STORE_MARK_ENDED, "");
  return nomem__store_end(store, result);
}

/* Whether IN is a store, and not OUT. */
static int check(const char *in, const char *out) {
  struct nomem__store store;
  struct stat a, b;
  char quoted[NOMEM_QUOTE_BYTES];
  if (stat(in, &a) == 0 && stat(out, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
    nomem__complain("merge: %s is the store that the others are merged into: name it only once",
                    nomem__quote(in, quoted, sizeof quoted));
    return -EINVAL;
  }
  int result = nomem__store_open(&store, in, NOMEM_STORE_READ, false);
  if (result == 0) nomem__store_close(&store);
  return result;
}

static int count(struct nomem__store *store, const char *sql) {
  sqlite3_stmt *row = nomem__store_prepare(store, sql, "");
  int number = nomem__store_step(store, row, NULL) ? sqlite3_column_int(row, 0) : 0;
  sqlite3_finalize(row);
  return number;
}

int nomem__merge(const struct nomem__options *options) {
  struct nomem__store store;
  const char *out = options->operands[0];
  int result = 0;
  for (size_t i = 1; i < options->operand_count && result == 0; i++) result = check(options->operands[i], out);
  if (result != 0 || nomem__store_open(&store, out, NOMEM_STORE_WRITE, false) != 0) return NOMEM_EXIT_FAILED;
  for (size_t i = 1; i < options->operand_count && result == 0; i++) {
    result = nomem__store_do(&store, "ATTACH ? AS source", "t", options->operands[i]);
    if (result != 0) break;
    result = join(&store);
    if (nomem__store_do(&store, "DETACH source", "") != 0) result = -EIO;
  }
  if (result == 0)
    printf("%d of %d points tried, %d findings\n", count(&store, "SELECT count(*) FROM runs WHERE unconfirmed=0"),
           count(&store, "SELECT count(*) FROM points"),
           count(&store, "SELECT count(*) FROM findings WHERE flaky=0 AND exclusion IS NULL"));
  nomem__store_close(&store);
  return result == 0 ? NOMEM_EXIT_CLEAN : NOMEM_EXIT_FAILED;
}
