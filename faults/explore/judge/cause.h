/* SPDX-License-Identifier: MIT */
/* What causes a finding, in a way that does not depend on the program that showed it: the same code is linked into many
 * tests, which reach it on different ways. */
#ifndef NOMEM_CAUSE_H
#define NOMEM_CAUSE_H

#include "finding.h"

/* Returns a number that is the same for findings of all programs that were built from the same sources, where the same
 * line is to blame: the one that did not check, that lost a block, or that blew up. */
uint64_t nomem__finding_cause(const struct nomem__finding *finding, struct nomem__symbols *symbols);

#endif
