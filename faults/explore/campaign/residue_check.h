/* Which runs are looked at more closely for what they left, and the closer look.
 *
 * Every run counts its blocks, which costs next to nothing. One that ended as the baseline did, but with other
 * blocks than either baseline, is made once more, started anew and with a ledger; so is the baseline, once. Of a
 * program with a sanitizer that looks for leaks, the runs and the baseline are made once more with that.
 */
#ifndef NOMEM_AUDIT_H
#define NOMEM_AUDIT_H

#include "campaign.h"

/* Takes note of a baseline's end, and takes from it what it made. */
void nomem__audit_baseline(struct nomem__audit *audit, const struct nomem__outcome *outcome);

/* Whether a run with this verdict has to be made again. */
bool nomem__audit_is_due(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                         enum nomem__verdict verdict);

/* Takes note of what a run made that is to be made again. */
void nomem__audit_note(struct nomem__campaign *campaign, const struct nomem__outcome *outcome, size_t rank);

/* Of a run with a ledger: a file or the like that it made and left, and the baselines did not; NULL: nothing. */
const struct nomem__made_file *nomem__audit_file(const struct nomem__campaign *campaign,
                                                 const struct nomem__outcome *outcome);

/* The path that the run of this point gave it before it was made again; NULL: it was not. */
const char *nomem__audit_first_path(const struct nomem__campaign *campaign, size_t rank);

/* Of a run with a ledger: what it left that the baseline did not. False: nothing. */
bool nomem__audit_left(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                       struct nomem__left_site *left);

/* What the ledger saw go wrong in a run, and not in the baseline; NULL: nothing. */
const struct nomem_misuse *nomem__audit_misuse(const struct nomem__campaign *campaign,
                                               const struct nomem__outcome *outcome);

/* Of a run with a ledger: what descriptors, threads or children it left that the baseline did not, in words. False:
 * none. */
bool nomem__audit_leftover(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome, char *what,
                           size_t what_bytes);

/* A process of a run with a ledger in which a block was found to be written past its end, or after it was freed, when
 * the run was over, but not so in the baseline; NULL: there is none. */
const struct nomem__remains *nomem__audit_late_misuse(const struct nomem__campaign *campaign,
                                                      const struct nomem__outcome *outcome);

/* Whether a run with a ledger ended in a way that its leaks count. */
bool nomem__audit_is_looked_at(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome);

/* What was left or misused, and by which process when it is not the first, in words. */
void nomem__audit_describe(const struct nomem__found *found, char *detail, size_t detail_bytes);

/* Has the next runs of a worker, which are started for each, looked at more closely, or no longer. */
void nomem__audit_look(const struct nomem__campaign *campaign, struct nomem__worker *worker, bool closely);

/* Makes the runs that are due, as long as the campaign is not over. */
void nomem__audit_run(struct nomem__campaign *campaign);

/* Has each worker make runs with a ledger, of which start begins the first, and counts what they show. are_fresh: they
 * find files as they are outside. */
void nomem__audit_make_runs(struct nomem__campaign *campaign, bool are_fresh,
                            void (*start)(struct nomem__campaign_worker *hand));

/* Makes the baseline's ledger, or has its sanitizer look for leaks, if that has not been done yet. False: it cannot be
 * had, and nothing is said of what runs leave. */
bool nomem__audit_prepare(struct nomem__campaign *campaign);

void nomem__audit_free(struct nomem__audit *audit);

#endif
