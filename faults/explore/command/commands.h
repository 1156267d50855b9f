/* SPDX-License-Identifier: MIT */
/* The commands. Each returns the exit status. */
#ifndef NOMEM_COMMANDS_H
#define NOMEM_COMMANDS_H

#include "../options/options.h"

/* Exit statuses of the command. */
enum { NOMEM_EXIT_CLEAN = 0, NOMEM_EXIT_FINDINGS = 1, NOMEM_EXIT_FAILED = 2 };

/* The exit status of findings. */
static inline int nomem__findings_status(const struct nomem__options *options) {
  return options->error_status != 0 ? (int)options->error_status : NOMEM_EXIT_FINDINGS;
}

/* In place of one: the program could not be explored, which a line has said, for a reason that lies in the program. */
enum { NOMEM_EXIT_UNEXPLORED = 256 };

/* nomem explore: fails the calls of a command one by one, and reports what broke. May be NOMEM_EXIT_UNEXPLORED. */
int nomem__explore(const struct nomem__options *options);

/* The same as whoever started this command needs it: what it takes to reproduce a finding elsewhere is in its line and
 * kept in the store; and in front of a test, the test's runner sees the test as it is. */
int nomem__explore_here(const struct nomem__options *options);

/* nomem suite: explores every test that a command runs, such as 'make check', and makes one report of all. */
int nomem__suite(const struct nomem__options *options);

/* nomem run: makes one run with a plan, on the command's own standard streams, and says what was failed and how it
 * ended. */
int nomem__run(const struct nomem__options *options);

/* nomem sites: lists where the program allocates. */
int nomem__sites(const struct nomem__options *options);

/* nomem report: makes the reports of an earlier exploration, from its store. */
int nomem__report(const struct nomem__options *options);

/* nomem diff, merge, replay, minimise, explain: docs/store.md. */
int nomem__diff(const struct nomem__options *options);
int nomem__merge(const struct nomem__options *options);
int nomem__replay(const struct nomem__options *options);
int nomem__minimise(const struct nomem__options *options);
int nomem__explain(const struct nomem__options *options);

#endif
